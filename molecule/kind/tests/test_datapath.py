# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packets flow: the guide's rows 9, 13 and 14 on a real cluster with real Calico."""

from __future__ import annotations

import concurrent.futures
import ipaddress
import itertools
import json

import pytest
from traffic import until

pytestmark = pytest.mark.datapath
testinfra_hosts = ["ansible://all"]

POOL_1_CIDR = ipaddress.ip_network("10.244.0.0/18")
POOL_2_CIDR = ipaddress.ip_network("10.244.192.0/19")


def together(function, pairs):
    """{pair: function(*pair)}, all at once: each takes a few seconds of waiting."""
    pairs = list(pairs)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return dict(zip(pairs, pool.map(lambda pair: function(*pair), pairs)))


def test_bgp_sessions_are_established(api):
    """BIRD's own word, from every calico-node: a session to each other node."""
    nodes = api.nodes()
    pods = api.pods("k8s-app=calico-node")
    assert {pod.spec.node_name for pod in pods} == set(nodes)
    for pod in pods:
        others = {
            "Mesh_" + address.replace(".", "_")
            for node, address in nodes.items()
            if node != pod.spec.node_name
        }

        def established(pod=pod, others=others):
            said = api.exec(
                pod.metadata.name, "birdcl", "-s", "/var/run/calico/bird.ctl", "show", "protocols"
            )
            return {
                line.split()[0]
                for line in said.splitlines()
                if line.split()[-1:] == ["Established"]
            } == others

        until(established, "BGP of %s" % pod.spec.node_name, 60)


def test_pods_get_addresses_of_the_enabled_pool(traffic):
    assert len(set(traffic.addresses.values())) == 4
    for name, address in traffic.addresses.items():
        assert ipaddress.ip_address(address) in POOL_1_CIDR, name


def test_pods_ping_one_another(traffic):
    until(lambda: traffic.ping("near", "far"), "the first ping across nodes", 60)
    lost = [
        pair
        for pair, came_back in together(
            traffic.ping, itertools.permutations(traffic.addresses, 2)
        ).items()
        if not came_back
    ]
    assert lost == []


def test_pods_reach_one_another_over_tcp(traffic):
    until(lambda: traffic.fetch("near", "far") == "far", "the first connection across nodes", 60)
    answers = together(traffic.fetch, itertools.permutations(traffic.addresses, 2))
    assert {pair: answer for pair, answer in answers.items() if answer != pair[1]} == {}


def test_routes_lead_to_the_pods_nodes(host, api, traffic):
    nodes = api.nodes()
    for name, address in traffic.addresses.items():
        node = api.core.read_namespaced_pod(name, "hardway-traffic").spec.node_name
        route = host.check_output("ip route get %s", address)
        expected = " dev cali" if node == host.backend.host else " via %s " % nodes[node]
        assert expected in route, "%s on %s: %s" % (name, node, route)


def test_a_pod_pinned_to_the_second_pool_gets_its_address(traffic, pool_2):
    traffic.make(
        "pinned", "hardway-worker2", {"cni.projectcalico.org/ipv4pools": json.dumps([pool_2])}
    )
    assert ipaddress.ip_address(traffic.wait("pinned")) in POOL_2_CIDR
    until(lambda: traffic.ping("near", "pinned"), "a ping to the second pool's pod", 60)
