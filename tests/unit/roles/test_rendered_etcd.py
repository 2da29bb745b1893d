# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the roles send to the cluster and to nodes with Calico's data in etcd.

Against manifests/calico-etcd.yaml at v3.26.5 to v3.32.1, copied by hand, and the guide's list of keys.
"""

from __future__ import annotations

import json

import pytest
import release_rights
from rendered_roles import rendered

ENDPOINTS = ["https://192.0.2.51:2379", "https://192.0.2.52:2379"]
# release: (image, whether seccompProfile is there, whether upstream chains the bandwidth plugin)
RELEASES = {
    "v3.26.5": ("docker.io/calico/node:v3.26.5", False, True),
    "v3.27.5": ("docker.io/calico/node:v3.27.5", False, True),
    "v3.28.5": ("docker.io/calico/node:v3.28.5", False, True),
    "v3.29.7": ("docker.io/calico/node:v3.29.7", True, True),
    "v3.30.7": ("docker.io/calico/node:v3.30.7", True, False),
    "v3.31.7": ("quay.io/calico/node:v3.31.7", True, False),
    "v3.32.1": ("quay.io/calico/node:v3.32.1", True, False),
}
HASHES = {name: "%s-cas-%s-leaf" % (name, name) for name in ("node", "cni", "calicoctl")}
PEMS = {"server_ca": "SERVERS", "client_certificate": "CERTIFICATE", "client_key": "KEY"}
STATE = {
    "calico_datastore": "etcd",
    "calico_etcd_endpoints": ENDPOINTS,
    "calico_etcd_clients": {"hashes": HASHES, "content": {"cni": PEMS, "collection": PEMS}},
    "__cni_bound_users": ["calico-cni"],
    "__cni_credential": {"client_certificate": "CERT", "client_key": "KEY"},
    "__cni_server": "https://192.0.2.1:6443",
    "__cni_server_ca": "CA",
    "calico_release": {"cni_sources": {}, "minor": 32},
    "calico_cluster": {"forbidden_networks": []},
}
SUBJECTS = (
    ("node", "templates/daemonset.yaml.j2"),
    ("node", "templates/etcd_config.yaml.j2"),
    ("node", "templates/rbac.yaml.j2"),
    ("cni", "templates/rbac.yaml.j2"),
    ("cni", "tasks/install.yml"),
)
ELSEWHERE = {
    "calico_namespace": "net",
    "node_backend": "vxlan",
    "node_ip_autodetection": "interface=ens160",
    "calico_etcd_endpoints": ENDPOINTS[:1],
}


@pytest.fixture(scope="module")
def found():
    cases = {version: {"calico_version": version} for version in RELEASES}
    cases["elsewhere"] = ELSEWHERE
    cases["by SRV"] = {
        "calico_etcd_endpoints": [],
        "calico_etcd_discovery_srv": "example.com",
        "calico_version": "v3.32.1",
    }
    cases["renewed"] = {
        "calico_etcd_clients": {"hashes": {"node": "node-cas-another"}, "content": {}}
    }
    cases["other CAs"] = {
        "calico_etcd_clients": {"hashes": {"node": "another-leaf"}, "content": {}}
    }
    answers = iter(
        rendered(
            *(
                (role, subject, {**STATE, **more})
                for more in cases.values()
                for role, subject in SUBJECTS
            ),
            ("datastore", "templates/calicoctl.cfg.j2", STATE),
            ("datastore", "templates/calicoctl.cfg.j2", {}),
        )
    )
    every = {}
    for name in cases:
        objects, install = {}, {}
        for role, subject in SUBJECTS:
            answer = next(answers)
            if subject.startswith("tasks"):
                install = answer
            else:
                objects.update({"%s %s" % (role, item["kind"]): item for item in answer})
        every[name] = {**objects, "install": install}
    every["calicoctl"], every["calicoctl with Kubernetes"] = next(answers)[0], next(answers)[0]
    return every


def pod(case):
    return case["node DaemonSet"]["spec"]["template"]


def environment(case):
    """{name: value, or where it comes from}"""
    return {
        entry["name"]: entry.get("value")
        or entry["valueFrom"].get("configMapKeyRef")
        or entry["valueFrom"]["fieldRef"]["fieldPath"]
        for entry in pod(case)["spec"]["containers"][0]["env"]
    }


def of_config(key):
    return {"name": "calico-config", "key": key}


@pytest.mark.parametrize("version", list(RELEASES))
def test_calico_nodes_environment_is_upstreams(found, version):
    """Left out: pools and MTUs, which are declared elsewhere. Ours: the last four."""
    assert environment(found[version]) == {
        "ETCD_ENDPOINTS": of_config("etcd_endpoints"),
        "ETCD_CA_CERT_FILE": of_config("etcd_ca"),
        "ETCD_KEY_FILE": of_config("etcd_key"),
        "ETCD_CERT_FILE": of_config("etcd_cert"),
        "CALICO_K8S_NODE_REF": "spec.nodeName",
        "CALICO_NETWORKING_BACKEND": of_config("calico_backend"),
        "CLUSTER_TYPE": "k8s,bgp",
        "IP": "autodetect",
        "CALICO_DISABLE_FILE_LOGGING": "true",
        "FELIX_DEFAULTENDPOINTTOHOSTACTION": "ACCEPT",
        "FELIX_IPV6SUPPORT": "false",
        "FELIX_HEALTHENABLED": "true",
        "CALICO_MANAGE_CNI": "false",
        "NO_DEFAULT_POOLS": "true",
        "IP_AUTODETECTION_METHOD": "kubernetes-internal-ip",
        "FELIX_LOGSEVERITYSCREEN": "info",
    }


@pytest.mark.parametrize("version", list(RELEASES))
def test_calico_nodes_pod_is_upstreams(found, version):
    image, secured, _bandwidth = RELEASES[version]
    spec = pod(found[version])["spec"]
    container = spec["containers"][0]
    assert container["image"] == image and container["securityContext"] == {"privileged": True}
    assert spec.get("securityContext") == (
        {"seccompProfile": {"type": "RuntimeDefault"}} if secured else None
    )
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {
        "/lib/modules",
        "/run/xtables.lock",
        "/var/run/calico",
        "/var/lib/calico",
        "/var/run/nodeagent",
        "/calico-secrets",
    }
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    # 0400, as YAML reads it.
    assert volumes["etcd-certs"]["secret"] == {
        "secretName": "calico-etcd-secrets",
        "defaultMode": 0o400,
    }
    assert not any("configMap" in volume for volume in spec["volumes"])
    assert spec["hostNetwork"] is True and spec["terminationGracePeriodSeconds"] == 0


@pytest.mark.parametrize("version", list(RELEASES))
def test_the_configmap_has_the_guides_keys(found, version):
    data = found[version]["node ConfigMap"]["data"]
    network = json.loads(data.pop("cni_network_config"))
    assert data == {
        "etcd_endpoints": "https://192.0.2.51:2379,https://192.0.2.52:2379",
        "etcd_ca": "/calico-secrets/etcd-ca",
        "etcd_cert": "/calico-secrets/etcd-cert",
        "etcd_key": "/calico-secrets/etcd-key",
        "typha_service_name": "none",
        "calico_backend": "bird",
    }
    types = [plugin["type"] for plugin in network["plugins"]]
    assert types == ["calico", "portmap"] + (["bandwidth"] if RELEASES[version][2] else [])
    calico = network["plugins"][0]
    assert {key for key in calico if key.startswith("etcd")} == {
        "etcd_endpoints",
        "etcd_key_file",
        "etcd_cert_file",
        "etcd_ca_cert_file",
    }
    assert "datastore_type" not in calico and "nodename" not in calico


RIGHTS = {"node": release_rights.ETCD_NODE, "cni": release_rights.ETCD_CNI_PLUGIN}


@pytest.mark.parametrize("version", list(RELEASES))
@pytest.mark.parametrize("role", list(RIGHTS))
def test_rights_are_the_variants_and_no_more(found, role, version):
    granted = {
        (group, resource): set(rule["verbs"])
        for rule in found[version]["%s ClusterRole" % role]["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    expected = release_rights.granted(RIGHTS[role], int(version.split(".")[1]))
    assert granted == {
        (group, resource): verbs
        for (group, resource, names), verbs in expected.items()
        if not names
    }


def test_variables_reach_the_pod_and_its_configuration(found):
    case = found["elsewhere"]
    assert environment(case)["IP_AUTODETECTION_METHOD"] == "interface=ens160"
    assert environment(case)["CLUSTER_TYPE"] == "k8s"
    config = case["node ConfigMap"]
    assert (
        config["metadata"]["namespace"] == case["node DaemonSet"]["metadata"]["namespace"] == "net"
    )
    assert (config["data"]["calico_backend"], config["data"]["etcd_endpoints"]) == (
        "vxlan",
        ENDPOINTS[0],
    )


def test_srv_records_in_place_of_endpoints(found):
    """Without endpoints Calico takes the Kubernetes datastore, unless told (libcalico-go, lib/apiconfig/load.go)."""
    env = environment(found["by SRV"])
    assert (env["DATASTORE_TYPE"], env["ETCD_DISCOVERY_SRV"]) == ("etcdv3", "example.com")
    assert "ETCD_ENDPOINTS" not in env
    assert set(env) - set(environment(found["v3.32.1"])) == {"DATASTORE_TYPE", "ETCD_DISCOVERY_SRV"}
    given = found["by SRV"]["install"]["hardway.calico.cni_conflist"]
    assert (given["etcd_discovery_srv"], given["etcd_endpoints"]) == ("example.com", [])


def test_what_a_pod_reads_at_its_start_makes_another_pod(found):
    """Endpoints, backend and CAs; but no renewal of the certificate, which it reads at each connection."""
    base = pod(found["v3.32.1"])["metadata"]["annotations"]
    assert set(base) == {"hardway.calico/etcd-configuration", "hardway.calico/etcd-cas"}
    assert pod(found["renewed"])["metadata"]["annotations"] == base
    changed = {
        name: [key for key in base if pod(found[name])["metadata"]["annotations"][key] != base[key]]
        for name in ("elsewhere", "other CAs")
    }
    assert changed == {
        "elsewhere": ["hardway.calico/etcd-configuration"],
        "other CAs": ["hardway.calico/etcd-cas"],
    }


def test_the_conflist_gets_what_the_plugin_reaches_etcd_with(found):
    given = found["v3.32.1"]["install"]["hardway.calico.cni_conflist"]
    assert {key: value for key, value in given.items() if key.startswith(("etcd", "data"))} == {
        "datastore_type": "etcdv3",
        "etcd_endpoints": ENDPOINTS,
        "etcd_ca_content": "SERVERS",
        "etcd_certificate_content": "CERTIFICATE",
        "etcd_key_content": "KEY",
        "etcd_tls_directory": "/etc/cni/net.d/calico-tls",
    }
    assert len(found["v3.32.1"]["install"]) == 3, "modules on a worker"


def test_calicoctl_is_told_where_etcd_is(found):
    """As in calicoctl's documentation of CalicoAPIConfig."""
    assert found["calicoctl"] == {
        "apiVersion": "projectcalico.org/v3",
        "kind": "CalicoAPIConfig",
        "metadata": None,
        "spec": {
            "datastoreType": "etcdv3",
            "etcdEndpoints": ",".join(ENDPOINTS),
            "etcdKeyFile": "/etc/calico/etcd/etcd-key",
            "etcdCertFile": "/etc/calico/etcd/etcd-cert",
            "etcdCACertFile": "/etc/calico/etcd/etcd-ca",
        },
    }
    assert found["calicoctl with Kubernetes"]["spec"] == {
        "datastoreType": "kubernetes",
        "kubeconfig": "/etc/kubernetes/admin.conf",
    }
