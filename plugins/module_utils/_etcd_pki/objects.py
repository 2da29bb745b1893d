# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is a client of Calico's etcd, and where each keeps what it needs for TLS (pure).

Keys are those of Calico's manifest for etcd (manifests/calico-etcd.yaml, Secret calico-etcd-secrets).
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

# In a Secret: the CAs that etcd's servers are trusted by, the client certificate and its key.
SERVER_CAS, CERTIFICATE, KEY = "etcd-ca", "etcd-cert", "etcd-key"
KEYS = (SERVER_CAS, CERTIFICATE, KEY)
USAGE = "clientAuth"


@dataclass(frozen=True)
class Consumer:
    """A client of etcd.

    secret: the default name of its Secret; common_name: its default CN, which is its user where etcd's auth is on
    (etcd's documentation, "Role-based access control"). used_by: who that is, in words. delivered: whether
    certificate and key go to hosts, rather than into pods that mount the Secret.
    """

    secret: str
    common_name: str
    used_by: str
    delivered: bool


CONSUMERS = {
    # The Secret that upstream's DaemonSet mounts.
    "node": Consumer("calico-etcd-secrets", "calico-node", "DaemonSet calico-node", False),
    "cni": Consumer("calico-etcd-cni", "calico-cni", "CNI plugin on every node", True),
    "kube_controllers": Consumer(
        "calico-etcd-kube-controllers",
        "calico-kube-controllers",
        "Deployment calico-kube-controllers",
        False,
    ),
    "calicoctl": Consumer("calico-etcd-calicoctl", "calicoctl", "calicoctl on its hosts", True),
    "collection": Consumer("calico-etcd-collection", "hardway-calico", "hardway.calico", True),
}
DELIVERED = tuple(name for name, about in CONSUMERS.items() if about.delivered)


def by_consumer(attribute: str) -> dict[str, t.Any]:
    """The argument spec of an option with a value for each consumer, by default an attribute of the table.

    It may name Secrets and is none: no_log is off.
    """
    options = {
        name: {"type": "str", "default": getattr(about, attribute), "no_log": False}
        for name, about in CONSUMERS.items()
    }
    return {
        "type": "dict",
        "default": {},
        "options": options,
        "apply_defaults": True,
        "no_log": False,
    }
