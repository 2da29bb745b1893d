# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides which of etcd's clients get another certificate, and by which CAs they trust its servers (pure).

etcd reads its file of clients' CAs at its start, and only its owner can change that (etcd's server/embed/config.go,
client/pkg/transport/listener.go). So a certificate at work that was signed by another CA than the wanted one is
replaced once every member takes the wanted one's. Calico's etcd client reads certificate and key at each connection,
and the CAs of servers at its start (client/pkg/transport/listener.go, baseConfig and ClientConfig).
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from datetime import datetime

from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.bundle import (
    servers_of,
    servers_trouble,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.explain import (
    waiting_in_words,
    warnings_of,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.leaves import Need, need
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.rules import (
    require_no_stranger,
    require_possible,
    require_source,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.state import (
    Held,
    Members,
    Offer,
    of_another_ca,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.steps import (
    CertificateStep,
    EtcdPkiStep,
    IssueCertificate,
    RenewCertificate,
    Source,
    TrustServers,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.wanted import Wanted
from ansible_collections.hardway.calico.plugins.module_utils._pki.bundle import cas_in_words
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import (
    Certificate,
    LeafWanted,
)
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan


@dataclass(frozen=True)
class Decision:
    """plan; warnings: sentences. waiting: the consumers that keep a certificate of another CA until members trust
    the wanted one. switched: those that get one of the wanted CA in place of one of another CA that works."""

    plan: Plan[EtcdPkiStep]
    warnings: list[str] = field(default_factory=list)
    waiting: tuple[str, ...] = ()
    switched: tuple[str, ...] = ()


def asks_members(
    wanted: Wanted, offer: Offer, held: t.Mapping[str, Held], now: datetime
) -> list[str]:
    """The consumers whose next certificate depends on what etcd's members trust."""
    needs = _needs(wanted, offer, held, Members(), now)
    return [consumer for consumer, one in needs.items() if one.waits]


def decide(
    wanted: Wanted, offer: Offer, held: t.Mapping[str, Held], members: Members, now: datetime
) -> Decision:
    """held: by consumer. Raises CalicoError where only a person can help, before anything is written."""
    needs = _needs(wanted, offer, held, members, now)
    servers = servers_of(held.values(), offer.servers, wanted.drop, now)
    require_source(wanted, offer)
    require_no_stranger(wanted, held, now)
    require_possible(needs, held, servers, now)
    steps: list[EtcdPkiStep] = []
    for consumer, one in needs.items():
        steps += _step(consumer, wanted.leaves[consumer], held[consumer], one, servers)
    waiting = tuple(consumer for consumer, one in needs.items() if one.waits)
    issued = [step.consumer for step in steps if isinstance(step, CertificateStep)]
    return Decision(
        plan=Plan(steps),
        warnings=warnings_of(wanted, offer, held, needs, now)
        + ([waiting_in_words(held, waiting, members, now)] if waiting else []),
        waiting=waiting,
        switched=tuple(one for one in issued if of_another_ca(held[one].pair, now)),
    )


def _needs(
    wanted: Wanted, offer: Offer, held: t.Mapping[str, Held], members: Members, now: datetime
) -> dict[str, Need]:
    return {
        consumer: need(
            leaf, held[consumer], offer, offer.handed.get(consumer), members, now, wanted.force
        )
        for consumer, leaf in wanted.leaves.items()
    }


def _step(
    consumer: str,
    leaf: LeafWanted,
    held: Held,
    one: Need,
    servers: tuple[Certificate, ...],
) -> list[EtcdPkiStep]:
    source = None if one.waits else one.source
    reasons = [
        one.reason if source else None,
        servers_trouble(held, servers) if held.filled else None,
    ]
    found = [reason for reason in reasons if reason]
    if not found:
        return []
    there = held.pair.certificate.as_result() if held.pair.certificate else None
    about: dict[str, t.Any] = {
        "target": "client certificate of %s" % consumer,
        "reason": "; ".join(found),
        "before": _diff(there, held.servers) if held.filled else None,
        "after": _diff(_shown(leaf, source) if source else there, servers),
        "consumer": consumer,
        "servers": tuple(ca.fingerprint for ca in servers),
    }
    if source is None:
        return [TrustServers(**about)]
    kind = IssueCertificate if held.pair.absent else RenewCertificate
    return [kind(**about, source=source)]


def _diff(
    certificate: dict[str, t.Any] | None, servers: tuple[Certificate, ...]
) -> dict[str, t.Any]:
    return {"certificate": certificate, "CAs of servers": cas_in_words(servers)}


def _shown(leaf: LeafWanted, source: Source) -> dict[str, t.Any]:
    about: dict[str, t.Any] = {"subject": "CN=%s" % leaf.common_name, "source": source.value}
    if source is Source.CA:
        about.update(key_type=leaf.key_type, key_size=leaf.key_size, days=leaf.lifetime.days)
    return about
