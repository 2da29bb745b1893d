# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is refused of material that was handed in, before anything is written (pure)."""

from __future__ import annotations

import typing as t
from datetime import datetime

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import (
    Certificate,
    LeafWanted,
    Pair,
)
from ansible_collections.hardway.calico.plugins.module_utils._pki.external import (
    ca_trouble,
    leaf_trouble,
)
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
    reason = leaf_trouble(pair, wanted, now)
    if reason:
        raise CalicoError(
            "The %s certificate that was handed in cannot be used" % party,
            found=reason,
            expected="CN %s, %s, with its key, signed by a CA of ca_bundle_content"
            % (wanted.common_name, wanted.usage),
            remedy=REMEDY,
        )


def require_issuing(pair: Pair, now: datetime) -> None:
    """Raises CalicoError for an issuing CA that was handed in and cannot issue."""
    usages = [party.usage for party in PARTIES.values()]
    reason = ca_trouble(pair, usages, now, roots="ca_bundle_content")
    if reason:
        raise CalicoError(
            "The issuing CA that was handed in cannot be used",
            expected="PEM of the CA, with the intermediates up to a CA of"
            " ca_bundle_content, and its key",
            found=reason,
            remedy=REMEDY,
        )
