# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects of Typha's PKI and what is in them: the one table that store, decisions and survey share (pure).

Names and keys are those of the guide "Calico the Hard Way"; an object is called by the option that names it.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass


@dataclass(frozen=True)
class Party:
    """One side of the mutual TLS.

    secret: the default name of the Secret with its leaf; keys: of certificate and private key in it.
    common_name: what the other side asks for; usage: what Go's verifier asks for. kind, workload: who
    mounts it; the roles typha and node put the hash of the material on that pod template.
    """

    secret: str
    keys: tuple[str, str]
    common_name: str
    usage: str
    kind: str
    workload: str


# In the order in which they are rolled: Typha before calico/node.
PARTIES = {
    "server": Party(
        secret="calico-typha-certs",
        keys=("typha.crt", "typha.key"),
        common_name="calico-typha",
        usage="serverAuth",
        kind="Deployment",
        workload="calico-typha",
    ),
    "client": Party(
        secret="calico-node-certs",
        keys=("calico-node.crt", "calico-node.key"),
        common_name="calico-node",
        usage="clientAuth",
        kind="DaemonSet",
        workload="calico-node",
    ),
}
CA_NAME = "Calico Typha CA"
CA_CONFIGMAP, CA_SECRET = "ca_configmap", "ca_secret"
BUNDLE_KEY = "typhaca.crt"
# On a pod template: the hash of what its pods mount.
ANNOTATION = "hardway.calico/typha-certificates"


def secret_option(party: str) -> str:
    return party + "_secret"


DEFAULT_NAMES = {
    CA_CONFIGMAP: "calico-typha-ca",
    CA_SECRET: "calico-typha-ca-key",
    **{secret_option(name): party.secret for name, party in PARTIES.items()},
}


@dataclass(frozen=True)
class Place:
    """Where a certificate and its key are: the option that names the Secret, and the keys in it."""

    option: str
    keys: tuple[str, str]


CA_PLACE = Place(CA_SECRET, ("ca.crt", "ca.key"))
PREVIOUS_CA_PLACE = Place(CA_SECRET, ("previous-ca.crt", "previous-ca.key"))
LEAF_PLACES = {name: Place(secret_option(name), party.keys) for name, party in PARTIES.items()}


def name_args(*options: str) -> dict[str, dict[str, t.Any]]:
    """The argument spec of the options that name objects. They name Secrets and are none: no_log is off."""
    return {
        option: {"type": "str", "default": DEFAULT_NAMES[option], "no_log": False}
        for option in options or DEFAULT_NAMES
    }
