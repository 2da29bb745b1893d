# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook hardway.calico.images, run by Ansible itself; the host of its inventory cannot be reached."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys

import pytest

A, B, C = ("sha256:" + letter * 64 for letter in "abc")
INVENTORY = "masters: {hosts: {cka001: {ansible_host: 192.0.2.1, ansible_ssh_common_args: -o ConnectTimeout=1}}}\n"


@pytest.fixture(name="images")
def images_fixture(tmp_path):
    """(exit code, what it says) with variables, which the inventory has."""

    def run(**variables):
        (tmp_path / "inventory.yml").write_text(INVENTORY)
        (tmp_path / "group_vars").mkdir(exist_ok=True)
        (tmp_path / "group_vars/all.yml").write_text(json.dumps(variables))
        done = subprocess.run(
            [
                pathlib.Path(sys.executable).parent / "ansible-playbook",
                "-i",
                tmp_path / "inventory.yml",
                "hardway.calico.images",
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return done.returncode, done.stdout + done.stderr

    return run


def shown(output):
    return json.loads(re.search(r'"msg": (\{.*?\n    \})\n', output, re.S).group(1))


def test_it_names_every_image_and_upstreams(images):
    code, output = images(
        calico_registry="registry.example.com:5000",
        calico_image_path="mirror",
        calico_image_prefix="calico-",
        calico_image_digests={"v3.32.1": {"node": A, "typha": B, "kube_controllers": C}},
    )
    assert code == 0, output
    found = shown(output)
    mine = "registry.example.com:5000/mirror/calico-"
    assert found["runs"]["node"] == mine + "node:v3.32.1@" + A
    assert found["runs"]["typha"] == mine + "typha:v3.32.1@" + B
    assert found["upstream"]["node"] == "quay.io/calico/node:v3.32.1"
    assert set(found["upstream"]) == set(found["runs"])
    assert "cka001" in output and "UNREACHABLE" not in output


def test_a_whole_image_goes_before_all(images):
    code, output = images(typha_image="registry.example.com/own/typha:v1", calico_version="v3.30.7")
    assert code == 0, output
    assert shown(output)["runs"]["typha"] == "registry.example.com/own/typha:v1"
    assert shown(output)["runs"]["node"] == "docker.io/calico/node:v3.30.7"


def test_what_is_malformed_is_named(images):
    code, output = images(calico_image_digests={"v3.32.1": {"node": A, "thypa": B}})
    assert code == 2
    assert "calico_image_digests is malformed. Expected: components of cni" in output
    assert "Found: 'thypa'" in output


@pytest.mark.parametrize(
    ("variables", "components"),
    [
        ({}, {"node", "typha", "kube_controllers"}),
        ({"kube_controllers_enabled": False}, {"node", "typha"}),
        ({"calico_datastore": "etcd"}, {"node", "kube_controllers"}),
        (
            {"calico_datastore": "etcd", "calico_cni_installer": "image"},
            {"node", "cni", "kube_controllers"},
        ),
    ],
)
def test_it_names_what_runs_and_nothing_else(images, variables, components):
    code, output = images(**variables)
    assert code == 0, output
    assert set(shown(output)["runs"]) == components
