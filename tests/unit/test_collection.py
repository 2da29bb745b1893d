# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must agree with each other in the collection: defaults with argument specs, action groups with modules."""

from __future__ import annotations

import re

import pytest
import yaml
from checkout import ROOT

ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())


def load(path):
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


@pytest.mark.parametrize("role", ROLES)
def test_defaults_are_those_of_the_argument_spec(role):
    options = load("roles/%s/meta/argument_specs.yml" % role)["argument_specs"]["main"]["options"]
    defaults = load("roles/%s/defaults/main.yml" % role)
    assert set(defaults) == set(options)
    # A default too long for the spec is [] there: the pools and the requests of calico/node.
    differ = {name for name, value in defaults.items() if options[name]["default"] != value}
    assert differ <= {"datastore_ippools", "node_resources"}


@pytest.mark.parametrize("role", ROLES)
def test_variables_carry_the_roles_name(role):
    assert all(name.startswith(role + "_") for name in load("roles/%s/defaults/main.yml" % role))


@pytest.mark.parametrize("role", ROLES)
def test_every_entry_point_has_an_argument_spec(role):
    specs = load("roles/%s/meta/argument_specs.yml" % role)["argument_specs"]
    assert set(specs) <= {path.stem for path in (ROOT / "roles" / role / "tasks").glob("*.yml")}
    called = re.findall(
        r"tasks_from: (\w+)",
        "".join(
            path.read_text(encoding="utf-8")
            for top in ("roles", "playbooks")
            for path in (ROOT / top).rglob("*.yml")
        ),
    )
    known = {
        name
        for other in ROLES
        for name in load("roles/%s/meta/argument_specs.yml" % other)["argument_specs"]
    }
    assert set(called) <= known


def test_the_action_group_has_every_module_with_the_options_of_access():
    group = set(load("meta/runtime.yml")["action_groups"]["kubernetes"])
    modules = {
        path.stem
        for path in (ROOT / "plugins/modules").glob("*.py")
        if "- hardway.calico.kubernetes\n" in path.read_text(encoding="utf-8")
    }
    assert group == modules


def test_roles_use_no_shell_and_hide_no_failure():
    forbidden = re.compile(
        r"ansible\.builtin\.(shell|command|raw)\b|ignore_errors|\bkubectl\b|\bopenssl\b|ansible\.builtin\.pause"
    )
    for path in (ROOT / "roles").rglob("tasks/*.yml"):
        found = forbidden.search(path.read_text(encoding="utf-8"))
        assert found is None, "%s: %s" % (path.relative_to(ROOT), found.group(0))


def test_node_side_modules_import_nothing_that_a_node_lacks():
    """Imports of the node's modules, followed through module_utils, are the standard library and Ansible's own."""
    seen, queue = (
        set(),
        [
            "plugins/modules/%s.py" % name
            for name in (
                "cni_binaries",
                "cni_binaries_info",
                "cni_conflist",
                "cni_kubeconfig",
                "cni_kubeconfig_info",
            )
        ],
    )
    while queue:
        text = (ROOT / queue.pop()).read_text(encoding="utf-8")
        assert not re.search(
            r"^\s*(from|import) (kubernetes|cryptography|yaml|urllib3|requests|jmespath)\b",
            text,
            re.M,
        )
        for package, names in re.findall(
            r"from ansible_collections\.hardway\.calico\.plugins\.(module_utils[\w.]*) import ([^(\n]+|\([^)]+\))",
            text,
        ):
            folder = "plugins/" + package.replace(".", "/")
            for path in [folder + ".py"] + [
                "%s/%s.py" % (folder, name) for name in re.findall(r"(\w+)", names)
            ]:
                if path not in seen and (ROOT / path).is_file():
                    seen.add(path)
                    queue.append(path)
    assert (
        "plugins/module_utils/_host/files.py" in seen
        and "plugins/module_utils/_cni/kubeconfig/decide.py" in seen
    )
