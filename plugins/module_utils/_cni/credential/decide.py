# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides which of the CNI user's credentials must be issued anew or removed, and whom RBAC has to know (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import (
    LeafWanted,
    key_size,
    require_days,
    require_window,
    trouble,
)
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan, Step

NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")


@dataclass(frozen=True)
class Holder:
    """Who holds a credential: a user, the Secret that keeps it, and the node that it is for ("" for all nodes)."""

    user: str
    secret: str
    node: str = ""

    @property
    def target(self):
        return "client certificate of %s" % self.user


def holder(params, node=""):
    """The Holder for a node, or for all nodes. Raises CalicoError for names that fit no certificate or no Secret."""
    if not node:
        found = Holder(params["user"], params["secret"])
    else:
        if not NAME.fullmatch(node):
            raise CalicoError(
                "%s is not the name of a node" % node,
                expected="lower-case letters, digits, - and .",
                found=node,
                remedy="give the names that the cluster's Node objects have",
            )
        found = Holder("%s:%s" % (params["user"], node), "%s-%s" % (params["secret"], node), node)
    # RFC 5280, appendix A.1: ub-common-name.
    if not params["user"] or len(found.user) > 64:
        raise CalicoError(
            "The user %s cannot be a certificate's CN" % found.user,
            expected="1 to 64 characters",
            found=len(found.user),
            remedy="choose a shorter user%s"
            % (", or one credential for all nodes" if node else ""),
        )
    # The Secret's name is a label's value as well: at most 63 characters.
    if not NAME.fullmatch(params["secret"]) or len(params["secret"]) > 63:
        raise CalicoError(
            "%s is not the name of a Secret" % params["secret"],
            expected="up to 63 lower-case letters, digits, - and .",
            found=params["secret"],
            remedy="choose another name",
        )
    return found


def wanted_leaf(params, user):
    """The LeafWanted for the module's options. Raises CalicoError for numbers that make no certificate."""
    require_days(params, "lifetime_days")
    require_window(params, "lifetime_days")
    if not 1 <= params["timeout"] <= 3600:
        raise CalicoError(
            "timeout is out of range",
            expected="1 to 3600",
            found=params["timeout"],
            remedy="correct it or leave it out",
        )
    lifetime, window = (
        timedelta(days=params["lifetime_days"]),
        timedelta(days=params["renewal_days"]),
    )
    return LeafWanted(user, "clientAuth", params["key_type"], key_size(params), lifetime, window)


def decide(wanted, found, now, unwanted=(), force=False):
    """Plan: "issue", "renew" or "delete" a Holder's credential, which is each step's detail.

    wanted: {Holder: LeafWanted}. found: {Holder: Pair}, trusted if a CA that the API server takes clients from signed it.
    unwanted: Holders whose Secret goes.
    """
    steps = []
    for who, leaf in wanted.items():
        pair = found[who]
        reason = trouble(pair, leaf, now) or ("it is renewed on demand (force)" if force else None)
        if reason:
            after = {
                "subject": "CN=%s" % who.user,
                "key_type": leaf.key_type,
                "key_size": leaf.key_size,
                "days": leaf.lifetime.days,
            }
            steps.append(
                Step(
                    "issue" if pair.absent else "renew",
                    who.target,
                    reason,
                    _shown(pair),
                    after,
                    who,
                )
            )
    for who, reason in unwanted:
        steps.append(
            Step(
                "delete",
                who.target,
                reason,
                _shown(found[who]) or {"secret": who.secret},
                None,
                who,
            )
        )
    return Plan(steps)


def unwanted(stored, wanted, kept):
    """[(Holder, reason)] of stored per-node credentials of nodes that are neither wanted nor kept; kept None: all are kept."""
    if kept is None:
        return []
    return [
        (who, "the node is revoked or gone")
        for who in stored
        if who.node and who not in wanted and who.node not in kept
    ]


def users(wanted, kept, stored, removed):
    """The users that RBAC has to know: those with a credential, and the kept nodes' own. A right that is left out is a node cut off."""
    return sorted({who.user for who in (*wanted, *kept, *stored)} - {who.user for who in removed})


def require_usable(user, reason):
    """Raises CalicoError if a certificate that was just issued is not what was asked for. reason: its trouble, or None."""
    if reason:
        raise CalicoError(
            "The certificate that was issued for %s cannot be used" % user,
            expected="a client certificate of the API server's CA for clients",
            found=reason,
            remedy="compare cluster_ca and the signer's CA with the API server's --client-ca-file; nothing was stored",
        )


def _shown(pair):
    return None if pair.certificate is None else pair.certificate.as_result()
