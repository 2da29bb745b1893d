# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What kubeadm and the kubelets would have put into the API: the nodes and kubeadm's configuration."""

from __future__ import annotations

import platform

from hardway_lab import processes
from hardway_lab.control_plane import POD_NETWORK, SERVICE_NETWORK

ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def register(control_plane, name, address, is_control_plane):
    """Create a Node that kwok plays, with the address and labels that a kubelet would give it."""
    labels = {
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": ARCHITECTURE,
        "kubernetes.io/hostname": name,
    }
    spec = {}
    if is_control_plane:
        labels["node-role.kubernetes.io/control-plane"] = ""
        spec["taints"] = [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]
    metadata = {"name": name, "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}}
    control_plane.request(
        "POST",
        "/api/v1/nodes",
        {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": spec},
    )
    resources = {"cpu": "4", "memory": "8Gi", "pods": "110", "ephemeral-storage": "50Gi"}
    status = {
        "addresses": [
            {"type": "InternalIP", "address": address},
            {"type": "Hostname", "address": name},
        ],
        "allocatable": resources,
        "capacity": resources,
        "nodeInfo": {
            "architecture": ARCHITECTURE,
            "operatingSystem": "linux",
            "kubeletVersion": "kwok",
            "kernelVersion": platform.release(),
            "bootID": "",
            "containerRuntimeVersion": "kwok",
            "kubeProxyVersion": "",
            "machineID": "",
            "osImage": "lab",
            "systemUUID": "",
        },
    }
    control_plane.request(
        "PATCH",
        "/api/v1/nodes/%s/status" % name,
        {"status": status},
        content_type="application/merge-patch+json",
    )


def write_kubeadm_config(control_plane):
    """The ConfigMap in which kubeadm keeps the cluster's networks."""
    text = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nnetworking:\n  dnsDomain: cluster.local\n"
    text += "  podSubnet: %s\n  serviceSubnet: %s\n" % (POD_NETWORK, SERVICE_NETWORK)
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "kubeadm-config"},
        "data": {"ClusterConfiguration": text},
    }
    control_plane.request("POST", "/api/v1/namespaces/kube-system/configmaps", body)


def wait_until_usable(control_plane):
    """Until kube-system and its default account are there, all nodes are Ready and no not-ready taint is left."""

    def usable():
        nodes = control_plane.request("GET", "/api/v1/nodes")["items"]
        ready = [
            any(
                condition["type"] == "Ready" and condition["status"] == "True"
                for condition in node["status"].get("conditions", [])
            )
            and not any(
                taint["key"] == "node.kubernetes.io/not-ready"
                for taint in node["spec"].get("taints", [])
            )
            for node in nodes
        ]
        account = "/api/v1/namespaces/kube-system/serviceaccounts/default"
        return (
            all(ready)
            and control_plane.exists(account)
            and control_plane.exists("/api/v1/namespaces/kube-system/configmaps/kube-root-ca.crt")
        )

    processes.wait_until(control_plane.state, "the cluster", usable, log="kwok", timeout=90)
