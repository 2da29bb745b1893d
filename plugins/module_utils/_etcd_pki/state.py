# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values: what is held for each client of etcd, and what its certificates may come from (pure)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.objects import USAGE
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import (
    Certificate,
    Pair,
    serves,
)


@dataclass(frozen=True)
class Held:
    """What a consumer's Secret holds.

    pair: its certificate, trusted if the wanted CA of clients signed it or none is known. servers: the CAs by
    which it trusts etcd's servers; problem: why these cannot be read, or None. filled: whether any of the three
    keys has a value. ours: whether the collection made the Secret. others: its keys beside the three.
    """

    pair: Pair = field(default_factory=Pair)
    servers: tuple[Certificate, ...] = ()
    problem: str | None = None
    filled: bool = False
    ours: bool = False
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Offer:
    """What certificates may come from.

    ca: the clients' CA, None if it was not named; can_sign: whether its key is there. handed: certificates that
    were handed in, by consumer. servers: the CAs of etcd's servers, empty if they were not named.
    """

    ca: Certificate | None = None
    can_sign: bool = False
    handed: dict[str, Pair] = field(default_factory=dict)
    servers: tuple[Certificate, ...] = ()


@dataclass(frozen=True)
class Members:
    """Whether etcd's members trust the clients' CA.

    told: the user's word that they do. answers: by endpoint why it was refused there, None where it was taken;
    empty if nobody was asked.
    """

    told: bool = False
    answers: dict[str, str | None] = field(default_factory=dict)

    @property
    def trust(self) -> bool:
        asked = bool(self.answers) and not any(self.answers.values())
        return self.told or asked


def at_work(pair: Pair, now: datetime) -> bool:
    """Whether a member of etcd that trusts its CA takes the certificate now."""
    leaf = pair.usable_certificate
    if leaf is None or not serves(leaf, USAGE):
        return False
    return leaf.not_before <= now < leaf.not_after


def of_another_ca(pair: Pair, now: datetime) -> bool:
    """Whether a certificate is at work that members take for another CA's sake than the wanted one's."""
    return at_work(pair, now) and not pair.trusted
