# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import json
import os
import pathlib

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from checkout import ROOT
from recorded_api import RecordedApi

from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds import (
    lost_fields,
    origin,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.apply import apply
from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.decide import (
    awaited,
    decide,
    ready,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.read import read
from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.state import State
from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.steps import (
    CreateCrd,
    UpdateCrd,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.store import CrdStore
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.paths import CRDS
from ansible_collections.hardway.calico.plugins.module_utils._release.table import release
from ansible_collections.hardway.calico.plugins.modules import calico_crds

# Upstream's crds.yaml of each release, VERSION.yaml; they are not part of the project.
REAL_CRDS = pathlib.Path(os.environ.get("CALICO_CRDS") or ROOT.parent / "shared/calico/crds")
RELEASE = "hardway.calico/release"
ANP = "adminnetworkpolicies.policy.networking.k8s.io"
POOLS = "ippools.crd.projectcalico.org"


def crd(name, fields=("cidr",), versions=("v1",), **metadata):
    plural, _dot, group = name.partition(".")
    schema = {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {field: {"type": "string"} for field in fields},
            }
        },
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": name, **metadata},
        "spec": {
            "group": group,
            "names": {"kind": "K" + plural, "plural": plural},
            "scope": "Cluster",
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": version == versions[-1],
                    "schema": {"openAPIV3Schema": schema},
                }
                for version in versions
            ],
        },
    }


def of(version, **more):
    """The CRDs of a release, with one field each; more: {name: what to replace it with}."""
    return [crd(name) for name in release(version)["crds"]["names"]]


def stored(body, established=True):
    """The CRD as the API server gives it back."""
    body = copy.deepcopy(body)
    kind = body["spec"]["names"]["kind"]
    body["spec"]["names"].update(listKind=kind + "List", singular=kind.lower())
    body["spec"]["conversion"] = {"strategy": "None"}
    body["status"] = {
        "storedVersions": [each["name"] for each in body["spec"]["versions"] if each["storage"]],
        "conditions": [
            {"type": kind, "status": "True" if established else "False"}
            for kind in ("NamesAccepted", "Established")
        ],
    }
    return body


class CrdApi(RecordedApi):
    """Establishes what is written."""

    def __init__(self, crds=()):
        super().__init__(
            {"%s/%s" % (CRDS, each["metadata"]["name"]): stored(each) for each in crds},
            served={CRDS},
        )

    def apply(self, path, body, force=False, dry_run=False):
        assert force
        if dry_run:
            return super().apply(path, body, dry_run=True)
        return super().apply(path, stored(body))


@pytest.fixture
def run(monkeypatch, capsys):
    warned = []
    monkeypatch.setattr(calico_crds.AnsibleModule, "warn", lambda module, text: warned.append(text))

    def module(api, version, crds=None, check=False, **options):
        warned.clear()
        monkeypatch.setattr(calico_crds, "connect", lambda params: api)
        options = {
            "calico_version": version,
            "crds": of(version) if crds is None else crds,
            "_ansible_check_mode": check,
            **options,
        }
        with patch_module_args(options), pytest.raises(SystemExit):
            calico_crds.main()
        return {**json.loads(capsys.readouterr().out), "warned": list(warned)}

    return module


def steps(found):
    return {step["target"].split()[1]: (step["action"], step["reason"]) for step in found["plan"]}


def test_install_then_nothing(run):
    api = CrdApi()
    first = run(api, "v3.32.1")
    assert (
        first["changed"]
        and set(steps(first)) == set(release("3.32")["crds"]["names"])
        and first["warned"] == []
    )
    assert {action for action, _reason in steps(first).values()} == {"create"}
    assert all(
        body["metadata"]["annotations"][RELEASE] == "v3.32.1" for body in api.objects.values()
    )
    writes, requests = len(api.writes), len(api.requests)
    second = run(api, "v3.32.1")
    assert (
        second["changed"] is False
        and second["plan"] == []
        and len(api.writes) == writes
        and len(api.requests) == requests + 1
    )
    assert set(yaml.safe_load(calico_crds.RETURN)) == set(second) - {
        "changed",
        "invocation",
        "warned",
        "diff",
        "warnings",
    }


