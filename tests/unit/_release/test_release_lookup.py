# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lookup as Ansible loads it, in a process of its own: Ansible's controller parts change how modules warn."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest
import yaml

from ansible_collections.hardway.calico.plugins.module_utils._release.table import release

CHILD = """
import json, sys
from ansible.errors import AnsibleError
from ansible.plugins.loader import init_plugin_loader, lookup_loader
init_plugin_loader([])
from ansible_collections.hardway.calico.plugins.lookup import release as documented
answers = []
for terms, options in json.load(sys.stdin):
    try:
        answers.append(lookup_loader.get("hardway.calico.release").run(terms, {}, **options))
    except AnsibleError as exc:
        answers.append("%s: %s" % (type(exc).__name__, exc))
told = {"documentation": documented.DOCUMENTATION, "examples": documented.EXAMPLES, "return": documented.RETURN}
json.dump({"answers": answers, **told}, sys.stdout)
"""
CALLS = {
    "two": (["v3.32.1", "3.26"], {}),
    "registry": (["3.30"], {"key": "registry"}),
    "image": (["3.30"], {"key": "images.typha"}),
    "another registry": (
        ["3.30"],
        {"key": "images.typha", "registry": "mirror.example.com:5000/a"},
    ),
    "another registry, all": (["3.32"], {"registry": "mirror.example.com"}),
    "no other registry": (["3.30"], {"key": "images.typha", "registry": ""}),
    "rules": (["3.32"], {"key": "rbac.cni"}),
    "unknown key": (["3.32"], {"key": "typha.nothing"}),
    "too deep": (["3.32"], {"key": "registry.nothing"}),
    "unknown release": (["v9.9.9"], {}),
}


@pytest.fixture(scope="module")
def child():
    tree = next(
        path
        for path in sys.path
        if (pathlib.Path(path) / "ansible_collections/hardway/calico").exists()
    )
    env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": tree}
    calls = json.dumps(list(CALLS.values()))
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        check=False,
        input=calls,
        capture_output=True,
        text=True,
        timeout=60,
        env=env,
    )
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout), "warnings": " ".join(done.stderr.split())}


@pytest.fixture(scope="module")
def answers(child):
    return dict(zip(CALLS, child["answers"]))


def test_one_dictionary_for_each_release(answers):
    assert answers["two"] == [release("v3.32.1"), release("v3.26.5")]


def test_key(answers):
    assert answers["registry"] == ["docker.io/calico"]
    assert answers["rules"] == [release("3.32")["rbac"]["cni"]]


def test_images_of_upstream(answers):
    assert answers["image"] == ["docker.io/calico/typha:v3.30.7"]
    assert answers["no other registry"] == answers["image"]


def test_images_of_another_registry_are_deprecated_and_not_ignored(child, answers):
    assert answers["another registry"] == ["mirror.example.com:5000/a/typha:v3.30.7"]
    (about,) = answers["another registry, all"]
    assert about["images"] == {
        name: "mirror.example.com/%s:v3.32.1" % name.replace("_", "-")
        for name in ("node", "typha", "cni", "kube_controllers")
    }
    assert {**about, "images": ""} == {**release("3.32"), "images": ""}
    for word in ("Option registry of the lookup hardway.calico.release", "hardway.calico.image"):
        assert word in child["warnings"]
    assert "2.0.0" in child["warnings"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            "unknown key",
            ["no 'typha.nothing'", "Expected: ", "discovery", "Found: nothing", "Remedy"],
        ),
        ("too deep", ["no keys below a str"]),
        ("unknown release", ["Expected: a release of 3.26 to 3.", "Found: v9.9.9", "Remedy"]),
    ],
)
def test_refusals(answers, call, words):
    for word in words:
        assert word in answers[call]


def test_every_key_is_documented(child):
    documented = yaml.safe_load(child["return"])["_list"]["contains"]
    about = release("3.32")
    assert set(documented) == set(about)
    for subject in ("node", "typha", "cni", "kube_controllers"):
        described = json.dumps(documented[subject]["description"])
        assert all("C(%s)" % leaf in described for leaf in about[subject]), subject
    assert (
        yaml.safe_load(child["documentation"])["name"] == "release"
        and len(yaml.safe_load(child["examples"])) == 2
    )
