# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of images. The oracle is the operator's own table: tigera/operator pkg/components/images_test.go at 40788b9."""

from __future__ import annotations

import re

import pytest

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._release import images
from ansible_collections.hardway.calico.plugins.module_utils._release.images import (
    COMPONENTS,
    image,
    source_of,
)
from ansible_collections.hardway.calico.plugins.module_utils._release.table import minors, release

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
PINNED = {"v3.32.1": {"node": A, "typha": B}, "v3.31.7": {"node": B}}


def named(
    component="node", version="v3.32.1", registry="", path="", prefix="", digests=None, whole=""
):
    return image(component, version, source_of(registry, path, prefix, digests), whole)


OPERATORS = [
    ({}, "quay.io/calico/node:v3.32.1"),
    ({"registry": "UseDefault", "path": "UseDefault"}, "quay.io/calico/node:v3.32.1"),
    ({"path": "userpath/"}, "quay.io/userpath/node:v3.32.1"),
    ({"path": "userpath"}, "quay.io/userpath/node:v3.32.1"),
    ({"registry": "quay.io/extra/", "path": "userpath"}, "quay.io/extra/userpath/node:v3.32.1"),
    # There the path is calico where none is given.
    (
        {"registry": "quay.io/", "path": "calico", "prefix": "prefix-"},
        "quay.io/calico/prefix-node:v3.32.1",
    ),
    (
        {"registry": "quay.io", "path": "calico", "prefix": "prefix-"},
        "quay.io/calico/prefix-node:v3.32.1",
    ),
    # api/v1/imageset_types.go: custom images such as this one are calico/node in an ImageSet.
    (
        {"registry": "example.com", "path": "custompath", "prefix": "customprefix-calico-"},
        "example.com/custompath/customprefix-calico-node:v3.32.1",
    ),
]


@pytest.mark.parametrize(("given", "expected"), OPERATORS)
def test_as_the_operator_names_them(given, expected):
    assert named(**given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        # A registry has its path with it.
        ({"registry": "registry.example.com/calico"}, "registry.example.com/calico/node:v3.32.1"),
        ({"registry": "registry.example.com:5000"}, "registry.example.com:5000/node:v3.32.1"),
        (
            {"registry": "[fd00::1]:5000/a/b", "prefix": "calico-"},
            "[fd00::1]:5000/a/b/calico-node:v3.32.1",
        ),
        ({"registry": None, "path": None, "prefix": None}, "quay.io/calico/node:v3.32.1"),
        ({"component": "kube_controllers"}, "quay.io/calico/kube-controllers:v3.32.1"),
        ({"prefix": "mirror/"}, "quay.io/calico/mirror/node:v3.32.1"),
        ({"version": "3.30"}, "docker.io/calico/node:v3.30.7"),
        ({"version": "3.30", "path": "mirror"}, "docker.io/mirror/node:v3.30.7"),
    ],
)
def test_names_of_our_own(given, expected):
    assert named(**given) == expected


@pytest.mark.parametrize("minor", minors())
@pytest.mark.parametrize("component", COMPONENTS)
def test_upstreams_names_are_those_of_the_version_table(minor, component):
    assert named(component, minor) == release(minor)["images"][component]


def test_a_digest_stands_beside_the_tag():
    """The operator writes the digest alone. The tag tells calico_preflight and calico_upgrade_info what runs."""
    assert named(digests=PINNED) == "quay.io/calico/node:v3.32.1@" + A
    assert named("typha", digests=PINNED).endswith("/typha:v3.32.1@" + B)
    assert named(version="3.31", digests=PINNED) == "quay.io/calico/node:v3.31.7@" + B
    registry = "registry.example.com:5000"
    assert (
        named(registry=registry, path="a", prefix="b-", digests=PINNED)
        == "registry.example.com:5000/a/b-node:v3.32.1@" + A
    )


WHOLE = [
    "node",
    "registry.example.com:5000/a/b__c/d-e.f:1.2-x_Y",
    "quay.io/calico/node@" + A,
    "quay.io/calico/node:v3.32.1@" + A,
    "10.0.0.1/calico/node",
    "localhost/node:v1",
]


@pytest.mark.parametrize("whole", WHOLE)
def test_a_whole_reference_is_taken_as_it_is(whole):
    assert named(registry="elsewhere.example.com", digests=PINNED, whole=whole) == whole


# Each with distribution/reference v0.6.0's own verdict (ParseNormalizedNamed), but for the port.
MALFORMED = [
    "quay.io/Calico/node:v3.32.1",
    "quay.io/calico//node:v3.32.1",
    "quay.io/calico/node:",
    "quay.io/calico/node:v3.32.1@sha256:abc",
    "quay.io/calico/node@" + A.upper(),
    "quay.io/calico/node@" + A + "@" + A,
    "quay.io/calico/node:v3.32.1 ",
    "quay.io/calico/node:v3.32.1\n",
    "https://quay.io/calico/node",
    "registry:port/node",
    "registry:70000/node",
    "-registry/node",
    "a___b",
    "node:" + "x" * 129,
    "x" * 256,
]


@pytest.mark.parametrize("whole", MALFORMED)
def test_a_malformed_reference_is_refused(whole):
    with pytest.raises(CalicoError, match="node_image is no image reference.*Expected: such as"):
        named(whole=whole)


