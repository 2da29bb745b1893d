# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is refused of material that was handed in, before anything is written (pure)."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from datetime import datetime, timedelta

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import (
    Certificate,
    LeafWanted,
    Pair,
    chain_trouble,
    trouble,
    unusable,
    weak_signature,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.leaves import of_its_key
from ansible_collections.hardway.calico.plugins.module_utils._typha.objects import PARTIES

REMEDY = "hand in another one; nothing was written"


def require_bundle(bundle: t.Sequence[Certificate], problem: str | None) -> None:
    """Raises CalicoError for an external CA's bundle that is unreadable, empty or holds what is no CA."""
    if problem or not bundle:
        raise CalicoError(
            "ca_bundle_content cannot be read",
            expected="PEM of CA certificates",
            found=problem or "nothing",
            remedy="correct it",
        )
    for certificate in bundle:
        if not certificate.is_ca:
            raise CalicoError(
                "ca_bundle_content holds more than CAs",
                expected="PEM of the external CA's roots",
                found="%s is no CA's certificate" % certificate.subject,
                remedy="hand leaves in with their own options, or leave them out;"
                " nothing was written",
            )


def require_handed(party: str, pair: Pair, wanted: LeafWanted, now: datetime) -> None:
    """Raises CalicoError for a leaf that was handed in and that a peer would refuse, whatever its key type."""
    reason = (
        _nothing_to_judge(pair)
        or trouble(_as_peers_see_it(pair, wanted), _no_renewal(wanted, pair), now)
        or chain_trouble(pair.chain, (wanted.usage,), now)
    )
    if reason:
        raise CalicoError(
            "The %s certificate that was handed in cannot be used" % party,
            found=reason,
            expected="CN %s, %s, with its key, signed by a CA of ca_bundle_content"
            % (wanted.common_name, wanted.usage),
            remedy=REMEDY,
        )


def _nothing_to_judge(pair: Pair) -> str | None:
    if pair.absent:
        return "neither certificate nor key"
    return weak_signature(pair.certificate) if pair.certificate else None


def _no_renewal(wanted: LeafWanted, pair: Pair) -> LeafWanted:
    """Whoever made the leaf chose its key and when to make the next one."""
    if not pair.usable:
        return wanted
    return replace(of_its_key(wanted, pair), renewal_window=timedelta(0))


def _as_peers_see_it(pair: Pair, wanted: LeafWanted) -> Pair:
    """They ask for one URI among any, or for none."""
    leaf = pair.usable_certificate
    if leaf is None:
        return pair
    asked: tuple[str, ...] = ()
    if wanted.uri_san:
        asked = (wanted.uri_san,) if wanted.uri_san in leaf.uri_sans else leaf.uri_sans
    return replace(pair, certificate=replace(leaf, uri_sans=asked))


def require_issuing(pair: Pair, now: datetime) -> None:
    """Raises CalicoError for an issuing CA that was handed in and cannot issue."""
    reason = _issuing_trouble(pair, now)
    if reason:
        raise CalicoError(
            "The issuing CA that was handed in cannot be used",
            expected="PEM of the CA, with the intermediates up to a CA of"
            " ca_bundle_content, and its key",
            found=reason,
            remedy=REMEDY,
        )


def _issuing_trouble(pair: Pair, now: datetime) -> str | None:
    ca = pair.usable_certificate
    if ca is None:
        return unusable(pair)
    if not pair.chain:
        return "it does not lead to a CA of ca_bundle_content"
    # A root that issues the leaves itself is the end of its own chain.
    chain = {one.fingerprint: one for one in (ca, *pair.chain)}.values()
    usages = [party.usage for party in PARTIES.values()]
    return weak_signature(ca) or chain_trouble(chain, usages, now)
