# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of the CNI user's credential on a lab: renewed, reissued, one a node, revoked, and all
of it seen by certificates.yml.

The tests of this file build on each other in their order. Oracles: openssl, and real requests with
the kubeconfig of each node.
"""

from __future__ import annotations

import base64
import datetime
import json
import pathlib
import re
import subprocess
import sys

import pytest
from hardway_testbed.ansible import play, write_playbook
from hardway_testbed.lab import ROOT
from hardway_testbed.snapshot import difference, snapshot

sys.path.append(str(ROOT / "tests/unit/support"))
import node_side  # noqa: E402

PLAYBOOK = """
- name: The CNI plugin alone
  hosts: all
  gather_facts: false
  roles:
    - hardway.calico.cni
  tasks:
    - name: Require that no host's variables hold a key
      ansible.builtin.assert:
        that: >-
          (hostvars[item].__cni_credential | to_json ~ hostvars[item].__cni_ca_files | default({}) | to_json)
          is not search('PRIVATE|content')
      loop: "{{ ansible_play_hosts }}"
"""
TYPHA = """
- name: The certificates of Typha and calico/node without their workloads
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Keep them valid
      hardway.calico.typha_pki:
"""
KUBECONFIG = "/etc/cni/net.d/calico-kubeconfig"
SECRET = "calico-cni-credential"


class ClusterCa(node_side.Authority):
    """The lab's own cluster CA, in the hands of the openssl command line."""

    def __init__(self, folder, lab):
        self.folder, self.name = folder, "kubernetes"
        for name in ("ca.crt", "ca.key"):
            path = folder / name
            path.touch(mode=0o600)
            path.write_text(
                lab.exec(lab.control_plane, "cat", "/etc/kubernetes/pki/" + name), encoding="utf-8"
            )
        self.certificate = (folder / "ca.crt").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def authority(lab, tmp_path_factory):
    return ClusterCa(tmp_path_factory.mktemp("cluster-ca"), lab)


@pytest.fixture
def cni(lab, tmp_path):
    """Runs the role alone."""
    playbook = write_playbook(tmp_path, PLAYBOOK)
    return lambda *arguments, **variables: play(
        lab, *arguments, "-e", json.dumps(variables), playbook=playbook
    )


def certificates(lab, *arguments, **variables):
    return play(
        lab,
        "--check",
        *arguments,
        "-e",
        json.dumps(variables),
        playbook="hardway.calico.certificates",
    )


def days(number):
    """openssl's time, so many days from now."""
    return (
        datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=number)
    ).strftime("%Y%m%d%H%M%SZ")


def put(lab, pair, name=SECRET):
    data = {
        key: base64.b64encode(pem.encode()).decode()
        for key, pem in zip(("tls.crt", "tls.key"), pair)
    }
    lab.kubectl(
        "patch",
        "secret",
        "-n",
        "kube-system",
        name,
        "--type=merge",
        "-p",
        json.dumps({"data": data}),
    )


class Held:
    """What a host holds: the file as it is, its certificate's user and fingerprint by openssl."""

    def __init__(self, lab, host, folder):
        self.lab, self.host = lab, host
        self.path = folder / ("kubeconfig-" + host)
        self.path.touch(mode=0o600)
        self.path.write_text(lab.exec(host, "cat", KUBECONFIG), encoding="utf-8")
        self.config = json.loads(self.path.read_text(encoding="utf-8"))
        self.server = self.config["clusters"][0]["cluster"]["server"]
        pem = base64.b64decode(self.config["users"][0]["user"]["client-certificate-data"]).decode()
        told = subprocess.run(
            [
                "openssl",
                "x509",
                "-noout",
                "-subject",
                "-fingerprint",
                "-sha256",
                "-nameopt",
                "RFC2253",
            ],
            input=pem,
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        ).stdout
        self.subject = re.search(r"subject=(.*)", told).group(1)
        self.fingerprint = re.search(r"Fingerprint=(.*)", told).group(1)

    def kubectl(self, *arguments, check=True):
        """A real request with this credential, to the address of the lab whatever name the file has for it."""
        admin = json.loads(self.lab.kubectl("config", "view", "-o", "json"))["clusters"][0][
            "cluster"
        ]["server"]
        return self.lab.kubectl(
            "--server", admin, *arguments, kubeconfig=str(self.path), check=check
        )

    def works(self):
        who = json.loads(self.kubectl("auth", "whoami", "-o", "json"))["status"]["userInfo"][
            "username"
        ]
        assert "CN=" + who == self.subject
        assert self.kubectl("get", "node", self.host, "-o", "name").strip() == "node/" + self.host


def held_by_all(lab, folder):
    return {host: Held(lab, host, folder) for host in lab.hosts}


