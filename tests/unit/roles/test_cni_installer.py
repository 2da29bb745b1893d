# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who puts the CNI plugin on nodes: what is refused, and what the role cni does then. Ansible itself runs."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import pytest
from checkout import ROOT

IMAGE = {"calico_datastore": "etcd", "calico_cni_installer": "image"}
# What the role calico leaves; without calico_cluster it would look for one now.
LEARNED = {
    "calico_cluster": {"nodes": [], "architectures": []},
    "calico_etcd_access": {},
    "calico_release": {},
}
# Name: (role, entry point or None, variables, words of the refusal; none if it is accepted).
CASES = {
    "unknown": ("calico", None, {"calico_cni_installer": "images"}, ["role or image", "images"]),
    "empty": ("calico", None, {"calico_cni_installer": ""}, ["role or image"]),
    "nothing": ("calico", None, {"calico_cni_installer": None}, ["role or image"]),
    "unknown, with etcd": (
        "calico",
        None,
        {**IMAGE, "calico_cni_installer": "Image"},
        ["role or image", "Image"],
    ),
    "with the Kubernetes API": (
        "calico",
        None,
        {"calico_cni_installer": "image"},
        ["etcd only", "calico_datastore kubernetes"],
    ),
    "image": ("calico", "cni_installer", IMAGE, []),
    "role": ("calico", "cni_installer", {**IMAGE, "calico_cni_installer": "role"}, []),
    "by default": ("calico", "cni_installer", {}, []),
    **{
        "%s, which install-cni knows nothing of" % name: (
            "cni",
            None,
            {**LEARNED, **IMAGE, name: value},
            ["what %s asks for" % name, "1 of them"],
        )
        for name, value in {
            "cni_credential_scope": "node",
            "cni_revoked_nodes": ["cka002"],
            "cni_kubeconfig_path": "/etc/cni/own/calico-kubeconfig",
            "cni_conflist_path": "/etc/cni/net.d/00-calico.conflist",
            "cni_etcd_tls_directory": "/etc/calico/tls",
            "cni_api_server": "https://192.0.2.10:6443",
            "cni_cluster_ca": "PEM",
        }.items()
    },
    # Nothing of it is there: neither an API server nor the node itself is asked for anything.
    "the whole role cni": ("cni", None, {**LEARNED, **IMAGE, "cni_mtu": 1440}, []),
    "what nodes hold": ("cni", "held", {**LEARNED, **IMAGE}, []),
}
# Connected to by nobody.
HOST = {"ansible_host": "192.0.2.12", "ansible_ssh_common_args": "-o ConnectTimeout=1"}


def tasks():
    for name, (role, entry, variables, _words) in CASES.items():
        include = {"name": "hardway.calico." + role, **({"tasks_from": entry} if entry else {})}
        kept = "{{ results | combine({%s: %s}) }}"
        yield {
            "name": name,
            "vars": {"calico_api": {}, **variables},
            "block": [
                {"name": "Run", "ansible.builtin.include_role": include},
                {
                    "name": "Keep",
                    "ansible.builtin.set_fact": {"results": kept % (json.dumps(name), "''")},
                },
            ],
            "rescue": [
                {
                    "name": "Keep what was said",
                    "ansible.builtin.set_fact": {
                        "results": kept % (json.dumps(name), "ansible_failed_result.msg")
                    },
                }
            ],
        }


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installer")
    tell = {
        "name": "Tell",
        "ansible.builtin.copy": {
            "content": "{{ results | to_json }}",
            "dest": str(folder / "results.json"),
            "mode": "0600",
        },
        "delegate_to": "localhost",
    }
    begin = {"name": "Begin", "ansible.builtin.set_fact": {"results": {}}}
    play = {
        "name": "Cases",
        "hosts": "cka001",
        "gather_facts": False,
        "tasks": [begin, *tasks(), tell],
    }
    (folder / "hosts.json").write_text(
        json.dumps({"all": {"children": {"masters": {"hosts": {"cka001": HOST}}}}})
    )
    (folder / "play.yml").write_text(json.dumps([play]))
    done = subprocess.run(
        [
            pathlib.Path(sys.executable).parent / "ansible-playbook",
            "-i",
            folder / "hosts.json",
            folder / "play.yml",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr
    return json.loads((folder / "results.json").read_text())


@pytest.mark.parametrize("name", list(CASES))
def test_what_is_said(results, name):
    words = CASES[name][3]
    for word in [*words, *(["Expected", "Found", "Remedy"] if words else [])]:
        assert word in results[name]
    if not words:
        assert results[name] == ""