def test_check_mode_writes_nothing(run):
    api = CrdApi(origin.marked(of("v3.31.7"), "v3.31.7"))
    found = run(api, "v3.32.1", check=True)
    assert (
        found["changed"] and api.writes == [] and "clusternetworkpolicies" in found["diff"]["after"]
    )
    assert run(CrdApi(), "v3.32.1", check=True)["changed"]


def test_an_upgrade_reports_what_the_release_dropped_and_deletes_nothing(run):
    api = CrdApi(origin.marked(of("v3.31.7"), "v3.31.7"))
    found = run(api, "v3.32.1")
    assert (
        found["dropped"] == [ANP, "baseline" + ANP]
        and ANP in found["warned"][0]
        and "kept" in found["warned"][0]
    )
    assert (
        not [request for request in api.requests if request[0] == "DELETE"]
        and "%s/%s" % (CRDS, ANP) in api.objects
    )
    assert steps(found)[POOLS] == ("update", "the release's mark or texts are others")
    again = run(api, "v3.32.1")
    assert (
        again["dropped"] == found["dropped"] and again["changed"] is False and again["warned"] == []
    )


def test_what_the_api_server_writes_in_another_way_is_no_difference(run):
    wanted = of("v3.28.5")
    api = CrdApi(origin.marked(wanted, "v3.28.5"))
    odd = copy.deepcopy(wanted)
    for each in odd:
        each["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"][
            "nullable"
        ] = False

    class Dropping(CrdApi):
        """An API server that leaves `nullable: false` away, as Go's omitempty does."""

        def apply(self, path, body, force=False, dry_run=False):
            body = copy.deepcopy(body)
            for version in body["spec"]["versions"]:
                version["schema"]["openAPIV3Schema"]["properties"]["spec"].pop("nullable")
            return super().apply(path, body, force=force, dry_run=dry_run)

    api = Dropping(origin.marked(wanted, "v3.28.5"))
    found = run(api, "v3.28.5", odd)
    assert found["changed"] is False and api.writes == []


def test_a_difference_is_told_by_fields(run):
    wanted = of("v3.32.1")
    there = origin.marked(
        [
            crd(each["metadata"]["name"], fields=("cidr", "ipip"))
            if each["metadata"]["name"] == POOLS
            else each
            for each in wanted
        ],
        "v3.32.1",
    )
    found = run(CrdApi(there), "v3.32.1")
    assert steps(found) == {POOLS: ("update", "fields of the release's schema: 1 gone")}
    assert "v1 spec.ipip" in found["diff"]["before"] and "spec.ipip" not in found["diff"]["after"]


@pytest.mark.parametrize("check", [True, False])
def test_objects_that_lose_a_field_are_named(run, check):
    """As IPPool's spec.ipip, which v3.32 dropped: the API server would say nothing."""
    there = origin.marked(of("v3.31.7"), "v3.31.7")
    there = [
        crd(POOLS, fields=("cidr", "ipip"), annotations={RELEASE: "v3.31.7"})
        if each["metadata"]["name"] == POOLS
        else each
        for each in there
    ]
    api = CrdApi(there)
    folder = "/apis/crd.projectcalico.org/v1/ippools"
    api.served.add(folder)
    for name, spec in (
        ("old", {"cidr": "192.0.2.0/24", "ipip": "x"}),
        ("new", {"cidr": "198.51.100.0/24"}),
    ):
        api.objects["%s/%s" % (folder, name)] = {"metadata": {"name": name}, "spec": spec}
    found = run(api, "v3.32.1", check=check)
    assert (
        found["lost_fields"] == ["Kippools old: spec.ipip"]
        and "Kippools old: spec.ipip" in found["warned"][-1]
    )
    assert [
        path for verb, path in api.requests if verb == "LIST" and path.startswith("/apis/crd.")
    ] == [folder]
    if not check:
        again = run(api, "v3.32.1")
        assert again["lost_fields"] == [] and again["warned"] == []


def schema(properties, **more):
    return {"type": "object", "properties": properties, **more}


