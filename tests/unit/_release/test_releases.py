# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ast
import hashlib
import json
import os
import pathlib
import re

import pytest
import release_rights
import yaml
from checkout import ROOT

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._release import (
    crds_yaml as crd_objects,
)
from ansible_collections.hardway.calico.plugins.module_utils._release import minors as table
from ansible_collections.hardway.calico.plugins.module_utils._release.span import holds
from ansible_collections.hardway.calico.plugins.module_utils._release.table import minors, release

# By hand: a row of the table that is not here fails test_minors.
MINORS = [26, 27, 28, 29, 30, 31, 32]
# Upstream's crds.yaml of each release, VERSION.yaml; they are not part of the project.
REAL_CRDS = pathlib.Path(os.environ.get("CALICO_CRDS") or ROOT.parent / "shared/calico/crds")


def rights(role, minor):
    """{(group, resource, names): verbs} of a role of the table; asserts that no two rules are about the same thing."""
    found = {}
    for rule in release("3.%d" % minor)["rbac"][role]:
        for resource in rule["resources"]:
            key = (rule["apiGroups"][0], resource, tuple(rule.get("resourceNames", ())))
            assert len(rule["apiGroups"]) == 1 and key not in found
            found[key] = set(rule["verbs"])
    return found


@pytest.mark.parametrize("minor", MINORS)
def test_node_rights_are_the_manifests(minor):
    expected = release_rights.granted(release_rights.NODE, minor)
    # calico/node's CNI token refresher is off (CALICO_MANAGE_CNI=false).
    expected = {key: verbs for key, verbs in expected.items() if key[1] != "serviceaccounts/token"}
    assert rights("node", minor) == expected


@pytest.mark.parametrize("minor", MINORS)
def test_typha_rights_are_what_its_syncers_read(minor):
    assert rights("typha", minor) == release_rights.granted(release_rights.TYPHA, minor)


@pytest.mark.parametrize("minor", MINORS)
def test_typha_may_do_no_more_than_in_upstreams_manifests(minor):
    upstream = release_rights.granted(release_rights.NODE, minor)
    for key, verbs in rights("typha", minor).items():
        assert verbs <= upstream[key], key


@pytest.mark.parametrize("minor", MINORS)
def test_cni_rights_are_what_the_plugin_needs_and_within_upstreams(minor):
    found = rights("cni", minor)
    assert found == release_rights.granted(release_rights.CNI_NEEDS, minor)
    upstream = release_rights.granted(release_rights.CNI_PLUGIN, minor)
    for key, verbs in found.items():
        assert verbs <= upstream[key], key


@pytest.mark.parametrize("minor", MINORS)
def test_kube_controllers_rights_are_the_manifests(minor):
    assert rights("kube_controllers", minor) == release_rights.granted(
        release_rights.KUBE_CONTROLLERS, minor
    )


@pytest.mark.parametrize("minor", MINORS)
@pytest.mark.parametrize(
    ("role", "rows"),
    [
        ("etcd_node", release_rights.ETCD_NODE),
        ("etcd_cni", release_rights.ETCD_CNI_PLUGIN),
        ("etcd_kube_controllers", release_rights.ETCD_KUBE_CONTROLLERS),
    ],
)
def test_rights_with_etcd_are_the_manifests(role, rows, minor):
    expected = release_rights.granted(rows, minor)
    # calico/node's CNI token refresher is off (CALICO_MANAGE_CNI=false).
    expected = {key: verbs for key, verbs in expected.items() if key[1] != "serviceaccounts/token"}
    assert rights(role, minor) == expected


@pytest.mark.parametrize("minor", MINORS)
def test_the_right_to_the_cni_plugins_token_is_the_manifests(minor):
    """It is apart, since it is granted only where install-cni runs, and by a Role."""
    assert rights("etcd_node_token", minor) == {
        key: verbs
        for key, verbs in release_rights.granted(release_rights.ETCD_NODE, minor).items()
        if key[1] == "serviceaccounts/token"
    }


