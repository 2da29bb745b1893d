# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All rules for IP pools that need no traffic (pure).

With v1 CRDs Calico's API server checks almost none of them. Sources: libcalico-go/lib/clientv3/ippool.go
and lib/validator/v3/validator.go (validateIPPoolSpec), with their limits.
Each function yields sentences "pool NAME: what is wrong, expected, found, remedy".
"""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._datastore import selector
from ansible_collections.hardway.calico.plugins.module_utils._datastore.fields import Options, Spec
from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool.fields import FIELDS
from ansible_collections.hardway.calico.plugins.module_utils._datastore.names import is_name
from ansible_collections.hardway.calico.plugins.module_utils._datastore.networks import (
    Network,
    covered,
    overlap,
    parsed,
)

BLOCK_SIZES = {4: (20, 32), 6: (116, 128)}
LINK_LOCAL: dict[int, Network] = {
    4: ipaddress.ip_network("169.254.0.0/16"),
    6: ipaddress.ip_network("fe80::/10"),
}


def release_problems(pool: Options, minor: int) -> t.Iterator[str]:
    """Fields and uses that the release does not know."""
    return FIELDS.release_problems("pool %s" % pool["name"], pool, minor)


def spec_problems(name: str, spec: Spec) -> t.Iterator[str]:
    """Everything that is wrong with one pool, given its effective spec."""
    if not is_name(name):
        yield (
            "pool %s: the name is no DNS subdomain;"
            " expected lower-case letters, digits, dashes and dots" % name
        )
    network = parsed(spec.get("cidr", ""))
    if network is None:
        yield "pool %s: %s" % (name, _unreadable_cidr(spec.get("cidr", "")))
        return
    for problem in (
        *_network_problems(network),
        *_size_problems(spec, network),
        *_encapsulation_problems(spec, network),
        *_selector_problems(spec),
        *_use_problems(spec),
    ):
        yield "pool %s: %s" % (name, problem)


def overlap_problems(
    finals: dict[str, Spec], wanted_names: set[str], forbidden: t.Iterable[dict[str, str]]
) -> t.Iterator[str]:
    """finals: {name: effective spec} of all pools as they would be; forbidden: [{"name", "cidr"}]."""
    covers = {name: covered(spec.get("cidr", "")) for name, spec in finals.items()}
    networks = sorted((name, network) for name, network in covers.items() if network is not None)
    for position, (first, its_network) in enumerate(networks):
        for second, network in networks[position + 1 :]:
            if {first, second} & wanted_names and overlap(its_network, network):
                both = (first, its_network, second, network)
                yield "pools %s (%s) and %s (%s) overlap; give each a network of its own" % both
    for entry in forbidden:
        other = covered(entry["cidr"])
        if other is None:
            unreadable = "forbidden network %s: %s is no network; expected for example 10.96.0.0/12"
            yield unreadable % (entry["name"], entry["cidr"])
        for name, network in networks:
            if name in wanted_names and overlap(network, other):
                yield (
                    "pool %s: %s overlaps %s (%s); pods would take addresses that are in use there:"
                    " choose another network" % (name, network, entry["name"], other)
                )


def immutable_problems(name: str, old: Spec, new: Spec) -> t.Iterator[str]:
    """Changes that Calico does not allow on an existing pool. old, new: effective specs."""
    for field in FIELDS:
        before, after = old.get(field.key, "(none)"), new.get(field.key, "(none)")
        if field.immutable and not field.same(before, after):
            yield (
                "pool %s: %s cannot be changed on an existing pool; found %s, wanted %s."
                " Add a new pool, set disabled on this one,"
                " move the pods, then remove it with state absent"
                % (name, field.option, before, after)
            )
    if "LoadBalancer" in old["allowedUses"] and "LoadBalancer" not in new["allowedUses"]:
        yield (
            "pool %s: allowed_uses cannot be changed away from LoadBalancer;"
            " add a new pool instead" % name
        )


def block_problems(name: str, spec: Spec, blocks: t.Iterable[Network]) -> t.Iterator[str]:
    """IPAM blocks of another size in the range, left by an earlier pool. blocks: their networks."""
    network = parsed(spec.get("cidr", ""))
    sizes = {block.prefixlen for block in blocks if overlap(network, block)}
    others = sorted(sizes - {spec["blockSize"]})
    if others:
        yield (
            "pool %s: block_size %d, but the range holds IPAM blocks of size %s; use that size,"
            " or remove the old pool's blocks first"
            % (name, spec["blockSize"], ", ".join(map(str, others)))
        )


def _unreadable_cidr(cidr: str) -> str:
    network = covered(cidr)
    if network is None:
        return "cidr %s is no network; expected for example 10.244.0.0/18" % cidr
    return "cidr %s has host bits set; expected %s" % (cidr, network)


def _network_problems(network: Network) -> t.Iterator[str]:
    reserved = LINK_LOCAL[network.version]
    if overlap(network, reserved):
        yield "%s is in the link-local range %s; use another network" % (network, reserved)


def _size_problems(spec: Spec, network: Network) -> t.Iterator[str]:
    least, most = BLOCK_SIZES[network.version]
    size = spec["blockSize"]
    if not least <= size <= most:
        limits = (size, least, most, network.version)
        yield "block_size %d is out of range; expected %d to %d for IPv%d" % limits
    elif not spec["disabled"] and network.prefixlen > size:
        yield (
            "%s is smaller than one block of /%d;"
            " use a larger network or a larger block_size number" % (network, size)
        )


def _encapsulation_problems(spec: Spec, network: Network) -> t.Iterator[str]:
    ipip, vxlan = spec["ipipMode"], spec["vxlanMode"]
    if "Never" not in (ipip, vxlan):
        yield (
            "ipip_mode %s and vxlan_mode %s exclude each other; set one of them to Never"
            % (ipip, vxlan)
        )
    if ipip != "Never" and network.version == 6:
        yield "IPIP carries no IPv6; expected ipip_mode Never, found %s; use vxlan_mode" % ipip


def _selector_problems(spec: Spec) -> t.Iterator[str]:
    for key in ("nodeSelector", "namespaceSelector"):
        option, text = FIELDS[key].option, spec[key]
        wrong = selector.problem(text)
        if wrong:
            yield (
                "%s %r cannot be read: %s; expected for example rack == 'a' && has(gpu)"
                % (option, text, wrong)
            )
        elif selector.has_global(text):
            yield "%s must not use global(); use all()" % option


def _use_problems(spec: Spec) -> t.Iterator[str]:
    uses = spec["allowedUses"]
    if spec["namespaceSelector"] and "Tunnel" in uses:
        yield "namespace_selector does not go with the use Tunnel; set allowed_uses to [Workload]"
    if "LoadBalancer" not in uses:
        return
    if len(uses) > 1:
        yield "LoadBalancer excludes other allowed_uses; found %s" % ", ".join(uses)
    if spec["nodeSelector"] != "all()":
        yield "a LoadBalancer pool needs node_selector all(); found %s" % spec["nodeSelector"]
    if (spec["ipipMode"], spec["vxlanMode"]) != ("Never", "Never"):
        yield "a LoadBalancer pool needs ipip_mode and vxlan_mode Never"
    if spec["disableBGPExport"]:
        yield "a LoadBalancer pool cannot set disable_bgp_export"
