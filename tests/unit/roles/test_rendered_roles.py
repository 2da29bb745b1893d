# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the roles send to the cluster and to nodes with their defaults, against the guide's list, written by hand."""

from __future__ import annotations

import pytest
from rendered_roles import rendered

STATE = {
    "calico_cluster": {"typha_replicas": 2},
    "__typha_pki": {"server_hash": "s"},
    "__node_typha_pki": {"client_hash": "c"},
}
CREDENTIAL = {
    "__cni_credential": {"client_certificate": "CERT", "client_key": "KEY"},
    "__cni_server": "https://192.0.2.1:6443",
    "__cni_server_ca": "CA",
    "calico_release": {"cni_sources": {}, "minor": 32},
    "cni_version_in_use": "0.3.1",
}


@pytest.fixture(scope="module")
def everything():
    deployment, service, daemonset, install = rendered(
        ("typha", "templates/deployment.yaml.j2", STATE),
        ("typha", "templates/service.yaml.j2", STATE),
        ("node", "templates/daemonset.yaml.j2", STATE),
        ("cni", "tasks/install.yml", CREDENTIAL),
    )
    objects = {item["kind"]: item for item in deployment + service + daemonset}
    return {**objects, "install": install}


def container(item):
    return item["spec"]["template"]["spec"]["containers"][0]


def environment(item):
    return {entry["name"]: entry.get("value") for entry in container(item)["env"]}


def mounted(item):
    """{mountPath: what is there} with Secrets and ConfigMaps by their name."""
    sources = {
        volume["name"]: volume.get("secret", {}).get("secretName")
        or volume.get("configMap", {}).get("name")
        or volume["hostPath"]["path"]
        for volume in item["spec"]["template"]["spec"]["volumes"]
    }
    return {mount["mountPath"]: sources[mount["name"]] for mount in container(item)["volumeMounts"]}


# ---- guide step 8 -------------------------------------------------------------------------------


def test_typha_finds_its_certificates(everything):
    typha = everything["Deployment"]
    assert mounted(typha) == {
        "/calico-typha-ca": "calico-typha-ca",
        "/calico-typha-certs": "calico-typha-certs",
    }
    asked = {
        name: value
        for name, value in environment(typha).items()
        if name in ("TYPHA_CAFILE", "TYPHA_SERVERCERTFILE", "TYPHA_SERVERKEYFILE")
    }
    assert asked == {
        "TYPHA_CAFILE": "/calico-typha-ca/typhaca.crt",
        "TYPHA_SERVERCERTFILE": "/calico-typha-certs/typha.crt",
        "TYPHA_SERVERKEYFILE": "/calico-typha-certs/typha.key",
    }


def test_typha_admits_calico_node_only(everything):
    assert environment(everything["Deployment"])["TYPHA_CLIENTCN"] == "calico-node"


@pytest.mark.parametrize("kind", ["Deployment", "DaemonSet"])
def test_pods_run_on_nodes_of_every_taint(everything, kind):
    """A node without a network is tainted until these very pods run on it; Typha needs the control plane's room."""
    tolerations = everything[kind]["spec"]["template"]["spec"]["tolerations"]
    for wanted in (
        {"effect": "NoSchedule", "operator": "Exists"},
        {"effect": "NoExecute", "operator": "Exists"},
        {"key": "CriticalAddonsOnly", "operator": "Exists"},
    ):
        assert wanted in tolerations


def test_typha_rolls_without_a_gap(everything):
    spec = everything["Deployment"]["spec"]
    assert spec["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": "100%", "maxUnavailable": 1},
    }
    assert (
        spec["template"]["spec"]["terminationGracePeriodSeconds"]
        == int(environment(everything["Deployment"])["TYPHA_SHUTDOWNTIMEOUTSECS"])
        == 300
    )


