# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is refused before anything is written, since only a person can help (pure)."""

from __future__ import annotations

import typing as t
from datetime import datetime

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.leaves import (
    Need,
    stranger_trouble,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.state import (
    Held,
    Offer,
    at_work,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.wanted import Wanted
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import Certificate

HAND_IN = "hand in ca_content with ca_key_content, or a certificate with its key in certificates"


def require_source(wanted: Wanted, offer: Offer) -> None:
    if wanted.force and not offer.can_sign and not offer.handed:
        raise CalicoError(
            "force asks for certificates, and nothing was handed in that gives them",
            expected="a CA of clients with its key, or certificates",
            found="neither",
            remedy="%s; nothing was written" % HAND_IN,
        )


def require_no_stranger(wanted: Wanted, held: t.Mapping[str, Held], now: datetime) -> None:
    found = {
        wanted.secrets[consumer]: reason
        for consumer, leaf in wanted.leaves.items()
        if (reason := stranger_trouble(held[consumer], leaf, now))
    }
    if found and not wanted.force:
        raise CalicoError(
            "The Secrets of etcd's clients are not all ours: %s" % ", ".join(found),
            expected="Secrets that this collection made, empty ones, or such as hold a client certificate with the"
            " wanted CN, its key and the CAs of etcd's servers, which are taken over",
            found="; ".join("%s: %s" % item for item in found.items()),
            remedy="say in common_names (in roles: calico_etcd_common_names) which CN a certificate has that is to"
            " stay; or correct or delete the Secrets, name others in secrets, or replace them with force (in roles:"
            " -e calico_etcd_force=true); nothing was written",
        )


def require_possible(
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
