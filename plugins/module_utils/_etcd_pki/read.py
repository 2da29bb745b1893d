# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: what etcd's clients hold and what was handed in, as values that are decided on. It decides nothing."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from datetime import datetime

from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.external import (
    require_handed,
    require_judging,
    require_other_cas,
    require_servers,
    require_signing,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.held import (
    HandedIn,
    Triple,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.state import Held, Offer
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.wanted import Wanted
from ansible_collections.hardway.calico.plugins.module_utils._pki import x509


def handed_in_of(params: dict[str, t.Any]) -> HandedIn:
    """Without server_ca_content the CA of clients is that of servers too, as kubeadm has it."""
    ca = (params["ca_content"] or "", params["ca_key_content"] or "")
    given = (params["certificates"] or {}).items()
    leaves = {
        consumer: (pems["certificate_content"], pems["key_content"])
        for consumer, pems in given
        if pems and consumer in params["consumers"]
    }
    servers = params["server_ca_content"] or ca[0]
    return HandedIn(ca, servers, leaves, params["refused_ca_content"] or "")


def read_offer(handed_in: HandedIn, wanted: Wanted, now: datetime) -> Offer:
    """Raises CalicoError for a CA or a certificate that a member of etcd would refuse."""
    servers, problem = x509.read_bundle(handed_in.servers)
    if handed_in.servers:
        require_servers(servers, problem, now)
    if handed_in.refused:
        cas, problem = x509.read_bundle(handed_in.refused)
        require_other_cas(_of_the_refused(handed_in), cas, problem)
    offer = Offer(servers=tuple(servers))
    if handed_in.ca[1]:
        pair = x509.read_pair(*handed_in.ca, handed_in.ca[0])
        require_signing(pair, now)
        offer = replace(offer, ca=pair.certificate, can_sign=True)
    elif handed_in.ca[0]:
        cas, problem = x509.read_bundle(handed_in.ca[0])
        require_judging(cas, problem, now)
        offer = replace(offer, ca=cas[0])
    roots = _roots(handed_in) or handed_in.servers
    handed = {who: x509.read_pair(*pems, roots) for who, pems in handed_in.leaves.items()}
    for who, pair in handed.items():
        require_handed(who, pair, wanted.leaves[who], now)
    return replace(offer, handed=handed)


def _of_the_refused(handed_in: HandedIn) -> list[str]:
    """What of the handed in leads to a CA that nothing may come from, in words."""
    given = {
        "the CA in ca_content": handed_in.ca[0] if handed_in.ca[1] else "",
        **{"the certificate of %s" % who: pems[0] for who, pems in handed_in.leaves.items()},
    }
    return [what for what, pem in given.items() if x509.leads_to(pem, handed_in.refused)]


def held_of(triple: Triple, handed_in: HandedIn, ours: bool, others: tuple[str, ...] = ()) -> Held:
    """Judged by the CA of clients that was handed in; where none was, whoever signed is trusted.

    ours, others: see Held.
    """
    servers, problem = x509.read_bundle(triple.servers)
    roots = _roots(handed_in) or (handed_in.servers if handed_in.leaves else "")
    pair = x509.read_pair(*triple.pair, roots)
    if not roots and not pair.absent:
        pair = replace(pair, trusted=True)
    filled = any(triple.by_key().values())
    return Held(pair, tuple(servers), problem, filled, ours, others)


def _roots(handed_in: HandedIn) -> str:
    """PEM of the CAs that make a certificate one of the wanted CA: all that were named, or the one that signs and
    those above it, since what else was named with it may be the CA before it."""
    ca, key = handed_in.ca
    if not key:
        return ca
    pair = x509.read_pair(ca, key, ca)
    way = {one.fingerprint for one in (pair.certificate, *pair.chain) if one}
    return x509.joined(*(pem for one, pem in x509.by_fingerprint(ca).items() if one in way))
