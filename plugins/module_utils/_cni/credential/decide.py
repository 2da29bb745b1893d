# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides which of the CNI user's credentials must be issued anew or removed, and whom RBAC has to know (pure)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime, timedelta

from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.holder import (
    Holder,
    holder,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import (
    LeafWanted,
    Pair,
    trouble,
)
from ansible_collections.hardway.calico.plugins.module_utils._pki.options import (
    key_size,
    require_between,
    require_days,
    require_window,
)
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan, Step


@dataclass(frozen=True)
class Wanted:
    """What the module's options ask for.

    named: the Holders that they name. present: whether these shall have a credential. leaves: what
    the certificate of each must be then. kept: Holders that keep what they have; None: nobody's is
    removed for not being named.
    """

    named: tuple[Holder, ...]
    present: bool
    leaves: dict[Holder, LeafWanted]
    kept: tuple[Holder, ...] | None


@dataclass(frozen=True)
class SignCredential(Step):
    """A new key and a certificate for it. leaf: what that must be."""

    holder: Holder
    leaf: LeafWanted


class IssueCredential(SignCredential):
    action = "issue"


class RenewCredential(SignCredential):
    action = "renew"


@dataclass(frozen=True)
class DeleteCredential(Step):
    """The Holder's Secret goes."""

    action = "delete"
    holder: Holder


CredentialStep = t.Union[SignCredential, DeleteCredential]


def wanted_of(params: dict[str, t.Any]) -> Wanted:
    """What is wanted. Raises CalicoError for names and numbers that make no certificate or Secret."""
    nodes, kept = params["nodes"], params["kept_nodes"]
    named = [holder(params)]
    if nodes is not None:
        named = [holder(params, node) for node in sorted(set(nodes))]
    keepers = None if kept is None else tuple(holder(params, node) for node in kept)
    present = params["state"] == "present"
    leaves = {who: wanted_leaf(params, who.user) for who in named} if present else {}
    return Wanted(tuple(named), present, leaves, keepers)


def wanted_leaf(params: dict[str, t.Any], user: str) -> LeafWanted:
    """The LeafWanted for the module's options. Raises CalicoError for numbers that make no certificate."""
    require_days(params, "lifetime_days")
    require_window(params, "lifetime_days")
    require_between(params, "timeout", 1, 3600)
    lifetime = timedelta(days=params["lifetime_days"])
    window = timedelta(days=params["renewal_days"])
    return LeafWanted(user, "clientAuth", params["key_type"], key_size(params), lifetime, window)


def decide(
    wanted: t.Mapping[Holder, LeafWanted],
    found: t.Mapping[Holder, Pair],
    now: datetime,
    unwanted: t.Iterable[tuple[Holder, str]] = (),
    force: bool = False,
) -> Plan[CredentialStep]:
    """Which credentials are signed and which go.

    found: of all wanted and unwanted Holders; a Pair is trusted if a CA that the API server takes
    clients from signed it. unwanted: [(Holder whose Secret goes, reason)]. force: renew without need.
    """
    steps: list[CredentialStep] = []
    for who, leaf in wanted.items():
        reason = trouble(found[who], leaf, now)
        if reason is None and force:
            reason = "it is renewed on demand (force)"
        if reason:
            steps.append(_sign(who, leaf, found[who], reason))
    for who, reason in unwanted:
        before = _shown(found[who]) or {"secret": who.secret}
        steps.append(
            DeleteCredential(
                target=who.target, reason=reason, before=before, after=None, holder=who
            )
        )
    return Plan(steps)


def _sign(who: Holder, leaf: LeafWanted, found: Pair, reason: str) -> SignCredential:
    after = {
        "subject": "CN=%s" % who.user,
        "key_type": leaf.key_type,
        "key_size": leaf.key_size,
        "days": leaf.lifetime.days,
    }
    kind = IssueCredential if found.absent else RenewCredential
    return kind(
        target=who.target, reason=reason, before=_shown(found), after=after, holder=who, leaf=leaf
    )


def leaving(wanted: Wanted, stored: t.Sequence[Holder]) -> list[tuple[Holder, str]]:
    """[(Holder whose Secret goes, reason)] among those whose Secrets are there."""
    if not wanted.present:
        return [(who, "state is absent") for who in wanted.named if who in stored]
    kept = None if wanted.kept is None else [who.node for who in wanted.kept]
    return unwanted(stored, wanted.leaves, kept)


def unwanted(
    stored: t.Iterable[Holder], wanted: t.Container[Holder], kept: t.Container[str] | None
) -> list[tuple[Holder, str]]:
    """[(Holder, reason)] of stored credentials of nodes that are neither wanted nor kept.

    kept: names of nodes; None: all are kept.
    """
    if kept is None:
        return []
    return [
        (who, "the node is revoked or gone")
        for who in stored
        if who.node and who not in wanted and who.node not in kept
    ]


def users(
    wanted: t.Iterable[Holder],
    kept: t.Iterable[Holder],
    stored: t.Iterable[Holder],
    removed: t.Iterable[Holder],
) -> list[str]:
    """The users that RBAC has to know: those with a credential, and the kept nodes' own.

    A right that is left out is a node cut off.
    """
    return sorted({who.user for who in (*wanted, *kept, *stored)} - {who.user for who in removed})


def require_usable(user: str, reason: str | None) -> None:
    """Raises CalicoError if a certificate that was just issued is not what was asked for.

    reason: its trouble, or None.
    """
    if reason:
        raise CalicoError(
            "The certificate that was issued for %s cannot be used" % user,
            expected="a client certificate of the API server's CA for clients",
            found=reason,
            remedy="compare cluster_ca and the signer's CA with the API server's --client-ca-file; "
            "nothing was stored",
        )


def _shown(pair: Pair) -> dict[str, t.Any] | None:
    return None if pair.certificate is None else pair.certificate.as_result()
