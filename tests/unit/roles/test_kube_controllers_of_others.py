# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role kube_controllers does with what somebody else made. Ansible itself runs; no API server answers."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import pytest
import yaml
from checkout import ROOT
from rendered_roles import rendered

KINDS = ["Deployment", "PodDisruptionBudget", "ServiceAccount", "ClusterRole", "ClusterRoleBinding"]
TEMPLATES = ("templates/rbac.yaml.j2", "templates/deployment.yaml.j2")
LABEL = "app.kubernetes.io/managed-by"
OURS = {"matchLabels": {"k8s-app": "calico-kube-controllers"}}
ASKED = "Remove what this role made of kube-controllers"
# Name: (whether they run, what others made, selector and strategy of the Deployment).
CASES = {
    "off, nothing": (False, [], {}, ""),
    "off, the Deployment": (False, ["Deployment", "ClusterRole"], OURS, "RollingUpdate"),
    "off, the rights": (False, ["ServiceAccount", "ClusterRole"], {}, ""),
    "on, as upstream's": (True, ["Deployment"], OURS, "Recreate"),
    "on, another selector": (True, ["Deployment"], {"matchLabels": {"app": "theirs"}}, "Recreate"),
    "on, another strategy": (True, ["Deployment"], OURS, "RollingUpdate"),
}


def foreign(kinds, selector=None, strategy="Recreate"):
    return [
        {"kind": kind, "selector": selector or OURS, "strategy": strategy}
        if kind == "Deployment"
        else {"kind": kind, "selector": {}, "strategy": ""}
        for kind in kinds
    ]


@pytest.fixture(scope="module", name="said")
def said_fixture(tmp_path_factory):
    """{case: what Ansible put out in a run of the role, entry point check before main}."""
    folder = tmp_path_factory.mktemp("foreign")
    role = {"name": "hardway.calico.kube_controllers"}
    plays = [
        {
            "name": name,
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {
                "calico_api": {"kubeconfig": {}, "host": "https://127.0.0.1:1", "api_key": "k"},
                "calico_cluster": {"foreign_kube_controllers": foreign(kinds, *deployment)},
                "calico_namespace": "net",
                "kube_controllers_enabled": on,
            },
            "tasks": [
                {
                    "name": name,
                    "block": [
                        {"ansible.builtin.include_role": {**role, "tasks_from": "check"}},
                        {"ansible.builtin.include_role": role},
                    ],
                    "rescue": [{"ansible.builtin.debug": {"msg": "failed"}}],
                }
            ],
        }
        for name, (on, kinds, *deployment) in CASES.items()
    ]
    (folder / "plays.yml").write_text(json.dumps(plays), encoding="utf-8")
    done = subprocess.run(
        [pathlib.Path(sys.executable).parent / "ansible-playbook", folder / "plays.yml"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=ROOT,
    )
    parts = done.stdout.split("\nPLAY [")[1:]
    assert len(parts) == len(CASES), done.stdout + done.stderr
    return dict(zip(CASES, parts))


def asked(text, task):
    """Whether a task was not skipped."""
    return "fatal" in text.partition("TASK [hardway.calico.kube_controllers : %s]" % task)[2]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case[0]])
def test_off_what_others_made_stays_with_what_it_needs(said, name):
    kinds = CASES[name][1]
    text = " ".join(said[name].split())
    assert asked(said[name], ASKED) == ("Deployment" not in kinds)
    assert ("what something else made stays" in text) == bool(kinds)
    if kinds:
        assert "%s calico-kube-controllers" % ", ".join(kinds) in text
        assert "with the labels" in text and "%s=hardway.calico" % LABEL in text
    assert ("goes on running" in text) == ("Deployment" in kinds)


@pytest.mark.parametrize(
    ("name", "found"),
    [("on, another selector", "theirs"), ("on, another strategy", "RollingUpdate")],
)
def test_on_a_deployment_is_taken_over_unless_the_api_server_would_not_let_it(said, name, found):
    refusal = "which something else made, cannot be taken over"
    assert refusal not in said["on, as upstream's"]
    text = said[name]
    for word in (refusal, "Expected: ", "Found: ", found, "Remedy: delete"):
        assert word in text
    # By the entry point check, before any role has written.
    assert asked(text, "Refuse a Deployment that cannot be taken over")


def test_what_is_taken_over_does_not_get_the_label_that_it_would_be_removed_by():
    variables = [
        {"calico_cluster": {"foreign_kube_controllers": foreign(kinds)}}
        for kinds in ([], *([kind] for kind in KINDS), KINDS)
    ]
    documents = rendered(
        *(("kube_controllers", path, given) for given in variables for path in TEMPLATES)
    )
    for number, given in enumerate(variables):
        others = {each["kind"] for each in given["calico_cluster"]["foreign_kube_controllers"]}
        objects = documents[2 * number] + documents[2 * number + 1]
        assert len(objects) == len(KINDS)
        for item in objects:
            assert (LABEL in item["metadata"]["labels"]) == (item["kind"] not in others)
            assert item["metadata"]["name"] == "calico-kube-controllers"


def test_what_is_removed_carries_the_label():
    tasks = yaml.safe_load(
        (ROOT / "roles/kube_controllers/tasks/removal.yml").read_text(encoding="utf-8")
    )
    (removal,) = [task for task in tasks if task["name"] == ASKED]
    assert "__kube_controllers_labels" in removal["kubernetes.core.k8s"]["label_selectors"]