def refusal(**given):
    with pytest.raises(CalicoError) as caught:
        named(**given)
    error = str(caught.value)
    assert all(word in error for word in ("Expected: ", "Found: ", "Remedy: ")), error
    return error


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"registry": "https://registry.example.com"}, "calico_registry is no registry"),
        ({"registry": "registry.example.com/Calico"}, "calico_registry is no registry"),
        ({"registry": "registry.example.com/calico:v3"}, "calico_registry is no registry"),
        ({"registry": "registry.example.com:99999"}, "calico_registry is no registry"),
        ({"registry": "registry.example.com "}, "calico_registry is no registry"),
        ({"path": "Mirror"}, "calico_image_path is no path of images"),
        ({"path": "mirror:v1"}, "calico_image_path is no path of images"),
        ({"prefix": "-calico"}, "calico_image_prefix begins no image's name"),
        ({"prefix": "Calico-"}, "calico_image_prefix begins no image's name"),
        ({"prefix": "/"}, "calico_image_prefix begins no image's name"),
        ({"path": "/".join(["mirror"] * 40)}, "too long"),
        ({"component": "apiserver"}, "There is no image of 'apiserver'"),
        ({"version": "v3.20.0"}, "v3.20.0 is not supported"),
    ],
)
def test_malformed_parts_are_refused_by_their_variable(given, words):
    assert words in refusal(**given)


def test_a_password_in_the_registry_is_not_repeated():
    said = refusal(registry="puller:hunter2@registry.example.com/calico")
    assert "hunter2" not in said and "puller" not in said
    assert "@registry.example.com/calico" in said and "calico_image_pull_secrets" in said


# What a user may have written in place of a reference, and what of it an error may show.
SECRET = {
    "https://puller:hunter2@registry.example.com/calico/node:v3.32.1": "'@registry.example.com/calico/node:v3.32.1'",
    "puller:hunter2@registry.example.com/calico/node@sha256:abc": "'@registry.example.com/calico/node@sha256:abc'",
    "https://puller:hun@hunter2@registry.example.com/node": "'@registry.example.com/node'",
    "https://puller:a/hunter2@registry.example.com/node": "'@registry.example.com/node'",
}


@pytest.mark.parametrize("text", list(SECRET))
def test_a_password_in_any_other_part_is_not_repeated(text):
    for given in (
        {"whole": text},
        {"path": text},
        {"prefix": text},
        {"digests": {"v3.32.1": {"node": text}}},
        {"digests": {"v3.32.1": text}},
    ):
        said = refusal(**given)
        assert "hun" not in said and "puller" not in said
        assert SECRET[text] in said and "calico_image_pull_secrets" in said


def test_what_is_no_password_is_shown():
    assert "Found: 'quay.io/Calico/node@%s@%s'" % (A, B) in refusal(
        whole="quay.io/Calico/node@%s@%s" % (A, B)
    )


@pytest.mark.parametrize(
    ("digests", "words"),
    [
        # Components without the release that they are of.
        ({"node": A}, "Expected: a release such as v3.32.1 as a key. Found: 'node'"),
        ({"3.32.1": {"node": A}}, "Found: '3.32.1'"),
        ({"v3.32": {"node": A}}, "Found: 'v3.32'"),
        ([A], "Expected: a dictionary of releases. Found: 'list'"),
        ({"v3.32.1": A}, "digests by component below v3.32.1"),
        ({"v3.32.1": {"node": A, "kube-controllers": A}}, "Found: 'kube-controllers'"),
        ({"v3.32.1": {"node": A, "calico/node": A}}, "Found: 'calico/node'"),
        ({"v3.32.1": {"node": "a" * 64}}, "for node of v3.32.1. Found: 'aaaa"),
        ({"v3.32.1": {"node": A[:-1]}}, "64 hexadecimal digits"),
        ({"v3.32.1": {"node": A.replace("a" * 64, "A" * 64)}}, "small letters"),
        ({"v3.32.1": {"node": "sha512:" + "a" * 128}}, "sha256:"),
        ({"v3.32.1": {"node": None}}, "Found: None"),
        # Also where nobody asks for it now.
        ({"v3.32.1": {"node": A}, "v3.31.7": {"felix": A}}, "below v3.31.7. Found: 'felix'"),
    ],
)
def test_malformed_digests_are_refused_by_name(digests, words):
    said = refusal(digests=digests)
    assert "calico_image_digests is malformed" in said and words in said


def test_digests_of_another_release_are_not_silently_left_out():
    said = refusal(version="v3.32.0", digests=PINNED)
    assert re.match("calico_image_digests has no digest of node of Calico v3.32.0", said)
    assert "Found: digests of v3.31.7, v3.32.1" in said


def test_a_component_without_a_digest_beside_others_is_refused():
    said = refusal(component="kube_controllers", digests=PINNED)
    assert (
        "no digest of kube_controllers of Calico v3.32.1" in said and "Found: node, typha" in said
    )
    assert "kube_controllers_image" in said
    assert named("kube_controllers", digests=PINNED, whole="a/b:c") == "a/b:c"


def test_the_components_are_those_that_the_release_has_images_of():
    assert set(COMPONENTS) == set(release("3.32")["images"]) == set(images.COMPONENTS)
