# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: carries a plan for Typha's PKI out; it makes keys and certificates. It decides nothing.

The CA's key is kept before anything refers to it, so a killed run leaves nothing orphaned.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ansible_collections.hardway.calico.plugins.module_utils._pki import x509
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import LeafWanted
from ansible_collections.hardway.calico.plugins.module_utils._pki.issue import issue
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan
from ansible_collections.hardway.calico.plugins.module_utils._typha.material import (
    NOTHING,
    HandedIn,
    Material,
    PemPair,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.objects import CA_NAME
from ansible_collections.hardway.calico.plugins.module_utils._typha.state import CaPolicy
from ansible_collections.hardway.calico.plugins.module_utils._typha.steps import (
    CreateCa,
    DeleteObject,
    DropOldCas,
    ForgetPreviousKey,
    LeafStep,
    PublishBundle,
    Source,
    TyphaStep,
)


class Store(t.Protocol):
    """Where the PKI is written."""

    def write_bundle(self, pem: str) -> None: ...

    def write_ca(self, ca: PemPair, previous: PemPair) -> None: ...

    def write_leaf(self, party: str, pair: PemPair) -> None: ...


class Remover(t.Protocol):
    """Where the PKI is deleted."""

    def delete(self, option: str) -> None: ...


@dataclass(frozen=True)
class Making:
    """What new certificates are made by. wanted: leaves by party; backdate: how long ago they begin."""

    wanted: dict[str, LeafWanted]
    policy: CaPolicy
    handed_in: HandedIn | None
    now: datetime
    backdate: timedelta

    @property
    def start(self) -> datetime:
        return self.now - self.backdate


def apply(plan: Plan[TyphaStep], store: Store, material: Material, making: Making) -> Material:
    """What is stored after the plan. material: before it. Raises CalicoError for a write that is refused."""
    for step in plan:
        if isinstance(step, CreateCa):
            previous = material.ca if step.keep_previous else NOTHING
            material = replace(material, ca=_make_ca(making), previous=previous)
            store.write_ca(material.ca, material.previous)
        elif isinstance(step, ForgetPreviousKey):
            material = replace(material, previous=NOTHING)
            store.write_ca(material.ca, NOTHING)
        elif isinstance(step, PublishBundle):
            material = replace(material, bundle=_published(step, material, making.handed_in))
            store.write_bundle(material.bundle)
        elif isinstance(step, DropOldCas):
            there = x509.by_fingerprint(material.bundle)
            kept = x509.joined(*(pem for ca, pem in there.items() if ca in step.kept))
            material = replace(material, bundle=kept)
            store.write_bundle(material.bundle)
        elif isinstance(step, LeafStep):
            leaf = _leaf(step, material, making)
            material = replace(material, leaves={**material.leaves, step.party: leaf})
            store.write_leaf(step.party, leaf)
        else:
            raise TypeError("no way to apply %r" % type(step))
    return material


def remove(plan: Plan[DeleteObject], store: Remover) -> None:
    """Delete what the plan names."""
    for step in plan:
        store.delete(step.option)


def _make_ca(making: Making) -> PemPair:
    policy = making.policy
    key = x509.make_key(policy.key_type, policy.key_size)
    return x509.make_ca(CA_NAME, key, making.start, making.now + policy.lifetime), key


def _published(step: PublishBundle, material: Material, handed_in: HandedIn | None) -> str:
    """The wanted CAs first, then what is published, then what else leaves lead to."""
    there = x509.by_fingerprint(material.bundle)
    wanted = handed_in.bundle if handed_in else material.ca[0]
    new = x509.by_fingerprint(wanted)
    known = {**x509.by_fingerprint(wanted, material.previous[0]), **there}
    missing = {ca: known[ca] for ca in step.missing if ca in known}
    return x509.joined(*{**new, **there, **missing}.values())


def _leaf(step: LeafStep, material: Material, making: Making) -> PemPair:
    handed_in = making.handed_in
    if handed_in is not None and step.source is Source.HANDED_IN:
        return handed_in.leaves[step.party]
    ca = material.previous if step.source is Source.PREVIOUS_CA else material.ca
    wanted = making.wanted[step.party]
    anchors = None if handed_in is None else making.policy.anchors
    return issue(wanted, ca, making.start, making.now + wanted.lifetime, anchors)
