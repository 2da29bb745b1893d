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
    pems = (making.handed_in.servers, *(triple.servers for triple in material.values()))
    known = x509.by_fingerprint(*pems)
    made = {}
    for step in plan:
        servers = x509.joined(*(known[one] for one in step.servers))
        made[step.consumer] = _made(step, material[step.consumer], servers, making)
    for consumer, triple in made.items():
        store.write(consumer, triple)
    return {**material, **made}


def trial(leaf: LeafWanted, making: Making) -> PemPair:
    """A certificate like a consumer's, for an hour and for nothing but to see whether members take it."""
    return _issued(replace(leaf, lifetime=timedelta(hours=1)), making)


def trials(consumers: t.Iterable[str], making: Making) -> dict[str, Triple]:
    """For consumers that hold nothing yet what a look into etcd needs; stored nowhere. None without a CA's key."""
    handed_in = making.handed_in
    pairs = {who: handed_in.leaves[who] for who in consumers if who in handed_in.leaves}
    if handed_in.ca[1]:
        left = [who for who in consumers if who not in pairs]
        pairs.update({who: trial(making.leaves[who], making) for who in left})
    return {who: Triple(handed_in.servers, *pair) for who, pair in pairs.items()}


def _made(step: EtcdPkiStep, there: Triple, servers: str, making: Making) -> Triple:
    if not isinstance(step, CertificateStep):
        return replace(there, servers=servers)
    if step.source is Source.HANDED_IN:
        return Triple(servers, *making.handed_in.leaves[step.consumer])
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
    return Triple(servers, *pems)


def _issued(leaf: LeafWanted, making: Making) -> PemPair:
    ca = making.handed_in.ca
    start, end = making.now - making.backdate, making.now + leaf.lifetime
    # A CA below a root is sent along: members may know the root alone.
    cas, _problem = x509.read_bundle(ca[0])
    roots = [one.fingerprint for one in cas if one.subject == one.issuer]
    return issue(leaf, ca, start, end, roots)
