# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide's second document, by its names and paths."""

from __future__ import annotations

import json

testinfra_hosts = ["ansible://all"]
NAMESPACE = "/api/v1/namespaces/kube-system"


def test_the_secret_and_the_configmap(cluster):
    secret = cluster.get(NAMESPACE + "/secrets/calico-etcd-secrets")
    assert set(secret["data"]) == {"etcd-key", "etcd-cert", "etcd-ca"}
    config = cluster.get(NAMESPACE + "/configmaps/calico-config")["data"]
    assert config["etcd_endpoints"].startswith("https://") and config["calico_backend"] == "bird"
    assert config["etcd_ca"] == "/calico-secrets/etcd-ca"


def test_neither_crds_nor_typha(cluster):
    names = [
        item["metadata"]["name"]
        for item in cluster.items("/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
        + cluster.items("/apis/apps/v1/deployments")
    ]
    assert "calico-kube-controllers" in names
    assert [name for name in names if "projectcalico.org" in name or "typha" in name] == []


def test_the_workloads_run(cluster):
    node = cluster.workload("daemonsets", "calico-node")
    assert node["status"]["numberReady"] == len(cluster.hosts)
    env = {entry["name"] for entry in node["spec"]["template"]["spec"]["containers"][0]["env"]}
    assert "ETCD_ENDPOINTS" in env and "DATASTORE_TYPE" not in env
    controllers = cluster.workload("deployments", "calico-kube-controllers")
    assert controllers["status"]["availableReplicas"] == 1


def test_every_node_reaches_etcd_by_files_of_its_own(host):
    listed = host.check_output(
        "stat -c '%a %n' /etc/cni/net.d/calico-tls /etc/cni/net.d/calico-tls/*"
    )
    assert listed.splitlines() == [
        "700 /etc/cni/net.d/calico-tls",
        "600 /etc/cni/net.d/calico-tls/etcd-ca",
        "600 /etc/cni/net.d/calico-tls/etcd-cert",
        "600 /etc/cni/net.d/calico-tls/etcd-key",
    ]
    conflist = json.loads(host.check_output("cat /etc/cni/net.d/10-calico.conflist"))
    assert conflist["plugins"][0]["etcd_cert_file"] == "/etc/cni/net.d/calico-tls/etcd-cert"
