# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which leaves are issued, by whom they are signed, and which wait for the new CA (pure)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import (
    MISSING,
    LeafWanted,
    Pair,
    of_its_key,
    renewal_window,
    trouble,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.objects import PARTIES
from ansible_collections.hardway.calico.plugins.module_utils._typha.state import (
    CaPolicy,
    TyphaPki,
    root_of,
    works,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.steps import (
    IssueLeaf,
    LeafStep,
    RenewLeaf,
    Source,
)

FORCED = "force asks for it"
REPLACED = "it was signed by a CA that is being replaced"


@dataclass(frozen=True)
class Signers:
    """ca: whether the CA itself may sign; previous: whether the one before it still can."""

    ca: bool
    previous: bool


@dataclass
class Leaves:
    """steps: what is done; waiting: the parties that wait for the new CA; warnings: sentences."""

    steps: list[LeafStep] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def wanted_leaf(
    party: str,
    key_type: str,
    key_size: int,
    lifetime: timedelta,
    window: timedelta,
    uri_san: str = "",
) -> LeafWanted:
    """What a party's leaf must be."""
    about = PARTIES[party]
    names = (about.common_name, about.usage)
    return LeafWanted(*names, key_type, key_size, lifetime, window, uri_san)


def leaves_to_issue(
    wanted: dict[str, LeafWanted],
    policy: CaPolicy,
    current: TyphaPki,
    now: datetime,
    forced: bool,
    anchors: tuple[str, ...],
    signers: Signers,
) -> Leaves:
    """forced: whether all are issued anew. anchors: the wanted CAs; empty if they are not known yet."""
    found = Leaves()
    for party, leaf in wanted.items():
        pair, handed = current.leaves[party], policy.handed.get(party)
        can_sign = signers.ca or signers.previous
        reason = (
            reason_for_leaf(pair, leaf, handed, now, can_sign)
            or (None if handed else _further_reason(pair, now, forced))
            or (REPLACED if anchors and root_of(pair) not in anchors else None)
        )
        if reason is None:
            continue
        source = Source.HANDED_IN if handed else Source.CA
        if not signers.ca:
            # What still works waits for the new CA rather than be issued twice.
            if reason == REPLACED or _can_wait(pair, leaf, now, signers):
                found.waiting.append(party)
                continue
            if signers.previous and not handed:
                source = Source.PREVIOUS_CA
            else:
                found.warnings.append(
                    "The %s certificate cannot wait until all have loaded the new CA:"
                    " handshakes with parties that are not rolled yet fail" % party
                )
        found.steps.append(_step(party, pair, leaf, reason, source))
    return found


def reason_for_leaf(
    pair: Pair, wanted: LeafWanted, handed: Pair | None, now: datetime, can_sign: bool
) -> str | None:
    """Why the leaf itself must be replaced, or None. handed: the one that was handed in, if any is."""
    if handed is not None:
        if pair.absent:
            return MISSING
        same = _fingerprint(pair) == _fingerprint(handed)
        return None if pair.usable and same else "another one was handed in"
    if not can_sign:
        # Without a CA key, a leaf of another key type is no reason to do anything: it works, and
        # the guide's own is RSA.
        wanted = of_its_key(wanted, pair)
    return trouble(pair, wanted, now)


def _fingerprint(pair: Pair) -> str | None:
    return pair.certificate.fingerprint if pair.certificate else None


def _further_reason(pair: Pair, now: datetime, forced: bool) -> str | None:
    if not works(pair, now):
        return "a CA of its chain is not valid"
    return FORCED if forced else None


def _can_wait(pair: Pair, wanted: LeafWanted, now: datetime, signers: Signers) -> bool:
    """Whether it works, and its end is not near or nobody could sign another one."""
    leaf = pair.usable_certificate
    if leaf is None or not works(pair, now):
        return False
    urgent = now >= leaf.not_after - renewal_window(leaf, wanted) / 2
    return not (urgent and signers.previous)


def _step(party: str, pair: Pair, wanted: LeafWanted, reason: str, source: Source) -> LeafStep:
    after: dict[str, str | int] = {
        "subject": "CN=%s" % wanted.common_name,
        "usage": wanted.usage,
    }
    if source is not Source.HANDED_IN:
        after.update(key_type=wanted.key_type, key_size=wanted.key_size, days=wanted.lifetime.days)
    kind = IssueLeaf if pair.absent else RenewLeaf
    return kind(
        target=party,
        reason=reason,
        before=None if pair.certificate is None else pair.certificate.as_result(),
        after=after,
        party=party,
        source=source,
    )
