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

from ansible_collections.hardway.calico.plugins.module_utils._release.images import COMPONENTS

CHILD = """
import json, sys
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader, lookup_loader
from ansible.template import Templar, trust_as_template
init_plugin_loader([])
from ansible_collections.hardway.calico.plugins.lookup import image as documented
answers = []
for terms, options in json.load(sys.stdin):
    try:
        answers.append(lookup_loader.get("hardway.calico.image").run(terms, {}, **options))
    except AnsibleError as exc:
        answers.append("%s: %s" % (type(exc).__name__, exc))
import yaml
shown = [
    Templar(DataLoader(), task.get("vars", {})).template(trust_as_template(task["ansible.builtin.debug"]["msg"]))
    for task in yaml.safe_load(documented.EXAMPLES)
]
json.dump({"answers": answers, "documentation": documented.DOCUMENTATION, "shown": shown}, sys.stdout)
"""
DIGEST = "sha256:" + "c" * 64
CALLS = {
    "two": (["node", "kube_controllers"], {"version": "v3.32.1"}),
    "all options": (
        ["typha"],
        {
            "version": "3.32",
            "registry": "registry.example.com:5000",
            "path": "mirror",
            "prefix": "calico-",
            "digests": {"v3.32.1": {"typha": DIGEST}},
        },
    ),
    "given": (
        ["node", "typha"],
        {"version": "v3.32.1", "images": {"typha": "a/typha:b", "node": ""}},
    ),
    "unknown component": (["apiserver"], {"version": "v3.32.1"}),
    "malformed": (["node"], {"version": "v3.32.1", "registry": "https://registry.example.com"}),
    "no dictionary": (["node"], {"version": "v3.32.1", "digests": DIGEST}),
    "no release": (["node"], {}),
    "misspelt": (["node"], {"version": "v3.32.1", "registy": "mirror.example.com", "pth": "a"}),
}


@pytest.fixture(scope="module")
def child():
    tree = next(
        path
        for path in sys.path
        if (pathlib.Path(path) / "ansible_collections/hardway/calico").exists()
    )
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        check=False,
        input=json.dumps(list(CALLS.values())),
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": tree},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def answers(child):
    return dict(zip(CALLS, child["answers"]))


def test_an_image_for_each_component(answers):
    assert answers["two"] == [
        "quay.io/calico/node:v3.32.1",
        "quay.io/calico/kube-controllers:v3.32.1",
    ]


def test_options_reach_the_name(answers):
    assert answers["all options"] == [
        "registry.example.com:5000/mirror/calico-typha:v3.32.1@" + DIGEST
    ]


def test_whole_references_go_first(answers):
    assert answers["given"] == ["quay.io/calico/node:v3.32.1", "a/typha:b"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("unknown component", "Expected: one of cni, kube_controllers, node, typha"),
        ("malformed", "calico_registry is no registry. Expected: such as registry.example.com"),
        ("no dictionary", "calico_image_digests is malformed. Expected: a dictionary of releases"),
        ("no release", "version"),
        (
            "misspelt",
            "has no options pth, registy. Expected: digests, images, path, prefix, registry, version. Found: ",
        ),
    ],
)
def test_refusals(answers, call, words):
    assert words in answers[call]


def test_documentation_and_examples(child):
    options = yaml.safe_load(child["documentation"])["options"]
    assert sorted(options["_terms"]["choices"]) == sorted(COMPONENTS)
    assert child["shown"] == [
        [
            "registry.example.com:5000/mirror/calico-node:v3.32.1",
            "registry.example.com:5000/mirror/calico-typha:v3.32.1",
        ],
        "quay.io/calico/typha:v3.32.1@sha256:" + "0123456789abcdef" * 4,
    ]
