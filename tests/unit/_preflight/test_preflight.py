# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from recorded_api import RecordedApi

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._preflight import cluster as facts
from ansible_collections.hardway.calico.plugins.module_utils._preflight import compatibility
from ansible_collections.hardway.calico.plugins.module_utils._preflight import decide as plan
from ansible_collections.hardway.calico.plugins.module_utils._preflight.read import (
    DAEMONSETS,
    KUBEADM_CONFIG,
    NODES,
    SERVICE_CIDRS,
    read,
)
from ansible_collections.hardway.calico.plugins.module_utils._release.table import release
from ansible_collections.hardway.calico.plugins.modules import calico_preflight

CLUSTER_INFORMATION = "/apis/crd.projectcalico.org/v1/clusterinformations/default"
KUBEADM = """
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.34.4
networking:
  dnsDomain: cluster.local
  podSubnet: 10.244.0.0/16
  serviceSubnet: 10.96.0.0/12
"""


def node(name, address="192.0.2.11", arch="amd64", cordoned=False, system="linux", taints=()):
    return {
        "metadata": {
            "name": name,
            "labels": {"kubernetes.io/arch": arch, "kubernetes.io/os": system},
        },
        "spec": {"taints": list(taints), **({"unschedulable": True} if cordoned else {})},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": address},
                {"type": "Hostname", "address": name},
            ]
        },
    }


def daemonset(name, namespace="kube-system", image="quay.io/calico/node:v3.32.1"):
    return {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"template": {"spec": {"containers": [{"name": name, "image": image}]}}},
    }


def seen(**more):
    return {
        "version": "v1.34.4",
        "nodes": [node("cka001"), node("cka002", "192.0.2.12")],
        "daemonsets": [daemonset("kube-proxy")],
        "configmaps": {},
        "kubeadm": None,
        "service_cidrs": None,
        "cluster_information": None,
        "kube_controllers": {},
        "pull_secrets": {},
        **more,
    }


def preflight(kubernetes_range="warn", version="v3.32.1", **more):
    return plan.decide(release(version), seen(**more), kubernetes_range, "kube-system")


@pytest.mark.parametrize(
    ("nodes", "replicas"),
    # The pairs from 5 on are those of the operator's formula as its documentation gives them.
    [
        (0, 1),
        (1, 1),
        (2, 1),
        (3, 2),
        (4, 2),
        (5, 3),
        (199, 3),
        (200, 3),
        (399, 3),
        (400, 4),
        (1000, 7),
        (2000, 12),
        (3600, 20),
        (10000, 20),
    ],
)
def test_typha_replicas(nodes, replicas):
    assert facts.typha_replicas(nodes) == replicas


def test_replicas_leave_a_node_free_where_there_are_two():
    assert all(facts.typha_replicas(count) < count for count in range(2, 4000))


def test_control_planes_are_known_by_kubeadms_label():
    labelled = node("ip-192-0-2-13.example")
    labelled["metadata"]["labels"]["node-role.kubernetes.io/control-plane"] = ""
    found, _warnings = preflight(nodes=[node("a"), labelled])
    assert [each["control_plane"] for each in found["nodes"]] == [False, True]


def test_cordoned_and_windows_nodes_do_not_count_and_tainted_ones_do():
    control_plane = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}
    nodes = [
        node("cka001", taints=[control_plane]),
        node("w1"),
        node("w2"),
        node("w3", cordoned=True),
        node("win", system="windows"),
    ]
    found, warnings = preflight(nodes=nodes)
    assert (found["schedulable_nodes"], found["typha_replicas"], warnings) == (3, 2, [])
    assert [each["name"] for each in found["nodes"] if each["schedulable"]] == [
        "cka001",
        "w1",
        "w2",
        "win",
    ]


def test_no_schedulable_node_is_a_warning():
    found, warnings = preflight(nodes=[node("a", cordoned=True)])
    assert found["typha_replicas"] == 1 and "Typha will stay Pending" in warnings[0]


