# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots of Calico's objects and their way back, against a stand-in API that records every write."""

from __future__ import annotations

import copy
import datetime
import json
import os
import stat

import pytest
from ansible.module_utils.testing import patch_module_args
from recorded_api import RecordedApi

from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.restore import (
    unknown_fields,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.snapshot import (
    content,
)
from ansible_collections.hardway.calico.plugins.modules import calico_restore, calico_snapshot

GROUP, CRDS = (
    "/apis/crd.projectcalico.org/v1",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
)
KINDS = {
    "IPPool": ("ippools", False),
    "BGPConfiguration": ("bgpconfigurations", False),
    "BGPPeer": ("bgppeers", False),
    "Tier": ("tiers", False),
    "GlobalNetworkPolicy": ("globalnetworkpolicies", False),
    "NetworkPolicy": ("networkpolicies", True),
    "IPAMBlock": ("ipamblocks", False),
    "IPAMHandle": ("ipamhandles", False),
    "BlockAffinity": ("blockaffinities", False),
    "ClusterInformation": ("clusterinformations", False),
}
NOW = datetime.datetime(2026, 11, 21, 7, 10, tzinfo=datetime.timezone.utc)


def path(kind, name, namespace=None):
    plural, namespaced = KINDS[kind]
    return "%s/%s%s/%s" % (GROUP, "namespaces/%s/" % namespace if namespaced else "", plural, name)


def stored(kind, name, spec, namespace=None, **metadata):
    given = {
        "name": name,
        "uid": "uid-" + name,
        "generation": 3,
        "creationTimestamp": "2026-01-01T00:00:00Z",
        **metadata,
    }
    return {
        path(kind, name, namespace): {
            "metadata": {**given, **({"namespace": namespace} if namespace else {})},
            "spec": spec,
        }
    }


OBJECTS = {
    **stored(
        "IPPool",
        "pool1",
        {"cidr": "10.244.0.0/18", "natOutgoing": True},
        annotations={"projectcalico.org/metadata": "{}"},
    ),
    **stored("BGPConfiguration", "default", {"asNumber": 64512}, labels={"team": "net"}),
    **stored(
        "BGPPeer",
        "tor",
        {"peerIP": "192.0.2.1", "password": {"secretKeyRef": {"name": "bgp", "key": "tor"}}},
    ),
    **stored("GlobalNetworkPolicy", "default.deny", {"selector": "all()", "types": ["Ingress"]}),
    **stored("NetworkPolicy", "default.web", {"selector": "app == 'web'"}, namespace="shop"),
    **stored("IPAMBlock", "10-244-0-0-26", {"cidr": "10.244.0.0/26", "allocations": [0, None]}),
    **stored("BlockAffinity", "n1-10-244-0-0-26", {"cidr": "10.244.0.0/26", "node": "n1"}),
    **stored("ClusterInformation", "default", {"calicoVersion": "v3.31.7", "datastoreReady": True}),
}


class Cluster(RecordedApi):
    """Lists of a namespaced kind go over all namespaces, as in the real API."""

    def list_or_none(self, path):
        found = super().list_or_none(path)
        tail = "/" + path.rpartition("/")[2] + "/"
        return found + [
            copy.deepcopy(body)
            for key, body in sorted(self.objects.items())
            if key.startswith(GROUP + "/namespaces/") and tail in key and path.startswith(GROUP)
        ]


def crd(kind):
    plural, namespaced = KINDS[kind]
    spec = {
        "group": "crd.projectcalico.org",
        "names": {"kind": kind, "plural": plural},
        "scope": "Namespaced" if namespaced else "Cluster",
        "versions": [{"name": "v1", "storage": True}],
    }
    return {
        "%s/%s.crd.projectcalico.org" % (CRDS, plural): {
            "metadata": {"name": plural + ".crd.projectcalico.org"},
            "spec": spec,
        }
    }


def cluster(
    objects=None, uid="1f0c93aa-0000", namespaces=("kube-system", "shop"), kinds=tuple(KINDS)
):
    everything = {
        "/api/v1/namespaces/" + name: {"metadata": {"name": name, "uid": uid}}
        for name in namespaces
    }
    for kind in kinds:
        everything.update(crd(kind))
    everything[CRDS + "/other"] = {
        "metadata": {"name": "other"},
        "spec": {"group": "example.com", "names": {}, "scope": "Cluster", "versions": []},
    }
    return Cluster({**everything, **copy.deepcopy(OBJECTS if objects is None else objects)})


@pytest.fixture(name="run")
def run_fixture(capsys, monkeypatch):
    def run(module, api, check=False, **options):
        warned = []
        monkeypatch.setattr(module, "connect", lambda params: api)
        monkeypatch.setattr(module.AnsibleModule, "warn", lambda self, text: warned.append(text))
        with (
            patch_module_args({**options, "_ansible_check_mode": check, "_ansible_diff": True}),
            pytest.raises(SystemExit),
        ):
            module.main()
        return {**json.loads(capsys.readouterr().out), "warned": warned}

    return run


@pytest.fixture(name="taken")
def taken_fixture(run, tmp_path):
    result = run(
        calico_snapshot,
        cluster(),
        directory=str(tmp_path / "snapshots"),
        cluster="blue",
        calico_version="v3.31.7",
    )
    assert result["changed"]
    return result["path"]


# ---- taking one ----


def test_a_snapshot_is_whole_private_and_named(taken):
    assert os.path.basename(taken).startswith("calico-blue-1f0c93aa-v3.31.7-20") and taken.endswith(
        "Z.json"
    )
    assert (
        stat.S_IMODE(os.stat(taken).st_mode) == 0o600
        and stat.S_IMODE(os.stat(os.path.dirname(taken)).st_mode) == 0o700
    )
    assert os.listdir(os.path.dirname(taken)) == [os.path.basename(taken)]
    with open(taken, encoding="utf-8") as handle:
        snapshot = json.load(handle)
    assert (snapshot["apiVersion"], snapshot["kind"], len(snapshot["items"])) == (
        "v1",
        "List",
        len(OBJECTS),
    )
    found = {(item["kind"], item["metadata"]["name"]): item for item in snapshot["items"]}
    policy = found["NetworkPolicy", "default.web"]
    assert policy == {
        "apiVersion": "crd.projectcalico.org/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "default.web", "namespace": "shop"},
        "spec": {"selector": "app == 'web'"},
    }
    assert found["BGPConfiguration", "default"]["metadata"] == {
        "name": "default",
        "labels": {"team": "net"},
    }


def test_the_same_state_is_saved_once(run, taken):
    folder = os.path.dirname(taken)
    options = {"directory": folder, "cluster": "blue", "calico_version": "v3.31.7"}
    again = run(calico_snapshot, cluster(), **options)
    assert (again["changed"], again["path"]) == (False, taken)
    changed = cluster({**OBJECTS, **stored("Tier", "default", {"order": 1})})
    for options_of_other in (
        {**options, "calico_version": "v3.32.1"},
        {**options, "cluster": "green"},
    ):
        assert run(calico_snapshot, cluster(), check=True, **options_of_other)["changed"]
    assert (
        run(calico_snapshot, changed, check=True, **options)["changed"]
        and len(os.listdir(folder)) == 1
    )


def test_check_mode_writes_no_file(run, tmp_path):
    result = run(calico_snapshot, cluster(), check=True, directory=str(tmp_path / "none"))
    assert (
        result["changed"] and result["objects"]["IPPool"] == 1 and not (tmp_path / "none").exists()
    )
    assert "calico-stand-in-1f0c93aa-unknown-" in result["path"]


def test_a_directory_that_cannot_be(run, tmp_path):
    (tmp_path / "file").write_text("")
    assert (
        "cannot be created"
        in run(calico_snapshot, cluster(), directory=str(tmp_path / "file/below"))["msg"]
    )


def test_a_cluster_without_calico(run, tmp_path):
    assert run(calico_snapshot, cluster({}, kinds=()), directory=str(tmp_path))["objects"] == {}


@pytest.mark.parametrize(
    ("name", "beginning"),
    [
        ("blue", "calico-blue-1f0c93aa-"),
        ("a/../b c", "calico-a-..-b-c-1f0c93aa-"),
        ("//", "calico-cluster-1f0c93aa-"),
    ],
)
def test_names_are_safe(name, beginning):
    snapshot = content.make([], "1f0c93aa-0000", name, "v3.31.7", NOW)
    assert content.file_name(snapshot) == beginning + "v3.31.7-20261121T071000Z.json"


# ---- the way back ----


def without(*names):
    return {key: body for key, body in OBJECTS.items() if body["metadata"]["name"] not in names}


def actions(result):
    return [(entry["action"], entry["target"]) for entry in result["actions"]]


def test_nothing_is_written_where_nothing_differs(run, taken):
    api = cluster()
    result = run(calico_restore, api, src=taken)
    assert (result["changed"], result["actions"], api.requests and api.writes) == (False, [], [])


def test_deleted_and_changed_ones_come_back_and_check_mode_writes_nothing(run, taken):
    objects = without("default.deny", "default.web", "pool1")
    changed = objects[path("BGPConfiguration", "default")] = copy.deepcopy(
        objects[path("BGPConfiguration", "default")]
    )
    changed["spec"], changed["metadata"]["labels"], changed["status"] = (
        {"asNumber": 1},
        {},
        {"kept": True},
    )
    api = cluster(objects)
    before = copy.deepcopy(api.objects)
    proposed = run(calico_restore, api, check=True, src=taken)
    assert actions(proposed) == [
        ("create", "IPPool pool1"),
        ("update", "BGPConfiguration default"),
        ("create", "GlobalNetworkPolicy default.deny"),
        ("create", "NetworkPolicy shop/default.web"),
    ]
    assert api.writes == [] and api.objects == before
    assert (
        "labels, spec" in proposed["actions"][1]["reason"]
        and '"asNumber": 1' in proposed["diff"]["before"]
    )
    done = run(calico_restore, api, src=taken)
    assert (done["actions"], done["diff"]) == (proposed["actions"], proposed["diff"])
    for key, body in OBJECTS.items():
        assert api.objects[key]["spec"] == body["spec"], key
        assert api.objects[key]["metadata"].get("labels") == body["metadata"].get("labels")
        assert api.objects[key]["metadata"].get("annotations") == body["metadata"].get(
            "annotations"
        )
    kept = api.objects[path("BGPConfiguration", "default")]
    assert kept["metadata"]["uid"] == "uid-default" and kept["status"] == {"kept": True}
    assert "uid" not in api.objects[path("IPPool", "pool1")]["metadata"]
    api.requests.clear()
    assert run(calico_restore, api, src=taken)["changed"] is False and api.writes == []


def test_a_default_of_a_newer_crd_is_no_difference(run, taken):
    """The API server fills defaults in, in what it returns and in a dry run's answer."""

    class Defaulting(Cluster):
        def replace(self, path, body):
            return super().replace(
                path,
                {**body, "spec": {"assignmentMode": "Automatic", **body["spec"]}}
                if "/ippools/" in path
                else body,
            )

    api = cluster()
    api.__class__ = Defaulting
    api.objects[path("IPPool", "pool1")]["spec"]["assignmentMode"] = "Automatic"
    assert run(calico_restore, api, src=taken)["changed"] is False and api.writes == []


class Older(Cluster):
    """CRDs without two fields that the snapshot's objects have: the API server drops them and says nothing."""

    @staticmethod
    def pruned(body):
        body = copy.deepcopy(body)
        for name in ("natOutgoing", "types"):
            body["spec"].pop(name, None)
        return body

    def create(self, path, body):
        return super().create(path, self.pruned(body))

    def replace(self, path, body):
        return super().replace(path, self.pruned(body))


def test_fields_that_the_cluster_does_not_know_are_not_lost_silently(run, taken):
    objects = without("default.deny")
    objects[path("IPPool", "pool1")] = Older.pruned(objects[path("IPPool", "pool1")])
    api = cluster(objects)
    api.__class__ = Older
    for check in (True, False):
        result = run(calico_restore, api, check=check, src=taken)
        assert result["failed"] and api.writes == []
        for word in (
            "GlobalNetworkPolicy default.deny: spec.types",
            "IPPool pool1: spec.natOutgoing",
            "Expected",
            "unknown_fields: drop",
        ):
            assert word in result["msg"], result["msg"]
    done = run(calico_restore, api, src=taken, unknown_fields="drop")
    assert actions(done) == [("create", "GlobalNetworkPolicy default.deny")]
    assert (
        "without spec.types" in done["warned"][0]
        and "without spec.natOutgoing" in done["warned"][1]
    )


@pytest.mark.parametrize(
    ("item", "answer", "paths"),
    [
        (
            {"spec": {"a": 1, "b": [{"c": 1, "d": 2}]}},
            {"spec": {"a": "1", "b": [{"c": 1, "d": 2, "e": 3}], "f": 1}},
            [],
        ),
        (
            {"spec": {"a": 1, "b": [{"c": 1}, {"c": 1, "d": 2}]}},
            {"spec": {"b": [{"c": 1}, {"c": 1}]}},
            ["spec.a", "spec.b[].d"],
        ),
        ({"metadata": {"labels": {"a": "b"}}, "spec": {}}, {"spec": None}, []),
        ({"spec": {"a": {"b": 1}}}, {}, ["spec"]),
    ],
)
def test_what_is_lost(item, answer, paths):
    assert unknown_fields.lost(item, answer) == paths


def test_ipam_is_restored_only_when_asked(run, taken):
    objects = without("10-244-0-0-26", "n1-10-244-0-0-26")
    assert run(calico_restore, cluster(objects), src=taken)["changed"] is False
    assert actions(run(calico_restore, cluster(objects), src=taken, ipam=True)) == [
        ("create", "BlockAffinity n1-10-244-0-0-26"),
        ("create", "IPAMBlock 10-244-0-0-26"),
    ]


def test_cluster_information_is_created_but_never_changed(run, taken):
    objects = copy.deepcopy(OBJECTS)
    objects[path("ClusterInformation", "default")]["spec"] = {"calicoVersion": "v3.32.1"}
    assert run(calico_restore, cluster(objects), src=taken)["changed"] is False
    del objects[path("ClusterInformation", "default")]
    assert actions(run(calico_restore, cluster(objects), src=taken)) == [
        ("create", "ClusterInformation default")
    ]


EXTRA = {
    **stored("GlobalNetworkPolicy", "default.new", {}),
    **stored("IPPool", "pool2", {"cidr": "10.9.0.0/16"}),
    **stored("Tier", "default", {}),
    **stored("Tier", "own", {}),
    **stored("IPAMHandle", "h", {}),
}


def test_nothing_is_deleted_unless_asked(run, taken):
    api = cluster({**OBJECTS, **EXTRA})
    assert run(calico_restore, api, src=taken)["changed"] is False
    result = run(calico_restore, api, src=taken, prune=True)
    assert actions(result) == [
        ("delete", "GlobalNetworkPolicy default.new"),
        ("delete", "Tier own"),
    ]
    assert "IPPool pool2" in result["warned"][0] and "calico_ippool" in result["warned"][0]
    assert (
        path("IPPool", "pool2") in api.objects
        and path("Tier", "default") in api.objects
        and path("Tier", "own") not in api.objects
    )


def test_a_namespace_that_is_gone_is_a_warning(run, taken):
    result = run(
        calico_restore,
        cluster(without("default.web", "default.deny"), namespaces=("kube-system",)),
        src=taken,
    )
    assert actions(result) == [("create", "GlobalNetworkPolicy default.deny")]
    assert "NetworkPolicy default.web" in result["warned"][0] and "shop" in result["warned"][0]


def test_a_refusal_of_one_object_keeps_all_from_being_written(run, taken):
    class Refusing(Cluster):
        def create(self, path, body):
            if body["metadata"]["name"] == "default.web":
                raise content.CalicoError(
                    "The API server refused POST %s" % path, found="422, cidr is immutable"
                )
            return super().create(path, body)

    api = cluster(without("pool1", "default.web"))
    api.__class__ = Refusing
    result = run(calico_restore, api, src=taken)
    assert result["failed"] and "422" in result["msg"] and api.writes == []


def edit(**change):
    def apply(snapshot):
        snapshot.update(change)
        return json.dumps(snapshot)

    return apply


def of_group(snapshot):
    snapshot["items"][0]["apiVersion"] = "projectcalico.org/v3"
    return json.dumps(snapshot)


def by_hand(snapshot):
    snapshot["items"][0]["spec"]["by"] = "hand"
    return json.dumps(snapshot)


BAD = {
    "no JSON": (lambda snapshot: json.dumps(snapshot)[:-40], ["no JSON"]),
    "empty": (lambda snapshot: "", ["no JSON"]),
    "another kind": (edit(kind="ConfigMap"), ["no Kubernetes List"]),
    "no items": (edit(items=None), ["no Kubernetes List"]),
    "an item without a name": (
        edit(items=[{"kind": "IPPool", "metadata": {}}]),
        ["without kind and name"],
    ),
    "an item that is none": (edit(items=["x"]), ["without kind and name"]),
    "a list of somebody else": (edit(metadata={}), ["without the annotations"]),
    "another group": (of_group, ["projectcalico.org/v3", "crd.projectcalico.org"]),
    "changed by hand": (by_hand, ["differ from the digest"]),
}


@pytest.mark.parametrize("name", list(BAD))
def test_what_is_no_snapshot(run, taken, name):
    spoil, words = BAD[name]
    with open(taken, encoding="utf-8") as handle:
        text = spoil(json.load(handle))
    with open(taken, "w", encoding="utf-8") as handle:
        handle.write(text)
    api = cluster({})
    result = run(calico_restore, api, src=taken)
    assert result["failed"] and api.requests == []
    for word in [*words, "Expected", "Found", "Remedy"]:
        assert word in result["msg"]


def test_another_cluster_unless_told_otherwise(run, taken):
    api = cluster(without("pool1"), uid="another-uid")
    result = run(calico_restore, api, src=taken)
    assert (
        result["failed"]
        and "another cluster" in result["msg"]
        and "blue" in result["msg"]
        and api.writes == []
    )
    assert run(calico_restore, api, src=taken, other_cluster=True)["changed"]


def test_a_cluster_without_the_crds(run, taken):
    result = run(calico_restore, cluster({}, kinds=("IPPool",)), src=taken)
    assert (
        "has no CRD for BGPConfiguration, BGPPeer" in result["msg"]
        and "hardway.calico.datastore" in result["msg"]
    )


def test_no_file(run, tmp_path):
    assert (
        "does not exist" in run(calico_restore, cluster(), src=str(tmp_path / "none.json"))["msg"]
    )
