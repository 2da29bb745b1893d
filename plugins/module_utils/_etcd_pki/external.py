# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is refused of CAs and certificates that were handed in, before anything is written (pure)."""

from __future__ import annotations

import typing as t
from datetime import datetime

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.objects import USAGE
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import (
    Certificate,
    LeafWanted,
    Pair,
    chain_trouble,
    expired_in_words,
    weak_signature,
)
from ansible_collections.hardway.calico.plugins.module_utils._pki.external import (
    ca_trouble,
    leaf_trouble,
)

REMEDY = "hand in another one; nothing was written"


def require_signing(pair: Pair, now: datetime) -> None:
    """Raises CalicoError for a CA and its key that cannot sign certificates of clients."""
    _require_ca(
        ca_trouble(pair, (USAGE,), now), "ca_content and ca_key_content", " and its unencrypted key"
    )


def require_judging(cas: t.Sequence[Certificate], problem: str | None, now: datetime) -> None:
    """Raises CalicoError for a CA, without its key, that no certificate of a client can lead to."""
    reason = problem or "nothing"
    if cas:
        reason = weak_signature(cas[0]) or chain_trouble(cas[:1], (USAGE,), now) or ""
    _require_ca(reason or None, "ca_content", "")


def _require_ca(reason: str | None, options: str, key: str) -> None:
    if reason:
        raise CalicoError(
            "The CA of etcd's clients cannot be used (%s)" % options,
            expected="PEM of a valid CA%s" % key,
            found=reason,
            remedy="hand in a CA that etcd's members trust clients by, such as kubeadm's on control planes,"
            " /etc/kubernetes/pki/etcd/ca.crt and ca.key; nothing was written",
        )


def require_servers(cas: t.Sequence[Certificate], problem: str | None, now: datetime) -> None:
    """Raises CalicoError for CAs of etcd's servers that are none, or by which no server can be trusted now."""
    strange = [ca.subject for ca in cas if not ca.is_ca]
    expired = [expired_in_words(ca) for ca in cas if now >= ca.not_after]
    reason = problem or ("nothing" if not cas else None)
    if strange:
        reason = "%s is no CA's certificate" % strange[0]
    elif cas and len(expired) == len(cas):
        reason = "%s: %s" % (cas[0].subject, expired[0])
    if reason:
        raise CalicoError(
            "The CAs of etcd's servers cannot be used (server_ca_content)",
            expected="PEM of CAs, at least one of them valid",
            found=reason,
            remedy=REMEDY,
        )


def require_other_cas(
    found: t.Sequence[str], cas: t.Sequence[Certificate], problem: str | None
) -> None:
    """Raises CalicoError for what comes from a CA that nothing may come from. found: that, in words."""
    if problem or not cas:
        raise CalicoError(
            "refused_ca_content cannot be read",
            expected="PEM of CAs",
            found=problem or "no certificate",
            remedy="correct it or leave it out; nothing was written",
        )
    if found:
        raise CalicoError(
            "What was handed in for etcd's clients comes from a CA in refused_ca_content: whatever trusts that CA"
            " would let them in, as Kubernetes' own etcd does, with every Secret of the cluster",
            expected="certificates of another CA, which Calico's etcd trusts",
            found="%s, of %s" % (", ".join(found), ", ".join(ca.subject for ca in cas)),
            remedy="hand in certificates of another CA; or, if you accept it, set calico_etcd_is_kubernetes to true"
            " in the inventory, or leave refused_ca_content out; nothing was written",
        )


def require_handed(consumer: str, pair: Pair, wanted: LeafWanted, now: datetime) -> None:
    """Raises CalicoError for a certificate that was handed in and that etcd would refuse, or know as another user."""
    reason = leaf_trouble(pair, wanted, now)
    if reason:
        raise CalicoError(
            "The certificate that was handed in for %s cannot be used" % consumer,
            expected="CN %s, %s, with its key, signed by a CA of ca_content, or server_ca_content without that"
            % (wanted.common_name, wanted.usage),
            found=reason,
            remedy="hand in another one, or correct common_names; nothing was written",
        )