LEAF = {"type": "string"}
SCHEMAS = {
    "nothing": (schema({"a": LEAF}), schema({"a": LEAF, "b": LEAF}), []),
    "a field": (
        schema({"spec": schema({"a": LEAF, "b": LEAF})}),
        schema({"spec": schema({"a": LEAF})}),
        ["spec.b"],
    ),
    "an object is one field": (
        schema({"spec": schema({"a": schema({"b": LEAF})})}),
        schema({"spec": schema({})}),
        ["spec.a"],
    ),
    "in a list": (
        schema({"l": {"items": schema({"a": LEAF, "b": LEAF})}}),
        schema({"l": {"items": schema({"a": LEAF})}}),
        ["l[].b"],
    ),
    "an open schema keeps all": (
        schema({"a": LEAF}),
        {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        [],
    ),
    "a map keeps all": (
        schema({"m": schema({"a": LEAF})}),
        schema({"m": {"type": "object", "additionalProperties": LEAF}}),
        [],
    ),
}


@pytest.mark.parametrize("name", list(SCHEMAS))
def test_fields_that_a_crd_loses(name):
    there, wanted, paths = SCHEMAS[name]
    both = [crd(POOLS), crd(POOLS)]
    for body, its in zip(both, (there, wanted)):
        body["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = its
    assert lost_fields.gone(*both) == paths


@pytest.mark.parametrize(
    ("item", "path", "holds"),
    [
        ({"spec": {"a": 0}}, "spec.a", True),
        ({"spec": {"a": None}}, "spec.a", False),
        ({"spec": {}}, "spec.a", False),
        ({}, "spec.a", False),
        ({"l": [{"a": 1}, {"b": 1}]}, "l[].b", True),
        ({"l": [{"a": 1}]}, "l[].b", False),
        ({"l": [[{"b": 1}]]}, "l[][].b", True),
        ({"l": "x"}, "l[].b", False),
    ],
)
def test_objects_that_hold_such_a_field(item, path, holds):
    assert lost_fields.held(item, [path]) == ([path] if holds else [])


@pytest.mark.parametrize(
    ("older", "newer", "lost"),
    [
        ("v3.26.5", "v3.28.5", {}),
        ("v3.28.5", "v3.29.7", {}),
        ("v3.29.7", "v3.30.7", {}),
        ("v3.30.7", "v3.31.7", {}),
        (
            "v3.31.7",
            "v3.32.1",
            {
                "felixconfigurations": [
                    "spec.bpfKubeProxyEndpointSlicesEnabled",
                    "spec.iptablesLockFilePath",
                    "spec.iptablesLockTimeout",
                ],
                "ippools": ["spec.ipip", "spec.nat-outgoing"],
            },
        ),
    ],
)
def test_what_upstreams_crds_lose(older, newer, lost):
    """The two facts of v3.32 and no others; needs upstream's own files."""
    files = [REAL_CRDS / (version + ".yaml") for version in (older, newer)]
    if not all(path.exists() for path in files):
        pytest.skip(
            "upstream's crds.yaml of %s and %s are not on this machine (CALICO_CRDS names their folder)"
            % (older, newer)
        )
    before, after = (
        {
            each["metadata"]["name"]: each
            for each in yaml.load_all(path.read_bytes(), Loader=yaml.CSafeLoader)
            if each
        }
        for path in files
    )
    found = {
        name.partition(".")[0]: lost_fields.gone(before[name], after[name])
        for name in sorted(set(before) & set(after))
    }
    assert {name: paths for name, paths in found.items() if paths} == lost


def test_others_annotations_are_left_alone(run):
    there = origin.marked(of("v3.32.1"), "v3.32.1")
    for each in there:
        each["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] = "{}"
    assert run(CrdApi(there), "v3.32.1")["changed"] is False


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (
            origin.marked(of("v3.31.7"), "v3.31.7"),
            [
                "bgpconfigurations.crd.projectcalico.org is from v3.31.7",
                "21 more",
                "v3.31 or newer",
            ],
        ),
        ([crd("tiers.crd.projectcalico.org")], ["tiers.crd.projectcalico.org came with v3.29"]),
        (
            [
                crd("stagednetworkpolicies.crd.projectcalico.org"),
                crd("tiers.crd.projectcalico.org"),
            ],
            ["came with v3.30", "v3.30 or newer"],
        ),
    ],
)
def test_a_downgrade_is_refused(run, there, words):
    api = CrdApi(there)
    found = run(api, "v3.28.5")
    assert (
        found["failed"]
        and api.writes == []
        and not [request for request in api.requests if "dryRun" in request[1]]
    )
    for word in [
        *words,
        "CRDs of Calico v3.28.5 would be a downgrade",
        "Expected",
        "Found",
        "snapshot",
    ]:
        assert word in found["msg"]


def test_newer_crds_can_be_left_as_they_are(run):
    there = origin.marked(of("v3.29.7"), "v3.29.7")
    api = CrdApi([each for each in there if each["metadata"]["name"] != POOLS])
    found = run(api, "v3.28.5", downgrade="leave")
    assert set(steps(found)) == {POOLS} and found["dropped"] == []
    assert (
        api.objects["%s/tiers.crd.projectcalico.org" % CRDS]["metadata"]["annotations"][RELEASE]
        == "v3.29.7"
    )


def test_an_older_patch_is_replaced_with_a_warning_and_the_policy_groups_crds_are_no_evidence(run):
    api = CrdApi(origin.marked(of("v3.32.1"), "v3.32.1"))
    found = run(api, "v3.32.0")
    assert found["changed"] and found["warned"] == [
        "The CRDs of Calico v3.32.1 are replaced by those of v3.32.0, which is older."
    ]
    assert run(api, "v3.32.0")["warned"] == [] and run(api, "v3.32.1")["warned"] == []
    assert run(CrdApi([crd("clusternetworkpolicies.policy.networking.k8s.io")]), "v3.28.5")[
        "changed"
    ]


def test_a_version_with_stored_objects_must_stay(run):
    there = [crd("clusternetworkpolicies.policy.networking.k8s.io", versions=("v1alpha1",))]
    api = CrdApi(there)
    found = run(api, "v3.32.1")
    assert found["failed"] and api.writes == []
    for word in [
        "CRD clusternetworkpolicies",
        "Expected: stored versions among v1",
        "Found: status.storedVersions has v1alpha1",
        "Remedy",
    ]:
        assert word in found["msg"]
    assert "failed" not in run(
        CrdApi(there),
        "v3.32.1",
        [crd(each["metadata"]["name"], versions=("v1alpha1", "v1")) for each in of("v3.32.1")],
    )


def test_a_datastore_in_the_native_group_is_refused(run):
    api = CrdApi([crd("ippools.projectcalico.org", versions=("v3",))])
    found = run(api, "v3.32.1")
    assert found["failed"] and "API group projectcalico.org" in found["msg"] and api.writes == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "ConfigMap", "metadata": {"name": "x"}},
        {"kind": "CustomResourceDefinition", "metadata": {"name": "x"}, "spec": {}},
        {},
    ],
)
def test_what_is_no_crd_is_refused(run, wrong):
    api = CrdApi()
    found = run(api, "v3.32.1", [wrong])
    assert "no CustomResourceDefinition" in found["msg"] and api.requests == []