def test_certificates_where_there_is_none(lab):
    before = snapshot(lab)
    run = certificates(lab)
    assert (
        run.returncode != 0
        and "Traceback" not in run.output
        and "hardway.calico.site" in run.output
    )
    for words in (
        "Typha server .*MISSING",
        "CNI user calico-cni .*MISSING",
        *("CNI user on %s .*MISSING: the file is missing" % host for host in lab.hosts),
    ):
        assert re.search(words, run.output), run.output[-4000:]
    assert difference(before, snapshot(lab)) == []


def test_install(lab, cni, tmp_path):
    cni().succeeded()
    play(
        lab, playbook=write_playbook(tmp_path, TYPHA), K8S_AUTH_KUBECONFIG=lab.kubeconfig
    ).succeeded()
    held = held_by_all(lab, tmp_path)
    assert {one.subject for one in held.values()} == {"CN=calico-cni"} and len(
        {one.fingerprint for one in held.values()}
    ) == 1
    held[lab.workers[0]].works()


def test_certificates_shows_all_and_fails_under_the_threshold(lab):
    before = snapshot(lab)
    sound = certificates(lab).succeeded()
    for name in (
        "Typha CA, published",
        "Typha CA, signing",
        "Typha server",
        "calico/node client",
        "CNI user calico-cni",
        "cluster CA",
        *("CNI user on " + host for host in lab.hosts),
    ):
        assert re.search(r'"%s +\d+ +20\d\d-\d\d-\d\d +ok ' % re.escape(name), sound.output), name
    strict = certificates(lab, certificates_days=400)
    assert (
        strict.returncode != 0
        and "at least 400 are asked for" in strict.output
        and "CNI user calico-cni: it ends in 36" in strict.output
    )
    assert "Typha CA, published: " not in strict.output, "ten years are enough"
    assert difference(before, snapshot(lab)) == []


def test_check_mode_names_what_would_be_renewed_and_why(lab, cni, authority):
    put(lab, authority.issue("calico-cni", "clientAuth", not_before=days(-350), not_after=days(15)))
    before = snapshot(lab)
    run = cni("--check").succeeded()
    assert (
        "renew, client certificate of calico-cni, it expires in 14 days, the renewal window is 30 days"
        in run.output
    )
    assert difference(before, snapshot(lab)) == []


def test_renewal_reaches_every_node_in_the_same_run(lab, cni, tmp_path):
    old = held_by_all(lab, tmp_path)
    run = cni("--diff").succeeded()
    assert "renewal window is 30 days" in run.output and "PRIVATE KEY" not in run.output
    new = held_by_all(lab, tmp_path)
    assert (
        len({one.fingerprint for one in new.values()}) == 1
        and new[lab.workers[0]].fingerprint != old[lab.workers[0]].fingerprint
    )
    for one in new.values():
        one.works()
    assert all(0 < run.on(worker) <= 4 for worker in lab.workers)
    before = snapshot(lab)
    assert set(cni().succeeded().changed.values()) == {0}
    assert difference(before, snapshot(lab)) == [], "an unchanged run touches nothing"


def test_another_address_of_the_api_server(lab, cni, tmp_path):
    """A second name of the lab's API server, in its certificate and in the hosts' /etc/hosts."""
    address = re.search(
        r"https://([^:]+):6443", held_by_all(lab, tmp_path)[lab.control_plane].server
    ).group(1)
    for host in lab.hosts:
        lab.exec(host, "sh", "-c", "echo %s kubernetes >> /etc/hosts" % address)
    run = cni("--diff", cni_api_server="https://kubernetes:6443").succeeded()
    assert (
        "the API server is https://%s:6443, wanted https://kubernetes:6443" % address in run.output
    )
    for one in held_by_all(lab, tmp_path).values():
        assert one.server == "https://kubernetes:6443"
        one.works()


def test_certificates_shows_expired_missing_missed_and_silent_ones(lab, authority, tmp_path):
    """The Secret's has run out, one node's file is gone, one does not answer, and one still holds
    what the Secret had before.
    """
    put(lab, authority.issue("calico-cni", "clientAuth", not_before=days(-365), not_after=days(-3)))
    lab.exec(lab.workers[0], "rm", KUBECONFIG)
    silent = tmp_path / "silent.ini"
    silent.write_text("%s ansible_port=1\n" % lab.workers[1], encoding="utf-8")
    run = certificates(lab, "-i", silent, cni_api_server="https://kubernetes:6443")
    assert run.returncode != 0 and "Traceback" not in run.output
    for words in (
        "CNI user calico-cni +-[34] .*EXPIRED: it expired on",
        "CNI user on %s .*MISSING: the file is missing" % lab.workers[0],
        "CNI user on %s .*BROKEN: nobody looked" % lab.workers[1],
        "CNI user on %s .*BROKEN: it is another one than the Secret's: this node was missed"
        % lab.control_plane,
    ):
        assert re.search(words, run.output), run.output[-4000:]


