# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role calico refuses of an etcd, before anything is written and without asking it. Ansible itself runs."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import pytest
import yaml
from checkout import ROOT

PASSWORD = "a password, which nobody may see".replace(" ", "-")
FINE = ["https://192.0.2.51:2379", "https://192.0.2.52:2379"]


def pem(name, newline="\n"):
    """Something with a PEM certificate's shape."""
    lines = ["-----BEGIN CERTIFICATE-----", name, "-----END CERTIFICATE-----", ""]
    return newline.join(lines)


# Name: (variables, words of the refusal).
REFUSED = {
    "nothing is said": ({}, ["calico_etcd_endpoints", "calico_etcd_discovery_srv", "0 endpoints"]),
    "both": (
        {"calico_etcd_endpoints": FINE, "calico_etcd_discovery_srv": "example.com"},
        ["2 endpoints", "the domain example.com"],
    ),
    "http": (
        {"calico_etcd_endpoints": [FINE[0], "http://192.0.2.52:2379"]},
        ["without TLS", "http://192.0.2.52:2379"],
    ),
    "no URL": ({"calico_etcd_endpoints": ["192.0.2.52:2379"]}, ["without TLS", "192.0.2.52:2379"]),
    **{
        "an endpoint with %s" % what: (
            {"calico_etcd_endpoints": [FINE[0], endpoint]},
            ["1 of calico_etcd_endpoints", "user"],
        )
        for what, endpoint in {
            "a password": "https://root:%s@192.0.2.52:2379" % PASSWORD,
            "a path": "https://192.0.2.52:2379/calico",
            "another behind it": "https://192.0.2.52:2379,https://192.0.2.11:2379",
        }.items()
    },
    "endpoints as text": (
        {"calico_etcd_endpoints": ",".join(FINE)},
        ["calico_etcd_endpoints is no list"],
    ),
    **{
        "the etcd of Kubernetes by %s" % what: (
            {"calico_etcd_endpoints": [FINE[0], "https://%s" % address]},
            ["every Secret", address, "calico_etcd_is_kubernetes", "no authentication"],
        )
        for what, address in {
            "the node's address": "192.0.2.11:2379",
            "the node's address without a port": "192.0.2.11",
            "the host's address": "192.0.2.12:2379",
            "the host's name": "cp1:2379",
            "the name of a host with capitals": "zone-b:2379",
            "the API server's address": "192.0.2.10:2379",
            "a control plane's address that the inventory has not": "192.0.2.13:2379",
            "a control plane's name in Kubernetes": "ip-192-0-2-13.example:2379",
            "the loopback": "127.0.0.1:2379",
            "another loopback": "127.0.0.2:2379",
            "the loopback's name": "localhost:2379",
            "the loopback's whole name": "localhost.:2379",
            "the loopback of IPv6": "[::1]:2379",
        }.items()
    },
    "half a CA": (
        {"calico_etcd_endpoints": FINE, "calico_etcd_client_ca_content": "CA"},
        ["by half", "calico_etcd_client_ca_key_content"],
    ),
    "no CA on the control plane": (
        {"calico_etcd_endpoints": FINE, "calico_etcd_pki_directory": "/nowhere"},
        ["/nowhere/ca.crt", "cp1", "calico_etcd_certificates"],
    ),
    "the CA of Kubernetes' etcd": (
        {"calico_etcd_endpoints": FINE, "calico_etcd_pki_directory": "KUBEADM"},
        ["every Secret", "calico_etcd_pki_directory", "which kubeadm made for its etcd"],
    ),
    "the same as text": (
        {
            "calico_etcd_endpoints": FINE,
            "calico_etcd_client_ca_content": pem("kubeadm"),
            "calico_etcd_client_ca_key_content": "k",
        },
        ["every Secret"],
    ),
    "the CA of Kubernetes' etcd among others": (
        {
            "calico_etcd_endpoints": FINE,
            "calico_etcd_client_ca_content": pem("another")
            + "\r\n# old\r\n"
            + pem("kubeadm", "\r\n"),
            "calico_etcd_client_ca_key_content": "k",
        },
        ["every Secret"],
    ),
    "certificates without the members' CA": (
        {"calico_etcd_endpoints": FINE, "calico_etcd_certificates": {"node": {}}},
        ["calico_etcd_ca_content"],
    ),
}
# Name: (variables, the CA of the members and of the clients afterwards).
ACCEPTED = {
    "from a directory": (
        {"calico_etcd_endpoints": FINE, "calico_etcd_pki_directory": "OWN"},
        ("CA of its own\n", "CA of its own\n"),
    ),
    "by SRV": (
        {"calico_etcd_discovery_srv": "example.com", "calico_etcd_pki_directory": "OWN"},
        ("CA of its own\n", "CA of its own\n"),
    ),
    "two CAs, as text": (
        {
            "calico_etcd_endpoints": FINE,
            "calico_etcd_ca_content": "members' CA",
            "calico_etcd_client_ca_content": "clients' CA",
            "calico_etcd_client_ca_key_content": "k",
        },
        ("members' CA", "clients' CA"),
    ),
    "certificates": (
        {
            "calico_etcd_endpoints": FINE,
            "calico_etcd_ca_content": "members' CA",
            "calico_etcd_certificates": {"node": {}},
        },
        ("members' CA", ""),
    ),
    "a worker's address": (
        {"calico_etcd_endpoints": ["https://192.0.2.53:2379"], "calico_etcd_pki_directory": "OWN"},
        ("CA of its own\n", "CA of its own\n"),
    ),
    "another port": (
        {"calico_etcd_endpoints": ["https://192.0.2.11:12379"], "calico_etcd_pki_directory": "OWN"},
        ("CA of its own\n", "CA of its own\n"),
    ),
    "the etcd of Kubernetes, asked for twice": (
        {
            "calico_etcd_endpoints": ["https://192.0.2.11:2379"],
            "calico_etcd_is_kubernetes": True,
            "calico_etcd_pki_directory": "KUBEADM",
        },
        (pem("kubeadm"), pem("kubeadm")),
    ),
}
HOST = {
    "ansible_connection": "local",
    "ansible_host": "192.0.2.12",
    "ansible_python_interpreter": sys.executable,
}
KUBECONFIG = {"clusters": [{"cluster": {"server": "https://192.0.2.10:6443"}}]}
NODES = [
    {"name": "cp1", "internal_ips": ["192.0.2.11"], "control_plane": False},
    {"name": "ip-192-0-2-13.example", "internal_ips": ["192.0.2.13"], "control_plane": True},
    {"name": "worker", "internal_ips": ["192.0.2.53"], "control_plane": False},
]
SECRET = "key of a CA, which nobody may see"


