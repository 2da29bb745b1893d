# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which hosts the playbooks and roles work on, by the lookup hosts. Ansible itself runs; nothing is done on a host."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys

import pytest
import yaml
from checkout import ROOT

PLAYBOOKS = sorted(
    path.stem for path in (ROOT / "playbooks").glob("*.yml") if path.stem != "require_hosts"
)
OURS = {
    "top": "brains",
    "calico_control_plane_group": "{{ top }}",
    "calico_nodes": "brains:muscles",
}
# The guard that the collection's playbooks begin with, a play as theirs are, and a role's own view.
PLAYS = """
- name: Require hosts
  import_playbook: %s/playbooks/require_hosts.yml
  vars:
    require_hosts: [calico_control_plane_group, calico_nodes]
- name: The control plane
  hosts: "{{ lookup('hardway.calico.hosts', 'calico_control_plane_group') }}"
  gather_facts: false
  vars: {calico_api: {}, calico_cluster: {}}
  roles:
    - hardway.calico.calico
  tasks:
    - name: Show
      debug:
        msg: "role {{ __calico_control_plane_hosts | join(',') }}"
- name: The nodes
  hosts: "{{ lookup('hardway.calico.hosts', 'calico_nodes') }}"
  gather_facts: false
  tasks:
    - name: Show
      debug: {msg: "node {{ inventory_hostname }}"}
"""


@pytest.fixture
def run(tmp_path):
    def run(*arguments, playbook=None, groups=("brains", "muscles"), variables=None):
        """One host h1 in the first group, h2 and h3 in the second."""
        inventory, plays = tmp_path / "hosts.yml", tmp_path / "plays.yml"
        children = {
            groups[0]: {"hosts": {"h1": {}}},
            groups[1]: {"hosts": {"h2": {}, "h3": {}}},
        }
        inventory.write_text(
            yaml.safe_dump({"all": {"children": children, "vars": variables or {}}}),
            encoding="utf-8",
        )
        plays.write_text(PLAYS % ROOT, encoding="utf-8")
        done = subprocess.run(
            [
                pathlib.Path(sys.executable).parent / "ansible-playbook",
                "-i",
                inventory,
                playbook or plays,
                *arguments,
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return done.returncode, done.stdout + done.stderr

    return run


def shown(output):
    """What the plays said, in order of words."""
    return sorted(set(re.findall(r'"msg": "((?:role|node) [\w,]+)"', output)))


EVERYWHERE = ["node h1", "node h2", "node h3", "role h1"]


def test_the_groups_masters_and_workers_need_no_variable(run):
    code, output = run(groups=("masters", "workers"))
    assert (code, shown(output)) == (0, EVERYWHERE), output


def test_names_from_the_inventory_reach_guard_plays_and_roles(run):
    code, output = run(variables=OURS)
    assert (code, shown(output)) == (0, EVERYWHERE), output


def test_names_from_the_command_line_are_stronger_than_the_inventorys(run):
    code, output = run("-e", "calico_nodes=muscles:!h3", variables=OURS)
    assert (code, shown(output)) == (0, ["node h2", "role h1"]), output


def test_a_role_takes_a_pattern(run):
    code, output = run("-e", "calico_control_plane_group=all:!h1", variables=OURS)
    assert (code, shown(output)) == (0, ["node h1", "node h2", "node h3", "role h2,h3"]), output


def test_a_limit_takes_hosts_away_and_leaves_the_inventorys_names(run):
    code, output = run("--limit", "!h3", variables=OURS)
    assert (code, shown(output)) == (0, ["node h1", "node h2", "role h1"]), output


@pytest.mark.parametrize("missing", ["calico_control_plane_group", "calico_nodes"])
def test_a_pattern_without_hosts_ends_the_run_before_any_play(run, missing):
    code, output = run(variables={**OURS, missing: "nobody"})
    assert code == 2 and shown(output) == [], output
    assert 'at least one host that matches \\"nobody\\"' in output
    assert "name yours with -e %s=GROUP" % missing in output


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_every_play_lists_the_inventorys_hosts(run, playbook):
    code, output = run("--list-hosts", playbook="hardway.calico." + playbook, variables=OURS)
    counts = re.findall(r"hosts \((\d+)\)", output)
    # The guard, which comes first, is for all hosts and localhost.
    assert code == 0 and counts[0] == "4" and set(counts[1:]) <= {"1", "3"}, output


def test_the_former_name_works_and_warns_once(run):
    code, output = run("-e", json.dumps({"calico_masters": "brains", "calico_nodes": "all"}))
    assert (code, shown(output)) == (0, EVERYWHERE), output
    said = " ".join(output.split())
    warning = (
        "[DEPRECATION WARNING]: The variable calico_masters has been renamed to calico_control_plane_group. "
        "This feature will be removed from collection 'hardway.calico' version 2.0.0."
    )
    assert said.count(warning) == said.count("DEPRECATION") == 1, output


def test_a_new_name_is_stronger_than_the_former(run):
    code, output = run("-e", "calico_masters=muscles", variables=OURS)
    assert code == 0 and "role h1" in shown(output), output
