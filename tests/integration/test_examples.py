# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every module's EXAMPLES run on a lab, but for the one that needs upstream's server.

Addresses and files that an example cannot know are replaced by the lab's; nothing else is.
"""

from __future__ import annotations

import base64
import json
import re
import urllib.request

import openssl_oracle
import pytest
from hardway_testbed.ansible import play, write_playbook
from hardway_testbed.etcd import Etcd
from hardway_testbed.lab import ROOT

ON_NODES = ("cni_binaries", "cni_conflist", "cni_kubeconfig", "cni_kubeconfig_info")
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))
NEEDS_INTERNET = "- name: Get the release from upstream\n"

PLAY = """
- hosts: {hosts}
  gather_facts: false
  tasks:
    - name: Have a credential for the examples
      hardway.calico.cni_credential:
        kubeconfig: "{{{{ lookup('ansible.builtin.file', '{kubeconfig}') | from_yaml }}}}"
        cluster_ca: "{{{{ lookup('ansible.builtin.file', '{ca}') }}}}"
        return_content: true
      delegate_to: localhost
      register: cni_credential
      no_log: true
{examples}
"""


def examples(module):
    source = (ROOT / "plugins/modules" / (module + ".py")).read_text(encoding="utf-8")
    text = re.search(r'^EXAMPLES = r"""\n(.*?)^"""', source, re.M | re.S).group(1)
    blocks = re.split(r"(?m)^(?=- name: )", text)
    return "".join(block for block in blocks if not block.startswith(NEEDS_INTERNET))


def fitted(text, lab, ca):
    """The examples with the lab's addresses and digests."""
    mirror = lab.status["release_url"]
    text = re.sub(r"https?://mirror\.example\.com(/calico)?", mirror, text)
    text = text.replace(
        "https://10.0.0.11:6443", "https://%s:6443" % mirror.split("//")[1].split(":")[0]
    )
    text = re.sub(
        r"'ansible.builtin.file', '[^']*ca\.crt'", "'ansible.builtin.file', '%s'" % ca, text
    )
    # A CA, the directory of a CA, and a company's own CA.
    if "/etc/hardway/etcd-ca.pem" in text:
        certificate, key = openssl_oracle.make_ca("etcd")
        for name, pem in (
            ("etcd-ca.pem", certificate),
            ("calico-cni.pem", certificate),
            ("calico-cni.key", key),
        ):
            (ca.parent / name).write_text(pem)
    text = text.replace("/etc/hardway/", str(ca.parent) + "/")
    if "/etc/pki/company" in text:
        root = openssl_oracle.make_ca("Company Root")
        issuing = openssl_oracle.make_intermediate("Company Issuing CA", root)
        for name, pem in (
            ("root.pem", root[0]),
            ("issuing.pem", issuing[0]),
            ("issuing.key", issuing[1]),
        ):
            (ca.parent / name).write_text(pem)
        text = text.replace("/etc/pki/company", str(ca.parent))
    # The stand-in release's files are not upstream's.
    text = text.replace("differs_from_upstream: fail", "differs_from_upstream: warn")
    for arch, digest in re.findall(r"(amd64|arm64): ([0-9a-f]{64})", text):
        url = "%s/cni-plugins/v1.9.1/cni-plugins-linux-%s-v1.9.1.tgz.sha256" % (mirror, arch)
        with urllib.request.urlopen(url, timeout=10) as answer:
            text = text.replace(digest, answer.read().decode().split()[0])
    return text


@pytest.fixture(scope="module")
def etcd(tmp_path_factory):
    """The etcd that examples with Calico's data in etcd speak of."""
    found = Etcd(tmp_path_factory.mktemp("etcd")).up()
    yield found
    found.down()


def with_etcd(text, etcd):
    for number, endpoint in enumerate(etcd.endpoints):
        text = text.replace("https://192.0.2.1%d:2379" % (number + 1), endpoint)
    certificate, key = etcd.pairs["calico"]
    for name, path in (("ca.crt", etcd.ca), ("calico.crt", certificate), ("calico.key", key)):
        text = text.replace("/etc/etcd/" + name, path)
    return text


@pytest.fixture(scope="module")
def installed(lab):
    play(lab).succeeded()
    return lab


@pytest.mark.parametrize("module", MODULES)
def test_examples_run(installed, tmp_path, module, request):
    ca = tmp_path / "cluster-ca.crt"
    config = json.loads(installed.kubectl("config", "view", "--raw", "-o", "json"))
    ca.write_bytes(base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"]))
    given = fitted(examples(module), installed, ca)
    if "datastore_type: etcdv3" in given:
        given = with_etcd(given, request.getfixturevalue("etcd"))
    tasks = "".join("    " + line if line.strip() else line for line in given.splitlines(True))
    assert "hardway.calico.%s:" % module in tasks
    text = PLAY.format(
        hosts=installed.workers[0] if module in ON_NODES else "localhost",
        kubeconfig=installed.kubeconfig,
        ca=ca,
        examples=tasks,
    )
    play(
        installed, playbook=write_playbook(tmp_path, text), K8S_AUTH_KUBECONFIG=installed.kubeconfig
    ).succeeded()