@pytest.mark.parametrize("version", ["v1.34.0", "v1.36.9", "v1.35.2-gke.1", "v1.35.1+k3s1", "1.34"])
def test_tested_kubernetes(version):
    assert compatibility.kubernetes_verdict(release("3.32"), version) is None


@pytest.mark.parametrize("version", ["v1.33.9", "v1.37.0"])
def test_untested_kubernetes(version):
    words = (
        "Calico v3.32.1 was not tested with Kubernetes %s. Expected: Kubernetes 1.34 to 1.36. Found: %s. Remedy: "
        % (version, version)
    )
    _found, warnings = plan.decide(release("3.32"), seen(version=version), "warn", "kube-system")
    assert len(warnings) == 1 and warnings[0].startswith(words)
    with pytest.raises(CalicoError) as caught:
        plan.decide(release("3.32"), seen(version=version), "fail", "kube-system")
    assert str(caught.value).startswith(words)
    assert plan.decide(release("3.32"), seen(version=version), "ignore", "kube-system")[1] == []


def test_kubernetes_below_the_floor_fails_unless_ignored():
    with pytest.raises(CalicoError, match="does not work with Kubernetes v1.20.15"):
        plan.decide(release("3.26"), seen(version="v1.20.15"), "warn", "kube-system")
    assert plan.decide(release("3.26"), seen(version="v1.20.15"), "ignore", "kube-system")[1] == []


def test_unreadable_kubernetes_version_is_a_warning():
    assert (
        "cannot be read"
        in plan.decide(release("3.32"), seen(version="unknown"), "warn", "kube-system")[1][0]
    )


def test_a_node_of_another_architecture_is_refused():
    with pytest.raises(
        CalicoError,
        match=r"no binaries and images.*Expected: amd64, arm64, ppc64le, s390x. Found: pi \(arm\)",
    ):
        preflight(nodes=[node("a"), node("pi", arch="arm")])
    assert preflight(nodes=[node("a"), node("b", arch="arm64")])[0]["architectures"] == [
        "amd64",
        "arm64",
    ]


@pytest.mark.parametrize(
    ("image", "stored", "installed"),
    [
        ("quay.io/calico/node:v3.32.1", None, "v3.32.1"),
        ("registry.example.com:5000/calico/node:v3.31.7@sha256:" + "0" * 64, None, "v3.31.7"),
        ("quay.io/calico/node:v3.31.7", "v3.32.1", "v3.32.1"),
        ("quay.io/calico/node:latest", "v3.30.7", "v3.30.7"),
        ("registry.example.com:5000/calico/node", None, ""),
        # No tag, and a host that looks like a version.
        ("10.0.0.1/calico/node@sha256:" + "0" * 64, "v3.31.7", "v3.31.7"),
        ("10.0.0.1:5000/mirror/calico-node:v3.31.7@sha256:" + "0" * 64, None, "v3.31.7"),
    ],
)
def test_installed_version(image, stored, installed):
    information = {"spec": {"calicoVersion": stored}} if stored else None
    assert (
        compatibility.installed_version([daemonset("calico-node", image=image)], information)[0]
        == installed
    )


def test_nothing_installed():
    assert preflight()[0]["installed_version"] == ""


def test_an_upgrade_by_an_ordinary_run_is_a_warning():
    found, warnings = preflight(
        daemonsets=[daemonset("calico-node", image="docker.io/calico/node:v3.28.5")]
    )
    assert (
        found["installed_version"] == "v3.28.5"
        and len(warnings) == 1
        and "hardway.calico.upgrade" in warnings[0]
    )
    seen = {
        "version": "v1.34.4",
        "nodes": [node("a")],
        "daemonsets": [daemonset("calico-node", image="docker.io/calico/node:v3.28.5")],
        "configmaps": {},
        "kubeadm": None,
        "service_cidrs": None,
        "cluster_information": None,
        "kube_controllers": {},
        "pull_secrets": {},
    }
    assert plan.decide(release("3.32"), seen, "warn", "kube-system", upgrade_allowed=True)[1] == []
    # A patch is no upgrade to warn of.
    assert (
        preflight(daemonsets=[daemonset("calico-node", image="docker.io/calico/node:v3.32.0")])[1]
        == []
    )