ROLES = [
    "node",
    "typha",
    "cni",
    "kube_controllers",
    "etcd_node",
    "etcd_node_token",
    "etcd_cni",
    "etcd_kube_controllers",
]


@pytest.mark.parametrize("minor", MINORS)
@pytest.mark.parametrize("role", ROLES)
def test_rules_are_in_a_fixed_order(role, minor):
    rules = release("3.%d" % minor)["rbac"][role]
    assert rules == sorted(rules, key=lambda rule: (rule["apiGroups"], rule["resources"]))
    assert all(rule["resources"] == sorted(rule["resources"]) for rule in rules)
    assert json.dumps(rules) == json.dumps(release("v3.%d" % minor)["rbac"][role])


def test_only_kube_controllers_has_a_wildcard_and_nobody_may_read_secrets():
    for minor in MINORS:
        for role in ROLES:
            for (group, resource, _names), verbs in rights(role, minor).items():
                assert "*" not in verbs and group != "*" and resource != "secrets"
                assert (
                    resource != "*"
                    or role == "kube_controllers"
                    and group in ("crd.projectcalico.org", "projectcalico.org")
                    and minor >= 32
                )


@pytest.mark.parametrize(
    ("minor", "count", "digest"),
    [
        (26, 18, "8d1c95bb0460c8b2748eb3b3a0466a9562ebeaba193934b62cd37f0588dfb9be"),
        (27, 18, "5f5088acef607e328d5b39c99b4da63510550cb50316ff4d4fcbdf47a5ddf88d"),
        (28, 18, "541635bf3e0cd409ff2f5b9b78363ac8901da4565fffaeb4c1507e19461bf4c7"),
        (29, 20, "1620ee6f539de44bbb3ec4aa3c2687b5023d4ee30795b30663ab3423b0c5f5d5"),
        (30, 24, "b0eb83f6d70afac27e8830f22642cd12b0692e4d1a1b5060caa9231a951e736a"),
        (31, 24, "1d6d5e523f92ee1e8227a48c016229c668f94035431b82f19139affeb45dbeff"),
        (32, 23, "ec6d7ac63999ff5df68aa02dcb37063496306de16df04f5f26a4588819e707ec"),
    ],
)
def test_crds(minor, count, digest):
    crds = release("3.%d" % minor)["crds"]
    assert len(crds["names"]) == len(set(crds["names"])) == count
    assert crds["names"] == sorted(crds["names"])
    assert crds["sha256"] == digest


def test_crds_that_come_and_go():
    names = {minor: set(release("3.%d" % minor)["crds"]["names"]) for minor in MINORS}
    assert names[29] - names[28] == {
        "tiers.crd.projectcalico.org",
        "adminnetworkpolicies.policy.networking.k8s.io",
    }
    assert names[32] - names[31] == {"clusternetworkpolicies.policy.networking.k8s.io"}
    assert names[31] - names[32] == {
        "adminnetworkpolicies.policy.networking.k8s.io",
        "baselineadminnetworkpolicies.policy.networking.k8s.io",
    }


