# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""site.yml with Calico's data in etcd, on a lab with a TLS etcd of three members, authentication on.

The tests of this file build on each other in their order. Oracles: etcd's protocol without the code under test, the
openssl command line, the API server's authorizer, files read on the hosts, resourceVersions and etcd's revision.
"""

from __future__ import annotations

import base64
import json

import grpc
import openssl_oracle
import pytest
from hardway_testbed.ansible import play, write_playbook
from hardway_testbed.calicos_etcd import CalicosEtcd
from hardway_testbed.releases import soak_only
from hardway_testbed.rights import can_i
from hardway_testbed.snapshot import difference, files, snapshot

LAB_SHAPE = {"etcd": True}
RUNS = {}
POOLS = "/calico/resources/v3/projectcalico.org/ippools/"
# Secret: the common name of its certificate.
CLIENTS = {
    "calico-etcd-secrets": "calico-node",
    "calico-etcd-cni": "calico-cni",
    "calico-etcd-kube-controllers": "calico-kube-controllers",
    "calico-etcd-calicoctl": "calicoctl",
    "calico-etcd-collection": "hardway-calico",
}


@pytest.fixture(scope="module")
def etcd(lab):
    return CalicosEtcd(lab)


def everything(lab, etcd):
    return {**snapshot(lab), "etcd": etcd.everything()}


@pytest.fixture(scope="module")
def empty(lab, etcd):
    return everything(lab, etcd)


def secret(lab, name):
    """(CAs of the members, certificate, key)"""
    data = json.loads(lab.kubectl("get", "secret", "-n", "kube-system", name, "-o", "json"))["data"]
    return tuple(
        base64.b64decode(data[key]).decode() for key in ("etcd-ca", "etcd-cert", "etcd-key")
    )


OVERLAPPING = [{"name": "a", "cidr": "10.64.0.0/11"}, {"name": "b", "cidr": "10.64.32.0/19"}]
# The guide's own: kubeadm's service network lies in it.
THE_GUIDES = [{"name": "a", "cidr": "10.64.0.0/10"}]
BAD_INPUT = {
    "no endpoints": ({"calico_etcd_endpoints": []}, ["calico_etcd_endpoints"]),
    "no TLS": ({"calico_etcd_endpoints": ["http://192.0.2.1:2379"]}, ["without TLS"]),
    "Typha": ({"typha_replicas": 2}, ["Typha serves the Kubernetes datastore only"]),
    "no CA": ({"calico_etcd_pki_directory": "/nowhere"}, ["/nowhere/ca.crt", "cka001"]),
    "overlapping pools": ({"datastore_ippools": OVERLAPPING}, ["10.64.32.0/19", "overlap"]),
    "the guide's pool": ({"datastore_ippools": THE_GUIDES}, ["10.64.0.0/10", "10.96.0.0/12"]),
    "nobody listens": ({"calico_etcd_endpoints": ["https://127.0.0.1:1"]}, ["127.0.0.1:1"]),
    "unknown release": ({"calico_version": "v9.9.9"}, ["9.9"]),
}


@pytest.mark.parametrize("name", list(BAD_INPUT))
def test_bad_input_is_refused_before_anything_is_written(lab, etcd, empty, name):
    variables, words = BAD_INPUT[name]
    run = play(lab, "-e", json.dumps(variables))
    assert run.returncode != 0, run.output
    for word in [*words, "Expected", "Found", "Remedy"]:
        assert word in run.output, "%r is missing in:\n%s" % (word, run.output[-3000:])
    assert "Traceback" not in run.output
    assert difference(empty, everything(lab, etcd)) == []


def test_the_etcd_of_kubernetes_is_refused(lab, etcd, empty):
    address = next(host["address"] for host in lab.status["hosts"] if "masters" in host["groups"])
    endpoints = {"calico_etcd_endpoints": ["https://%s:2379" % address]}
    run = play(lab, "-e", json.dumps(endpoints))
    assert run.returncode != 0 and "could read and change every Secret" in run.output
    assert difference(empty, everything(lab, etcd)) == []


def test_check_mode_on_the_empty_cluster(lab, etcd, empty):
    run = play(lab, "--check", "--diff").succeeded()
    for words in ("ipv4-ippool-1", "client certificate of node", "etcd_endpoints", "calico-tls"):
        assert words in run.output, words
    assert difference(empty, everything(lab, etcd)) == []


ALONE = """
- name: Somebody else's play
  hosts: %s
  gather_facts: false
  roles:
    - hardway.calico.%s