def test_downgrade_is_refused():
    with pytest.raises(CalicoError) as caught:
        preflight(version="v3.31.7", daemonsets=[daemonset("calico-node")])
    message = str(caught.value)
    assert "v3.31.7 would be a downgrade" in message and "Expected: v3.32.1 or newer" in message
    assert (
        "Found: v3.32.1 in the image of DaemonSet kube-system/calico-node" in message
        and "Remedy: set calico_version to v3.32.1" in message
    )


def test_a_downgrade_that_is_allowed_is_a_warning():
    seen = {
        "version": "v1.34.4",
        "nodes": [],
        "daemonsets": [daemonset("calico-node")],
        "configmaps": {},
        "kubeadm": None,
        "service_cidrs": None,
        "cluster_information": None,
        "kube_controllers": {},
        "pull_secrets": {},
    }
    _found, warnings = plan.decide(
        release("v3.31.7"), seen, "ignore", "kube-system", downgrade_allowed=True
    )
    assert "v3.32.1" in warnings[0] and "going back is allowed" in warnings[0]


KEPT_IN = {
    "etcd": [{"name": "ETCD_ENDPOINTS", "valueFrom": {"configMapKeyRef": {}}}],
    "kubernetes": [{"name": "DATASTORE_TYPE", "value": "kubernetes"}],
}


@pytest.mark.parametrize("wanted", list(KEPT_IN))
@pytest.mark.parametrize("there", list(KEPT_IN))
def test_data_that_are_elsewhere_are_not_left_behind(there, wanted):
    item = daemonset("calico-node")
    item["spec"]["template"]["spec"]["containers"][0]["env"] = KEPT_IN[there]
    look = seen(daemonsets=[item])

    def decide():
        plan.decide(release("3.32"), look, "warn", "kube-system", datastore=wanted)

    if there == wanted:
        decide()
        return
    with pytest.raises(CalicoError) as caught:
        decide()
    assert "Expected: calico_datastore %s" % there in str(caught.value)
    # Another namespace's is another's.
    plan.decide(release("3.32"), look, "warn", "calico", datastore=wanted)


def test_an_older_patch_of_the_same_minor_is_a_warning():
    _found, warnings = preflight(version="v3.32.0", daemonsets=[daemonset("calico-node")])
    assert len(warnings) == 1 and "newer than the wanted v3.32.0" in warnings[0]


@pytest.mark.parametrize(
    "name",
    [
        "kube-flannel",
        "kube-flannel-ds",
        "cilium",
        "weave-net",
        "canal",
        "antrea-agent",
        "kube-router",
        "kindnet",
    ],
)
def test_another_network_is_a_warning(name):
    assert (
        "kube-system/%s looks like another pod network" % name
        in preflight(daemonsets=[daemonset(name, image="x")])[1][0]
    )


@pytest.mark.parametrize("name", ["kube-proxy", "ciliumish", "canalyser", "calico-node"])
def test_what_is_no_other_network(name):
    assert preflight(daemonsets=[daemonset(name)])[1] == []


def test_calico_of_something_else_is_a_warning():
    assert (
        "calico-system/calico-node is a Calico that something else installed"
        in preflight(daemonsets=[daemonset("calico-node", "calico-system")])[1][0]
    )