def test_each_node_gets_a_credential_of_its_own(lab, cni, tmp_path):
    """From the expired one of all. Rights follow, and those of the old user go when every node has its own."""
    run = cni("-vvv", "--diff", cni_credential_scope="node").succeeded()
    held = held_by_all(lab, tmp_path)
    assert {host: one.subject for host, one in held.items()} == {
        host: "CN=calico-cni:" + host for host in lab.hosts
    }
    for one in held.values():
        one.works()
    keys = {host: one.config["users"][0]["user"]["client-key-data"] for host, one in held.items()}
    assert (
        len(set(keys.values())) == len(lab.hosts)
        and not any(key in run.output for key in keys.values())
        and "PRIVATE KEY" not in run.output
    )
    for host in lab.hosts:
        found = lab.exec(
            host,
            "sh",
            "-c",
            "grep -rlsFf - -D skip /etc/cni /etc/calico /root/.ansible /tmp /var/tmp /var/lib/hardway-calico || true",
            stdin="\n".join(keys[other] for other in lab.hosts if other != host),
        )
        assert found == "", "%s has a key of another node: %s" % (host, found)
        assert KUBECONFIG in lab.exec(host, "grep", "-rlsFf", "-", "/etc/cni", stdin=keys[host]), (
            "the search finds a key"
        )
    assert SECRET not in {
        secret["metadata"]["name"] for secret in lab.objects("secrets", "kube-system")
    }
    assert (
        lab.kubectl("auth", "can-i", "get", "nodes", "--as", "calico-cni", check=False).strip()
        == "no"
    )


def test_one_revoked_node_is_cut_off_and_the_others_are_not(lab, cni, tmp_path):
    revoked = lab.workers[-1]
    before = snapshot(lab)
    cni(cni_credential_scope="node", cni_revoked_nodes=[revoked]).succeeded()
    held = held_by_all(lab, tmp_path)
    for host, one in held.items():
        if host != revoked:
            one.works()
    assert "forbidden" in refusal(lab, held[revoked], "get", "node", revoked)
    assert held[revoked].kubectl("auth", "can-i", "get", "nodes", check=False).strip() == "no"
    changed = difference(before, snapshot(lab))
    assert (
        len(changed) == 2
        and "Secret/kube-system/%s-%s" % (SECRET, revoked) in changed[1]
        and "ClusterRoleBinding//calico-cni" in changed[0]
    ), changed
    report = certificates(lab, cni_credential_scope="node", cni_revoked_nodes=[revoked]).succeeded()
    assert (
        "CNI user on " + revoked not in report.output
        and "CNI user on " + lab.workers[0] in report.output
    )


def test_a_node_joins_alone(lab, cni, tmp_path):
    """It gets a credential and rights in a run for itself; nothing of the others changes."""
    before = held_by_all(lab, tmp_path)
    newcomer = lab.workers[-1]
    cni("--limit", newcomer, cni_credential_scope="node").succeeded()
    after = held_by_all(lab, tmp_path)
    assert {host for host in lab.hosts if after[host].fingerprint != before[host].fingerprint} == {
        newcomer
    }
    for one in after.values():
        one.works()


def test_back_to_one_credential_for_all(lab, cni, tmp_path):
    cni(cni_credential_scope="cluster").succeeded()
    held = held_by_all(lab, tmp_path)
    assert {one.subject for one in held.values()} == {"CN=calico-cni"} and len(
        {one.fingerprint for one in held.values()}
    ) == 1
    for one in held.values():
        one.works()
    assert [
        name
        for secret in lab.objects("secrets", "kube-system")
        if (name := secret["metadata"]["name"]).startswith(SECRET)
    ] == [SECRET]
    for host in lab.hosts:
        assert (
            lab.kubectl(
                "auth", "can-i", "get", "nodes", "--as", "calico-cni:" + host, check=False
            ).strip()
            == "no"
        )


def refusal(lab, held, *arguments):
    """The error of a request that must fail."""
    with pytest.raises(AssertionError) as error:
        held.kubectl(*arguments)
    return str(error.value)


def test_revocation_needs_credentials_of_nodes(lab, cni):
    run = cni(cni_revoked_nodes=[lab.workers[-1]])
    assert run.returncode != 0 and "cni_credential_scope" in run.output and "Remedy" in run.output


def test_no_key_is_left_on_the_controller(lab):
    leftovers = [str(path) for path in pathlib.Path("/dev/shm").glob("hardway-calico-*")]
    assert leftovers == []
