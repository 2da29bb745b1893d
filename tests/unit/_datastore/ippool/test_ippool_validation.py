# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ippools import block, datastore, pool, stored

from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool.decide import decide
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError

LB = {"allowed_uses": ["LoadBalancer"]}


def refusal(wanted, current=None, minor=32, **more):
    with pytest.raises(CalicoError) as caught:
        decide(wanted, current or datastore(), minor, **more)
    return str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "Pool_1"}, "pool Pool_1: the name is no DNS subdomain"),
        ({"name": "a" * 254}, "the name is no DNS subdomain"),
        ({"name": "a..b"}, "the name is no DNS subdomain"),
        ({"name": "pool\n"}, "the name is no DNS subdomain"),
        ({"cidr": "10.244.0.0"}, "smaller than one block"),
        ({"cidr": "ten"}, "cidr ten is no network; expected for example 10.244.0.0/18"),
        ({"cidr": ""}, "is no network"),
        ({"cidr": "10.244.0.0/33"}, "is no network"),
        ({"cidr": "10.244.0.1/18"}, "cidr 10.244.0.1/18 has host bits set; expected 10.244.0.0/18"),
        ({"cidr": "169.254.0.0/18"}, "link-local range 169.254.0.0/16"),
        ({"cidr": "169.0.0.0/8"}, "link-local range 169.254.0.0/16"),
        ({"cidr": "fe80::/64"}, "link-local range fe80::/10"),
        ({"block_size": 19}, "block_size 19 is out of range; expected 20 to 32 for IPv4"),
        ({"block_size": 33}, "block_size 33 is out of range"),
        (
            {"cidr": "fd00::/64", "block_size": 115},
            "block_size 115 is out of range; expected 116 to 128 for IPv6",
        ),
        ({"cidr": "fd00::/64", "block_size": 129}, "block_size 129 is out of range"),
        ({"cidr": "10.244.0.0/27"}, "10.244.0.0/27 is smaller than one block of /26"),
        (
            {"ipip_mode": "Always", "vxlan_mode": "CrossSubnet"},
            "ipip_mode Always and vxlan_mode CrossSubnet exclude each other",
        ),
        ({"cidr": "fd00::/64", "ipip_mode": "Always"}, "IPIP carries no IPv6"),
        ({"node_selector": "rack ="}, "node_selector 'rack =' cannot be read"),
        ({"node_selector": "global()"}, "node_selector must not use global()"),
        (
            {"namespace_selector": "team ==", "allowed_uses": ["Workload"]},
            "namespace_selector 'team ==' cannot be read",
        ),
        (
            {"namespace_selector": "global()", "allowed_uses": ["Workload"]},
            "namespace_selector must not use global()",
        ),
        (
            {"namespace_selector": "team == 'a'"},
            "does not go with the use Tunnel; set allowed_uses to [Workload]",
        ),
        (
            {"allowed_uses": ["LoadBalancer", "Workload"]},
            "LoadBalancer excludes other allowed_uses",
        ),
        ({**LB, "node_selector": "has(a)"}, "needs node_selector all()"),
        ({**LB, "vxlan_mode": "Always"}, "needs ipip_mode and vxlan_mode Never"),
        ({**LB, "ipip_mode": "Always"}, "needs ipip_mode and vxlan_mode Never"),
        ({**LB, "disable_bgp_export": True}, "cannot set disable_bgp_export"),
        ({"cidr": None}, "cidr is missing, and there is no such pool yet"),
    ],
)
def test_refused(options, words):
    assert words in refusal([pool(**options)])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"cidr": "0.0.0.0/1"},
        {"cidr": "10.0.0.0/26"},
        {"cidr": "10.0.0.0/32", "block_size": 32},
        {"cidr": "10.0.0.0/28", "disabled": True},
        {"block_size": 20},
        {"cidr": "fd00::/116", "block_size": 116},
        {"cidr": "fd00::/64"},
        {"cidr": "fd00::/64", "vxlan_mode": "Always"},
        {"ipip_mode": "Always", "vxlan_mode": "Never"},
        {"namespace_selector": "team == 'a'", "allowed_uses": ["Workload"]},
        LB,
        {"node_selector": "", "allowed_uses": []},
        {"name": "a.b-c.d"},
    ],
)
def test_accepted(options):
    assert [step.action for step in decide([pool(**options)], datastore(), 32)] == ["create"]


