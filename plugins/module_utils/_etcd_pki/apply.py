# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: carries a plan for the certificates of etcd's clients out; it makes keys and certificates.

All are made and looked at before the first is stored, so a run that cannot make one of them stores none.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.held import (
    HandedIn,
    PemPair,
    Triple,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.steps import (
    CertificateStep,
    EtcdPkiStep,
    Source,
)
from ansible_collections.hardway.calico.plugins.module_utils._pki import x509
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import (
    LeafWanted,
    trouble,
)
from ansible_collections.hardway.calico.plugins.module_utils._pki.issue import issue
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan


class Store(t.Protocol):
    """Where what clients hold is written."""

    def write(self, consumer: str, triple: Triple) -> None: ...


@dataclass(frozen=True)
class Making:
    """What new certificates are made by. backdate: how long ago they begin."""

    leaves: dict[str, LeafWanted]
    handed_in: HandedIn
    now: datetime
    backdate: timedelta


def apply(
    plan: Plan[EtcdPkiStep], store: Store, material: dict[str, Triple], making: Making
) -> dict[str, Triple]:
    """What is stored after the plan. material: before it. Raises CalicoError for a write that is refused."""
    made = _planned(plan, material, making, lambda step: _sound(step, making))
    for consumer, triple in made.items():
        store.write(consumer, triple)
    return {**material, **made}


def trial(leaf: LeafWanted, making: Making) -> PemPair:
    """A certificate like a consumer's, for an hour and for nothing but to see whether members take it."""
    return _issued(replace(leaf, lifetime=timedelta(hours=1)), making)


def trials(
    plan: Plan[EtcdPkiStep], material: t.Mapping[str, Triple], making: Making
) -> dict[str, Triple]:
    """What the plan's consumers would hold after it, with certificates for an hour; stored nowhere."""
    return _planned(
        plan, material, making, lambda step: trial(making.leaves[step.consumer], making)
    )


def _planned(
    plan: Plan[EtcdPkiStep],
    material: t.Mapping[str, Triple],
    making: Making,
    issued: t.Callable[[CertificateStep], PemPair],
) -> dict[str, Triple]:
    """By consumer what a plan gives. issued: makes what a step has to be signed for."""
    pems = (making.handed_in.servers, *(triple.servers for triple in material.values()))
    known = x509.by_fingerprint(*pems)
    made = {}
    for step in plan:
        servers = x509.joined(*(known[one] for one in step.servers))
        pair = material[step.consumer].pair
        if isinstance(step, CertificateStep):
            handed = making.handed_in.leaves
            from_hand = step.source is Source.HANDED_IN
            pair = handed[step.consumer] if from_hand else issued(step)
        made[step.consumer] = Triple(servers, *pair)
    return made


def _sound(step: CertificateStep, making: Making) -> PemPair:
    leaf = making.leaves[step.consumer]
    pems = _issued(leaf, making)
    pair = x509.read_pair(*pems, making.handed_in.ca[0])
    reason = trouble(pair, leaf, making.now)
    if reason:
        raise CalicoError(
            "The certificate that was issued for %s cannot be used" % step.consumer,
            expected="a client certificate of the CA in ca_content",
            found=reason,
            remedy="compare ca_content with ca_key_content; nothing was stored",
        )
    return pems


def _issued(leaf: LeafWanted, making: Making) -> PemPair:
    ca = making.handed_in.ca
    start, end = making.now - making.backdate, making.now + leaf.lifetime
    # A CA below a root is sent along: members may know the root alone.
    cas, _problem = x509.read_bundle(ca[0])
    roots = [one.fingerprint for one in cas if one.subject == one.issuer]
    return issue(leaf, ca, start, end, roots)