@pytest.mark.parametrize(
    "version", ["v3.26.5", "v3.28.5", "v3.29.7", "v3.30.7", "v3.31.7", "v3.32.1"]
)
def test_crds_against_upstreams_files(version):
    path = REAL_CRDS / (version + ".yaml")
    if not path.exists():
        pytest.skip(
            "upstream's crds.yaml of %s is not on this machine (%s; CALICO_CRDS names another folder)"
            % (version, path.name)
        )
    content = path.read_bytes()
    about = release(version)
    assert about["version"] == version == about["latest"]
    assert hashlib.sha256(content).hexdigest() == about["crds"]["sha256"]
    assert sorted(
        set(
            re.findall(
                rb"^  name: (\S+\.(?:crd\.projectcalico\.org|policy\.networking\.k8s\.io))$",
                content,
                re.M,
            )
        )
    ) == [name.encode() for name in about["crds"]["names"]]
    crds = crd_objects.parse(content, path.name, about["crds"]["names"])
    assert [crd["metadata"]["name"] for crd in crds] == about["crds"]["names"]
    documents = yaml.load_all(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    untouched = {document["metadata"]["name"]: document for document in documents if document}
    for crd in crds:
        assert "status" not in crd and "preserveUnknownFields" not in crd["spec"]
        assert crd["spec"]["versions"] == untouched[crd["metadata"]["name"]]["spec"]["versions"]


@pytest.mark.parametrize(
    ("minor", "registry", "kubernetes", "bandwidth", "seccomp", "discovery", "controllers"),
    [
        (26, "docker.io/calico", ("1.24", "1.28"), True, False, "endpoints", "node"),
        (27, "docker.io/calico", ("1.27", "1.29"), True, False, "endpoints", "node"),
        (28, "docker.io/calico", ("1.27", "1.30"), True, False, "endpoints", "node"),
        (29, "docker.io/calico", ("1.29", "1.32"), True, True, "endpoints", "node"),
        (30, "docker.io/calico", ("1.31", "1.35"), False, True, "endpoints", "node,loadbalancer"),
        (
            31,
            "quay.io/calico",
            ("1.32", "1.35"),
            False,
            True,
            "endpointslices",
            "node,loadbalancer",
        ),
        (
            32,
            "quay.io/calico",
            ("1.34", "1.36"),
            False,
            True,
            "endpointslices",
            "node,loadbalancer",
        ),
    ],
)
def test_differences(minor, registry, kubernetes, bandwidth, seccomp, discovery, controllers):
    about = release("3.%d" % minor)
    assert about["registry"] == registry
    assert about["images"]["node"] == "%s/node:%s" % (registry, about["version"])
    assert about["images"]["kube_controllers"] == "%s/kube-controllers:%s" % (
        registry,
        about["version"],
    )
    assert (
        about["kubernetes"]["min"],
        about["kubernetes"]["max"],
        about["kubernetes"]["floor"],
    ) == (*kubernetes, "1.21")
    assert about["cni"]["bandwidth"] is bandwidth and about["cni"]["cni_version"] == "0.3.1"
    assert about["node"]["seccomp_profile"] is about["typha"]["seccomp_profile"] is seccomp
    assert about["typha"]["discovery"] == discovery
    assert about["kube_controllers"] == {
        "enabled_controllers": controllers,
        "seccomp_profile": seccomp,
        "run_as_non_root": seccomp,
        "policy_migration": minor >= 32,
    }
    # Who looks Typha up by endpoints needs the right to, and the other way round.
    assert (("", "endpoints", ()) in rights("typha", minor)) is (discovery == "endpoints")


@pytest.mark.parametrize(
    ("since", "until", "holding"),
    [
        (None, None, [26, 27, 28, 29, 30, 31, 32, 33]),
        (29, None, [29, 30, 31, 32, 33]),
        (None, 28, [26, 27, 28]),
        (29, 31, [29, 30, 31]),
        (33, None, [33]),
    ],
)
def test_the_minors_that_a_row_speaks_of(since, until, holding):
    assert [minor for minor in range(26, 34) if holds(minor, since, until)] == holding


def test_every_difference_covers_every_minor_once():
    for key, spans in table.CHANGES.items():
        for minor in MINORS:
            holding = [
                value for value, since, until in spans if (since or 0) <= minor <= (until or 99)
            ]
            assert len(holding) == 1, "%s in 3.%d" % (key, minor)


def test_urls_and_digests():
    about = release("v3.31.7")
    assert about["urls"] == {
        "release": "https://github.com/projectcalico/calico/releases/download/v3.31.7/release-v3.31.7.tgz",
        "calicoctl": "https://github.com/projectcalico/calico/releases/download/v3.31.7/calicoctl-linux-{arch}",
        "crds": "https://raw.githubusercontent.com/projectcalico/calico/v3.31.7/manifests/crds.yaml",
        "checksums": "https://github.com/projectcalico/calico/releases/download/v3.31.7/SHA256SUMS",
    }
    assert (
        about["calicoctl"]["sha256"]["arm64"]
        == "d7adff41398cb77b97451bf238022376382725ff231228f78b3ebc35d9fb9fda"
    )
    assert about["architectures"] == ["amd64", "arm64", "ppc64le", "s390x"]
    plugins = about["cni_plugins"]
    assert (
        plugins["url"]
        == "https://github.com/containernetworking/plugins/releases/download/v1.9.1/cni-plugins-linux-{arch}-v1.9.1.tgz"
    )
    assert (
        plugins["sha256"]["amd64"]
        == "b98f74a0f8522f0a83867178729c1aa70f2158f90c45a2ca8fa791db1c76b303"
    )


def test_all_digests_are_digests():
    for minor in MINORS:
        row = table.MINORS[minor]
        digests = list(row.crds_sha256.values()) + [
            digest for patch in row.calicoctl_sha256.values() for digest in patch.values()
        ]
        assert digests and all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests)


