# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab itself: what it promises to the other tests, and that nothing of it stays behind.

Other labs may come and go on the machine meanwhile, so leftovers are looked for by this lab's own names.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import time
import urllib.request

import pytest
from hardway_testbed.lab import LAB, ROOT, Lab

NAME = "selftest"


def folder(name):
    return (
        pathlib.Path(os.environ.get("XDG_STATE_HOME") or pathlib.Path.home() / ".local/state")
        / "hardway-calico/lab"
        / name
    )


def journal(name):
    """What the lab wrote down about itself, {} when there is nothing."""
    try:
        return json.loads((folder(name) / "lab.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}


def pids(name):
    """Processes that are marked as the lab's or that name a file of it."""
    mark, path, found = (
        ("HARDWAY_CALICO_LAB=%s" % name).encode(),
        ("%s/" % folder(name)).encode(),
        set(),
    )
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if (
                mark in (process / "environ").read_bytes().split(b"\0")
                or path in (process / "cmdline").read_bytes()
            ):
                found.add(int(process.name))
        except OSError:
            continue
    return found


def leftovers(name, index):
    """Whatever there is of a lab on the machine, as readable words; [] when it is gone."""
    links = [
        link["ifname"]
        for link in json.loads(
            subprocess.run(["ip", "-j", "link"], capture_output=True, check=True, timeout=30).stdout
        )
    ]
    spaces = subprocess.run(
        ["ip", "netns", "list"], capture_output=True, text=True, check=True, timeout=30
    ).stdout.split()
    mounts = [
        line.split()[1]
        for line in pathlib.Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    ]
    bridge = "hwc%s" % index
    return [
        *("process %d" % pid for pid in sorted(pids(name))),
        *("mount " + path for path in mounts if path.startswith(str(folder(name)))),
        *("link " + link for link in links if link == bridge or link.startswith(bridge + "v")),
        *("namespace " + space for space in spaces if space.startswith(bridge + "-")),
        *("folder " + str(path) for path in [folder(name)] if path.exists()),
    ]


def until(condition, timeout=60.0):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, (
            "the condition did not become true within %d s" % timeout
        )
        time.sleep(0.05)


@pytest.fixture(scope="module")
def lab():
    found = Lab(NAME).up()
    index = journal(NAME)["index"]
    yield found
    found.down()
    assert leftovers(NAME, index) == []


# ---- what the lab offers ------------------------------------------------------------------------


def test_status(lab):
    assert [host["name"] for host in lab.status["hosts"]] == ["cka001", "cka002", "cka003"]
    assert [host["groups"] for host in lab.status["hosts"]] == [
        ["masters"],
        ["workers"],
        ["workers"],
    ]
    assert (
        pathlib.Path(lab.kubeconfig).stat().st_mode & 0o077 == 0
        and folder(NAME).stat().st_mode & 0o077 == 0
    )
    assert pathlib.Path(lab.inventory).is_file() and lab.status["release_url"].startswith(
        "http://10."
    )


def test_up_on_a_lab_that_is_up_leaves_it_alone(lab):
    before = pids(NAME)
    again = subprocess.run(
        [LAB, "up", "--name", NAME, "--hosts", "3"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert again.returncode == 0 and "already" in again.stdout + again.stderr
    assert pids(NAME) == before


def test_nodes_are_those_of_the_hosts(lab):
    nodes = {node["metadata"]["name"]: node for node in lab.objects("nodes")}
    for host in lab.status["hosts"]:
        node = nodes.pop(host["name"])
        assert {"type": "InternalIP", "address": host["address"]} in node["status"]["addresses"]
        taints = [(taint["key"], taint["effect"]) for taint in node["spec"].get("taints", [])]
        assert taints == (
            [("node-role.kubernetes.io/control-plane", "NoSchedule")]
            if "masters" in host["groups"]
            else []
        )
    assert nodes == {}
    networks = json.loads(
        lab.kubectl("get", "configmap", "-n", "kube-system", "kubeadm-config", "-o", "json")
    )["data"]["ClusterConfiguration"]
    assert "podSubnet: 10.244.0.0/16" in networks and "serviceSubnet: 10.96.0.0/12" in networks


def test_hosts_are_fresh_machines(lab):
    for host in lab.hosts:
        assert lab.exec(host, "hostname").strip() == host
        assert (
            lab.exec(
                host,
                "sh",
                "-c",
                "ls -d /opt/cni/bin /etc/cni/net.d /usr/local/bin/calicoctl 2>/dev/null || true",
            )
            == ""
        )
        assert (
            lab.exec(host, "sh", "-c", "ls -A %s 2>/dev/null || true" % folder(NAME).parent) == ""
        ), "a host sees the labs' secrets"
    listing = "cd /etc/kubernetes && stat -c '%a %n' admin.conf pki/ca.key pki/ca.crt"
    assert lab.exec(lab.control_plane, "sh", "-c", listing).split()[::2][:2] == ["600", "600"]
    for worker in lab.workers:
        assert lab.exec(worker, "sh", "-c", "ls /etc/kubernetes 2>/dev/null || true") == ""


def test_hosts_reach_the_api_server_and_are_separate(lab):
    server = json.loads(lab.kubectl("config", "view", "--minify", "-o", "json"))["clusters"][0][
        "cluster"
    ]["server"]
    ask = (
        "import ssl, urllib.request as u; context = ssl._create_unverified_context(); "
        "print(u.urlopen('%s/readyz', context=context, timeout=5).read().decode())" % server
    )
    assert {lab.exec(host, "/usr/bin/python3", "-c", ask).strip() for host in lab.hosts} == {"ok"}
    lab.exec(lab.workers[0], "touch", "/usr/local/bin/only-here")
    assert (
        lab.exec(lab.workers[1], "sh", "-c", "ls /usr/local/bin/only-here 2>/dev/null || true")
        == ""
    )
    assert not pathlib.Path("/usr/local/bin/only-here").exists()
    lab.exec(lab.workers[0], "rm", "/usr/local/bin/only-here")


def test_hosts_reach_each_other(lab):
    """Also where Docker's firewall drops what passes over the machine's bridges."""
    listen = (
        "import socket; s = socket.create_server(('', 5473)); s.settimeout(20); "
        "print('listening', flush=True); s.accept()[0].sendall(b'hello')"
    )
    address = next(
        host["address"] for host in lab.status["hosts"] if host["name"] == lab.workers[0]
    )
    server = subprocess.Popen(
        [LAB, "exec", "--name", NAME, lab.workers[0], "/usr/bin/python3", "-c", listen],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout.readline() == "listening\n"
    ask = (
        "import socket; print(socket.create_connection(('%s', 5473), timeout=5).recv(9).decode())"
        % address
    )
    assert lab.exec(lab.workers[1], "/usr/bin/python3", "-c", ask) == "hello\n"
    assert server.wait(timeout=20) == 0


def test_exec_passes_input_words_and_exit_code(lab):
    assert lab.exec(lab.workers[0], "cat", stdin="over there") == "over there"
    assert (
        lab.exec(lab.workers[0], "printf", "%s.", "two words", "$HOME", "a'b")
        == "two words.$HOME.a'b."
    )
    assert (
        subprocess.run(
            [LAB, "exec", "--name", NAME, lab.workers[0], "sh", "-c", "exit 7"],
            check=False,
            timeout=60,
        ).returncode
        == 7
    )


# ---- the cluster's controllers ------------------------------------------------------------------


def pod(**more):
    return {
        "metadata": {"labels": {"app": "x"}},
        "spec": {
            "containers": [{"name": "x", "image": "example.com/x:1", **more.pop("container", {})}],
            **more,
        },
    }


def workload(kind, name, template, **spec):
    body = {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}}
    return {
        **body,
        "spec": {"selector": {"matchLabels": {"app": "x"}}, "template": template, **spec},
    }


def apply(lab, tmp_path, body):
    path = tmp_path / "object.json"
    path.write_text(json.dumps(body), encoding="utf-8")
    lab.kubectl("apply", "-f", str(path))


def test_workloads_become_ready_and_go_away(lab, tmp_path):
    apply(lab, tmp_path, workload("Deployment", "plain", pod(), replicas=2))
    apply(
        lab,
        tmp_path,
        workload("DaemonSet", "everywhere", pod(tolerations=[{"operator": "Exists"}])),
    )
    lab.kubectl("rollout", "status", "deployment/plain", "--timeout=60s")
    lab.kubectl("rollout", "status", "daemonset/everywhere", "--timeout=60s")
    assert (
        json.loads(lab.kubectl("get", "daemonset", "everywhere", "-o", "json"))["status"][
            "numberReady"
        ]
        == 3
    )
    lab.kubectl("delete", "deployment/plain", "daemonset/everywhere", "--timeout=60s")
    until(lambda: lab.objects("pods", "default") == [])


def test_host_ports_are_scheduled_for_real(lab, tmp_path):
    """Three host-network replicas do not fit on two schedulable nodes: one of the guide's traps."""
    template = pod(hostNetwork=True, container={"ports": [{"containerPort": 5473}]})
    apply(lab, tmp_path, workload("Deployment", "typha-like", template, replicas=3))
    until(
        lambda: (
            sorted(item["status"]["phase"] for item in lab.objects("pods", "default"))
            == ["Pending", "Running", "Running"]
        )
    )
    lab.kubectl("delete", "deployment/typha-like", "--timeout=60s")
    until(lambda: lab.objects("pods", "default") == [])


def test_a_signing_request_is_signed_by_the_clusters_ca(lab, tmp_path):
    key, request, certificate = (str(tmp_path / name) for name in ("key", "csr", "crt"))
    subprocess.run(
        [
            "openssl",
            "req",
            "-new",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            key,
            "-out",
            request,
            "-subj",
            "/CN=somebody",
        ],
        check=True,
        capture_output=True,
        timeout=30,
    )
    body = {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": "somebody"},
        "spec": {
            "request": base64.b64encode(pathlib.Path(request).read_bytes()).decode(),
            "signerName": "kubernetes.io/kube-apiserver-client",
            "usages": ["client auth"],
        },
    }
    apply(lab, tmp_path, body)
    lab.kubectl("certificate", "approve", "somebody")

    def issued():
        return json.loads(lab.kubectl("get", "csr", "somebody", "-o", "json"))["status"].get(
            "certificate"
        )

    until(issued, timeout=30)
    pathlib.Path(certificate).write_bytes(base64.b64decode(issued()))
    authority = tmp_path / "ca.crt"
    authority.write_text(
        lab.exec(lab.control_plane, "cat", "/etc/kubernetes/pki/ca.crt"), encoding="utf-8"
    )
    command = ["openssl", "verify", "-CAfile", authority, "-purpose", "sslclient", certificate]
    verified = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert verified.returncode == 0, verified.stderr
    lab.kubectl("delete", "csr", "somebody")


# ---- the stand-in release -----------------------------------------------------------------------


def fetch(lab, path):
    with urllib.request.urlopen("%s/%s" % (lab.status["release_url"], path), timeout=20) as answer:
        return answer.read()


def test_every_served_file_has_its_checksum(lab):
    sums = dict(
        reversed(line.split()) for line in fetch(lab, "v3.32.1/SHA256SUMS").decode().splitlines()
    )
    assert {
        "release-v3.32.1.tgz",
        "crds.yaml",
        "calicoctl-linux-amd64",
        "calicoctl-linux-arm64",
    } <= set(sums)
    assert {
        name: hashlib.sha256(fetch(lab, "v3.32.1/" + name)).hexdigest() for name in sums
    } == sums
    for arch in ("amd64", "arm64"):
        archive = "cni-plugins/v1.9.1/cni-plugins-linux-%s-v1.9.1.tgz" % arch
        assert (
            fetch(lab, archive + ".sha256").decode().split()[0]
            == hashlib.sha256(fetch(lab, archive)).hexdigest()
        )


def test_stand_in_calicoctl_lists_the_nodes(lab):
    get = (
        "import urllib.request as u; open('/tmp/calicoctl', 'wb')"
        ".write(u.urlopen('%s/v3.32.1/calicoctl-linux-amd64').read())"
    )
    lab.exec(lab.control_plane, "/usr/bin/python3", "-c", get % lab.status["release_url"])
    run = (
        "chmod +x /tmp/calicoctl; DATASTORE_TYPE=kubernetes KUBECONFIG=/etc/kubernetes/admin.conf"
        " /tmp/calicoctl get nodes; rm /tmp/calicoctl"
    )
    assert lab.exec(lab.control_plane, "sh", "-c", run).split() == ["NAME", *lab.hosts]


# ---- coming and going ---------------------------------------------------------------------------


def test_two_labs_side_by_side(lab):
    other = Lab("selftest-b", hosts=1)
    try:
        other.up()
        index = journal(other.name)["index"]
        assert {host["address"] for host in lab.status["hosts"]}.isdisjoint(
            host["address"] for host in other.status["hosts"]
        )
        assert len(other.objects("nodes")) == 1 and len(lab.objects("nodes")) == 3
        before = pids(NAME)
    finally:
        other.down()
    assert leftovers(other.name, index) == []
    assert pids(NAME) == before and len(lab.objects("nodes")) == 3


def test_labs_that_come_up_at_once_get_networks_of_their_own():
    names = ["selftest-at-%s" % which for which in "abcd"]
    ups = [
        subprocess.Popen(
            [LAB, "up", "--name", name, "--hosts", "1"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in names
    ]
    try:
        said = [up.communicate(timeout=180)[0] for up in ups]
        assert [up.returncode for up in ups] == [0] * 4, "\n".join(said)
        assert len({journal(name)["index"] for name in names}) == 4
    finally:
        for name in names:
            Lab(name).down()


def running(name, program):
    """Whether one of the lab's processes is the program."""
    for pid in pids(name):
        try:
            if program in pathlib.Path("/proc/%d/cmdline" % pid).read_bytes():
                return True
        except OSError:
            continue
    return False


POINTS = {
    "when its journal is there": lambda name: bool(journal(name)),
    "when etcd is started": lambda name: running(name, b"etcd"),
    "when the release is served": lambda name: running(name, b"http.server"),
    "when a host is started": lambda name: running(name, b"unshare"),
}


@pytest.mark.parametrize("point", list(POINTS))
@pytest.mark.parametrize("then", ["up", "down"])
def test_a_killed_up_leaves_nothing_that_the_next_command_cannot_remove(point, then):
    name = "selftest-k"
    process = subprocess.Popen(
        [LAB, "up", "--name", name, "--hosts", "2"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        until(lambda: POINTS[point](name) or process.poll() is not None)
        assert process.poll() is None, "up ended before it could be killed"
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=30)
    first = journal(name)["index"]
    killed = Lab(name, hosts=2)
    try:
        if then == "up":
            killed.up()
            assert (
                len(killed.objects("nodes")) == 2
                and killed.exec("cka002", "hostname").strip() == "cka002"
            )
            second = journal(name)["index"]
            assert second == first or leftovers(name, first) == leftovers(name, second)
    finally:
        last = journal(name)["index"]
        killed.down()
    assert leftovers(name, first) == [] and leftovers(name, last) == []


def test_up_after_a_kill_before_the_journal():
    """The lab's folder is made a moment before its journal; a kill in between leaves an empty folder."""
    name = "selftest-e"
    folder(name).mkdir(parents=True)
    lab = Lab(name, hosts=1)
    try:
        lab.up()
    finally:
        lab.down()
    assert not folder(name).exists()


def test_the_inventory_script_tells_what_the_inventory_tells(lab):
    script = ROOT / "inventories/lab/lab.sh"
    hosts = {}
    for inventory, environment in ((lab.inventory, {}), (script, {"LAB": lab.name})):
        command = [str(ROOT / ".venv/bin/ansible-inventory"), "-i", str(inventory), "--list"]
        told = json.loads(
            subprocess.run(
                command,
                capture_output=True,
                text=True,
                check=True,
                timeout=60,
                env={**os.environ, **environment},
            ).stdout
        )
        hosts[str(inventory)] = (told["_meta"]["hostvars"], told["masters"], told["workers"])
    assert hosts[str(lab.inventory)] == hosts[str(script)]
