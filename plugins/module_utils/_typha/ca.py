# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When the Typha CA has to be a new one, and where only a person can help (pure)."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import (
    Certificate,
    LeafWanted,
    expired_in_words,
    unusable,
)
from ansible_collections.hardway.calico.plugins.module_utils._pki.times import (
    minute_in_words,
    span_in_words,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.leaves import (
    FORCED,
    reason_for_leaf,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.objects import CA_NAME
from ansible_collections.hardway.calico.plugins.module_utils._typha.state import (
    CaPolicy,
    TyphaPki,
    of_another_ca,
    works,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.steps import CreateCa


def rotate_before(leaf_lifetime: timedelta, leaf_window: timedelta) -> timedelta:
    """How long before its end a CA of ours is replaced.

    So early that each leaf gets its full lifetime, renewed on its last day.
    """
    return leaf_lifetime + leaf_window


def create_ca(policy: CaPolicy, reason: str, keep_previous: bool) -> CreateCa:
    return CreateCa(
        target="CA %s" % CA_NAME,
        reason=reason,
        before=None,
        after={
            "subject": "CN=%s" % CA_NAME,
            "key_type": policy.key_type,
            "key_size": policy.key_size,
            "days": policy.lifetime.days,
        },
        keep_previous=keep_previous,
    )


def reason_for_ca(
    wanted: dict[str, LeafWanted],
    policy: CaPolicy,
    current: TyphaPki,
    now: datetime,
    force: t.Collection[str],
) -> str | None:
    """Why a new CA of ours is needed, or None. Raises CalicoError if its key must be somewhere else."""
    if policy.storage == "external":
        return None
    ca = current.ca.usable_certificate
    if ca is None:
        return _reason_without_key(wanted, policy, current, now, force)
    if not ca.is_ca:
        return "its certificate is not that of a CA"
    if now >= ca.not_after:
        return expired_in_words(ca)
    if of_another_ca(current, (ca.fingerprint,), now):
        return None
    if "ca" in force and current.previous.absent:
        return FORCED
    return _reason_of_age(ca, policy, now)


def _reason_of_age(ca: Certificate, policy: CaPolicy, now: datetime) -> str | None:
    # A CA that lives no longer than two leaves is replaced at half its life, not in every run.
    window = min(policy.rotate_before, (ca.not_after - ca.not_before) / 2)
    if now < ca.not_after - window:
        return None
    left = span_in_words(ca.not_after - now)
    return "the CA expires in %s, it is replaced %s before its end" % (left, span_in_words(window))


def _reason_without_key(
    wanted: dict[str, LeafWanted],
    policy: CaPolicy,
    current: TyphaPki,
    now: datetime,
    force: t.Collection[str],
) -> str | None:
    problem = unusable(current.ca)
    at_work = any(works(pair, now) for pair in current.leaves.values())
    if not at_work and (not current.bundle or policy.storage == "secret"):
        return problem
    need = next(_needs(wanted, current, now, force), None)
    if need is None:
        return None
    if policy.storage == "directory" and "ca" not in force:
        raise CalicoError(
            "A new certificate is needed (%s), but the CA's key is not on this host" % need,
            expected="the CA's certificate and key in ca.pem",
            found=problem,
            remedy="run on the API host that holds ca_directory, restore it,"
            " or start a new CA with force=ca",
        )
    return "the CA's key is lost (%s), and %s" % (problem, need)


def _needs(
    wanted: dict[str, LeafWanted], current: TyphaPki, now: datetime, force: t.Collection[str]
) -> t.Iterator[str]:
    """What cannot be had without a key, in words."""
    if "ca" in force:
        yield FORCED
    for party, leaf in wanted.items():
        reason = reason_for_leaf(current.leaves[party], leaf, None, now, False)
        if reason:
            yield "%s: %s" % (party, reason)
    for party, pair in current.leaves.items():
        if works(pair, now):
            root = pair.chain[-1]
            if now >= root.not_after - wanted[party].renewal_window:
                yield "%s expires in %s" % (root.subject, span_in_words(root.not_after - now))


def require_valid(
    policy: CaPolicy, current: TyphaPki, now: datetime, force: t.Collection[str]
) -> None:
    """Raises CalicoError for a CA from the future, and where a CA is to be replaced that is not ours."""
    ca = current.ca.usable_certificate
    if ca is not None and now < ca.not_before:
        raise CalicoError(
            "The Typha CA is not valid yet",
            expected="a CA that began before %s, the time here" % minute_in_words(now),
            found="not valid before %s" % minute_in_words(ca.not_before),
            remedy="correct the clock of the API host, then run again",
        )
    if policy.storage == "external" and "ca" in force:
        raise CalicoError(
            "The CA is not ours to replace",
            expected="force without ca where ca_storage is external",
            found="force=ca",
            remedy="hand in the new CA: all old and new parties keep trusting each other meanwhile",
        )


def require_the_same_directory(
    policy: CaPolicy, current: TyphaPki, force: t.Collection[str]
) -> None:
    """Raises CalicoError for a directory with a CA that the cluster does not know.

    It is that of another API host; two of them would replace each other for ever.
    """
    known = {ca.fingerprint for ca in current.bundle}
    held = (current.ca.usable_certificate, current.previous.usable_certificate)
    ours = {ca.fingerprint for ca in held if ca is not None}
    if policy.storage == "directory" and ours and not ours & known and "ca" not in force:
        raise CalicoError(
            "The CA in ca_directory is not the one that the cluster trusts",
            expected="one of %s" % ", ".join(sorted(known)),
            found=", ".join(sorted(ours)),
            remedy="run on the API host that holds the CA, copy its ca.pem here,"
            " or start a new CA with force=ca",
        )
