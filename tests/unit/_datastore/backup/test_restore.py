# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way back of Calico's objects from a snapshot, against a stand-in API that records every write."""

from __future__ import annotations

import copy
import json
import os

import pytest
from calico_cluster import OBJECTS, Cluster, cluster, path, stored

from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.restore import (
    policy_names,
    unknown_fields,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.restore.decide import (
    decide,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.restore.state import (
    State,
    Tried,
    Wanted,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.restore.steps import (
    CreateObject,
    DeleteObject,
    UpdateObject,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.snapshot import (
    content,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.kubernetes import (
    KubernetesDatastore,
)
from ansible_collections.hardway.calico.plugins.modules import calico_restore, calico_snapshot


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


def test_what_is_made_of_kubernetes_own_policies_is_created_but_never_changed(run, tmp_path):
    """kube-controllers write NetworkPolicies knp.default.NAME into etcd and keep them as Kubernetes has them."""
    made = stored("NetworkPolicy", "knp.default.a", {"order": 1000}, namespace="shop")
    admin = stored("GlobalNetworkPolicy", "kanp.adminnetworkpolicy.b", {"tier": "x"})
    baseline = stored("GlobalNetworkPolicy", "kbanp.baselineadminnetworkpolicy.default", {})
    src = run(
        calico_snapshot, cluster({**OBJECTS, **made, **admin}), directory=str(tmp_path / "made")
    )["path"]
    changed = copy.deepcopy({**OBJECTS, **made, **admin, **baseline})
    for key in (*made, *admin):
        changed[key]["spec"] = {"order": 1}
    changed.update(stored("NetworkPolicy", "knp.default.new", {}, namespace="shop"))
    api = cluster(changed)
    assert actions(run(calico_restore, api, src=src, prune=True)) == [] and api.writes == []
    assert actions(run(calico_restore, cluster(), src=src, prune=True)) == [
        ("create", "GlobalNetworkPolicy kanp.adminnetworkpolicy.b"),
        ("create", "NetworkPolicy shop/knp.default.a"),
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


@pytest.fixture(name="etcd")
def etcd_fixture(monkeypatch):
    """With datastore_type etcdv3, the objects are behind the stand-in API too: what differs here is what etcd is."""
    for module in (calico_snapshot, calico_restore):
        monkeypatch.setattr(module, "datastore", lambda params, api: KubernetesDatastore(api))
    return {"datastore_type": "etcdv3"}


def test_a_snapshot_of_the_other_datastore_is_refused_whatever_the_cluster(
    run, taken, etcd, tmp_path
):
    """Labels are where the other datastore does not look for them."""
    api = cluster(without("pool1"))
    of_etcd = run(calico_snapshot, cluster(), directory=str(tmp_path / "etcd"), **etcd)["path"]
    for options in (
        {"src": taken, **etcd},
        {"src": taken, "other_cluster": True, **etcd},
        {"src": of_etcd, "other_cluster": True},
    ):
        result = run(calico_restore, api, **options)
        assert result["failed"] and "the other datastore" in result["msg"], options
        for word in ("kubernetes", "etcdv3", "labels", "Expected", "Found", "Remedy"):
            assert word in result["msg"], result["msg"]
    assert api.requests == []
    assert run(calico_restore, api, src=of_etcd, **etcd)["changed"]


def test_a_snapshot_that_does_not_tell_its_datastore_is_of_the_kubernetes_api(run, taken, etcd):
    with open(taken, encoding="utf-8") as handle:
        snapshot = json.load(handle)
    assert snapshot["metadata"]["annotations"].pop("hardway.calico/datastore") == "kubernetes"
    with open(taken, "w", encoding="utf-8") as handle:
        json.dump(snapshot, handle)
    assert run(calico_restore, cluster(), src=taken)["changed"] is False
    assert "the other datastore" in run(calico_restore, cluster(), src=taken, **etcd)["msg"]
    again = {"directory": os.path.dirname(taken), "cluster": "blue", "calico_version": "v3.31.7"}
    assert run(calico_snapshot, cluster(), check=True, **again)["changed"] is False
    assert run(calico_snapshot, cluster(), check=True, **again, **etcd)["changed"]


def named(stored_as, users, order, kind="GlobalNetworkPolicy", **more):
    """A policy as libcalico-go stores it, with the name for users in its annotation."""
    note = {"projectcalico.org/metadata": json.dumps({"name": users}, separators=(",", ":"))}
    spec = {"order": order, "tier": "default", **more}
    place = "shop" if kind == "NetworkPolicy" else None
    return stored(kind, stored_as, spec, namespace=place, annotations=note)


def at_release(release, *policies):
    there = stored("ClusterInformation", "default", {"calicoVersion": release} if release else {})
    return {key: body for each in (there, *policies) for key, body in each.items()}


@pytest.fixture(name="restore", params=["kubernetes", "etcdv3"])
def restore_fixture(run, etcd, request, tmp_path):
    """restore(before, now, ...): the result, and the names and orders of the policies that are there afterwards."""
    store = {"datastore_type": request.param}
    assert etcd

    def restore(before, now, **options):
        src = run(calico_snapshot, cluster(before), directory=str(tmp_path / "snap"), **store)[
            "path"
        ]
        api = cluster(now)
        result = run(calico_restore, api, src=src, **store, **options)
        if not result.get("failed"):
            assert not run(calico_restore, api, src=src, **store, **options)["changed"]
        left = {
            body["metadata"]["name"]: body["spec"]["order"]
            for key, body in api.objects.items()
            if "policies/" in key and key.startswith("/apis/crd.projectcalico.org")
        }
        return result, left

    return restore


OLD, NEW = "v3.31.7", "v3.32.1"
# Policies of the snapshot, the cluster's release and its policies; what is there afterwards, with prune and without.
NAMES = {
    "renamed by kube-controllers": ([("default.foo", 1)], NEW, [("foo", 2)], {"foo": 1}),
    "not renamed yet": ([("default.foo", 1)], NEW, [("default.foo", 2)], {"default.foo": 1}),
    "gone, of an old release": ([("default.foo", 1)], NEW, [], {"foo": 1}),
    "gone, old on old": ([("default.foo", 1)], OLD, [], {"default.foo": 1}),
    "gone, new on old": ([("foo", 1)], OLD, [], {"default.foo": 1}),
    "gone, new on one that never knew tiers": ([("foo", 1)], "v3.26.5", [], {"default.foo": 1}),
    "new on old": ([("foo", 1)], OLD, [("default.foo", 2)], {"default.foo": 1}),
    "renamed, then gone back": ([("default.foo", 1)], OLD, [("foo", 2)], {"foo": 1}),
    "same on new": ([("foo", 1)], NEW, [("foo", 2)], {"foo": 1}),
    "release unknown": ([("default.foo", 1)], "", [], {"default.foo": 1}),
    "being renamed, new": (
        [("default.foo", 1)], NEW, [("default.foo", 2), ("foo", 2)], {"default.foo": 2, "foo": 1},
    ),
    "being renamed, old": (
        [("default.foo", 1)], OLD, [("default.foo", 2), ("foo", 2)], {"default.foo": 1, "foo": 2},
    ),
    "taken while being renamed": (
        [("default.foo", 3), ("foo", 1)], NEW, [("foo", 2)], {"foo": 1},
    ),
}  # fmt: skip


@pytest.mark.parametrize("prune", [False, True])
@pytest.mark.parametrize("kind", ["GlobalNetworkPolicy", "NetworkPolicy"])
@pytest.mark.parametrize("case", list(NAMES))
def test_a_policy_is_known_by_the_name_that_users_know(restore, case, kind, prune):
    """kube-controllers of 3.32 rename default.foo to foo, and older releases look for default.foo."""
    before, release, now, after = NAMES[case]
    result, left = restore(
        at_release(NEW, *(named(name, "foo", order, kind) for name, order in before)),
        at_release(release, *(named(name, "foo", order, kind) for name, order in now)),
        prune=prune,
    )
    assert left == after, result
    if release == NEW:
        assert migrated(left) == {"foo": 1}


def migrated(left):
    """What kube-controllers of 3.32 make of it (policy_name_migrator.go): what is there is taken for the new one."""
    found = dict(left)
    if "default.foo" in found:
        old = found.pop("default.foo")
        found.setdefault("foo", old)
    return found


@pytest.mark.parametrize(
    ("stored_as", "users", "release", "expected"),
    [
        ("default.foo", "foo", "v3.32.0-0.dev-1-gabc", "foo"),
        ("default.foo", "default.foo", NEW, "default.foo"),
        ("foo.bar", "foo.bar", NEW, "foo.bar"),
        # TieredPolicyName of 3.29 to 3.31 takes what is before a dot for the tier; older ones always prefix.
        ("foo.bar", "foo.bar", "v3.29.7", "foo.bar"),
        ("foo.bar", "foo.bar", "v3.28.5", "default.foo.bar"),
        ("ossg.default.1", "ossg.default.1", "v3.28.5", "ossg.default.1"),
        ("foo", "foo", "somebody's own", "foo"),
    ],
)
@pytest.mark.parametrize("kind", policy_names.KINDS)
def test_the_name_of_a_policy_that_is_gone(kind, stored_as, users, release, expected):
    note = {"projectcalico.org/metadata": json.dumps({"name": users})}
    item = of_calico(kind, stored_as, {}, annotations=note)
    for datastore in ("kubernetes", "etcdv3"):
        (found,) = policy_names.as_stored([item], [], release, datastore)
        assert found["metadata"] == {"name": expected, "annotations": note}


def test_the_annotation_tells_the_name_for_users_under_any_other(run, etcd, tmp_path):
    src = run(
        calico_snapshot,
        cluster(at_release(OLD, stored("GlobalNetworkPolicy", "default.foo", {"order": 1}))),
        directory=str(tmp_path),
        **etcd,
    )["path"]
    api = cluster(at_release(NEW))
    run(calico_restore, api, src=src, **etcd)
    metadata = api.objects[path("GlobalNetworkPolicy", "foo")]["metadata"]
    assert metadata["annotations"] == {"projectcalico.org/metadata": '{"name":"foo"}'}


def test_labels_in_the_annotation_stay_under_the_other_name(run, tmp_path):
    """Calico before 3.29 keeps the metadata without the name."""
    note = '{"creationTimestamp":null,"labels":{"a":"b"}}'
    before = stored(
        "GlobalNetworkPolicy",
        "default.foo",
        {"order": 1},
        annotations={"projectcalico.org/metadata": note},
    )
    src = run(calico_snapshot, cluster(at_release(OLD, before)), directory=str(tmp_path))["path"]
    api = cluster(at_release(NEW))
    run(calico_restore, api, src=src)
    kept = api.objects[path("GlobalNetworkPolicy", "foo")]["metadata"]["annotations"]
    assert kept == {
        "projectcalico.org/metadata": '{"name":"foo","creationTimestamp":null,"labels":{"a":"b"}}'
    }


def test_policies_of_other_tiers_and_those_of_kubectl_keep_their_names(run, tmp_path):
    """Without an annotation, the Kubernetes API's name is the one for users, and nobody renames the policy."""
    before = at_release(
        OLD,
        named("default.foo", "default.foo", 1, tier="own"),
        stored("GlobalNetworkPolicy", "default.plain", {"order": 1}),
    )
    src = run(calico_snapshot, cluster(before), directory=str(tmp_path))["path"]
    api = cluster(at_release(NEW, stored("GlobalNetworkPolicy", "plain", {"order": 2})))
    assert actions(run(calico_restore, api, src=src)) == [
        ("create", "GlobalNetworkPolicy default.foo"),
        ("create", "GlobalNetworkPolicy default.plain"),
    ]


def test_an_annotation_that_was_lost_is_no_other_policy(run, tmp_path):
    before, bare = named("default.foo", "foo", 1), stored("GlobalNetworkPolicy", "default.foo", {})
    src = run(calico_snapshot, cluster(at_release(OLD, before)), directory=str(tmp_path))["path"]
    for release in (OLD, NEW):
        result = run(calico_restore, cluster(at_release(release, bare)), src=src, prune=True)
        assert actions(result) == [("update", "GlobalNetworkPolicy default.foo")]


def test_objects_of_other_kinds_are_left_as_they_are():
    """Handles in etcd may have one name in small letters."""
    handles = [of_calico("IPAMHandle", "h.1", {"handleID": name}) for name in ("h.1", "H.1")]
    assert policy_names.as_stored(handles, handles[:1], NEW, "etcdv3") == handles


def test_two_policies_of_one_name_are_refused_before_anything_is_written(restore):
    """3.32 has foo and default.foo beside each other; before, both are stored as default.foo."""
    both = (named("foo", "foo", 1), named("default.foo", "default.foo", 1))
    for now in ((), (both[1],)):
        result, left = restore(at_release(NEW, *both), at_release(OLD, *now))
        assert result["failed"] and "under one name" in result["msg"]
        for word in ("default.foo for default.foo and foo", "v3.31.7", "Expected", "Remedy"):
            assert word in result["msg"], result["msg"]
        assert "foo" not in left
    result, left = restore(at_release(NEW, both[0]), at_release(OLD, both[1]))
    assert "default.foo for default.foo and foo" in result["msg"] and left == {"default.foo": 1}
    assert restore(at_release(NEW, *both), at_release(NEW))[1] == {"foo": 1, "default.foo": 1}


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


def of_calico(kind, name, spec, **metadata):
    return {
        "apiVersion": "crd.projectcalico.org/v1",
        "kind": kind,
        "metadata": {"name": name, **metadata},
        "spec": spec,
    }


def test_a_step_carries_what_was_tried_and_not_the_answer():
    tier = of_calico("Tier", "own", {"order": 1})
    peer = of_calico("BGPPeer", "tor", {"asNumber": 1})
    there = of_calico("BGPPeer", "tor", {"asNumber": 2}, uid="u", resourceVersion="7")
    surplus = of_calico("BGPPeer", "old", {}, uid="v", resourceVersion="8")
    body = {**peer, "metadata": there["metadata"]}
    tried = [Tried(tier, tier, copy.deepcopy(tier)), Tried(peer, body, copy.deepcopy(body))]
    wanted = Wanted({"items": [tier, peer]}, prune=True)
    plan, warnings = decide(wanted, State([there, surplus], tried, {}))
    create, update, delete = plan
    assert isinstance(create, CreateObject) and create.body is tier
    assert isinstance(update, UpdateObject) and update.body is body
    assert isinstance(delete, DeleteObject) and delete.current is surplus
    assert warnings == [] and (create.before, delete.after) == (None, None)
