# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many rooms each way crosses, counted on the graph of imports, and what reaches a node.

The contracts between rooms are import-linter's (pyproject.toml, `make lint`); here is shown that
they speak of every file, and that each of them can be broken.
"""

from __future__ import annotations

import ast
import os
import pathlib
import re
import shutil
import subprocess
import sys

import grimp
import pytest
import tomllib
from checkout import ROOT

PLUGINS = "ansible_collections.hardway.calico.plugins"
ROOM = re.compile(r"%s\.module_utils\.(_[a-z_]+)\." % re.escape(PLUGINS))
# The modules that a thing passes on its way, and how many rooms it may cross.
WAYS = {
    "an IP pool": (["calico_ippool"], 4),
    "a node's kubeconfig": (["cni_credential", "cni_kubeconfig"], 4),
    "the target of an upgrade": (["calico_upgrade_info"], 4),
}
NODE_SIDE = [
    "cni_binaries", "cni_binaries_info", "cni_conflist", "cni_kubeconfig", "cni_kubeconfig_info",
]  # fmt: skip

# Adapters by their files' names; what is called otherwise is a decision or a value.
ADAPTERS = {
    "access",
    "api",
    "apply",
    "archive",
    "arguments",
    "ca_directory",
    "cache",
    "client",
    "crds_yaml",
    "daemonset",
    "discovery",
    "download",
    "etcd",
    "folder",
    "issue",
    "kubeconfig",
    "kubernetes",
    "owner",
    "parse",
    "probe",
    "push",
    "read",
    "secret",
    "stage",
    "staged",
    "store",
    "tls",
    "version",
    "wait",
    "x509",
}
# An adapter in one room whose name is a decision's in another, and options that need a certificate to be parsed.
ALSO_ADAPTERS = {"_datastore.backup.cluster", "_host.files", "_typha.material", "_typha.options"}
# A contract, and an import that breaks it: (file, line).
BROKEN = {
    "Plugins use rooms, and rooms use no plugin": (
        "_plan.py", "from ansible_collections.hardway.calico.plugins.modules import calico_crds",
    ),
    "Arrows between rooms go downward, and none between rooms of one floor": (
        "_host/address.py", "from ansible_collections.hardway.calico.plugins.module_utils._pki import der",
    ),
    "No circles, in rooms neither": (
        "_pki/certificate.py", "from ansible_collections.hardway.calico.plugins.module_utils._pki import x509",
    ),
    "Decisions and values import no adapter and nothing that reaches the world": (
        "_upgrade/decide.py", "import socket",
    ),
    "What nodes get is the standard library and our own code": (
        "_cni/conflist/decide.py", "import yaml",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def graph():
    return grimp.build_graph(PLUGINS, include_external_packages=True, cache_dir=None)


def behind(graph, module):
    """Everything that a module imports, directly or not."""
    return graph.find_upstream_modules("%s.modules.%s" % (PLUGINS, module))


def rooms(graph, modules):
    found = {imported for module in modules for imported in behind(graph, module)}
    return sorted({match.group(1) for match in map(ROOM.match, found) if match})


@pytest.mark.parametrize("way", WAYS)
def test_a_way_stays_within_its_rooms(graph, way):
    modules, most = WAYS[way]
    assert 0 < len(rooms(graph, modules)) <= most, rooms(graph, modules)


@pytest.mark.parametrize("way", WAYS)
def test_the_page_on_architecture_says_what_is_counted(graph, way):
    counted = rooms(graph, WAYS[way][0])
    row = "| %s | %d | %s |" % (way, len(counted), ", ".join("`%s`" % room for room in counted))
    assert row in (ROOT / "docs/architecture.md").read_text(encoding="utf-8"), row


@pytest.mark.parametrize("module", NODE_SIDE)
def test_a_node_needs_the_standard_library_alone(graph, module):
    outside = {name.partition(".")[0] for name in behind(graph, module)}
    ours = {"ansible", "ansible_collections"}
    assert outside & ours and outside - ours <= sys.stdlib_module_names


def contracts():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {each["name"]: each for each in settings["tool"]["importlinter"]["contracts"]}


def test_every_file_is_a_decision_or_an_adapter(graph):
    """A file of a new name must be put on one of the two sides, so that the contract covers it."""
    inside = PLUGINS + ".module_utils."
    expressions = contracts()[list(BROKEN)[3]]["source_modules"]
    pattern = "|".join(re.escape(each).replace(r"\*\*", ".+") for each in expressions)
    for module in sorted(graph.modules):
        if not module.startswith(inside) or graph.find_children(module):
            continue
        name = module[len(inside) :]
        adapter = name in ALSO_ADAPTERS or name.rpartition(".")[2] in ADAPTERS
        decision = name in ("_errors", "_plan") or re.fullmatch(pattern, module) is not None
        assert adapter is not decision, "%s: adapter %s, decision %s" % (name, adapter, decision)
        if name not in ("_errors", "_plan"):
            assert decision is says_that_it_is_pure(name), "first sentence of " + name


def says_that_it_is_pure(name):
    path = ROOT / "plugins/module_utils" / (name.replace(".", "/") + ".py")
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return "(pure)" in said.split("\n\n")[0]


def lint(folder):
    """What import-linter says of the tree in a folder, after it read the checkout's contracts."""
    return subprocess.run(
        [
            str(pathlib.Path(sys.executable).parent / "lint-imports"),
            "--no-cache",
            "--config",
            ROOT / "pyproject.toml",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"},
    )


@pytest.mark.parametrize("contract", BROKEN)
def test_a_contract_can_be_broken(contract, tmp_path):
    assert set(contracts()) == set(BROKEN), "every contract has its counter-example"
    tree = tmp_path / "ansible_collections/hardway/calico"
    shutil.copytree(ROOT / "plugins", tree / "plugins")
    path = tree / "plugins/module_utils" / BROKEN[contract][0]
    path.write_text(path.read_text(encoding="utf-8") + "\n" + BROKEN[contract][1] + "\n", "utf-8")
    done = lint(tmp_path)
    assert done.returncode == 1 and contract + " BROKEN" in done.stdout, done.stdout + done.stderr