def test_networks():
    found, _warnings = preflight(
        kubeadm=yaml.safe_load(KUBEADM),
        service_cidrs=[
            {"spec": {"cidrs": ["10.96.0.0/12"]}},
            {"spec": {"cidrs": ["10.200.0.0/20", "fd00:96::/112"]}},
        ],
        nodes=[node("cka001"), node("six", "2001:db8::11")],
    )
    assert found["pod_networks"] == ["10.244.0.0/16"]
    assert found["service_networks"] == ["10.96.0.0/12", "10.200.0.0/20", "fd00:96::/112"]
    assert found["node_networks"] == ["192.0.2.11/32", "2001:db8::11/128"]
    assert found["forbidden_networks"][0] == {"name": "the service network", "cidr": "10.96.0.0/12"}
    assert found["forbidden_networks"][-1] == {
        "name": "the address of node six",
        "cidr": "2001:db8::11/128",
    }
    assert "10.244.0.0/16" not in {each["cidr"] for each in found["forbidden_networks"]}


def test_dual_stack_kubeadm():
    networking = {
        "networking": {
            "podSubnet": "10.244.0.0/16,fd00:10::/56",
            "serviceSubnet": "10.96.0.0/16, fd00:96::/112",
        }
    }
    assert facts.networks(networking, None) == (
        ["10.244.0.0/16", "fd00:10::/56"],
        ["10.96.0.0/16", "fd00:96::/112"],
    )


def cluster(**more):
    objects = {
        NODES + "/cka001": node("cka001"),
        NODES + "/cka002": node("cka002", "192.0.2.12"),
        NODES + "/cka003": node("cka003", "192.0.2.13"),
        DAEMONSETS + "/kube-proxy": daemonset("kube-proxy"),
        KUBEADM_CONFIG: {
            "metadata": {"name": "kubeadm-config"},
            "data": {"ClusterConfiguration": KUBEADM},
        },
        SERVICE_CIDRS + "/kubernetes": {
            "metadata": {"name": "kubernetes"},
            "spec": {"cidrs": ["10.96.0.0/12"]},
        },
    }
    return RecordedApi({**objects, **more})


def test_look_reads_eleven_times_and_writes_nothing():
    api = cluster()
    found = read(api, "kube-system")
    assert len(api.requests) == 11 and api.writes == []
    assert (
        found["kubeadm"]["networking"]["podSubnet"] == "10.244.0.0/16"
        and found["cluster_information"] is None
    )


@pytest.mark.parametrize("text", ["a: [", "just text", ""])
def test_an_odd_kubeadm_config_is_as_none(text):
    api = cluster(
        **{
            KUBEADM_CONFIG: {
                "metadata": {"name": "kubeadm-config"},
                "data": {"ClusterConfiguration": text},
            }
        }
    )
    assert read(api, "kube-system")["kubeadm"] is None


def test_old_kubernetes_without_service_cidrs():
    api = cluster()
    api.served = {NODES, DAEMONSETS}
    assert read(api, "kube-system")["service_cidrs"] is None


SECRETS = "/api/v1/namespaces/kube-system/secrets/"


def test_pull_secrets_are_looked_for_by_name():
    api = cluster(**{SECRETS + "puller": {"metadata": {"name": "puller"}}})
    assert read(api, "kube-system", ["puller", "other"])["pull_secrets"] == {
        "puller": True,
        "other": False,
    }
    assert api.requests[11:] == [("GET", SECRETS + "puller"), ("GET", SECRETS + "other")]


class Limited(RecordedApi):
    """An account that may not get Secrets."""

    def exists(self, path):
        raise CalicoError("The API server refused GET %s" % path, found="403", status=403)


def test_a_right_that_is_missing_for_the_check_stops_nothing():
    found = read(Limited(cluster().objects), "kube-system", ["puller"])
    assert found["pull_secrets"] == {"puller": None}
    _facts, warnings = preflight(pull_secrets={"puller": None, "other": True})
    assert warnings == [
        "Whether the Secrets puller are in namespace kube-system cannot be told, since this account may not get them."
    ]


def test_a_refusal_of_another_kind_is_told():
    class Broken(RecordedApi):
        def exists(self, path):
            raise CalicoError("The API server refused GET %s" % path, found="500", status=500)

    with pytest.raises(CalicoError, match="refused GET"):
        read(Broken(cluster().objects), "kube-system", ["puller"])


