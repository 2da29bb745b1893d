# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One way for all workloads from the variables of images to the pods."""

from __future__ import annotations

import hashlib
import json
import re

import pytest
from checkout import ROOT
from rendered_roles import rendered

STATE = {
    "calico_cluster": {"typha_replicas": 2, "foreign_kube_controllers": []},
    "__typha_pki": {"server_hash": "s"},
    "__node_typha_pki": {"client_hash": "c"},
}
WORKLOADS = {
    "kube_controllers": ("kube_controllers", "templates/deployment.yaml.j2"),
    "node": ("node", "templates/daemonset.yaml.j2"),
    "typha": ("typha", "templates/deployment.yaml.j2"),
}
ROLES = sorted(WORKLOADS)
DIGESTS = {name: "sha256:" + number * 64 for name, number in zip(ROLES, "123456789")}
PRIVATE = {
    "calico_version": "v3.32.1",
    "calico_registry": "registry.example.com:5000",
    "calico_image_path": "mirror",
    "calico_image_prefix": "calico-",
    "calico_image_digests": {"v3.32.1": DIGESTS},
    "calico_image_pull_policy": "Always",
    "calico_image_pull_secrets": ["puller", "other"],
}
# SHA-256 of the pod templates with defaults, as they were at 23444c3. Where one changes, every cluster rolls,
# so replace it only if that is meant.
AT_23444C3 = {
    "node v3.28.5": "9f66e4bffc03e3d3bac6546d32444933d563f23e8e7c86469bf77eb864474448",
    "node v3.32.1": "f99d6b6d8a927a60b91b20bfaf3b52cae3ab15cfdcbc042e4d2c7804f88bed25",
    "typha v3.28.5": "9a5013f0226ab52afa02494de87d9f53a582c538fbfbd43f1cbb76f25f1eea6e",
    "typha v3.32.1": "8f6494277664c6a9361832d673f3dc2a6a712bc91985586b589ec1df322e32cd",
}


def pods(**variables):
    """{role: its pod template}"""
    found = rendered(*((*WORKLOADS[role], {**STATE, **variables}) for role in ROLES))
    return {role: documents[0]["spec"]["template"] for role, documents in zip(ROLES, found)}


@pytest.fixture(scope="module")
def private():
    return pods(**PRIVATE)


@pytest.mark.parametrize("role", ROLES)
def test_names_digests_policy_and_secrets_reach_every_pod(private, role):
    pod = private[role]["spec"]
    containers = pod["containers"] + pod.get("initContainers", [])
    assert [container["image"] for container in containers] == [
        "registry.example.com:5000/mirror/calico-%s:v3.32.1@%s"
        % (role.replace("_", "-"), DIGESTS[role])
    ]
    assert {container["imagePullPolicy"] for container in containers} == {"Always"}
    assert pod["imagePullSecrets"] == [{"name": "puller"}, {"name": "other"}]


def test_a_roles_own_image_goes_before_all():
    own = {"%s_image" % role: "registry.example.com/own/%s:v1" % role for role in ROLES}
    for role, template in pods(**PRIVATE, **own).items():
        assert template["spec"]["containers"][0]["image"] == own[role + "_image"]


@pytest.mark.parametrize("version", ["v3.28.5", "v3.32.1"])
def test_with_defaults_no_installed_cluster_rolls(version):
    templates = pods(calico_version=version)
    for role in ("node", "typha"):
        content = json.dumps(templates[role], sort_keys=True).encode()
        name = "%s %s" % (role, version)
        assert hashlib.sha256(content).hexdigest() == AT_23444C3[name], name


def test_no_template_names_an_image_in_a_way_of_its_own():
    templates = list(ROOT.glob("roles/*/templates/*.j2"))
    assert len(templates) > 5
    for path in templates:
        text = path.read_text(encoding="utf-8")
        for line in re.findall(r"^ *(?:- )?image: .*$", text, re.M):
            assert re.search(
                r"image: \{\{ lookup\('hardway\.calico\.image', '\w+', \*\*__calico_image_options\) \}\}$",
                line,
            ), (path, line)
        policies = re.findall(r"imagePullPolicy: (.*)$", text, re.M)
        assert set(policies) <= {"{{ calico_image_pull_policy }}"}, path
