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

# Runs on a node, with the files that the kubelet has mounted into that node's calico-node pod: prints what Typha answers.
# TLS 1.3 refuses a client only after the client's own handshake, hence the read; an accepted client hears nothing.
HANDSHAKE = r"""
import glob, socket, ssl, sys
volumes = "/var/lib/kubelet/pods/%(uid)s/volumes/"
context = ssl.create_default_context(cafile=volumes + "kubernetes.io~configmap/calico-typha-ca/typhaca.crt")
context.check_hostname = False
if %(certificate)r:
    secret = volumes + "kubernetes.io~secret/calico-node-certs/calico-node"
    context.load_cert_chain(secret + ".crt", secret + ".key")
with socket.create_connection(("%(address)s", 5473), timeout=5) as plain:
    try:
        with context.wrap_socket(plain) as secure:
            subject = dict(pair[0] for pair in secure.getpeercert()["subject"])
            secure.settimeout(3)
            try:
                secure.recv(1)
            except TimeoutError:
                pass
            print("accepted by", subject["commonName"])
    except ssl.SSLError as problem:
        print("refused:", problem.reason)
"""


def together(function, pairs):
    """{pair: function(*pair)}, all at once: each takes a few seconds of waiting."""
    pairs = list(pairs)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return dict(zip(pairs, pool.map(lambda pair: function(*pair), pairs)))


def test_every_node_is_ready(cluster):
    for node in cluster.core.list_node().items:
        assert {"Ready": "True"}.items() <= {condition.type: condition.status for condition in node.status.conditions}.items(), node.metadata.name


def test_bgp_sessions_are_established(cluster):
    """BIRD's own word, from every calico-node: a session to each other node."""
    nodes = cluster.nodes()
    pods = cluster.pods("k8s-app=calico-node")
    assert {pod.spec.node_name for pod in pods} == set(nodes)
    for pod in pods:
        others = {"Mesh_" + address.replace(".", "_") for node, address in nodes.items() if node != pod.spec.node_name}

        def established(pod=pod, others=others):
            said = cluster.exec(pod.metadata.name, "birdcl", "-s", "/var/run/calico/bird.ctl", "show", "protocols")
            return {line.split()[0] for line in said.splitlines() if line.split()[-1:] == ["Established"]} == others

        until(established, "BGP of %s" % pod.spec.node_name, 60)


@pytest.mark.parametrize("certificate", [True, False], ids=["with the certificate", "without a certificate"])
def test_typha_knows_its_clients(host, cluster, certificate):
    """From every node to every Typha, with what calico-node has mounted there."""
    node = host.backend.host
    pod = next(pod for pod in cluster.pods("k8s-app=calico-node") if pod.spec.node_name == node)
    typhas = cluster.pods("k8s-app=calico-typha")
    assert typhas
    for typha in typhas:
        script = HANDSHAKE % {"uid": pod.metadata.uid, "certificate": certificate, "address": typha.status.host_ip}
        said = host.run("python3 -c %s", script)
        assert said.rc == 0, said.stderr
        assert said.stdout.startswith("accepted by calico-typha" if certificate else "refused: TLSV13_ALERT_CERTIFICATE_REQUIRED"), said.stdout


def test_pods_get_addresses_of_the_enabled_pool(traffic):
    assert len(set(traffic.addresses.values())) == 4
    for name, address in traffic.addresses.items():
        assert ipaddress.ip_address(address) in POOL_1_CIDR, name


def test_pods_ping_one_another(traffic):
    until(lambda: traffic.ping("near", "far"), "the first ping across nodes", 60)
    lost = [pair for pair, came_back in together(traffic.ping, itertools.permutations(traffic.addresses, 2)).items() if not came_back]
    assert lost == []


def test_pods_reach_one_another_over_tcp(traffic):
    until(lambda: traffic.fetch("near", "far") == "far", "the first connection across nodes", 60)
    answers = together(traffic.fetch, itertools.permutations(traffic.addresses, 2))
    assert {pair: answer for pair, answer in answers.items() if answer != pair[1]} == {}


def test_routes_lead_to_the_pods_nodes(host, cluster, traffic):
    nodes = cluster.nodes()
    for name, address in traffic.addresses.items():
        node = cluster.core.read_namespaced_pod(name, "hardway-traffic").spec.node_name
        route = host.check_output("ip route get %s", address)
        expected = " dev cali" if node == host.backend.host else " via %s " % nodes[node]
        assert expected in route, "%s on %s: %s" % (name, node, route)


def test_a_pod_pinned_to_the_second_pool_gets_its_address(traffic, pool_2):
    traffic.make("pinned", "hardway-worker2", {"cni.projectcalico.org/ipv4pools": json.dumps([pool_2])})
    assert ipaddress.ip_address(traffic.wait("pinned")) in POOL_2_CIDR
    until(lambda: traffic.ping("near", "pinned"), "a ping to the second pool's pod", 60)
