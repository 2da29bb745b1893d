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

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.bundle import (
    servers_of,
    servers_trouble,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.leaves import (
    Need,
    ending_in_words,
    need,
    stranger_trouble,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.state import (
    Held,
    Members,
    Offer,
    at_work,
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
from ansible_collections.hardway.calico.plugins.module_utils._pki.times import span_in_words
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan

HAND_IN = "hand in ca_content with ca_key_content, or a certificate with its key in certificates"


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
    _require_source(wanted, offer)
    _require_no_stranger(wanted, held)
    _require_possible(needs, held, servers, now)
    steps: list[EtcdPkiStep] = []
    for consumer, one in needs.items():
        steps += _step(consumer, wanted.leaves[consumer], held[consumer], one, servers)
    waiting = tuple(consumer for consumer, one in needs.items() if one.waits)
    issued = [step.consumer for step in steps if isinstance(step, CertificateStep)]
    return Decision(
        plan=Plan(steps),
        warnings=_warnings(wanted, offer, held, needs, now)
        + ([_waiting_in_words(held, waiting, members, now)] if waiting else []),
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


def _require_source(wanted: Wanted, offer: Offer) -> None:
    if wanted.force and not offer.can_sign and not offer.handed:
        raise CalicoError(
            "force asks for certificates, and nothing was handed in that gives them",
            expected="a CA of clients with its key, or certificates",
            found="neither",
            remedy="%s; nothing was written" % HAND_IN,
        )


def _require_no_stranger(wanted: Wanted, held: t.Mapping[str, Held]) -> None:
    found = {
        wanted.secrets[consumer]: reason
        for consumer in wanted.leaves
        if (reason := stranger_trouble(held[consumer]))
    }
    if found and not wanted.force:
        raise CalicoError(
            "The Secrets of etcd's clients are not all ours: %s" % ", ".join(found),
            expected="Secrets that this collection made, empty ones, or such as hold a valid client certificate,"
            " its key and the CAs of etcd's servers, which are taken over",
            found="; ".join("%s: %s" % item for item in found.items()),
            remedy="correct or delete them, name others in secrets, or replace them with force;"
            " nothing was written",
        )


def _require_possible(
    needs: dict[str, Need],
    held: t.Mapping[str, Held],
    servers: tuple[Certificate, ...],
    now: datetime,
) -> None:
    """Raises CalicoError for a consumer that could not work when the run ends."""
    lost = {
        consumer: one.reason
        for consumer, one in needs.items()
        if one.reason and one.source is None and not at_work(held[consumer].pair, now)
    }
    if lost:
        raise CalicoError(
            "Clients of etcd need certificates, and nothing was handed in that gives them",
            expected="a CA of clients with its key, or a certificate for each of these clients",
            found="; ".join("%s: %s" % item for item in lost.items()),
            remedy="%s; kubeadm keeps its CA on control planes as /etc/kubernetes/pki/etcd/ca.crt and"
            " ca.key; nothing was written" % HAND_IN,
        )
    if needs and not servers:
        raise CalicoError(
            "It is not known by which CA etcd's servers are trusted",
            expected="PEM of that CA in server_ca_content",
            found="nothing, neither there nor in the Secrets",
            remedy="hand in the CA that signed the members' server certificates; nothing was written",
        )


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


def _warnings(
    wanted: Wanted,
    offer: Offer,
    held: t.Mapping[str, Held],
    needs: dict[str, Need],
    now: datetime,
) -> list[str]:
    found = []
    for consumer, one in needs.items():
        leaf = held[consumer].pair.certificate
        if one.reason and one.source is None and leaf:
            left = span_in_words(leaf.not_after - now)
            about = (consumer, one.reason, left, HAND_IN)
            words = (
                "Nothing can renew the client certificate of %s (%s); it works for another %s: %s"
            )
            found.append(words % about)
    for consumer, pair in offer.handed.items():
        words_or_none = ending_in_words(consumer, pair, wanted.leaves[consumer], now)
        found += [words_or_none] if words_or_none else []
    window = max((leaf.renewal_window for leaf in wanted.leaves.values()), default=None)
    if offer.ca and window and offer.ca.not_after - now < 3 * window:
        found.append(
            "The CA of etcd's clients (%s) expires in %s, and no certificate outlives it: let etcd's members"
            " trust a new one beside it, and hand that in"
            % (offer.ca.subject, span_in_words(offer.ca.not_after - now))
        )
    return found


def _waiting_in_words(
    held: t.Mapping[str, Held], waiting: t.Sequence[str], members: Members, now: datetime
) -> str:
    leaves = (held[consumer].pair.certificate for consumer in waiting)
    left = span_in_words(min(leaf.not_after for leaf in leaves if leaf) - now)
    answers = ["%s: %s" % item for item in members.answers.items() if item[1]]
    return (
        "Client certificates of etcd stay those of the old CA, the first of them for %s, until every member trusts"
        " the new one: %s. Not yet: %s"
        % (
            left,
            ", ".join(waiting),
            "; ".join(answers) or "nobody was asked, since no endpoints were named",
        )
    )
