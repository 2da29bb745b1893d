# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All rules for IP pools that need no traffic; with v1 CRDs Calico's API server checks almost none of them.

Sources: libcalico-go/lib/clientv3/ippool.go and lib/validator/v3/validator.go (validateIPPoolSpec), with their limits.
Each function yields sentences "pool NAME: what is wrong, expected, found, remedy".
"""

from __future__ import annotations

import ipaddress
import re

from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool import selector
from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool.fields import (
    FIELDS,
    OPTIONS,
    covered,
    parsed,
    same,
)

NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
LOAD_BALANCER_SINCE = 30
BLOCK_SIZES = {4: (20, 32), 6: (116, 128)}
LINK_LOCAL = {4: ipaddress.ip_network("169.254.0.0/16"), 6: ipaddress.ip_network("fe80::/10")}


def release_problems(pool, minor):
    """Fields that the release does not know: its API server would drop them without a word."""
    for option, (_key, since) in FIELDS.items():
        if pool.get(option) is not None and minor < since:
            yield (
                "pool %s: Calico 3.%d has no %s, which came with 3.%d; leave it out or upgrade"
                % (pool["name"], minor, option, since)
            )
    if "LoadBalancer" in (pool.get("allowed_uses") or []) and minor < LOAD_BALANCER_SINCE:
        yield (
            "pool %s: Calico 3.%d has no use LoadBalancer, which came with 3.%d; leave it out or upgrade"
            % (pool["name"], minor, LOAD_BALANCER_SINCE)
        )


def spec_problems(name, spec):
    """Everything that is wrong with one pool, given its effective spec."""
    if not NAME.match(name) or len(name) > 253:
        yield (
            "pool %s: the name is no DNS subdomain; expected lower-case letters, digits, dashes and dots"
            % name
        )
    network = parsed(spec.get("cidr", ""))
    if network is None:
        yield _unreadable_cidr(name, spec.get("cidr", ""))
        return
    if network.overlaps(LINK_LOCAL[network.version]):
        yield "pool %s: %s is in the link-local range %s; use another network" % (
            name,
            network,
            LINK_LOCAL[network.version],
        )
    yield from _size_problems(name, spec, network)
    yield from _encapsulation_problems(name, spec, network)
    yield from _selector_problems(name, spec)
    yield from _use_problems(name, spec)


def overlap_problems(finals, wanted_names, forbidden):
    """finals: {name: effective spec} of all pools as they would be; forbidden: [{"name", "cidr"}]."""
    networks = {name: covered(spec.get("cidr", "")) for name, spec in finals.items()}
    names = sorted(name for name, network in networks.items() if network is not None)
    for position, first in enumerate(names):
        for second in names[position + 1 :]:
            if {first, second} & wanted_names and _overlap(networks[first], networks[second]):
                yield "pools %s (%s) and %s (%s) overlap; give each a network of its own" % (
                    first,
                    networks[first],
                    second,
                    networks[second],
                )
    for entry in forbidden:
        other = covered(entry["cidr"])
        if other is None:
            yield "forbidden network %s: %s is no network; expected for example 10.96.0.0/12" % (
                entry["name"],
                entry["cidr"],
            )
        for name in names:
            if other is not None and name in wanted_names and _overlap(networks[name], other):
                yield (
                    "pool %s: %s overlaps %s (%s); pods would take addresses that are in use there: choose another network"
                    % (name, networks[name], entry["name"], other)
                )


def immutable_problems(name, old, new):
    """Changes that Calico does not allow on an existing pool, with what to do instead."""
    for key in ("cidr", "blockSize"):
        before, after = old.get(key, "(none)"), new[key]
        if not same(key, before, after):
            yield (
                "pool %s: %s cannot be changed on an existing pool; found %s, wanted %s. Add a new pool, set disabled on this one,"
                " move the pods, then remove it with state absent"
                % (name, OPTIONS[key], before, after)
            )
    if "LoadBalancer" in old["allowedUses"] and "LoadBalancer" not in new["allowedUses"]:
        yield (
            "pool %s: allowed_uses cannot be changed away from LoadBalancer; add a new pool instead"
            % name
        )


def block_problems(name, spec, blocks):
    """IPAM blocks of another size in the range, left by an earlier pool."""
    network = parsed(spec.get("cidr", ""))
    sizes = sorted(
        {
            block.prefixlen
            for block in blocks
            if network is not None
            and _overlap(network, block)
            and block.prefixlen != spec["blockSize"]
        }
    )
    if sizes:
        yield (
            "pool %s: block_size %d, but the range holds IPAM blocks of size %s; use that size, or remove the old pool's blocks first"
            % (name, spec["blockSize"], ", ".join(map(str, sizes)))
        )


def _unreadable_cidr(name, cidr):
    network = covered(cidr)
    if network is None:
        return "pool %s: cidr %s is no network; expected for example 10.244.0.0/18" % (name, cidr)
    return "pool %s: cidr %s has host bits set; expected %s" % (name, cidr, network)


def _size_problems(name, spec, network):
    least, most = BLOCK_SIZES[network.version]
    size = spec["blockSize"]
    if not least <= size <= most:
        yield "pool %s: block_size %d is out of range; expected %d to %d for IPv%d" % (
            name,
            size,
            least,
            most,
            network.version,
        )
    elif not spec["disabled"] and network.prefixlen > size:
        yield (
            "pool %s: %s is smaller than one block of /%d; use a larger network or a larger block_size number"
            % (name, network, size)
        )


def _encapsulation_problems(name, spec, network):
    ipip, vxlan = spec["ipipMode"] != "Never", spec["vxlanMode"] != "Never"
    if ipip and vxlan:
        yield (
            "pool %s: ipip_mode %s and vxlan_mode %s exclude each other; set one of them to Never"
            % (name, spec["ipipMode"], spec["vxlanMode"])
        )
    if ipip and network.version == 6:
        yield (
            "pool %s: IPIP carries no IPv6; expected ipip_mode Never, found %s; use vxlan_mode"
            % (name, spec["ipipMode"])
        )


def _selector_problems(name, spec):
    for key in ("nodeSelector", "namespaceSelector"):
        wrong = selector.problem(spec[key])
        if wrong:
            yield (
                "pool %s: %s %r cannot be read: %s; expected for example rack == 'a' && has(gpu)"
                % (name, OPTIONS[key], spec[key], wrong)
            )
        elif selector.has_global(spec[key]):
            yield "pool %s: %s must not use global(); use all()" % (name, OPTIONS[key])


def _use_problems(name, spec):
    uses = spec["allowedUses"]
    if spec["namespaceSelector"] and "Tunnel" in uses:
        yield (
            "pool %s: namespace_selector does not go with the use Tunnel; set allowed_uses to [Workload]"
            % name
        )
    if "LoadBalancer" not in uses:
        return
    if len(uses) > 1:
        yield "pool %s: LoadBalancer excludes other allowed_uses; found %s" % (
            name,
            ", ".join(uses),
        )
    if spec["nodeSelector"] != "all()":
        yield "pool %s: a LoadBalancer pool needs node_selector all(); found %s" % (
            name,
            spec["nodeSelector"],
        )
    if (spec["ipipMode"], spec["vxlanMode"]) != ("Never", "Never"):
        yield "pool %s: a LoadBalancer pool needs ipip_mode and vxlan_mode Never" % name
    if spec["disableBGPExport"]:
        yield "pool %s: a LoadBalancer pool cannot set disable_bgp_export" % name


def _overlap(first, second):
    return first.version == second.version and first.overlaps(second)
