# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fields of an IPPool: our option, Calico's key, since when, and the defaults that calicoctl writes or assumes.

Source: libcalico-go/lib/clientv3/ippool.go (validateAndSetDefaults, convertIpPoolFromStorage).
"""

from __future__ import annotations

import ipaddress

# Option: (key of the spec, first minor of Calico 3 that has it).
FIELDS = {
    "cidr": ("cidr", 0),
    "ipip_mode": ("ipipMode", 0),
    "vxlan_mode": ("vxlanMode", 0),
    "nat_outgoing": ("natOutgoing", 0),
    "disabled": ("disabled", 0),
    "disable_bgp_export": ("disableBGPExport", 21),
    "block_size": ("blockSize", 3),
    "node_selector": ("nodeSelector", 0),
    "namespace_selector": ("namespaceSelector", 31),
    "allowed_uses": ("allowedUses", 21),
    "assignment_mode": ("assignmentMode", 30),
}
OPTIONS = {key: option for option, (key, _since) in FIELDS.items()}


def default_block_size(cidr):
    """Calico's default: /26 blocks for IPv4, /122 for IPv6."""
    return 122 if ":" in cidr else 26


def defaults(cidr, minor):
    """What calicoctl writes into a new pool beyond what the user set; false booleans are left out as it does."""
    spec = {
        "ipipMode": "Never",
        "vxlanMode": "Never",
        "blockSize": default_block_size(cidr),
        "nodeSelector": "all()",
        "allowedUses": ["Workload", "Tunnel"],
    }
    if minor >= FIELDS["assignment_mode"][1]:
        spec["assignmentMode"] = "Automatic"
    return spec


def effective(spec, minor):
    """A stored spec with the defaults that Calico assumes for what is not in it, booleans made explicit."""
    assumed = {
        **defaults(spec.get("cidr", ""), minor),
        "natOutgoing": False,
        "disabled": False,
        "disableBGPExport": False,
        "namespaceSelector": "",
    }
    return {**assumed, **{key: value for key, value in spec.items() if value not in (None, "", [])}}


def set_by_user(pool):
    """{key: value} of the options that are set, the CIDR in canonical form. An empty value means the default, as it does to Calico."""
    spec = {
        key: pool[option]
        for option, (key, _since) in FIELDS.items()
        if pool.get(option) is not None
    }
    for key, default in (("nodeSelector", "all()"), ("allowedUses", ["Workload", "Tunnel"])):
        if key in spec and not spec[key]:
            spec[key] = default
    network = parsed(spec.get("cidr", ""))
    if network is not None:
        spec["cidr"] = str(network)
    return spec


def same(key, first, second):
    """Whether two values of a field mean the same: a CIDR in any notation, uses in any order."""
    if key == "cidr":
        return first == second or (parsed(first) is not None and parsed(first) == parsed(second))
    return sorted(first) == sorted(second) if key == "allowedUses" else first == second


def covered(cidr):
    """The network that a CIDR covers, host bits or not, or None if it cannot be read. Others' pools may have host bits."""
    try:
        return ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return None


def parsed(cidr):
    """The network, or None if it cannot be read or has host bits set."""
    try:
        return ipaddress.ip_network(cidr, strict=True)
    except ValueError:
        return None
