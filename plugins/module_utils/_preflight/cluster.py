# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What API objects say about a cluster: its nodes, its networks, how many Typhas fit, and whose they are (pure)."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.pods import (
    container_of,
    pod_of,
)

NODE = "calico-node"
NODES_PER_TYPHA = 200
MOST_TYPHAS = 20
OTHER_NETWORKS = re.compile(
    "(kube-flannel|cilium|weave-net|canal|antrea-agent|kube-router|ovnkube-node|kindnet|aws-node"
    r"|azure-cni|romana-agent)(-|\Z)"
)
# As kubeadm labels nodes since 1.20 (kubeadm's constants.LabelNodeRoleControlPlane); its value is empty.
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
# The label of all objects that the collection makes (_kubernetes.api.LABELS), and of none that it takes over.
OWNER_LABEL, OWNER = "app.kubernetes.io/managed-by", "hardway.calico"


class Node(t.TypedDict):
    """schedulable: not cordoned. Taints do not count, since Typha tolerates them. control_plane: by kubeadm's label."""

    name: str
    internal_ips: list[str]
    architecture: str
    operating_system: str
    schedulable: bool
    control_plane: bool


class Network(t.TypedDict):
    """A network with a name for messages."""

    name: str
    cidr: str


class Foreign(t.TypedDict):
    """An object that the collection did not make. selector, strategy: a Deployment's; {} and "" for other kinds."""

    kind: str
    selector: dict[str, t.Any]
    strategy: str


def describe_node(node: dict[str, t.Any]) -> Node:
    status = node.get("status", {})
    info = status.get("nodeInfo", {})
    labels = node["metadata"].get("labels") or {}
    return {
        "name": node["metadata"]["name"],
        "internal_ips": [
            entry["address"]
            for entry in status.get("addresses") or []
            if entry.get("type") == "InternalIP"
        ],
        "architecture": labels.get("kubernetes.io/arch") or info.get("architecture", ""),
        "operating_system": labels.get("kubernetes.io/os") or info.get("operatingSystem", ""),
        "schedulable": not node.get("spec", {}).get("unschedulable", False),
        "control_plane": CONTROL_PLANE in labels,
    }


def typha_replicas(schedulable: int) -> int:
    """Typha's replicas for a number of schedulable nodes.

    The operator's formula (tigera/operator pkg/common/autoscale.go): one to 200 nodes and one more, at least 3 from 5
    nodes on; below, fewer than there are nodes, or else a rolling update on host ports stalls. At most 20, as
    the documentation for on-premises installations says.
    """
    if schedulable <= 2:
        return 1
    if schedulable <= 4:
        return 2
    return min(MOST_TYPHAS, max(3, schedulable // NODES_PER_TYPHA + 2))


def made_by_others(found: dict[str, dict[str, t.Any] | None]) -> list[Foreign]:
    """found: {kind: the object, or None where there is none}."""
    return [
        {
            "kind": kind,
            "selector": item["spec"].get("selector", {}) if kind == "Deployment" else {},
            "strategy": item["spec"].get("strategy", {}).get("type", "")
            if kind == "Deployment"
            else "",
        }
        for kind, item in found.items()
        if item is not None and (item["metadata"].get("labels") or {}).get(OWNER_LABEL) != OWNER
    ]


def other_networks(daemonsets: list[dict[str, t.Any]], namespace: str) -> list[str]:
    """Warnings about DaemonSets of other networks, and about a calico-node in another namespace."""
    warnings = []
    for daemonset in daemonsets:
        name, where = daemonset["metadata"]["name"], daemonset["metadata"].get("namespace", "")
        if OTHER_NETWORKS.match(name):
            warnings.append(
                "DaemonSet %s/%s looks like another pod network. Two networks on one node fight over pods:"
                " remove one of them." % (where, name)
            )
        calico = name == NODE or container_of(pod_of(daemonset), NODE)
        if calico and (name, where) != (NODE, namespace):
            warnings.append(
                "DaemonSet %s/%s is a Calico that something else installed. Remove that first%s."
                % (where, name, ", or set calico_namespace" if name == NODE else "")
            )
    return warnings


def networks(
    kubeadm: dict[str, t.Any] | None, service_cidrs: list[dict[str, t.Any]] | None
) -> tuple[list[str], list[str]]:
    """(pod networks, service networks) of kubeadm's ClusterConfiguration and the API's ServiceCIDRs, each once."""
    networking = (kubeadm or {}).get("networking") or {}
    pods = _split(networking.get("podSubnet"))
    services = _split(networking.get("serviceSubnet"))
    for entry in service_cidrs or []:
        services += (entry.get("spec") or {}).get("cidrs") or []
    return list(dict.fromkeys(pods)), list(dict.fromkeys(services))


def node_networks(nodes: list[Node]) -> list[Network]:
    """The nodes' internal addresses as networks of one host."""
    return [
        {
            "name": "the address of node %s" % node["name"],
            "cidr": str(ipaddress.ip_network(address)),
        }
        for node in nodes
        for address in node["internal_ips"]
    ]


def _split(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]
