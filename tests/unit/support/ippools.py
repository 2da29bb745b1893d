# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values for the tests of IP pools."""

from __future__ import annotations

import ipaddress

from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool.decide import (
    Block,
    Datastore,
)

OPTIONS = (
    "cidr",
    "ipip_mode",
    "vxlan_mode",
    "nat_outgoing",
    "disabled",
    "disable_bgp_export",
    "block_size",
    "node_selector",
    "namespace_selector",
    "allowed_uses",
    "assignment_mode",
)


def pool(name="one", state="present", cidr="10.244.0.0/18", **options):
    """A pool as the module hands it over: every option is there."""
    return {**dict.fromkeys(OPTIONS), "name": name, "state": state, "cidr": cidr, **options}


def stored(cidr="10.244.0.0/18", **spec):
    return {"cidr": cidr, **spec}


def block(cidr, in_use=0):
    return Block(cidr.replace("/", "-"), ipaddress.ip_network(cidr), in_use)


def datastore(pools=None, blocks=()):
    return Datastore(pools or {}, tuple(blocks))
