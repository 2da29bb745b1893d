# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a client of etcd needs another certificate, where it comes from, and what it must wait for (pure)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.objects import USAGE
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.state import (
    Held,
    Members,
    Offer,
    at_work,
    of_another_ca,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.steps import Source
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import (
    MISSING,
    LeafWanted,
    Pair,
    of_its_key,
    renewal_window,
    serves,
    trouble,
    unusable,
)
from ansible_collections.hardway.calico.plugins.module_utils._pki.times import span_in_words

FORCED = "force asks for it"
ANOTHER = "another one was handed in"


@dataclass(frozen=True)
class Need:
    """What is to be done about a consumer's certificate.

    reason: why it must be another one, None if it may stay. source: where that comes from, None if nothing can
    give it. waits: whether the one that is there stays until every member trusts the wanted CA.
    """

    reason: str | None = None
    source: Source | None = None
    waits: bool = False


def need(
    leaf: LeafWanted,
    held: Held,
    offer: Offer,
    handed: Pair | None,
    members: Members,
    now: datetime,
    force: bool,
) -> Need:
    """handed: the certificate that was handed in for this consumer, if one was."""
    reason = _reason(leaf, held.pair, offer, handed, now, force)
    if reason is None:
        return Need()
    source = Source.HANDED_IN if handed else Source.CA if offer.can_sign else None
    waits = source is not None and of_another_ca(held.pair, now) and not members.trust
    return Need(reason, source, waits)


def _reason(
    leaf: LeafWanted, pair: Pair, offer: Offer, handed: Pair | None, now: datetime, force: bool
) -> str | None:
    if handed is not None:
        if pair.absent:
            return MISSING
        return None if pair.usable and pair.certificate == handed.certificate else ANOTHER
    if not offer.can_sign:
        # Nobody could make another one: a key of another type works as well.
        return trouble(pair, of_its_key(leaf, pair), now)
    if _ends_with_its_ca(leaf, pair, offer, now):
        return FORCED if force else None
    return trouble(pair, leaf, now) or (FORCED if force else None)


def _ends_with_its_ca(leaf: LeafWanted, pair: Pair, offer: Offer, now: datetime) -> bool:
    """Whether another one would be no better: nothing but its end is near, and the CA ends no later."""
    there = pair.usable_certificate
    if there is None or offer.ca is None or there.not_after < offer.ca.not_after:
        return False
    return trouble(pair, replace(leaf, renewal_window=timedelta(0)), now) is None


def stranger_trouble(held: Held, wanted: LeafWanted, now: datetime) -> str | None:
    """Why a Secret that somebody else filled is not taken over, or None.

    One that has ended is: nobody can be using it.
    """
    if held.ours or not (held.filled or held.others):
        return None
    if not held.filled:
        return "it holds %s" % ", ".join(held.others)
    leaf = held.pair.usable_certificate
    if leaf is None:
        return unusable(held.pair)
    if not serves(leaf, USAGE):
        return "its certificate is no client's: its extended key usage is %s" % ", ".join(
            leaf.usages
        )
    if at_work(held.pair, now) and leaf.common_name != wanted.common_name:
        return "its CN is %s, wanted %s" % (leaf.common_name, wanted.common_name)
    return held.problem or (None if held.servers else "it holds no CA of etcd's servers")


def ending_in_words(consumer: str, pair: Pair, leaf: LeafWanted, now: datetime) -> str | None:
    """That a certificate which was handed in must be followed by another one soon, or None."""
    there = pair.usable_certificate
    if there is None or now < there.not_after - renewal_window(there, leaf):
        return None
    left = span_in_words(there.not_after - now)
    return "The certificate that was handed in for %s expires in %s: hand in a new one" % (
        consumer,
        left,
    )
