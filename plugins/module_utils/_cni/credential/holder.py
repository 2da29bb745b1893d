# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who holds a credential of the CNI user, what is kept of it, and how its Secret is recognised (pure)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.paths import OBJECT_NAME
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import Pair
from ansible_collections.hardway.calico.plugins.module_utils._pki.options import MOST_COMMON_NAME

# The certificate and its key in a Secret of type kubernetes.io/tls.
KEYS = ("tls.crt", "tls.key")
# Labels: on a node's Secret and on signing requests the name of the common Secret; on a node's the node.
OF_SECRET, OF_NODE = "hardway.calico/credential", "hardway.calico/node"


@dataclass(frozen=True)
class Holder:
    """Who holds a credential: a user, the Secret that keeps it, and the node that it is for ("" for all nodes)."""

    user: str
    secret: str
    node: str = ""

    @property
    def target(self) -> str:
        return "client certificate of %s" % self.user


@dataclass(frozen=True)
class Credential:
    """A certificate with its key, "" where there is none. pair: what is known of it."""

    certificate_pem: str
    key_pem: str = field(repr=False)
    pair: Pair


def holder(params: dict[str, t.Any], node: str = "") -> Holder:
    """The Holder for a node, or for all nodes. params: the options user and secret.

    Raises CalicoError for names that fit no certificate or no Secret.
    """
    if not node:
        found = Holder(params["user"], params["secret"])
    else:
        if not OBJECT_NAME.fullmatch(node):
            raise CalicoError(
                "%s is not the name of a node" % node,
                expected="lower-case letters, digits, - and .",
                found=node,
                remedy="give the names that the cluster's Node objects have",
            )
        found = Holder("%s:%s" % (params["user"], node), "%s-%s" % (params["secret"], node), node)
    if not params["user"] or len(found.user) > MOST_COMMON_NAME:
        raise CalicoError(
            "The user %s cannot be a certificate's CN" % found.user,
            expected="1 to %d characters" % MOST_COMMON_NAME,
            found=len(found.user),
            remedy="choose a shorter user%s"
            % (", or one credential for all nodes" if node else ""),
        )
    # The Secret's name is a label's value as well: at most 63 characters.
    if not OBJECT_NAME.fullmatch(params["secret"]) or len(params["secret"]) > 63:
        raise CalicoError(
            "%s is not the name of a Secret" % params["secret"],
            expected="up to 63 lower-case letters, digits, - and .",
            found=params["secret"],
            remedy="choose another name",
        )
    return found


def node_holder(user: str, secret_name: str, node: str) -> Holder:
    """The Holder of a node's Secret that is there, whatever its name."""
    return Holder("%s:%s" % (user, node), secret_name, node)
