# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nodes are Ready, every one has its calico/node, kube-controllers run, and Typha is where its clients look for it.

Guide steps 8, 12 and 13.
"""

from __future__ import annotations

import collections


def is_ready(item):
    return any(
        condition["type"] == "Ready" and condition["status"] == "True"
        for condition in item["status"].get("conditions", [])
    )


def nodes(cluster):
    return {node["metadata"]["name"]: node for node in cluster.items("/api/v1/nodes")}


def test_every_node_is_ready(cluster):
    assert len(nodes(cluster)) == len(cluster.hosts)
    assert [name for name, node in nodes(cluster).items() if not is_ready(node)] == []


def test_every_node_has_one_ready_calico_node(cluster):
    ready = collections.Counter(
        pod["spec"]["nodeName"] for pod in cluster.pods("calico-node") if is_ready(pod)
    )
    assert ready == dict.fromkeys(nodes(cluster), 1)


def test_typhas_replicas_are_all_ready_on_different_nodes(cluster):
    wanted = cluster.workload("deployments", "calico-typha")["spec"]["replicas"]
    places = [pod["spec"]["nodeName"] for pod in cluster.pods("calico-typha") if is_ready(pod)]
    assert len(places) == len(set(places)) == wanted >= 2


def test_one_kube_controllers_is_ready(cluster):
    assert [is_ready(pod) for pod in cluster.pods("calico-kube-controllers")] == [True]


def test_clients_find_every_typha(cluster):
    """As Felix looks for it: the endpoints of the Service, by the port's name."""
    slices = cluster.items(
        "/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dcalico-typha"
    )
    found = {
        (address, port["port"])
        for part in slices
        for port in part["ports"]
        if port["name"] == "calico-typha"
        for end in part["endpoints"]
        if end["conditions"]["ready"]
        for address in end["addresses"]
    }
    assert (
        found == {(pod["status"]["podIP"], 5473) for pod in cluster.pods("calico-typha")} != set()
    )
