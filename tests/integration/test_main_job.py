# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The main job on a lab: bad input and check mode on the empty cluster, the install, what it left, the second run.

The tests of this file build on each other in their order. Oracles: the openssl command line for certificates,
`kubectl auth can-i` for RBAC, sha256 of files read on the hosts, resourceVersions from the API.
"""

from __future__ import annotations

import base64
import hashlib
import json
import pathlib
import re
import subprocess
import threading
import time

import pytest
from hardway_testbed.ansible import play
from hardway_testbed.rights import can_i
from hardway_testbed.snapshot import difference, snapshot

from ansible_collections.hardway.calico.plugins.module_utils._release import table as releases

LAB_SHAPE = {"releases": ("v3.32.1", "v3.28.5")}
RUNS = {}


def unchanged(lab, before):
    assert difference(before, snapshot(lab)) == []


# ---- the empty cluster --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def empty(lab):
    return snapshot(lab)


OVERLAPPING = [{"name": "a", "cidr": "10.244.0.0/18"}, {"name": "b", "cidr": "10.244.32.0/19"}]
HOST_BITS = [{"name": "a", "cidr": "10.244.0.1/18"}]
DEAD_SERVER = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "x",
    "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
    "clusters": [
        {
            "name": "x",
            "cluster": {"server": "https://127.0.0.1:1", "insecure-skip-tls-verify": True},
        }
    ],
    "users": [{"name": "x", "user": {"token": "none"}}],
}

BAD_INPUT = {
    "unknown release": ({"calico_version": "v9.9.9"}, ["9.9", "3.26", "3.32"]),
    "old release": ({"calico_version": "v3.20.6"}, ["3.20", "3.26"]),
    "overlapping pools": (
        {"datastore_ippools": OVERLAPPING},
        ["10.244.0.0/18", "10.244.32.0/19", "overlap"],
    ),
    "host bits": ({"datastore_ippools": HOST_BITS}, ["10.244.0.1/18", "10.244.0.0/18"]),
    "Kubernetes out of range": (
        {"calico_version": "v3.28.5", "calico_kubernetes_range": "fail"},
        ["1.34", "1.27", "1.30"],
    ),
    "unreachable API server": ({"calico_kubeconfig": DEAD_SERVER}, ["127.0.0.1:1"]),
    "no control plane": ({"calico_masters": "nobody"}, ["nobody", "control-plane host"]),
    "checksum mismatch": ({"calico_crds_sha256": "0" * 64}, ["crds.yaml", "0" * 64]),
    "malformed registry": (
        {"calico_registry": "https://registry.example.com/calico"},
        ["calico_registry is no registry", "https://registry.example.com/calico"],
    ),
    "digests of another release": (
        {"calico_image_digests": {"v3.31.7": {"node": "sha256:" + "a" * 64}}},
        ["no digest of node of Calico v3.32.1", "v3.31.7", "node_image"],
    ),
    "misspelt component": (
        {"calico_image_digests": {"v3.32.1": {"thypa": "sha256:" + "a" * 64}}},
        ["calico_image_digests is malformed", "thypa", "kube_controllers"],
    ),
    "absent pull Secret": (
        {"calico_image_pull_secrets": ["nobody-made-it"]},
        ["no Secret nobody-made-it", "kube-system", "calico_image_pull_secrets"],
    ),
    "unreadable CA": (
        {"cni_credential_method": "ca", "cni_ca_key_path": "/etc/kubernetes/pki/none.key"},
        ["none.key", "cni_ca_key_path"],
    ),
    "a value that kube-controllers do not take": (
        {"kube_controllers_configuration": {"controllers": {"node": {"leakGracePeriod": "1d"}}}},
        ["controllers.node.leakGracePeriod: expected a duration", "found '1d'"],
    ),
    "garbage as an external CA": (
        {"typha_ca_storage": "external", "typha_ca_bundle_content": "garbage"},
        ["ca_bundle_content cannot be read"],
    ),
}


@pytest.mark.parametrize("name", list(BAD_INPUT))
def test_bad_input_is_refused_before_anything_is_written(lab, empty, name):
    variables, words = BAD_INPUT[name]
    run = play(lab, "-e", json.dumps(variables))
    assert run.returncode != 0, run.output
    message = run.output[
        run.output.index("FAILED!") if "FAILED!" in run.output else run.output.index("[ERROR]") :
    ]
    for word in [*words, "Expected", "Found", "Remedy"]:
        assert word in message, "%r is missing in:\n%s" % (word, message)
    assert "Traceback" not in run.output
    unchanged(lab, empty)


def test_a_node_of_another_architecture_is_refused(lab, empty):
    def label(architecture):
        lab.kubectl(
            "label", "node", lab.workers[-1], "--overwrite", "kubernetes.io/arch=" + architecture
        )

    real = lab.objects("nodes")[0]["metadata"]["labels"]["kubernetes.io/arch"]
    label("riscv64")
    try:
        run = play(lab)
    finally:
        label(real)
    message = run.output[run.output.index("FAILED!") :]
    assert (
        run.returncode != 0
        and lab.workers[-1] in message
        and "riscv64" in message
        and "Remedy" in message
    )
    unchanged(lab, empty)


def test_an_untested_kubernetes_is_a_warning_by_default(lab, empty):
    run = play(lab, "--check", "-e", "calico_version=v3.28.5").succeeded()
    assert re.search(r"\[WARNING\].*1\.34", run.output.replace("\n", " "))
    unchanged(lab, empty)


def test_check_mode_on_the_empty_cluster(lab, empty):
    run = play(lab, "--check", "--diff").succeeded()
    assert "ipv4-ippool-1" in run.output and "10.244.0.0/18" in run.output
    assert all(changed > 0 for host, changed in run.changed.items() if host in lab.hosts)
    unchanged(lab, empty)


# ---- the install --------------------------------------------------------------------------------


class CommandLines:
    """Samples /proc/*/cmdline while a run goes on; hosts are processes of this machine too."""

    def __init__(self):
        self.seen = set()
        self.going = True
        self.thread = threading.Thread(target=self._sample)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.going = False
        self.thread.join()

    def _sample(self):
        while self.going:
            for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.seen.add(path.read_bytes())
                except OSError:
                    continue
            time.sleep(0.05)


def test_install_from_empty(lab, empty):
    with CommandLines() as lines:
        RUNS["began"] = time.time()
        RUNS["first"] = play(lab, "-vvv", "--diff").succeeded()
    RUNS["command lines"] = lines.seen


def test_crds_are_established(lab):
    crds = lab.objects("customresourcedefinitions")
    names = {crd["metadata"]["name"] for crd in crds}
    assert {
        "ippools.crd.projectcalico.org",
        "tiers.crd.projectcalico.org",
        "felixconfigurations.crd.projectcalico.org",
    } <= names
    for crd in crds:
        conditions = {
            condition["type"]: condition["status"] for condition in crd["status"]["conditions"]
        }
        assert conditions["Established"] == "True", crd["metadata"]["name"]


def test_pools_are_the_guides(lab):
    pools = {
        pool["metadata"]["name"]: pool["spec"]
        for pool in lab.objects("ippools.crd.projectcalico.org")
    }
    assert set(pools) == {"ipv4-ippool-1", "ipv4-ippool-2"}
    first, second = pools["ipv4-ippool-1"], pools["ipv4-ippool-2"]
    assert (first["cidr"], first.get("disabled", False)) == ("10.244.0.0/18", False)
    assert (second["cidr"], second["disabled"]) == ("10.244.192.0/19", True)
    for pool in (first, second):
        assert (
            pool["ipipMode"] == "Never"
            and pool["natOutgoing"] is True
            and pool["nodeSelector"] == "all()"
        )


def test_calicoctl_lists_the_nodes_that_kubectl_lists(lab):
    listed = lab.exec(lab.control_plane, "/usr/local/bin/calicoctl", "get", "nodes")
    assert {line.split()[0] for line in listed.splitlines()[1:] if line} == {
        node["metadata"]["name"] for node in lab.objects("nodes")
    }


@pytest.mark.parametrize(
    "path",
    [
        "/opt/cni/bin/calico",
        "/opt/cni/bin/calico-ipam",
        "/opt/cni/bin/portmap",
        "/opt/cni/bin/loopback",
    ],
)
def test_binaries_on_every_host(lab, path):
    digests = set()
    for host in lab.hosts:
        mode, owner, digest = lab.exec(
            host, "sh", "-c", "stat -L -c '%%a %%U' %s; sha256sum %s" % (path, path)
        ).split()[:3]
        assert (mode, owner) == ("755", "root"), host
        digests.add(digest)
    assert len(digests) == 1


def test_kubeconfig_on_every_host_is_accepted_as_the_cni_user(lab, tmp_path):
    for host in lab.hosts:
        assert lab.exec(
            host, "stat", "-c", "%a %U", "/etc/cni/net.d/calico-kubeconfig"
        ).split() == ["600", "root"]
        config = json.loads(lab.exec(host, "cat", "/etc/cni/net.d/calico-kubeconfig"))
        assert config["current-context"] == "cni@kubernetes"
        assert (
            config["clusters"][0]["name"] == "kubernetes"
            and config["users"][0]["name"] == "calico-cni"
        )
        path = tmp_path / host
        path.touch(mode=0o600)
        path.write_text(json.dumps(config), encoding="utf-8")
        who = json.loads(lab.kubectl("auth", "whoami", "-o", "json", kubeconfig=str(path)))
        assert who["status"]["userInfo"]["username"] == "calico-cni"


def test_conflist_on_every_host(lab):
    for host in lab.hosts:
        conflist = json.loads(lab.exec(host, "cat", "/etc/cni/net.d/10-calico.conflist"))
        assert (conflist["name"], conflist["cniVersion"]) == ("k8s-pod-network", "0.3.1")
        calico, portmap = conflist["plugins"][:2]
        assert calico["type"] == "calico" and calico["datastore_type"] == "kubernetes"
        assert calico["ipam"]["type"] == "calico-ipam" and calico["policy"]["type"] == "k8s"
        assert calico["kubernetes"]["kubeconfig"] == "/etc/cni/net.d/calico-kubeconfig"
        assert (
            portmap["type"] == "portmap"
            and portmap["snat"] is True
            and portmap["capabilities"] == {"portMappings": True}
        )


# ---- certificates, by the openssl command line --------------------------------------------------


def openssl(*arguments, check=True):
    done = subprocess.run(
        ["openssl", *arguments], capture_output=True, text=True, check=False, timeout=30
    )
    assert not check or done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def material(lab, tmp_path_factory):
    """The public and private material that pods mount, as files in a folder of mode 0700."""
    folder = tmp_path_factory.mktemp("material")
    ca = json.loads(
        lab.kubectl("get", "configmap", "-n", "kube-system", "calico-typha-ca", "-o", "json")
    )["data"]
    (folder / "typhaca.crt").write_text(ca["typhaca.crt"], encoding="utf-8")
    for secret in ("calico-typha-certs", "calico-node-certs"):
        for name, content in json.loads(
            lab.kubectl("get", "secret", "-n", "kube-system", secret, "-o", "json")
        )["data"].items():
            path = folder / name
            path.touch(mode=0o600)
            path.write_bytes(base64.b64decode(content))
    return folder


@pytest.mark.parametrize(
    ("name", "common_name", "purpose", "other"),
    [
        ("typha", "calico-typha", "sslserver", "sslclient"),
        ("calico-node", "calico-node", "sslclient", "sslserver"),
    ],
)
def test_leaf_verifies_with_openssl(material, name, common_name, purpose, other):
    ca, leaf, key = (str(material / part) for part in ("typhaca.crt", name + ".crt", name + ".key"))
    assert "OK" in openssl("verify", "-CAfile", ca, "-purpose", purpose, leaf)
    assert "OK" not in openssl("verify", "-CAfile", ca, "-purpose", other, leaf, check=False)
    assert (
        openssl("x509", "-in", leaf, "-noout", "-subject", "-nameopt", "RFC2253").strip()
        == "subject=CN=%s" % common_name
    )
    assert openssl("x509", "-in", leaf, "-noout", "-pubkey") == openssl(
        "pkey", "-in", key, "-pubout"
    )
    openssl("x509", "-in", leaf, "-noout", "-checkend", str(300 * 86400))


def test_ca_is_the_guides(material):
    text = openssl(
        "x509", "-in", str(material / "typhaca.crt"), "-noout", "-text", "-nameopt", "RFC2253"
    )
    assert (
        "Subject: CN=Calico Typha CA" in text and "CA:TRUE" in text and "Certificate Sign" in text
    )


def test_mutual_tls_with_the_issued_pair(material):
    """Step 9 and 13 of the guide, against openssl in Typha's place: refused without a client
    certificate, accepted with it.
    """
    server = subprocess.Popen(
        [
            "openssl",
            "s_server",
            "-accept",
            "127.0.0.1:0",
            "-cert",
            material / "typha.crt",
            "-key",
            material / "typha.key",
            "-CAfile",
            material / "typhaca.crt",
            "-Verify",
            "1",
            "-verify_return_error",
            "-quiet",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        port = listening_port(server.pid)
        client = [
            "openssl",
            "s_client",
            "-connect",
            "127.0.0.1:%d" % port,
            "-CAfile",
            material / "typhaca.crt",
            "-verify_return_error",
        ]
        # In TLS 1.3 the client is done before the server has looked: -ign_eof keeps it until the server's alert comes.
        without = subprocess.run(
            [*client, "-brief", "-ign_eof"],
            input="hello\n",
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )
        assert "certificate required" in without.stderr, without.stderr
        pair = ["-cert", material / "calico-node.crt", "-key", material / "calico-node.key"]
        accepted = subprocess.run(
            [*client, *pair, "-brief"],
            input="",
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )
        assert "Verification: OK" in accepted.stderr and "alert" not in accepted.stderr, (
            accepted.stderr
        )
    finally:
        server.kill()
        server.wait(timeout=10)


def listening_port(pid, timeout=10.0):
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        listed = subprocess.run(
            ["ss", "-tlnpH"], capture_output=True, text=True, check=False, timeout=10
        ).stdout
        match = re.search(r"127\.0\.0\.1:(\d+) .*pid=%d," % pid, listed)
        if match:
            return int(match.group(1))
        time.sleep(0.1)
    raise AssertionError("openssl s_server does not listen")


# ---- workloads and rights -----------------------------------------------------------------------


def test_typha_is_rolled_out(lab, material):
    typha = json.loads(
        lab.kubectl("get", "deployment", "-n", "kube-system", "calico-typha", "-o", "json")
    )
    assert typha["status"]["availableReplicas"] == typha["spec"]["replicas"] == 2
    pod = typha["spec"]["template"]["spec"]
    assert pod["hostNetwork"] is True and pod["terminationGracePeriodSeconds"] == 300
    container = pod["containers"][0]
    assert container["image"] == "quay.io/calico/typha:v3.32.1"
    env = {entry["name"]: entry.get("value") for entry in container["env"]}
    assert (
        env["TYPHA_CAFILE"] == "/calico-typha-ca/typhaca.crt"
        and env["TYPHA_CLIENTCN"] == "calico-node"
    )
    mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounted == {"/calico-typha-ca", "/calico-typha-certs"}
    service = json.loads(
        lab.kubectl("get", "service", "-n", "kube-system", "calico-typha", "-o", "json")
    )
    assert [(port["name"], port["port"]) for port in service["spec"]["ports"]] == [
        ("calico-typha", 5473)
    ]


def test_node_is_rolled_out(lab):
    node = json.loads(
        lab.kubectl("get", "daemonset", "-n", "kube-system", "calico-node", "-o", "json")
    )
    assert node["status"]["numberReady"] == len(lab.hosts)
    pod = node["spec"]["template"]["spec"]
    env = {entry["name"]: entry.get("value") for entry in pod["containers"][0]["env"]}
    assert (
        env["CALICO_MANAGE_CNI"] == "false"
        and env["NO_DEFAULT_POOLS"] == "true"
        and env["FELIX_TYPHACN"] == "calico-typha"
    )
    assert (
        env["CALICO_NETWORKING_BACKEND"] == "bird"
        and env["FELIX_TYPHAK8SSERVICENAME"] == "calico-typha"
    )
    paths = {volume["hostPath"]["path"] for volume in pod["volumes"] if "hostPath" in volume}
    assert paths == {
        "/lib/modules",
        "/run/xtables.lock",
        "/var/run/calico",
        "/var/lib/calico",
        "/var/run/nodeagent",
    }
    assert not any(path.startswith("/etc/cni") for path in paths)


def kube_controllers(lab):
    return json.loads(
        lab.kubectl(
            "get", "deployment", "-n", "kube-system", "calico-kube-controllers", "-o", "json"
        )
    )


def test_kube_controllers_are_rolled_out(lab):
    found = kube_controllers(lab)
    assert found["status"]["availableReplicas"] == found["spec"]["replicas"] == 1
    assert found["spec"]["strategy"] == {"type": "Recreate"}
    pod = found["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["image"] == "quay.io/calico/kube-controllers:v3.32.1"
    assert {entry["name"]: entry["value"] for entry in container["env"]} == {
        "ENABLED_CONTROLLERS": "node,loadbalancer",
        "DATASTORE_TYPE": "kubernetes",
    }
    assert container["securityContext"]["runAsNonRoot"] is True and "hostNetwork" not in pod


# Written by hand from the facts on each release, not read from the version table.
ALLOWED = {
    "system:serviceaccount:kube-system:calico-typha": [
        "list endpointslices.discovery.k8s.io",
        "watch tiers.crd.projectcalico.org",
        "list caliconodestatuses.crd.projectcalico.org",
        "list stagednetworkpolicies.crd.projectcalico.org",
        "list clusternetworkpolicies.policy.networking.k8s.io",
        "list virtualmachineinstancemigrations.kubevirt.io",
        "create clusterinformations.crd.projectcalico.org",
        "watch pods",
        "list nodes",
        "list bgpfilters.crd.projectcalico.org",
    ],
    "system:serviceaccount:kube-system:calico-node": [
        "create bgpconfigurations.crd.projectcalico.org",
        "list ippools.crd.projectcalico.org",
        "patch nodes/status",
        "get configmaps",
        "create ipamconfigs.crd.projectcalico.org",
        "watch ipreservations.crd.projectcalico.org",
        "delete ipamhandles.crd.projectcalico.org",
    ],
    "calico-cni": [
        "list ipreservations.crd.projectcalico.org",
        "create ipamconfigs.crd.projectcalico.org",
        "get clusterinformations.crd.projectcalico.org",
        "delete ipamblocks.crd.projectcalico.org",
        "patch pods/status",
        "get namespaces",
        "list ippools.crd.projectcalico.org",
    ],
    "system:serviceaccount:kube-system:calico-kube-controllers": [
        "watch nodes",
        "delete ipamhandles.crd.projectcalico.org",
        "update kubecontrollersconfigurations.crd.projectcalico.org/status",
        "get daemonsets.apps",
        "delete globalnetworkpolicies.crd.projectcalico.org",
        "update services/status",
    ],
}
REFUSED = {
    "system:serviceaccount:kube-system:calico-typha": [
        "get secrets",
        "delete nodes",
        "create pods",
        "patch pods/status",
        "delete tiers.crd.projectcalico.org",
    ],
    "system:serviceaccount:kube-system:calico-node": [
        "get secrets",
        "delete nodes",
        "delete ippools.crd.projectcalico.org",
        "create pods",
    ],
    "calico-cni": [
        "get secrets",
        "list secrets",
        "delete ippools.crd.projectcalico.org",
        "delete pods",
        "create clusterroles",
    ],
    "system:serviceaccount:kube-system:calico-kube-controllers": [
        "get secrets",
        "delete nodes",
        "delete pods",
        "create services",
        "delete ippools.crd.projectcalico.org",
    ],
}


def test_rights_as_kubectl_sees_them(lab):
    """The same question through kubectl, for one allowed and one refused verb of each."""
    for who in ALLOWED:
        for verb, answer in (("get", "yes"), ("delete", "no")):
            assert (
                lab.kubectl(
                    "auth", "can-i", verb, "ippools.crd.projectcalico.org", "--as", who, check=False
                ).strip()
                == answer
            ), (who, verb)


@pytest.mark.parametrize("who", list(ALLOWED))
def test_rights(lab, who):
    assert {what: can_i(lab, who, what) for what in ALLOWED[who]} == dict.fromkeys(
        ALLOWED[who], "yes"
    )
    assert {what: can_i(lab, who, what) for what in REFUSED[who]} == dict.fromkeys(
        REFUSED[who], "no"
    )


ROLES = {
    "typha": "system:serviceaccount:kube-system:calico-typha",
    "node": "system:serviceaccount:kube-system:calico-node",
    "cni": "calico-cni",
    "kube_controllers": "system:serviceaccount:kube-system:calico-kube-controllers",
}


@pytest.mark.parametrize("role", list(ROLES))
def test_every_rule_of_the_version_table_is_granted(lab, role):
    refused = [
        (verb, resource)
        for rule in releases.release("v3.32.1")["rbac"][role]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        if not rule.get("resourceNames")
        and can_i(lab, ROLES[role], "%s %s" % (verb, with_group(resource, group))) != "yes"
    ]
    assert refused == []


def with_group(resource, group):
    """ "nodes/status", "apps" -> "nodes.apps/status"; the core group has no name."""
    name, slash, sub = resource.partition("/")
    return name + ("." + group if group else "") + slash + sub


# ---- secrets ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def private_keys(lab, material):
    """Every private key of the install and the admin's, as the longest base64 line of each."""
    pems = [
        (material / name).read_text(encoding="utf-8") for name in ("typha.key", "calico-node.key")
    ]
    for secret, key in (("calico-typha-ca-key", "ca.key"), ("calico-cni-credential", "tls.key")):
        data = json.loads(lab.kubectl("get", "secret", "-n", "kube-system", secret, "-o", "json"))[
            "data"
        ]
        pems.append(base64.b64decode(data[key]).decode())
    pems.append(lab.exec(lab.control_plane, "cat", "/etc/kubernetes/pki/ca.key"))
    needles = {max((line for line in pem.splitlines() if "-" not in line), key=len) for pem in pems}
    admin = lab.exec(lab.control_plane, "cat", "/etc/kubernetes/admin.conf")
    # What comes before is the same for all keys of a kind.
    needles.add(
        re.search(r"client-key-data\W+[A-Za-z0-9+/=]{110}([A-Za-z0-9+/=]{60})", admin).group(1)
    )
    return needles


def test_no_private_key_in_the_output_or_on_a_command_line(private_keys):
    for needle in private_keys:
        assert needle not in RUNS["first"].output
        # A key can also hide as the base64 of its PEM, as in a Secret or a kubeconfig.
        assert base64.b64encode(needle.encode()).decode()[4:60] not in RUNS["first"].output
        assert not any(needle.encode() in line for line in RUNS["command lines"])
    assert "PRIVATE KEY" not in RUNS["first"].output
    assert len(RUNS["command lines"]) > 50, "the sampler saw nothing"


GREP = r"""
import os, stat, sys
needles, since = sys.stdin.read().split(), float(sys.argv[1])
for top in sys.argv[2:]:
    for folder, folders, files in os.walk(top):
        for name in files:
            path = os.path.join(folder, name)
            try:
                about = os.lstat(path)
                others_may = stat.S_ISREG(about.st_mode) and about.st_mode & 0o077
                if others_may and about.st_size < 5_000_000 and about.st_mtime >= since:
                    content = open(path, "rb").read().decode("latin-1")
                    if any(needle in content for needle in needles):
                        print(path)
            except FileNotFoundError:
                # Another test's, gone meanwhile.
                pass
"""


def test_no_private_key_in_a_file_that_others_can_read(lab, private_keys, tmp_path):
    needles, since = "\n".join(private_keys), str(RUNS["began"])
    for host in lab.hosts:
        folders = ["/etc/cni", "/etc/calico", "/opt", "/tmp", "/var/lib/hardway-calico", "/root"]
        found = lab.exec(host, "/usr/bin/python3", "-c", GREP, since, *folders, stdin=needles)
        assert found == "", host
    folders = ["/tmp", "/dev/shm", str(pathlib.Path.home() / ".ansible")]
    here = subprocess.run(
        ["python3", "-c", GREP, since, *folders],
        input=needles,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert here.stdout == "" and here.returncode == 0, here.stdout + here.stderr


# ---- the second run -----------------------------------------------------------------------------


def test_second_run_changes_nothing(lab):
    before = snapshot(lab)
    RUNS["second"] = play(lab).succeeded()
    assert set(RUNS["second"].changed.values()) == {0}, RUNS["second"].output
    unchanged(lab, before)


def test_check_mode_on_the_installed_cluster(lab):
    before = snapshot(lab)
    run = play(lab, "--check", "--diff").succeeded()
    assert set(run.changed.values()) == {0}, run.output
    unchanged(lab, before)


def test_module_executions_on_a_worker_stay_within_the_budget(lab):
    for worker in lab.workers:
        assert 0 < RUNS["first"].on(worker) <= 6
        assert 0 < RUNS["second"].on(worker) <= 4


def test_the_pools_are_checked_once_a_run(lab):
    """site.yml checks them before any role writes; the role datastore does not ask again."""
    checks = [line for line in RUNS["second"].executions if line["task"].endswith("pools checked")]
    assert len(checks) == 1


def test_runs_warn_about_nothing_of_ours():
    for name in ("first", "second"):
        # kubernetes.core's own: its action plugin still reads Templar.environment.
        warnings = [
            line
            for line in RUNS[name].output.splitlines()
            if "DEPRECATION WARNING" in line and "`environment`" not in line
        ]
        assert warnings == []


def test_drift_is_repaired_and_named(lab):
    """A conflist edited by hand, a binary replaced, a pool changed: each is named in the diff and put right."""
    worker = lab.workers[0]
    conflist = lab.exec(worker, "cat", "/etc/cni/net.d/10-calico.conflist")
    lab.exec(
        worker,
        "sh",
        "-c",
        "echo '{}' > /etc/cni/net.d/10-calico.conflist; echo broken > /opt/cni/bin/portmap",
    )
    lab.kubectl(
        "patch",
        "ippools.crd.projectcalico.org",
        "ipv4-ippool-1",
        "--type=merge",
        "-p",
        '{"spec":{"natOutgoing":false}}',
    )
    run = play(lab, "--diff").succeeded()
    assert "natOutgoing" in run.output or "nat_outgoing" in run.output
    assert lab.exec(worker, "cat", "/etc/cni/net.d/10-calico.conflist") == conflist
    digests = {
        hashlib.sha256(lab.exec(host, "base64", "/opt/cni/bin/portmap").encode()).hexdigest()
        for host in lab.hosts
    }
    assert len(digests) == 1
    pool = json.loads(
        lab.kubectl("get", "ippools.crd.projectcalico.org", "ipv4-ippool-1", "-o", "json")
    )
    assert pool["spec"]["natOutgoing"] is True


# ---- kube-controllers off and on ----------------------------------------------------------------

OFF = ("-e", "kube_controllers_enabled=false")
CONFIGURED = {"logSeverityScreen": "Debug", "controllers": {"node": {"leakGracePeriod": "1h"}}}
FOREIGN = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: calico-kube-controllers, namespace: kube-system}
spec:
  selector: {matchLabels: {app: other}}
  template:
    metadata: {labels: {app: other}}
    spec: {containers: [{name: other, image: example.com/other:1}]}
"""


def others(before, after):
    """What differs of objects that are not kube-controllers'."""
    theirs = ("kube-controllers", "KubeControllersConfiguration")
    return [line for line in difference(before, after) if not any(map(line.__contains__, theirs))]


def pods_of(lab, app):
    listed = lab.kubectl("get", "pods", "-n", "kube-system", "-l", "k8s-app=" + app, "-o", "json")
    return {pod["metadata"]["uid"] for pod in json.loads(listed)["items"]}


def test_kube_controllers_are_turned_off(lab):
    before = snapshot(lab)
    run = play(lab, *OFF).succeeded()
    assert "addresses of nodes and pods that are gone are never released" in run.output
    after = snapshot(lab)
    assert others(before, after) == []
    gone = {line.split()[1].split("/")[0] for line in difference(before, after)}
    assert gone == {
        "Deployment",
        "PodDisruptionBudget",
        "ClusterRole",
        "ClusterRoleBinding",
        "ServiceAccount",
    }
    assert not any("calico-kube-controllers" in name for name in after["api"])


def test_a_deployment_that_somebody_else_made_stays(lab):
    lab.kubectl("create", "-f", "-", stdin=FOREIGN)
    uid = kube_controllers(lab)["metadata"]["uid"]
    run = play(lab, *OFF).succeeded()
    assert set(run.changed.values()) == {0}, run.output
    assert "what something else made stays: Deployment" in run.output
    assert kube_controllers(lab)["metadata"]["uid"] == uid
    run = play(lab)
    assert run.returncode != 0 and "cannot be taken over" in run.output
    assert set(run.changed.values()) == {0}, run.output
    lab.kubectl("delete", "deployment", "-n", "kube-system", "calico-kube-controllers")


def test_what_was_taken_over_stays(lab):
    """As upstream's manifest makes it: turned on the role's, turned off still there, with what it needs."""
    theirs = FOREIGN.replace("app: other", "k8s-app: calico-kube-controllers")
    theirs = theirs.replace("name: other", "name: calico-kube-controllers")
    theirs += "  strategy: {type: Recreate}\n"
    lab.kubectl("create", "-f", "-", stdin=theirs)
    uid = kube_controllers(lab)["metadata"]["uid"]
    play(lab).succeeded()
    taken = kube_controllers(lab)
    (container,) = taken["spec"]["template"]["spec"]["containers"]
    assert (taken["metadata"]["uid"], container["image"]) == (
        uid,
        "quay.io/calico/kube-controllers:v3.32.1",
    )
    assert taken["metadata"].get("labels", {}) == {}
    before = snapshot(lab)
    run = play(lab, *OFF).succeeded()
    assert set(run.changed.values()) == {0}, run.output
    assert difference(before, snapshot(lab)) == []
    label = ("app.kubernetes.io/managed-by=hardway.calico", "k8s-app=calico-kube-controllers")
    lab.kubectl("label", "-n", "kube-system", "deployment", "calico-kube-controllers", *label)
    play(lab, *OFF).succeeded()
    assert not any("calico-kube-controllers" in name for name in snapshot(lab)["api"])


def test_an_installation_without_them_gets_them_and_nothing_else_moves(lab):
    """As an installation of the collection before it had them: no object, file or pod but theirs."""
    before = snapshot(lab)
    pods = [pods_of(lab, app) for app in ("calico-typha", "calico-node")]
    variables = json.dumps({"kube_controllers_configuration": CONFIGURED})
    run = play(lab, "-e", variables).succeeded()
    assert others(before, snapshot(lab)) == []
    assert [pods_of(lab, app) for app in ("calico-typha", "calico-node")] == pods
    assert len(pods_of(lab, "calico-kube-controllers")) == 1
    (made,) = lab.objects("kubecontrollersconfigurations.crd.projectcalico.org")
    assert (made["metadata"]["name"], made["spec"]["logSeverityScreen"]) == ("default", "Debug")
    assert made["spec"]["controllers"]["node"]["leakGracePeriod"] == "1h"
    assert made["spec"]["controllers"]["policyMigration"] == {"enabled": "Enabled"}
    for worker in lab.workers:
        assert run.on(worker) <= 3
    again = play(lab, "--check", "-e", variables).succeeded()
    assert set(again.changed.values()) == {0}, again.output
