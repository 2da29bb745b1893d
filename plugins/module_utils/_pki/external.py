# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why certificates that were handed in cannot be used, as a peer written in Go would judge them (pure)."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from datetime import datetime, timedelta

from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import (
    LeafWanted,
    Pair,
    chain_trouble,
    of_its_key,
    trouble,
    unusable,
    weak_signature,
)


def leaf_trouble(pair: Pair, wanted: LeafWanted, now: datetime) -> str | None:
    """Why a peer refuses a leaf that was handed in, whatever its key type, or None."""
    return (
        _nothing_to_judge(pair)
        or trouble(_as_peers_see_it(pair, wanted), _no_renewal(wanted, pair), now)
        or chain_trouble(pair.chain, (wanted.usage,), now)
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


def ca_trouble(
    pair: Pair, usages: t.Iterable[str], now: datetime, roots: str | None = None
) -> str | None:
    """Why a CA that was handed in with its key cannot issue leaves that peers take, or None.

    usages: what the leaves are for. roots: the option with the CAs that it must lead to; None: it may be the
    end of its own chain.
    """
    ca = pair.usable_certificate
    if ca is None:
        return unusable(pair)
    if roots and not pair.chain:
        return "it does not lead to a CA of %s" % roots
    # A root that issues the leaves itself is the end of its own chain.
    chain = {one.fingerprint: one for one in (ca, *pair.chain)}.values()
    return weak_signature(ca) or chain_trouble(chain, tuple(usages), now)