"""


@pytest.mark.parametrize(
    ("role", "hosts", "words"),
    [
        ("cni", "all", "calico-tls"),
        ("node", "localhost", "client certificate of node"),
        ("kube_controllers", "localhost", "logSeverityScreen"),
    ],
)
def test_a_role_alone_shows_what_it_would_do(lab, etcd, empty, tmp_path, role, hosts, words):
    """With no certificate yet, and one that has to look into etcd."""
    playbook = write_playbook(tmp_path, ALONE % (hosts, role))
    severity = ("-e", "kube_controllers_log_severity=debug")
    run = play(lab, "--check", "--diff", *severity, playbook=playbook).succeeded()
    assert words in run.output and "client certificate of cni" in run.output
    assert difference(empty, everything(lab, etcd)) == []


def test_install(lab):
    """First without the last worker, which is a node that is added later."""
    late = lab.workers[-1]
    RUNS["first"] = play(lab, "-vvv", "-e", "calico_nodes=all:!%s" % late).succeeded()
    assert lab.exec(late, "ls", "/etc/cni/net.d", check=False) == ""


def test_pools_are_in_etcd(etcd):
    pools = {
        key[len(POOLS) :]: value for key, value in etcd.objects().items() if key.startswith(POOLS)
    }
    assert set(pools) == {"ipv4-ippool-1", "ipv4-ippool-2"}
    spec = pools["ipv4-ippool-1"]["spec"]
    assert (spec["cidr"], spec["ipipMode"]) == ("10.244.0.0/18", "Never")
    assert pools["ipv4-ippool-2"]["spec"]["disabled"] is True


def test_there_are_neither_crds_nor_typha(lab):
    crds = {crd["metadata"]["name"] for crd in lab.objects("customresourcedefinitions")}
    assert not any(name.endswith("projectcalico.org") for name in crds)
    names = {
        item["metadata"]["name"] for item in lab.objects("deployments,services,secrets,configmaps")
    }
    assert not any("typha" in name for name in names)


@pytest.mark.parametrize("name", list(CLIENTS))
def test_each_client_has_a_certificate_of_its_own(lab, etcd, name):
    cas, certificate, key = secret(lab, name)
    ca = etcd.pem("ca.crt").decode()
    assert cas.split() == ca.split()
    openssl_oracle.verify(certificate, ca, "sslclient")
    assert "Subject: CN=%s\n" % CLIENTS[name] in openssl_oracle.text(certificate)
    assert openssl_oracle.public_key(certificate=certificate) == openssl_oracle.public_key(key=key)
    # etcd knows it by that name, and lets it have Calico's keys and no others.
    assert etcd.range(pair=(certificate, key)).count > 0
    with pytest.raises(grpc.RpcError, match="permission denied"):
        etcd.range(b"/registry/", pair=(certificate, key))


def test_the_guides_configmap_and_daemonset(lab, etcd):
    config = json.loads(
        lab.kubectl("get", "configmap", "-n", "kube-system", "calico-config", "-o", "json")
    )["data"]
    assert config["etcd_endpoints"] == ",".join(etcd.endpoints)
    assert {key: config[key] for key in ("etcd_ca", "etcd_cert", "etcd_key", "calico_backend")} == {
        "etcd_ca": "/calico-secrets/etcd-ca",
        "etcd_cert": "/calico-secrets/etcd-cert",
        "etcd_key": "/calico-secrets/etcd-key",
        "calico_backend": "bird",
    }
    assert json.loads(config["cni_network_config"])["name"] == "k8s-pod-network"
    node = json.loads(
        lab.kubectl("get", "daemonset", "-n", "kube-system", "calico-node", "-o", "json")
    )
    assert node["status"]["numberReady"] == len(lab.hosts)
    names = {entry["name"] for entry in node["spec"]["template"]["spec"]["containers"][0]["env"]}
    assert {"ETCD_ENDPOINTS", "ETCD_KEY_FILE", "CALICO_K8S_NODE_REF"} <= names
    assert not names & {"DATASTORE_TYPE", "NODENAME", "WAIT_FOR_DATASTORE"}


def test_kube_controllers_bring_policies_into_etcd(lab):
    item = json.loads(
        lab.kubectl(
            "get", "deployment", "-n", "kube-system", "calico-kube-controllers", "-o", "json"
        )
    )
    assert item["status"]["availableReplicas"] == 1
    env = {
        entry["name"]: entry.get("value")
        for entry in item["spec"]["template"]["spec"]["containers"][0]["env"]
    }
    assert (
        env["ENABLED_CONTROLLERS"]
        == "policy,namespace,serviceaccount,workloadendpoint,node,loadbalancer"
    )


STAT = "import os, sys; print(*('%o' % (os.stat(path).st_mode & 0o7777) for path in sys.argv[1:]))"


def modes(lab, host, *paths):
    return lab.exec(host, "/usr/bin/python3", "-c", STAT, *paths).split()


def test_a_worker_has_what_its_plugin_reaches_etcd_with(lab, etcd):
    folder, worker = "/etc/cni/net.d/calico-tls", lab.workers[0]
    files = ["%s/etcd-%s" % (folder, name) for name in ("ca", "cert", "key")]
    assert modes(lab, worker, folder, *files) == ["700", "600", "600", "600"]
    assert tuple(lab.exec(worker, "cat", path) for path in files) == secret(lab, "calico-etcd-cni")
    conflist = json.loads(lab.exec(worker, "cat", "/etc/cni/net.d/10-calico.conflist"))
    calico = conflist["plugins"][0]
    assert (calico["datastore_type"], calico["etcd_endpoints"]) == (
        "etcdv3",
        ",".join(etcd.endpoints),
    )
    assert [calico["etcd_%s_file" % name] for name in ("ca_cert", "cert", "key")] == files


def test_calicoctl_on_the_control_plane(lab, etcd):
    host, folder = lab.control_plane, "/etc/calico/etcd"
    files = ["%s/etcd-%s" % (folder, name) for name in ("ca", "cert", "key")]
    assert modes(lab, host, folder, *files) == ["700", "600", "600", "600"]
    assert tuple(lab.exec(host, "cat", path) for path in files) == secret(
        lab, "calico-etcd-calicoctl"
    )
    config = lab.exec(host, "cat", "/etc/calico/calicoctl.cfg")
    assert "datastoreType: etcdv3" in config and ",".join(etcd.endpoints) in config


NODE = "system:serviceaccount:kube-system:calico-node"
CONTROLLERS = "system:serviceaccount:kube-system:calico-kube-controllers"
ALLOWED = {
    NODE: ["get nodes", "patch nodes/status", "watch endpointslices.discovery.k8s.io"],
    "calico-cni": ["get pods", "get namespaces", "get nodes"],
    CONTROLLERS: ["watch networkpolicies.networking.k8s.io", "list serviceaccounts", "watch pods"],
}
REFUSED = {
    NODE: [
        "list nodes",
        "list ippools.crd.projectcalico.org",
        "get secrets",
        "update nodes/status",
    ],
    "calico-cni": ["list pods", "patch pods/status", "get ippools.crd.projectcalico.org"],
    CONTROLLERS: ["get secrets", "list ipamblocks.crd.projectcalico.org", "delete nodes"],
}


@pytest.mark.parametrize("who", list(ALLOWED))
def test_rights(lab, who):
    assert {what: can_i(lab, who, what) for what in ALLOWED[who]} == dict.fromkeys(
        ALLOWED[who], "yes"
    )
    assert {what: can_i(lab, who, what) for what in REFUSED[who]} == dict.fromkeys(
        REFUSED[who], "no"
    )


def test_no_key_is_in_the_output(lab, etcd):
    keys = [secret(lab, name)[2] for name in CLIENTS] + [etcd.pem("ca.key").decode()]
    for key in keys:
        for line in key.strip().splitlines()[1:-1]:
            assert line not in RUNS["first"].output
    assert "PRIVATE KEY" not in RUNS["first"].output


def test_a_node_is_added(lab, etcd):
    late, before = lab.workers[-1], everything(lab, etcd)
    run = play(lab).succeeded()
    assert [host for host, changed in run.changed.items() if changed] == [late], run.output
    others = {place: value for place, value in before.items() if place != late}
    assert difference(others, everything(lab, etcd)) == []
    found = lab.exec(late, "cat", "/etc/cni/net.d/calico-tls/etcd-key")
    assert found == secret(lab, "calico-etcd-cni")[2]


def test_second_run_changes_nothing_and_moves_no_revision(lab, etcd):
    before = everything(lab, etcd)
    RUNS["second"] = play(lab).succeeded()
    assert set(RUNS["second"].changed.values()) == {0}, RUNS["second"].output
    assert difference(before, everything(lab, etcd)) == []


def test_check_mode_on_the_installed_cluster(lab, etcd):
    before = everything(lab, etcd)
    run = play(lab, "--check", "--diff").succeeded()
    assert set(run.changed.values()) == {0}, run.output
    assert difference(before, everything(lab, etcd)) == []


def test_module_executions_on_a_worker_are_three(lab):
    for worker in lab.workers:
        assert RUNS["second"].on(worker) == 3


def test_a_renewal_reaches_every_node_and_restarts_nothing(lab, etcd):
    old = {name: secret(lab, name) for name in CLIENTS}
    generation = [item["metadata"]["generation"] for item in lab.objects("daemonsets,deployments")]
    play(lab, "-e", "calico_etcd_force=true").succeeded()
    new = {name: secret(lab, name) for name in CLIENTS}
    assert all(new[name][1] != old[name][1] for name in CLIENTS)
    for host in lab.hosts:
        found = lab.exec(host, "cat", "/etc/cni/net.d/calico-tls/etcd-cert")
        assert found == new["calico-etcd-cni"][1], host
    found = lab.exec(lab.control_plane, "cat", "/etc/calico/etcd/etcd-key")
    assert found == new["calico-etcd-calicoctl"][2]
    assert generation == [
        item["metadata"]["generation"] for item in lab.objects("daemonsets,deployments")
    ]


def test_drift_in_etcd_is_repaired(lab, etcd):
    key = POOLS + "ipv4-ippool-1"
    pool = etcd.objects()[key]
    pool["spec"]["natOutgoing"] = False
    etcd.put(key, pool)
    run = play(lab, "--diff").succeeded()
    assert "natOutgoing" in run.output or "nat_outgoing" in run.output
    assert etcd.objects()[key]["spec"]["natOutgoing"] is True


def test_data_are_not_left_behind_in_etcd(lab, etcd):
    """An inventory that has lost calico_datastore must not make calico/node look elsewhere."""
    before = everything(lab, etcd)
    run = play(lab, "-e", "calico_datastore=kubernetes")
    assert run.returncode != 0 and "keeps its data elsewhere" in run.output
    assert difference(before, everything(lab, etcd)) == []


@pytest.mark.parametrize("playbook", ["upgrade", "rotate_certificates"])
def test_what_cannot_handle_etcd_says_so(lab, etcd, playbook):
    before = everything(lab, etcd)
    run = play(lab, playbook="hardway.calico." + playbook)
    assert run.returncode != 0 and "etcd" in run.output and "Remedy" in run.output
    assert difference(before, everything(lab, etcd)) == []


IMAGE = ("-e", "calico_cni_installer=image")
OF_INSTALL_CNI = "serviceaccounts,clusterroles,clusterrolebindings,roles,rolebindings"


def of_install_cni(lab):
    return sorted(
        item["kind"]
        for item in lab.objects(OF_INSTALL_CNI)
        if item["metadata"]["name"].startswith("calico-cni-plugin")
    )


def node_daemonset(lab):
    """(generation, the pod's specification)"""
    item = json.loads(
        lab.kubectl("get", "daemonset", "-n", "kube-system", "calico-node", "-o", "json")
    )
    return item["metadata"]["generation"], item["spec"]["template"]["spec"]


def token_for(lab, account, who=NODE):
    """A token of an account, as somebody else gets it; "" if that is refused."""
    return lab.kubectl(
        "create", "token", account, "-n", "kube-system", "--as", who, check=False
    ).strip()


def contents(lab):
    """{host: {path: (mode, digest)}} of what a run may write on hosts."""
    return {
        host: {path: (about[0], about[-1]) for path, about in files(lab, host).items()}
        for host in lab.hosts
    }


def test_install_cni_takes_the_roles_place(lab):
    """The lab plays pods, so install-cni itself does not run: shown is what it gets, and that the role stays away."""
    put = contents(lab)
    run = play(lab, *IMAGE).succeeded()
    assert contents(lab) == put
    assert {worker: run.on(worker) for worker in lab.workers} == dict.fromkeys(lab.workers, 0)
    _generation, pod = node_daemonset(lab)
    (installer,) = pod["initContainers"]
    assert installer["name"] == "install-cni" and "/cni:v" in installer["image"]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    mounts = {mount["mountPath"]: volumes[mount["name"]] for mount in installer["volumeMounts"]}
    assert mounts["/calico-secrets"]["secret"]["secretName"] == "calico-etcd-cni"
    config = json.loads(
        lab.kubectl("get", "configmap", "-n", "kube-system", "calico-config", "-o", "json")
    )["data"]
    wanted = {
        entry["valueFrom"]["configMapKeyRef"]["key"]
        for entry in installer["env"]
        if "valueFrom" in entry
    }
    assert wanted == {"cni_network_config", "etcd_endpoints", "veth_mtu"} <= set(config)


def test_calico_node_gets_tokens_of_the_plugins_account_and_of_no_other(lab):
    assert of_install_cni(lab) == [
        "ClusterRole",
        "ClusterRoleBinding",
        "Role",
        "RoleBinding",
        "ServiceAccount",
    ]
    assert token_for(lab, "calico-cni-plugin").count(".") == 2
    for account in ("calico-node", "calico-kube-controllers"):
        assert token_for(lab, account) == ""
    assert token_for(lab, "calico-cni-plugin", CONTROLLERS) == ""
    plugin = "system:serviceaccount:kube-system:calico-cni-plugin"
    assert {what: can_i(lab, plugin, what) for what in ALLOWED["calico-cni"]} == dict.fromkeys(
        ALLOWED["calico-cni"], "yes"
    )
    assert {what: can_i(lab, plugin, what) for what in REFUSED["calico-cni"]} == dict.fromkeys(
        REFUSED["calico-cni"], "no"
    )


def test_a_renewal_rolls_calico_node_where_install_cni_copies_the_certificate(lab):
    generation, _pod = node_daemonset(lab)
    play(lab, *IMAGE, "-e", "calico_etcd_force=true").succeeded()
    assert node_daemonset(lab)[0] == generation + 1


def test_second_run_with_install_cni_changes_nothing(lab, etcd):
    before = everything(lab, etcd)
    run = play(lab, *IMAGE).succeeded()
    assert set(run.changed.values()) == {0}, run.output
    assert difference(before, everything(lab, etcd)) == []
    report = play(lab, *IMAGE, playbook="hardway.calico.certificates").succeeded()
    assert "etcd client cni" in report.output and "CNI user" not in report.output


@soak_only
def test_the_role_takes_over_from_install_cni(lab, etcd):
    """Over files as that leaves them; first without the last worker, whose plugin keeps its account so long."""
    folder, late = "/etc/cni/net.d", lab.workers[-1]
    for host in lab.hosts:
        lab.exec(host, "chmod", "0755", folder + "/calico-tls")
        lab.exec(host, "chmod", "0400", folder + "/calico-tls/etcd-key")
        lab.exec(host, "cp", "/dev/null", folder + "/calico-kubeconfig")
        lab.exec(host, "cp", "/dev/null", folder + "/10-calico.conflist")
    play(lab, "-e", "calico_nodes=all:!%s" % late).succeeded()
    assert of_install_cni(lab) == ["ClusterRole", "ClusterRoleBinding", "ServiceAccount"]
    assert token_for(lab, "calico-cni-plugin") == ""
    assert not lab.exec(late, "cat", folder + "/calico-kubeconfig")
    _generation, pod = node_daemonset(lab)
    assert "initContainers" not in pod
    assert not any(volume["name"].startswith(("cni", "etcd-cni")) for volume in pod["volumes"])
    generation = node_daemonset(lab)[0]
    play(lab).succeeded()
    assert of_install_cni(lab) == [] and node_daemonset(lab)[0] == generation
    for host in lab.hosts:
        conflist = json.loads(lab.exec(host, "cat", folder + "/10-calico.conflist"))
        assert conflist["plugins"][0]["datastore_type"] == "etcdv3"
        assert "client-certificate-data" in lab.exec(host, "cat", folder + "/calico-kubeconfig")
        tls = ["%s/calico-tls/etcd-%s" % (folder, name) for name in ("ca", "cert", "key")]
        assert modes(lab, host, *tls) == ["600"] * 3


@soak_only
def test_second_run_of_the_role_again_changes_nothing(lab, etcd):
    before = everything(lab, etcd)
    run = play(lab).succeeded()
    assert set(run.changed.values()) == {0}, run.output
    assert difference(before, everything(lab, etcd)) == []
