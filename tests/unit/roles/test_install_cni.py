# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role node sends where install-cni puts the CNI plugin on nodes (calico_cni_installer: image).

Against manifests/calico-etcd.yaml at v3.26.5 to v3.32.1, copied by hand. install_cni() does with the configuration what
cni-plugin/pkg/install does.
"""

from __future__ import annotations

import json

import pytest
import release_rights
import yaml
from checkout import ROOT
from rendered_roles import rendered

ENDPOINTS = ["https://192.0.2.51:2379", "https://192.0.2.52:2379"]
# release: (image, whether upstream chains the bandwidth plugin)
RELEASES = {
    "v3.26.5": ("docker.io/calico/cni:v3.26.5", True),
    "v3.27.5": ("docker.io/calico/cni:v3.27.5", True),
    "v3.28.5": ("docker.io/calico/cni:v3.28.5", True),
    "v3.29.7": ("docker.io/calico/cni:v3.29.7", True),
    "v3.30.7": ("docker.io/calico/cni:v3.30.7", False),
    "v3.31.7": ("quay.io/calico/cni:v3.31.7", False),
    "v3.32.1": ("quay.io/calico/cni:v3.32.1", False),
}
DIGESTS = {
    "calico_image_digests": {"v3.32.1": {"node": "sha256:" + "a" * 64, "cni": "sha256:" + "b" * 64}}
}


def clients(**hashes):
    return {"hashes": {"node": "cas-node", "cni": "cas-cni", **hashes}, "content": {}}


STATE = {
    "calico_version": "v3.32.1",
    "calico_datastore": "etcd",
    "calico_cni_installer": "image",
    "calico_etcd_endpoints": ENDPOINTS,
    "calico_etcd_clients": clients(),
}
CASES = {
    **{version: {"calico_version": version} for version in RELEASES},
    "by role": {"calico_cni_installer": "role"},
    "by SRV": {"calico_etcd_endpoints": [], "calico_etcd_discovery_srv": "example.com"},
    "renewed": {"calico_etcd_clients": clients(cni="cas-renewed")},
    "node's renewed": {"calico_etcd_clients": clients(node="cas-renewed")},
    "by role, renewed": {
        "calico_cni_installer": "role",
        "calico_etcd_clients": clients(cni="cas-renewed"),
    },
    "another MTU": {"cni_mtu": 1440},
    "as the role cni's": {
        "cni_network_name": "pods",
        "cni_version": "0.4.0",
        "cni_bandwidth": "always",
        "cni_log_level": "debug",
        "calico_namespace": "net",
    },
    "own registry": {
        "calico_registry": "registry.example.com:5000",
        "calico_image_path": "mirror",
        "calico_image_prefix": "calico-",
        **DIGESTS,
    },
    "own image": {"cni_image": "registry.example.com/own/cni:v1"},
}
SUBJECTS = ("daemonset", "etcd_config", "rbac", "cni_rbac")


@pytest.fixture(scope="module")
def found():
    answers = iter(
        rendered(
            *(
                ("node", "templates/%s.yaml.j2" % subject, {**STATE, **more})
                for more in CASES.values()
                for subject in SUBJECTS
            )
        )
    )
    return {name: {subject: next(answers) for subject in SUBJECTS} for name in CASES}


def pod(case):
    return case["daemonset"][0]["spec"]["template"]


def installer(case):
    (container,) = pod(case)["spec"]["initContainers"]
    return container


def of_config(key):
    return {"configMapKeyRef": {"name": "calico-config", "key": key}}


def environment(container):
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in container["env"]}


def install_cni(case):
    """The conflist that install-cni writes."""
    data, env = case["etcd_config"][0]["data"], environment(installer(case))

    def value(name):
        given = env.get(name, "")
        return given if isinstance(given, str) else data[given["configMapKeyRef"]["key"]]

    text, folder = value("CNI_NETWORK_CONFIG"), "/etc/cni/net.d/"
    for word, put in {
        "CNI_MTU": value("CNI_MTU"),
        "ETCD_ENDPOINTS": value("ETCD_ENDPOINTS"),
        "ETCD_DISCOVERY_SRV": value("ETCD_DISCOVERY_SRV"),
        "KUBECONFIG_FILEPATH": folder + "calico-kubeconfig",
        "ETCD_KEY_FILE": folder + "calico-tls/etcd-key",
        "ETCD_CERT_FILE": folder + "calico-tls/etcd-cert",
        "ETCD_CA_CERT_FILE": folder + "calico-tls/etcd-ca",
    }.items():
        text = text.replace("__%s__" % word, put)
    return json.loads(text)


@pytest.mark.parametrize("version", list(RELEASES))
def test_the_init_container_is_upstreams(found, version):
    container = installer(found[version])
    assert container["name"] == "install-cni"
    assert container["image"] == RELEASES[version][0]
    assert container["command"] == ["/opt/cni/bin/install"]
    assert container["securityContext"] == {"privileged": True}
    assert environment(container) == {
        "CNI_CONF_NAME": "10-calico.conflist",
        "CNI_NETWORK_CONFIG": of_config("cni_network_config"),
        "ETCD_ENDPOINTS": of_config("etcd_endpoints"),
        "CNI_MTU": of_config("veth_mtu"),
        "SLEEP": "false",
    }


@pytest.mark.parametrize("version", list(RELEASES))
def test_it_gets_the_hosts_directories_and_the_certificate_of_the_plugin(found, version):
    """install-cni copies /calico-secrets/etcd-ca, etcd-cert and etcd-key, with the modes that they have there."""
    spec = pod(found[version])["spec"]
    volumes = {volume["name"]: volume for volume in spec["volumes"]}

    def mounts(container):
        return {
            mount["mountPath"]: volumes[mount["name"]]
            for mount in container["volumeMounts"]
            if volumes[mount["name"]]["name"].startswith(("cni", "etcd"))
        }

    assert {
        path: (volume.get("hostPath") or volume["secret"])
        for path, volume in mounts(installer(found[version])).items()
    } == {
        "/host/opt/cni/bin": {"path": "/opt/cni/bin", "type": "DirectoryOrCreate"},
        "/host/etc/cni/net.d": {"path": "/etc/cni/net.d", "type": "DirectoryOrCreate"},
        "/calico-secrets": {"secretName": "calico-etcd-cni", "defaultMode": 0o400},
    }
    # calico/node keeps the certificate of its own, and writes the plugin's kubeconfig anew.
    node = mounts(spec["containers"][0])
    assert set(node) == {"/calico-secrets", "/host/etc/cni/net.d"}
    assert node["/calico-secrets"]["secret"]["secretName"] == "calico-etcd-secrets"
    assert environment(spec["containers"][0])["CALICO_MANAGE_CNI"] == "true"


@pytest.mark.parametrize("version", list(RELEASES))
def test_what_it_writes_is_upstreams_conflist(found, version):
    """But for the log file, which is the default, and cniVersion 1.0.0 of v3.31.7, which the role cni leaves too."""
    _image, bandwidth = RELEASES[version]
    assert install_cni(found[version]) == {
        "name": "k8s-pod-network",
        "cniVersion": "0.3.1",
        "plugins": [
            {
                "type": "calico",
                "log_level": "info",
                "etcd_endpoints": ",".join(ENDPOINTS),
                "etcd_key_file": "/etc/cni/net.d/calico-tls/etcd-key",
                "etcd_cert_file": "/etc/cni/net.d/calico-tls/etcd-cert",
                "etcd_ca_cert_file": "/etc/cni/net.d/calico-tls/etcd-ca",
                "mtu": 0,
                "ipam": {"type": "calico-ipam"},
                "policy": {"type": "k8s"},
                "kubernetes": {"kubeconfig": "/etc/cni/net.d/calico-kubeconfig"},
            },
            {"type": "portmap", "snat": True, "capabilities": {"portMappings": True}},
            *([{"type": "bandwidth", "capabilities": {"bandwidth": True}}] if bandwidth else []),
        ],
    }


def test_variables_of_the_role_cni_reach_it(found):
    conflist = install_cni(found["as the role cni's"])
    assert (conflist["name"], conflist["cniVersion"]) == ("pods", "0.4.0")
    assert conflist["plugins"][0]["log_level"] == "debug"
    assert conflist["plugins"][-1]["type"] == "bandwidth"
    assert install_cni(found["another MTU"])["plugins"][0]["mtu"] == 1440


def test_srv_records_in_place_of_endpoints(found):
    """Without endpoints the plugin takes the Kubernetes datastore, unless told (libcalico-go lib/apiconfig)."""
    env = environment(installer(found["by SRV"]))
    assert env["ETCD_DISCOVERY_SRV"] == "example.com" and "ETCD_ENDPOINTS" not in env
    calico = install_cni(found["by SRV"])["plugins"][0]
    assert (calico["datastore_type"], calico["etcd_discovery_srv"]) == ("etcdv3", "example.com")
    assert "etcd_endpoints" not in calico


def test_its_image_is_named_as_others_are(found):
    assert installer(found["own registry"])["image"] == (
        "registry.example.com:5000/mirror/calico-cni:v3.32.1@sha256:" + "b" * 64
    )
    assert installer(found["own image"])["image"] == "registry.example.com/own/cni:v1"


def test_what_it_copies_at_its_start_makes_another_pod(found):
    base = pod(found["v3.32.1"])["metadata"]["annotations"]
    changed = {
        name: [key for key in base if pod(found[name])["metadata"]["annotations"][key] != base[key]]
        for name in ("renewed", "another MTU", "node's renewed", "own image")
    }
    assert changed == {
        "renewed": ["hardway.calico/cni-certificate"],
        "another MTU": ["hardway.calico/cni-configuration"],
        "node's renewed": [],
        "own image": [],
    }
    # Where the role puts it there, no renewal rolls anything.
    assert pod(found["by role"]) == pod(found["by role, renewed"])
    assert set(pod(found["by role"])["metadata"]["annotations"]) < set(base)


def rules(item):
    return {
        (group, resource, tuple(rule.get("resourceNames", ()))): set(rule["verbs"])
        for rule in item["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


@pytest.mark.parametrize("version", list(RELEASES))
def test_rights_are_the_variants_and_no_more(found, version):
    minor = int(version.split(".")[1])
    objects = {item["kind"]: item for item in found[version]["cni_rbac"]}
    assert set(objects) == {
        "ServiceAccount",
        "ClusterRole",
        "ClusterRoleBinding",
        "Role",
        "RoleBinding",
    }
    assert {
        name: item["metadata"]["name"] for name, item in objects.items() if "Role" not in name
    } == {"ServiceAccount": "calico-cni-plugin"}
    assert rules(objects["ClusterRole"]) == release_rights.granted(
        release_rights.ETCD_CNI_PLUGIN, minor
    )
    # Upstream's ClusterRole of calico-node has it, in every namespace.
    assert rules(objects["Role"]) == release_rights.granted(release_rights.ETCD_NODE_TOKEN, minor)
    (node,) = [item for item in found[version]["rbac"] if item["kind"] == "ClusterRole"]
    assert not any("token" in resource for _group, resource, _names in rules(node))


@pytest.mark.parametrize(
    ("case", "namespace"), [("v3.32.1", "kube-system"), ("as the role cni's", "net")]
)
def test_rights_are_of_the_accounts(found, case, namespace):
    objects = {item["kind"]: item for item in found[case]["cni_rbac"]}

    def holder(kind):
        binding = objects[kind]
        (subject,) = binding["subjects"]
        role = binding["roleRef"]
        assert role["name"] == objects[role["kind"]]["metadata"]["name"]
        return role["kind"], subject["kind"], subject["name"], subject["namespace"]

    assert holder("ClusterRoleBinding") == (
        "ClusterRole",
        "ServiceAccount",
        "calico-cni-plugin",
        namespace,
    )
    assert holder("RoleBinding") == ("Role", "ServiceAccount", "calico-node", namespace)
    places = {
        objects[kind]["metadata"]["namespace"] for kind in ("Role", "RoleBinding", "ServiceAccount")
    }
    assert places == {namespace}


def test_what_is_removed_is_what_is_made(found):
    """By labels: nothing that somebody else made carries them."""
    variables = yaml.safe_load((ROOT / "roles/cni/vars/main.yml").read_text())
    removed = variables["__cni_installers_right"] + variables["__cni_installers_account"]
    made = found["v3.32.1"]["cni_rbac"]

    def kinds(items):
        return sorted(
            (item["apiVersion"], item["kind"], "namespace" in item["metadata"]) for item in items
        )

    assert kinds(removed) == kinds(made)
    assert all("name" not in item["metadata"] for item in removed)
    labels = yaml.safe_load((ROOT / "roles/calico/vars/main.yml").read_text())
    assert all(item["metadata"]["labels"] == labels["__calico_install_cni_labels"] for item in made)