def test_crds_that_are_not_established_are_waited_for():
    crds = origin.marked(of("v3.32.1"), "v3.32.1")
    assert ready(State([stored(each) for each in crds], crds))
    assert not ready(
        State([stored(each, established=each["metadata"]["name"] != POOLS) for each in crds], crds)
    )
    assert not ready(State([stored(each) for each in crds[1:]], crds))
    api = CrdApi()
    api.objects = {
        "%s/%s" % (CRDS, each["metadata"]["name"]): stored(each, established=False) for each in crds
    }
    store = CrdStore(api)
    state = read(store, crds, "v3.32.1", leave_newer=False)
    plan = decide(state)
    assert not plan
    with pytest.raises(CalicoError, match="not NamesAccepted"):
        apply(plan, store, awaited(plan, state), 0)


def test_a_step_applies_the_releases_object_and_not_what_the_server_makes_of_it():
    there = [stored(crd(POOLS, fields=("cidr", "ipip")))]
    wanted = [crd(POOLS), crd("tiers.crd.projectcalico.org")]
    settled = {POOLS: stored(crd(POOLS))}
    update, create = decide(State(there, wanted, settled))
    assert isinstance(update, UpdateCrd) and update.crd is wanted[0]
    assert isinstance(create, CreateCrd) and create.crd is wanted[1] and create.before is None
    assert not decide(State(there, wanted[:1], {POOLS: there[0]}))
