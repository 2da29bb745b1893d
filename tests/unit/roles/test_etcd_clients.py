# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a role on its own gets of the certificates of etcd's clients. Ansible itself runs, on a stand-in API."""

from __future__ import annotations

import base64
import contextlib
import json
import pathlib
import subprocess
import sys

import openssl_oracle as oracle
import pytest
import yaml
from api_server import serve
from checkout import ROOT
from recorded_api import RecordedApi

SECRETS = "/api/v1/namespaces/kube-system/secrets"
NAMES = {
    "node": ("calico-etcd-secrets", "calico-node"),
    "cni": ("calico-etcd-cni", "calico-cni"),
    "kube_controllers": ("calico-etcd-kube-controllers", "calico-kube-controllers"),
    "calicoctl": ("calico-etcd-calicoctl", "calicoctl"),
    "collection": ("calico-etcd-collection", "hardway-calico"),
}
LABELS = {"app.kubernetes.io/managed-by": "hardway.calico"}
NEW = oracle.make_ca("members")


def secret(consumer, ca, days=365, servers=None):
    name, common_name = NAMES[consumer]
    texts = (servers or ca[0], *oracle.make_leaf(common_name, ca, "clientAuth", days=days))
    keys = ("etcd-ca", "etcd-cert", "etcd-key")
    data = {key: base64.b64encode(text.encode()).decode() for key, text in zip(keys, texts)}
    metadata = {"name": name, "namespace": "kube-system", "labels": LABELS, "resourceVersion": "7"}
    return {"metadata": metadata, "type": "Opaque", "data": data}


# Name: (days left to each client that holds a certificate, variables).
CASES = {
    "none yet": ({}, {}),
    "all are fine": (dict.fromkeys(NAMES, 300), {}),
    "that of calico/node has ended": ({**dict.fromkeys(NAMES, 300), "node": 0}, {}),
    "all have ended": (dict.fromkeys(NAMES, 0), {}),
    "forced": (dict.fromkeys(NAMES, 300), {"calico_etcd_force": True}),
    "another CA of the members": (
        dict.fromkeys(NAMES, 300),
        {"calico_etcd_ca_content": NEW[0]},
    ),
}


def play(name, result):
    role = {"name": "hardway.calico.calico", "public": True}
    found = "{{ {'access': __calico_datastore_access, 'clients': calico_etcd_clients} | to_json }}"
    steps = [
        {"name": step, "ansible.builtin.include_role": {**role, "tasks_from": step}}
        for step in ("etcd", "etcd_certificates")
    ]
    tell = {
        "name": "Tell",
        "ansible.builtin.copy": {"content": found, "dest": result, "mode": "0600"},
        "check_mode": False,
        "no_log": True,
    }
    go_on = {"name": "Let the next case run", "ansible.builtin.debug": {"msg": "failed"}}
    case = {"name": name, "block": [*steps, tell], "rescue": [go_on]}
    return {"name": name, "hosts": name, "gather_facts": False, "tasks": [case]}


@pytest.fixture(scope="module")
def ca():
    return oracle.make_ca("etcd-ca")


@pytest.fixture(scope="module")
def results(tmp_path_factory, ca):
    """{case: {"access", "clients", "writes"}}, and what was put out."""
    folder = tmp_path_factory.mktemp("clients")
    hosts, plays, wires = {}, [], {}
    with contextlib.ExitStack() as stack:
        for name, (days, variables) in CASES.items():
            host = name.replace(" ", "_").replace("/", "_")
            objects = {
                "%s/%s" % (SECRETS, NAMES[who][0]): secret(who, ca, left)
                for who, left in days.items()
            }
            wires[name] = stack.enter_context(serve(RecordedApi(objects, served={SECRETS})))
            # Names that are found nowhere else, as the role has them, since Ansible masks them.
            cluster = {"name": "hardway-c", "cluster": {"server": wires[name].url}}
            context = {
                "name": "hardway-x",
                "context": {"cluster": "hardway-c", "user": "hardway-u"},
            }
            kubeconfig = {
                "clusters": [cluster],
                "contexts": [context],
                "users": [{"name": "hardway-u", "user": {"token": "a-token"}}],
                "current-context": "hardway-x",
            }
            hosts[host] = {
                "ansible_connection": "local",
                "ansible_python_interpreter": sys.executable,
                "calico_datastore": "etcd",
                "calico_etcd_endpoints": ["https://192.0.2.51:2379"],
                "calico_etcd_client_ca_content": ca[0],
                "calico_etcd_client_ca_key_content": ca[1],
                "calico_api": {"kubeconfig": kubeconfig},
                "calico_cluster": {"nodes": []},
                **variables,
            }
            plays.append(play(host, str(folder / (host + ".json"))))
        (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
        (folder / "play.yml").write_text(json.dumps(plays))
        command = [pathlib.Path(sys.executable).parent / "ansible-playbook", "--check", "--diff"]
        done = subprocess.run(
            [*command, "-i", folder / "hosts.yml", folder / "play.yml"],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            cwd=ROOT,
        )
    found = {"output": done.stdout + done.stderr}
    for name, wire in wires.items():
        path = folder / (name.replace(" ", "_").replace("/", "_") + ".json")
        told = json.loads(path.read_text()) if path.exists() else {}
        found[name] = {**told, "writes": wire.writes}
    return found


@pytest.mark.parametrize("name", list(CASES))
def test_a_check_run_can_look_into_etcd(results, ca, name):
    """With what is there as long as it works, else with a certificate for an hour that is stored nowhere."""
    assert "access" in results[name], results["output"][-3000:]
    access = results[name]["access"]
    certificate = access["etcd_cert_content"]
    oracle.verify(certificate, ca[0], "sslclient")
    assert "Subject: CN=hardway-calico\n" in oracle.text(certificate)
    assert oracle.public_key(certificate=certificate) == oracle.public_key(
        key=access["etcd_key_content"]
    )
    assert (CASES[name][1].get("calico_etcd_ca_content") or ca[0]) in access["etcd_ca_cert_content"]
    assert results[name]["writes"] == []


@pytest.mark.parametrize("name", list(CASES))
def test_a_check_run_knows_what_hosts_keep(results, name):
    """Of a client whose certificate is to be renewed nothing is known yet, of the others what they hold."""
    kept = set(results[name]["clients"]["content"]) - {"collection"}
    some = name in ("all are fine", "that of calico/node has ended")
    assert kept == ({"cni", "calicoctl"} if some else set())


def test_no_key_is_put_out(results):
    assert "PRIVATE KEY" not in results["output"]