@pytest.mark.parametrize(
    ("options", "since"),
    [
        ({"assignment_mode": "Manual"}, 30),
        (LB, 30),
        ({"namespace_selector": "team == 'a'", "allowed_uses": ["Workload"]}, 31),
    ],
)
def test_a_field_is_refused_before_its_release_and_accepted_from_it(options, since):
    assert "came with 3.%d" % since in refusal([pool(**options)], minor=since - 1)
    assert decide([pool(**options)], datastore(), since)


@pytest.mark.parametrize(
    ("current", "wanted", "words"),
    [
        (
            {},
            [pool("a"), pool("b", cidr="10.244.32.0/20")],
            "pools a (10.244.0.0/18) and b (10.244.32.0/20) overlap",
        ),
        (
            {"old": stored("10.0.0.0/8")},
            [pool("a")],
            "pools a (10.244.0.0/18) and old (10.0.0.0/8) overlap",
        ),
        (
            {"old": stored("10.244.0.1/16")},
            [pool("a")],
            "pools a (10.244.0.0/18) and old (10.244.0.0/16) overlap",
        ),
        ({"old": stored("10.0.0.0/8", disabled=True)}, [pool("a")], "overlap"),
    ],
)
def test_overlaps(current, wanted, words):
    assert words in refusal(wanted, datastore(current))


def test_others_pools_are_their_own_matter():
    current = datastore(
        {"x": stored("10.0.0.0/8"), "y": stored("10.1.0.0/16"), "z": stored("no network"), "w": {}}
    )
    assert (
        len(decide([pool(cidr="192.168.0.0/16"), pool("six", cidr="fd00::/64")], current, 32)) == 2
    )


def test_forbidden_networks():
    networks = [
        {"name": "services", "cidr": "10.244.8.0/22"},
        {"name": "nodes", "cidr": "192.168.0.7/24"},
        {"name": "odd", "cidr": "what"},
    ]
    message = refusal(
        [pool(), pool("n", cidr="192.168.0.0/18"), pool("six", cidr="fd00::/64")],
        forbidden=networks,
    )
    for words in (
        "pool one: 10.244.0.0/18 overlaps services (10.244.8.0/22)",
        "pool n: 192.168.0.0/18 overlaps nodes (192.168.0.0/24)",
        "forbidden network odd: what is no network",
        "3 problems, nothing was written",
    ):
        assert words in message
    assert "six" not in message


@pytest.mark.parametrize(
    ("old", "options", "words"),
    [
        (
            stored(),
            {"cidr": "10.245.0.0/18"},
            "cidr cannot be changed on an existing pool; found 10.244.0.0/18, wanted 10.245.0.0/18. Add a new pool",
        ),
        (
            stored(blockSize=26),
            {"block_size": 24},
            "block_size cannot be changed on an existing pool; found 26, wanted 24",
        ),
        (stored(), {"block_size": 24}, "found 26, wanted 24"),
        (
            stored(allowedUses=["LoadBalancer"]),
            {"allowed_uses": ["Workload"]},
            "cannot be changed away from LoadBalancer",
        ),
        ({}, {}, "cidr cannot be changed on an existing pool; found (none)"),
    ],
)
def test_immutable(old, options, words):
    assert words in refusal([pool(**options)], datastore({"one": old}))


def test_a_stored_pool_without_a_network_is_a_refusal_too():
    assert "cidr  is no network" in refusal([pool(cidr=None)], datastore({"one": {}}))


def test_blocks_of_another_size():
    current = datastore(
        blocks=[
            block("10.244.1.0/24"),
            block("10.244.2.0/26"),
            block("10.200.0.0/28"),
            block("fd00::/122"),
        ]
    )
    assert "block_size 26, but the range holds IPAM blocks of size 24;" in refusal(
        [pool()], current
    )
    assert decide([pool(block_size=24)], datastore(blocks=[block("10.244.1.0/24")]), 32)


def test_every_problem_of_every_pool_is_in_one_error():
    message = refusal(
        [
            pool("A", block_size=1),
            pool("b", cidr="bad"),
            pool("c", cidr="fd00::/64", ipip_mode="Always"),
            pool("d"),
            pool("d"),
        ]
    )
    for words in (
        "pool A: the name",
        "pool A: block_size 1",
        "pool b: cidr bad",
        "pool c: IPIP",
        "pool d: it is listed 2 times",
        "nothing was written",
    ):
        assert words in message
