# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a role on its own gets of the certificates of etcd's clients. Ansible itself runs, on a stand-in API."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import pathlib
import re
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
NEW, KUBEADMS = oracle.make_ca("members"), oracle.make_ca("etcd-ca")


def secret(consumer, ca, days=365, servers=None):
    name, common_name = NAMES[consumer]
    texts = (servers or ca[0], *oracle.make_leaf(common_name, ca, "clientAuth", days=days))
    keys = ("etcd-ca", "etcd-cert", "etcd-key")
    data = {key: base64.b64encode(text.encode()).decode() for key, text in zip(keys, texts)}
    metadata = {"name": name, "namespace": "kube-system", "labels": LABELS, "resourceVersion": "7"}
    return {"metadata": metadata, "type": "Opaque", "data": data}


def given(ca, *consumers):
    """calico_etcd_certificates"""
    names = ("certificate_content", "key_content")
    return {
        who: dict(zip(names, oracle.make_leaf(NAMES[who][1], ca, "clientAuth")))
        for who in consumers
    }


def given_alone(*consumers):
    """Variables of an inventory that has certificates of these clients, and no CA of clients."""
    return {
        "calico_etcd_ca_content": NEW[0],
        "calico_etcd_certificates": given(NEW, *consumers),
    }


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
# Name: (variables, the clients that certificates are asked of).
IN_USE = {
    "without kube-controllers": (
        {
            **given_alone("node", "cni", "calicoctl", "collection"),
            "kube_controllers_enabled": False,
        },
        set(NAMES) - {"kube_controllers"},
    ),
    "without calicoctl": (
        {
            **given_alone("node", "cni", "kube_controllers", "collection"),
            "datastore_calicoctl": False,
        },
        set(NAMES) - {"calicoctl"},
    ),
    "issued without kube-controllers": (
        {"kube_controllers_enabled": "false"},
        set(NAMES) - {"kube_controllers"},
    ),
    "kube-controllers came later in the run": (
        {"kube_controllers_enabled": "{{ later | default(false) }}"},
        set(NAMES),
    ),
}
# Name: (variables, words of the refusal).
REFUSED = {
    "certificates of the CA of Kubernetes' etcd": (
        {
            "calico_etcd_endpoints": [],
            "calico_etcd_discovery_srv": "example.com",
            "calico_etcd_ca_content": NEW[0],
            "calico_etcd_certificates": given(KUBEADMS, *NAMES),
        },
        ["every Secret", "the certificate of cni", "calico_etcd_is_kubernetes"],
    ),
    "no certificate for kube-controllers": (
        given_alone("node", "cni", "calicoctl", "collection"),
        ["kube_controllers: it does not exist"],
    ),
}


def host_of(name):
    return re.sub("[^a-z]", "_", name)


def play(name, result):
    role = {"name": "hardway.calico.calico", "public": True}
    # What is of no more use when the clients' certificates are known.
    left = ("calico_etcd_access", "__calico_etcd_trial", "__calico_etcd_contents")
    found = (
        "{{ {'access': __calico_datastore_access, 'clients': calico_etcd_clients, 'left': [%s]} | to_json }}"
        % ", ".join("%s | default({})" % name for name in left)
    )
    steps = [
        {"name": step, "ansible.builtin.include_role": {**role, "tasks_from": step}}
        for step in ("etcd", "etcd_certificates")
    ]
    later = {**steps[-1], "vars": {"later": True}}
    tell = {
        "name": "Tell",
        "ansible.builtin.copy": {"content": found, "dest": result, "mode": "0600"},
        "check_mode": False,
        "no_log": True,
    }
    refusal = "{{ {'msg': ansible_failed_result.msg | default('nothing')} | to_json }}"
    go_on = {
        "name": "Keep what was said",
        "ansible.builtin.copy": {"content": refusal, "dest": result, "mode": "0600"},
        "check_mode": False,
    }
    case = {"name": name, "block": [*steps, later, tell], "rescue": [go_on]}
    return {"name": name, "hosts": name, "gather_facts": False, "tasks": [case]}


@pytest.fixture(scope="module")
def ca():
    return oracle.make_ca("etcd-ca")


@pytest.fixture(scope="module")
def results(tmp_path_factory, ca):
    """{case: {"access", "clients", "writes"}}, and what was put out."""
    folder = tmp_path_factory.mktemp("clients")
    hosts, plays, wires = {}, [], {}
    no_ca = {"calico_etcd_client_ca_content": "", "calico_etcd_client_ca_key_content": ""}
    issuing = dict(zip(no_ca, ca))
    (folder / "kubeadm.crt").write_text(KUBEADMS[0])
    # The file of kubeadm's etcd is any that is there.
    own = {
        "__calico_kubeadm_etcd": str(folder / "kubeadm.crt"),
        "__calico_kubeadm_etcd_ca": str(folder / "kubeadm.crt"),
    }
    with contextlib.ExitStack() as stack:
        others = {name: ({}, case[0]) for name, case in {**REFUSED, **IN_USE}.items()}
        for name, (days, variables) in {**CASES, **others}.items():
            host = host_of(name)
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
                "calico_control_plane_group": host if name in REFUSED else "nobody",
                **(no_ca if "calico_etcd_certificates" in variables else issuing),
                "calico_api": {"kubeconfig": kubeconfig},
                "calico_cluster": {"nodes": []},
                **variables,
            }
            plays.append(play(host, str(folder / (host + ".json"))))
        (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
        (folder / "play.yml").write_text(json.dumps(plays))
        command = [pathlib.Path(sys.executable).parent / "ansible-playbook", "--check", "--diff"]
        done = subprocess.run(
            [*command, "-i", folder / "hosts.yml", folder / "play.yml", "-e", json.dumps(own)],
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
            cwd=ROOT,
            env={**os.environ, "ANSIBLE_PIPELINING": "true"},
        )
    found = {"output": done.stdout + done.stderr}
    for name, wire in wires.items():
        path = folder / (host_of(name) + ".json")
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


@pytest.mark.parametrize("name", [*CASES, *IN_USE])
def test_what_is_of_no_more_use_is_forgotten(results, name):
    """As what a task registers stays a variable of every host of the play."""
    assert results[name]["left"] == [{}, {}, {}]


@pytest.mark.parametrize("name", list(IN_USE))
def test_only_clients_in_use_are_asked_for(results, name):
    clients = results[name].get("clients", results[name])
    assert set(clients["hashes"]) == IN_USE[name][1], results["output"][-3000:]


@pytest.mark.parametrize("name", list(REFUSED))
def test_refused(results, name):
    for words in [*REFUSED[name][1], "Expected", "Found", "Remedy"]:
        assert words in results[name]["msg"], results["output"][-3000:]
    assert results[name]["writes"] == []


def test_no_key_is_put_out(results):
    assert "PRIVATE KEY" not in results["output"]
