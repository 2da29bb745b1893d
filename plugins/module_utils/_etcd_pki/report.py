# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What modules tell of the certificates of etcd's clients (pure)."""

from __future__ import annotations

import typing as t
from datetime import datetime

from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.decide import Decision
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.held import Triple
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.objects import DELIVERED
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.state import (
    Held,
    Members,
    Offer,
    at_work,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.steps import CertificateStep
from ansible_collections.hardway.calico.plugins.module_utils._pki.bundle import (
    cas_in_words,
    material_hash,
)

Result = dict[str, t.Any]


def held_result(held: t.Mapping[str, Held], secrets: t.Mapping[str, str]) -> Result:
    """The certificates that are there, by consumer, and the hash of what each holds."""
    found = {who: (one.pair.certificate, secrets[who]) for who, one in held.items()}
    return {
        "certificates": {
            who: {**leaf.as_result(), "secret": secret}
            for who, (leaf, secret) in found.items()
            if leaf
        },
        "hashes": {who: material_hash(one.servers, one.pair) for who, one in held.items()},
    }


def rotation_result(
    decision: Decision,
    held: t.Mapping[str, Held],
    offer: Offer,
    members: Members,
    now: datetime,
) -> Result:
    """How far a change of the CA of clients has come. held: when the run ends."""
    phase = "introduce" if decision.waiting else "switch" if decision.switched else "none"
    wanted = {ca.fingerprint for ca in offer.servers}
    old = {
        ca.fingerprint: ca
        for one in held.values()
        for ca in one.servers
        if wanted and ca.fingerprint not in wanted
    }
    renewed = [step.consumer for step in decision.plan if isinstance(step, CertificateStep)]
    return {
        "renewed": renewed,
        "rotation": {
            "phase": phase,
            "waiting": list(decision.waiting),
            "client_cas": _client_cas(held, offer, now),
            "refused_by": {url: words for url, words in members.answers.items() if words},
            "old_server_cas": cas_in_words(old.values()),
        },
    }


def _client_cas(held: t.Mapping[str, Held], offer: Offer, now: datetime) -> list[Result]:
    """The CAs that each member of etcd must trust clients by, with the consumers that have certificates of theirs."""
    # Two CAs of one name are told apart: a new one is often called as the old one was.
    used: dict[tuple[str, str], list[str]] = {}
    if offer.ca:
        used[offer.ca.subject, offer.ca.fingerprint] = []
    for who, one in held.items():
        leaf = one.pair.certificate
        if leaf and at_work(one.pair, now):
            own = one.pair.trusted and offer.ca is not None and leaf.issuer == offer.ca.subject
            print_of_ca = offer.ca.fingerprint if own and offer.ca else ""
            used.setdefault((leaf.issuer, print_of_ca), []).append(who)
    return [
        {"subject": subject, "fingerprint": fingerprint, "consumers": consumers}
        for (subject, fingerprint), consumers in used.items()
    ]


def content_result(
    material: t.Mapping[str, Triple], held: t.Mapping[str, Held], trials: t.Mapping[str, Triple]
) -> Result:
    """PEM of what goes to hosts, for those consumers alone whose certificate is not in a pod.

    trials: what is shown of a consumer in place of what is stored.
    """
    usable = {who: triple for who, triple in material.items() if held[who].pair.usable}
    return {
        "content": {
            who: {
                "server_ca": triple.servers,
                "client_certificate": triple.certificate,
                "client_key": triple.key,
            }
            for who, triple in {**usable, **trials}.items()
            if who in DELIVERED
        }
    }
