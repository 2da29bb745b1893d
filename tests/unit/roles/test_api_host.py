# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Work on the API is done once, on the API host, and never as another user there, whatever the inventory says."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest
import yaml
from checkout import ROOT

API_HOST = "{{ calico_api_host }}"
GROUP = "hardway.calico.kubernetes"
OURS = {
    "hardway.calico." + name
    for name in yaml.safe_load((ROOT / "meta/runtime.yml").read_text(encoding="utf-8"))[
        "action_groups"
    ]["kubernetes"]
}
INCLUDES = ("ansible.builtin.import_tasks", "ansible.builtin.include_tasks")
APPLY = "__calico_server_side_apply"


def tasks(role, name, inherited):
    """Every task of a file and of what it imports and includes, with the keywords and variables in force."""
    text = (ROOT / "roles" / role / "tasks" / name).read_text(encoding="utf-8")
    return walk(role, yaml.safe_load(text), inherited)


def walk(role, listed, inherited):
    for task in listed:
        force = {**inherited, **task}
        for key in ("vars", "module_defaults"):
            force[key] = {**inherited.get(key, {}), **task.get(key, {})}
        children = {key: force.pop(key) for key in ("block", "rescue") if key in force}
        for child in children.values():
            yield from walk(role, child, force)
        included = [force.pop(key) for key in INCLUDES if key in force]
        for name in included:
            yield from tasks(role, name, force)
        if not children and not included:
            yield force


def entry_points():
    for role in sorted((ROOT / "roles").iterdir()):
        spec = yaml.safe_load((role / "meta/argument_specs.yml").read_text(encoding="utf-8"))
        for name in spec["argument_specs"]:
            yield role.name, name + ".yml"


def playbook_tasks():
    for path in sorted((ROOT / "playbooks").glob("*.yml")):
        for play in yaml.safe_load(path.read_text(encoding="utf-8")):
            yield from walk("none", play.get("tasks", []), {})


EVERY = [
    task for role, name in entry_points() for task in tasks(role, name, {"role": role})
] + list(playbook_tasks())


def of_modules(names):
    return [task for task in EVERY if names & set(task)]


@pytest.mark.parametrize(
    "task", of_modules(OURS | {"kubernetes.core.k8s"}), ids=lambda t: t["name"]
)
def test_a_task_that_asks_the_api_asks_once_from_the_api_host_with_its_access(task):
    group = GROUP if OURS & set(task) else "kubernetes.core.k8s"
    assert task["module_defaults"]["group/" + group] == "{{ calico_api }}"
    assert (task.get("delegate_to"), task.get("run_once")) == (API_HOST, True)


@pytest.mark.parametrize(
    "task",
    [task for task in EVERY if task.get("delegate_to") == API_HOST],
    ids=lambda t: t["name"],
)
def test_nothing_on_the_api_host_becomes_another_user(task):
    assert task["vars"]["ansible_become"] is False and "become" not in task


@pytest.mark.parametrize(
    "task", [task for task in EVERY if task.get("become")], ids=lambda t: t["name"]
)
def test_what_needs_root_on_a_host_gets_it(task):
    assert "ansible_become" not in task["vars"] and task.get("delegate_to") != API_HOST


@pytest.mark.parametrize("task", of_modules({"kubernetes.core.k8s"}), ids=lambda t: t["name"])
def test_objects_are_applied_on_the_server_and_patches_and_removals_are_not(task):
    applied = task["kubernetes.core.k8s"].get("state") not in ("patched", "absent")
    default = task["module_defaults"].get("kubernetes.core.k8s")
    assert default == ("{{ %s }}" % APPLY if applied else None)


# The shapes that the roles use, on hosts whose inventory says that everything is done as root.
PLAYS = """
- name: All hosts
  hosts: all
  gather_facts: false
  tasks:
    - name: Once on the API host
      module_defaults:
        group/hardway.calico.kubernetes: "{{ calico_api }}"
      delegate_to: localhost
      run_once: true
      vars: {ansible_become: false}
      block:
        - name: Before there is calico_api
          ansible.builtin.command: echo
          changed_when: false
        - name: Imported
          ansible.builtin.import_tasks: more.yml
        - name: Included
          ansible.builtin.include_tasks: more.yml
    - name: A task of its own
      ansible.builtin.command: echo
      changed_when: false
      delegate_to: localhost
      run_once: true
      vars: {ansible_become: false}
    - name: On the nodes
      ansible.builtin.command: echo
      changed_when: false
      become: true
"""
MORE = """
- name: More
  ansible.builtin.command: echo
  changed_when: false
"""
SUDO = """#!/bin/sh
echo x >> {trace}
while [ "$1" != -u ]; do shift; done
shift 2
exec "$@"
"""


def test_ansible_become_of_the_inventory_reaches_the_nodes_only(tmp_path):
    trace, sudo = tmp_path / "trace", tmp_path / "sudo"
    sudo.write_text(SUDO.format(trace=trace), encoding="utf-8")
    sudo.chmod(0o755)
    everybody = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "ansible_become": True,
        "ansible_become_exe": str(sudo),
    }
    inventory = {"all": {"hosts": {"h1": {}, "h2": {}}, "vars": everybody}}
    for name, text in (
        ("hosts.yml", yaml.safe_dump(inventory)),
        ("plays.yml", PLAYS),
        ("more.yml", MORE),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [
            pathlib.Path(sys.executable).parent / "ansible-playbook",
            "-i",
            tmp_path / "hosts.yml",
            tmp_path / "plays.yml",
        ],
        # Root becoming root is no change of user, which Ansible would leave out.
        env={**os.environ, "ANSIBLE_BECOME_ALLOW_SAME_USER": "true"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("-> localhost]") == 4, done.stdout
    # One for each of the two nodes.
    assert trace.read_text(encoding="utf-8").split() == ["x", "x"]