def test_a_pull_secret_that_is_not_there_is_refused():
    with pytest.raises(CalicoError) as caught:
        preflight(pull_secrets={"puller": True, "other": False})
    said = str(caught.value)
    assert "Found: no Secret other. Remedy: make it" in said and "puller" not in said
    assert "in namespace kube-system" in said and "correct calico_image_pull_secrets" in said


def run_module(monkeypatch, capsys, api, **options):
    warned = []
    monkeypatch.setattr(calico_preflight, "connect", lambda params: api)
    # Where Ansible keeps warnings depends on what else is imported.
    monkeypatch.setattr(
        calico_preflight.AnsibleModule, "warn", lambda module, text: warned.append(text)
    )
    with patch_module_args(options), pytest.raises(SystemExit):
        calico_preflight.main()
    return {**json.loads(capsys.readouterr().out), "warned": warned}


def test_module(monkeypatch, capsys):
    api = cluster()
    found = run_module(monkeypatch, capsys, api, calico_version="v3.32.1")
    assert (
        found["changed"] is False
        and found["kubernetes_version"] == "v1.34.4"
        and found["typha_replicas"] == 2
    )
    assert found["release"]["version"] == "v3.32.1" and api.writes == []
    documented = set(yaml.safe_load(calico_preflight.RETURN))
    assert documented == set(found) - {"changed", "invocation", "warned", "warnings"}


def test_module_refuses_an_unknown_release_before_it_asks_the_cluster(monkeypatch, capsys):
    api = cluster()
    found = run_module(monkeypatch, capsys, api, calico_version="v3.20.6")
    assert (
        found["failed"]
        and "Expected: a release of 3.26 to 3." in found["msg"]
        and api.requests == []
    )


def test_module_warns(monkeypatch, capsys):
    found = run_module(monkeypatch, capsys, cluster(), calico_version="v3.28.5")
    assert "1.27 to 1.30" in found["warned"][0]
    found = run_module(
        monkeypatch, capsys, cluster(), calico_version="v3.28.5", kubernetes_range="fail"
    )
    assert found["failed"] and "1.27 to 1.30" in found["msg"]


def test_module_sees_an_installed_calico(monkeypatch, capsys):
    api = cluster(
        **{
            CLUSTER_INFORMATION: {
                "metadata": {"name": "default"},
                "spec": {"calicoVersion": "v3.32.1"},
            }
        }
    )
    found = run_module(monkeypatch, capsys, api, calico_version="v3.31.7")
    assert found["failed"] and "v3.32.1 in ClusterInformation default" in found["msg"]


def test_the_typed_result_is_the_documented_one():
    documented = yaml.safe_load(calico_preflight.RETURN)
    found = preflight().facts
    assert set(plan.Facts.__annotations__) == set(documented) == set(found)
    for name, kind in (("nodes", facts.Node), ("forbidden_networks", facts.Network)):
        assert (
            set(kind.__annotations__) == set(documented[name]["sample"][0]) == set(found[name][0])
        )


def test_a_look_has_the_typed_parts():
    assert set(read(cluster(), "kube-system")) == set(plan.Seen.__annotations__)


def test_module_looks_for_pull_secrets(monkeypatch, capsys):
    options = {"calico_version": "v3.32.1", "image_pull_secrets": ["puller"]}
    found = run_module(monkeypatch, capsys, cluster(), **options)
    assert found["failed"] and "no Secret puller" in found["msg"]
    api = cluster(
        **{SECRETS + "puller": {"metadata": {"name": "puller"}, "data": {"x": "c2VjcmV0"}}}
    )
    found = run_module(monkeypatch, capsys, api, **options)
    assert found["warned"] == [] and "c2VjcmV0" not in json.dumps(found)
    assert found["invocation"]["module_args"]["image_pull_secrets"] == ["puller"]
