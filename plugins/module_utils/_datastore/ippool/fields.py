# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fields of an IPPool: the one place where a field is declared (pure).

The module's DOCUMENTATION repeats the options and their words; a test holds the two equal.
Source: libcalico-go/lib/clientv3/ippool.go (validateAndSetDefaults, convertIpPoolFromStorage).
"""

from __future__ import annotations

import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._datastore import networks
from ansible_collections.hardway.calico.plugins.module_utils._datastore.fields import (
    Field,
    Fields,
    Spec,
)

MODES = ("Never", "Always", "CrossSubnet")


def default_block_size(spec: Spec, _minor: int) -> int:
    """Calico's default: /26 blocks for IPv4, /122 for IPv6."""
    return 122 if ":" in spec.get("cidr", "") else 26


def same_uses(first: list[str], second: list[str]) -> bool:
    """The order of uses means nothing."""
    return sorted(first) == sorted(second)


FIELDS = Fields(
    Field(
        "cidr",
        "cidr",
        "The network. Required for a new pool.",
        immutable=True,
        canonical=networks.canonical,
        same=networks.same,
    ),
    Field(
        "ipip_mode",
        "ipipMode",
        "When packets are carried in IPIP.",
        choices=MODES,
        written="Never",
    ),
    Field(
        "vxlan_mode",
        "vxlanMode",
        "When packets are carried in VXLAN.",
        choices=MODES,
        written="Never",
    ),
    Field(
        "nat_outgoing",
        "natOutgoing",
        "Whether packets that leave the pools are given the node's address.",
        type="bool",
        assumed=False,
    ),
    Field(
        "disabled",
        "disabled",
        "Whether no more addresses are handed out. Addresses in use stay.",
        type="bool",
        assumed=False,
    ),
    Field(
        "disable_bgp_export",
        "disableBGPExport",
        "Whether the pool's routes are kept from BGP peers.",
        type="bool",
        since=21,
        assumed=False,
    ),
    Field(
        "block_size",
        "blockSize",
        "Prefix length of the blocks that nodes claim; 20 to 32 for IPv4 (26), 116 to 128 for IPv6 (122).",
        type="int",
        since=3,
        written=default_block_size,
        immutable=True,
    ),
    Field(
        "node_selector",
        "nodeSelector",
        "The nodes that use the pool, as a Calico selector over their labels.",
        written="all()",
    ),
    Field(
        "namespace_selector",
        "namespaceSelector",
        "The namespaces that use the pool, as a Calico selector. Since Calico 3.31.",
        since=31,
        assumed="",
    ),
    Field(
        "allowed_uses",
        "allowedUses",
        "What addresses are used for.",
        type="list",
        elements="str",
        choices=("Workload", "Tunnel", "LoadBalancer"),
        since=21,
        values_since={"LoadBalancer": 30},
        value_name="use",
        written=["Workload", "Tunnel"],
        same=same_uses,
    ),
    Field(
        "assignment_mode",
        "assignmentMode",
        "Whether addresses are handed out to whom did not ask for this pool. Since Calico 3.30.",
        choices=("Automatic", "Manual"),
        since=30,
        written="Automatic",
    ),
)

# The option `pools` of the module: which pool, whether it is wanted, and its fields.
POOL_OPTIONS: dict[str, dict[str, t.Any]] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    **FIELDS.arguments(),
}