def test_crds_of_every_patch_can_be_verified():
    for minor, row in table.MINORS.items():
        assert set(row.crds_sha256) == set(range(row.latest + 1)), minor
        assert release("3.%d.0" % minor)["crds"]["sha256"] == row.crds_sha256[0]


@pytest.mark.parametrize(
    ("given", "version"),
    [
        ("v3.32.1", "v3.32.1"),
        ("3.32.1", "v3.32.1"),
        ("3.32", "v3.32.1"),
        ("v3.28", "v3.28.5"),
        (3.32, "v3.32.1"),
        ("3.26.0", "v3.26.0"),
        ("v3.32.9", "v3.32.9"),
    ],
)
def test_versions_that_are_read(given, version):
    assert release(given)["version"] == version


def test_a_patch_that_is_not_listed_has_no_digests():
    about = release("v3.31.99")
    assert about["crds"]["sha256"] is None and about["calicoctl"]["sha256"] == {}
    assert about["latest"] == "v3.31.7" and about["rbac"] == release("v3.31.7")["rbac"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("v3.20.6", ["3.20.6", "CNI plugin"]),
        ("3.25", ["3.25", "not supported"]),
        ("v2.6.0", ["v2.6.0"]),
        ("v3.99.0", ["newer than the version table", "docs/adding-a-release.md"]),
        ("v4.0.0", ["newer than the version table"]),
        (3.3, ["quote the version"]),
        ("latest", ["cannot be read", "v3.%d." % MINORS[-1]]),
        ("", ["cannot be read"]),
        ("v3.32.1-rc1", ["cannot be read"]),
        ("3.32.1.1", ["cannot be read"]),
        (None, ["cannot be read"]),
    ],
)
def test_versions_that_are_refused(given, words):
    with pytest.raises(CalicoError) as caught:
        release(given)
    message = str(caught.value)
    for word in [*words, "Expected: a release of 3.26 to 3.%d" % MINORS[-1], "Found: ", "Remedy: "]:
        assert word in message


def test_the_answer_belongs_to_who_asked():
    first = release("3.32")
    first["rbac"]["typha"].clear()
    first["cni_plugins"]["sha256"].clear()
    first["architectures"].clear()
    again = release("3.32")
    assert again["rbac"]["typha"] and again["cni_plugins"]["sha256"] and again["architectures"]


def test_minors():
    assert minors() == ["3.%d" % minor for minor in MINORS]


def test_the_table_asks_nobody():
    allowed = {"__future__", "dataclasses", "json", "re", "typing"}
    for path in sorted((ROOT / "plugins/module_utils/_release").glob("*.py")):
        if path.name in ("cache.py", "read.py", "wanted.py", "crds_yaml.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            assert all(
                name in allowed or name.startswith("ansible_collections.hardway.calico.")
                for name in names
            ), path.name
