# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every playbook does before it looks for a host. Ansible itself runs; there is no host to reach."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest
import yaml
from checkout import ROOT

PLAYBOOKS = sorted(
    path.stem for path in (ROOT / "playbooks").glob("*.yml") if path.stem != "require_hosts"
)


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_an_inventory_without_its_hosts_is_refused(playbook):
    """Ansible alone would skip the plays and end with 0."""
    run = subprocess.run(
        [
            pathlib.Path(sys.executable).parent / "ansible-playbook",
            "-i",
            "one,",
            "hardway.calico." + playbook,
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == 2, run.stdout + run.stderr
    assert (
        "The inventory has no " in run.stdout
        and "Expected: at least one host that matches" in run.stdout
        and "Remedy: " in run.stdout
    )


def stages(playbook):
    """What a playbook runs after its checks: roles, or entry points of the role upgrade."""
    plays = yaml.safe_load((ROOT / "playbooks" / (playbook + ".yml")).read_text(encoding="utf-8"))
    found = [each["role"].rpartition(".")[2] for play in plays for each in play.get("roles", [])]
    includes = [
        task["ansible.builtin.include_role"]
        for play in plays
        for task in play.get("tasks", [])
        if "ansible.builtin.include_role" in task
    ]
    return found, [each.get("tasks_from", each["name"].rpartition(".")[2]) for each in includes]


def test_kube_controllers_come_after_calico_node():
    assert stages("site")[0] == ["datastore", "cni", "typha", "node", "kube_controllers"]


def test_kube_controllers_are_upgraded_when_nothing_older_is_left():
    """And brought back before anything else: those of 3.32 rename policies into what older nodes do not read."""
    order = [stage for stage in stages("upgrade")[1] if stage != "check"]
    first, last = (position for position, each in enumerate(order) if each == "kube_controllers")
    assert order[:first] == ["prepare"] and {"typha", "nodes", "cni"} == set(
        order[first + 1 : last]
    )
    assert order[last + 1 :] == ["finish"]
    plays = yaml.safe_load((ROOT / "playbooks/upgrade.yml").read_text(encoding="utf-8"))
    conditions = [
        task["when"]
        for play in plays
        for task in play.get("tasks", [])
        if task.get("ansible.builtin.include_role", {}).get("tasks_from") == "kube_controllers"
    ]
    assert conditions == ["upgrade_plan.back", "not upgrade_plan.back"]