def tasks(folder):
    """A play's tasks: each case in a block of its own, whose outcome goes into results[name]."""
    places = {"KUBEADM": str(folder / "kubeadm"), "OWN": str(folder / "own")}
    for name, (variables, _expected) in {**REFUSED, **ACCEPTED}.items():
        filled = {
            key: places.get(value, value) if isinstance(value, str) else value
            for key, value in variables.items()
        }
        yield {
            "name": name,
            "vars": {"calico_datastore": "etcd", "calico_etcd_access": None, **filled},
            "block": [
                {
                    "name": "Check",
                    "ansible.builtin.include_role": {
                        "name": "hardway.calico.calico",
                        "tasks_from": "etcd",
                    },
                },
                {
                    "name": "Keep",
                    "ansible.builtin.set_fact": {
                        "results": "{{ results | combine({%s: [found.server_ca, found.client_ca, files]}) }}"
                        % json.dumps(name)
                    },
                    "vars": {
                        "found": "{{ calico_etcd_access }}",
                        "files": "{{ __calico_etcd_ca_files | default({}) }}",
                    },
                },
            ],
            "rescue": [
                {
                    "name": "Keep what was said",
                    "ansible.builtin.set_fact": {
                        "results": "{{ results | combine({%s: ansible_failed_result.msg}) }}"
                        % json.dumps(name)
                    },
                }
            ],
        }


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("etcd")
    for name, text in (("kubeadm", pem("kubeadm")), ("own", "CA of its own\n")):
        (folder / name).mkdir()
        (folder / name / "ca.crt").write_text(text)
        (folder / name / "ca.key").write_text(SECRET)
    (folder / "etcd.yaml").write_text("kind: Pod\n")
    variables = {
        "results": {},
        "calico_control_plane_group": "masters",
        "calico_api": {"kubeconfig": KUBECONFIG},
        "calico_cluster": {"nodes": NODES},
    }
    own = {
        "__calico_kubeadm_etcd": str(folder / "etcd.yaml"),
        "__calico_kubeadm_etcd_ca": str(folder / "kubeadm/ca.crt"),
    }
    play = {
        "name": "Cases",
        "hosts": "cp1",
        "gather_facts": False,
        "tasks": [
            {"name": "Begin", "ansible.builtin.set_fact": variables},
            *tasks(folder),
            {
                "name": "Tell",
                "ansible.builtin.copy": {
                    "content": "{{ results | to_json }}",
                    "dest": str(folder / "results.json"),
                    "mode": "0600",
                },
            },
        ],
    }
    inventory = {"all": {"children": {"masters": {"hosts": {"cp1": HOST, "zone-B": HOST}}}}}
    (folder / "hosts.yml").write_text(yaml.safe_dump(inventory))
    (folder / "play.yml").write_text(json.dumps([play]))
    done = subprocess.run(
        [
            pathlib.Path(sys.executable).parent / "ansible-playbook",
            "-i",
            folder / "hosts.yml",
            folder / "play.yml",
            "-e",
            json.dumps(own),
            "-vvv",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr
    return {**json.loads((folder / "results.json").read_text()), "output": done.stdout}


@pytest.mark.parametrize("name", list(REFUSED))
def test_refused(results, name):
    message = results[name]
    assert isinstance(message, str), message
    for word in [*REFUSED[name][1], "Expected", "Found", "Remedy"]:
        assert word in message, message


@pytest.mark.parametrize("name", list(ACCEPTED))
def test_accepted(results, name):
    assert results[name][:2] == list(ACCEPTED[name][1])


@pytest.mark.parametrize("name", list(ACCEPTED))
def test_the_cas_files_are_forgotten(results, name):
    """What a task registers is a variable of every host of the play, and stays one."""
    files = results[name][2]
    assert files == {} or files.get("skipped"), files


def test_the_cas_key_is_nowhere_in_the_output(results):
    assert SECRET not in results["output"]


def test_an_endpoints_password_is_not_said_again(results):
    assert PASSWORD not in results["an endpoint with a password"]


def test_all_calls_for_certificates_agree():
    """A second call with another renewal window or CN would refuse or bemoan what the first has made."""
    shared = yaml.safe_load((ROOT / "roles/calico/vars/main.yml").read_text())[
        "__calico_etcd_certificate_options"
    ]
    calls = [
        task
        for path in sorted((ROOT / "roles").glob("*/tasks/*.yml"))
        for task in yaml.safe_load(path.read_text()) or []
        if "hardway.calico.etcd_certificates" in task
    ]
    assert len(calls) == 3
    assert set(shared) == {"namespace", "common_names", "leaf_lifetime_days", "renewal_days"}
    for task in calls:
        defaults = task["module_defaults"]["hardway.calico.etcd_certificates"]
        assert defaults == "{{ __calico_etcd_certificate_options }}"
        assert not set(shared) & set(task["hardway.calico.etcd_certificates"])