def test_a_drain_may_take_one_typha_at_a_time(everything):
    budget = everything["PodDisruptionBudget"]["spec"]
    assert budget["maxUnavailable"] == 1 and "minAvailable" not in budget
    assert (
        budget["selector"]["matchLabels"].items()
        <= everything["Deployment"]["spec"]["template"]["metadata"]["labels"].items()
    )


def test_clients_find_typha_by_the_ports_name(everything):
    service = everything["Service"]["spec"]
    assert [(port["name"], port["port"]) for port in service["ports"]] == [("calico-typha", 5473)]
    assert (
        service["selector"].items()
        <= everything["Deployment"]["spec"]["template"]["metadata"]["labels"].items()
    )
    assert {"name": "calico-typha", "containerPort": 5473, "protocol": "TCP"} in container(
        everything["Deployment"]
    )["ports"]
    assert (
        everything["Service"]["metadata"]["name"]
        == environment(everything["DaemonSet"])["FELIX_TYPHAK8SSERVICENAME"]
    )


# ---- guide step 12 ------------------------------------------------------------------------------

GUIDES = {
    "DATASTORE_TYPE": "kubernetes",
    "FELIX_TYPHAK8SSERVICENAME": "calico-typha",
    "WAIT_FOR_DATASTORE": "true",
    "CALICO_NETWORKING_BACKEND": "bird",
    "CLUSTER_TYPE": "k8s,bgp",
    "IP": "autodetect",
    "CALICO_DISABLE_FILE_LOGGING": "true",
    "FELIX_DEFAULTENDPOINTTOHOSTACTION": "ACCEPT",
    "FELIX_IPV6SUPPORT": "false",
    "FELIX_LOGSEVERITYSCREEN": "info",
    "FELIX_HEALTHENABLED": "true",
    "FELIX_TYPHACN": "calico-typha",
    "FELIX_TYPHACAFILE": "/calico-typha-ca/typhaca.crt",
    "FELIX_TYPHACERTFILE": "/calico-node-certs/calico-node.crt",
    "FELIX_TYPHAKEYFILE": "/calico-node-certs/calico-node.key",
}


def test_calico_nodes_environment_is_the_guides(everything):
    env = environment(everything["DaemonSet"])
    assert {name: env.get(name) for name in GUIDES} == GUIDES


def test_calico_node_leaves_the_cni_users_kubeconfig_alone(everything):
    """Otherwise it replaces it with a token of 24 h."""
    assert environment(everything["DaemonSet"]).get("CALICO_MANAGE_CNI") == "false"
    assert not any(
        place.startswith("/etc/cni") for place in mounted(everything["DaemonSet"]).values()
    )


def test_calico_node_makes_no_pool(everything):
    assert environment(everything["DaemonSet"]).get("NO_DEFAULT_POOLS") == "true"


def test_calico_nodes_mounts_are_the_guides(everything):
    assert mounted(everything["DaemonSet"]) == {
        "/lib/modules": "/lib/modules",
        "/run/xtables.lock": "/run/xtables.lock",
        "/var/run/calico": "/var/run/calico",
        "/var/lib/calico": "/var/lib/calico",
        "/var/run/nodeagent": "/var/run/nodeagent",
        "/calico-typha-ca": "calico-typha-ca",
        "/calico-node-certs": "calico-node-certs",
    }


# ---- guide step 5 -------------------------------------------------------------------------------


def test_the_kubeconfig_is_for_root_only(everything):
    arguments = everything["install"]["hardway.calico.cni_kubeconfig"]
    assert (arguments["path"], arguments["mode"]) == ("/etc/cni/net.d/calico-kubeconfig", "0600")


def test_the_conflist_names_the_kubeconfig_that_is_written(everything):
    conflist = everything["install"]["hardway.calico.cni_conflist"]
    assert conflist["path"] == "/etc/cni/net.d/10-calico.conflist"
    assert conflist["kubeconfig"] == everything["install"]["hardway.calico.cni_kubeconfig"]["path"]
