# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The datastore's port over the Kubernetes API: paths, revisions, what is not there."""

from __future__ import annotations

import pytest
from recorded_api import RecordedApi

from ansible_collections.hardway.calico.plugins.module_utils._datastore import kinds
from ansible_collections.hardway.calico.plugins.module_utils._datastore.kubernetes import (
    KubernetesDatastore,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import Datastore, Kind
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._release import crds

GROUP = "/apis/crd.projectcalico.org/v1"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
ONE = GROUP + "/ippools/one"
POLICY = Kind("NetworkPolicy", "networkpolicies", namespaced=True)


def pool(**metadata):
    return {"metadata": {"name": "one", **metadata}, "spec": {"cidr": "10.244.0.0/18"}}


@pytest.fixture(name="api")
def api_fixture():
    return RecordedApi({ONE: pool(uid="uid-one")})


@pytest.fixture(name="calico")
def calico_fixture(api) -> Datastore:
    return KubernetesDatastore(api)


def crd(kind, plural, scope="Cluster", group="crd.projectcalico.org", stored="v1"):
    versions = [{"name": "v0", "storage": False}, {"name": stored, "storage": True}]
    return {
        "%s/%s.%s" % (CRDS, plural, group): {
            "metadata": {"name": "%s.%s" % (plural, group)},
            "spec": {
                "group": group,
                "names": {"kind": kind, "plural": plural},
                "scope": scope,
                "versions": versions,
            },
        }
    }


def test_kinds_are_those_of_calicos_crds_in_one_request():
    api = RecordedApi(
        {
            **crd("IPPool", "ippools"),
            **crd("NetworkPolicy", "networkpolicies", "Namespaced"),
            **crd("Tier", "tiers", stored="v2"),
            **crd("Certificate", "certificates", "Namespaced", "cert-manager.io"),
        }
    )
    assert KubernetesDatastore(api).kinds() == {
        "IPPool": kinds.IPPOOL,
        "NetworkPolicy": POLICY,
        "Tier": Kind("Tier", "tiers", version="v2"),
    }
    assert api.requests == [("LIST", CRDS)]


KNOWN = {
    "BlockAffinity": "blockaffinities",
    "ClusterInformation": "clusterinformations",
    "IPAMBlock": "ipamblocks",
    "IPAMConfig": "ipamconfigs",
    "IPAMHandle": "ipamhandles",
    "IPPool": "ippools",
    "IPReservation": "ipreservations",
    "KubeControllersConfiguration": "kubecontrollersconfigurations",
    "Tier": "tiers",
}


def test_the_kinds_known_by_name_are_listed_where_calico_has_them():
    in_etcd_only = (kinds.NODE, kinds.PROFILE)
    known = [row for row in vars(kinds).values() if isinstance(row, Kind)]
    rows = {row.name: row for row in known if row not in in_etcd_only}
    assert set(rows) == set(KNOWN)
    for name, row in rows.items():
        api = RecordedApi()
        KubernetesDatastore(api).list(row)
        assert api.requests == [("LIST", GROUP + "/" + KNOWN[name])]
        assert "%s.crd.projectcalico.org" % row.plural in crds.names(32)


def test_what_is_read_carries_apiversion_and_kind(calico, api):
    expected = {"apiVersion": "crd.projectcalico.org/v1", "kind": "IPPool", **api.objects[ONE]}
    assert calico.get(kinds.IPPOOL, "one") == expected
    assert calico.list(kinds.IPPOOL) == [expected]
    assert api.requests == [("GET", ONE), ("LIST", GROUP + "/ippools")]


def test_what_is_not_there_is_none(calico):
    assert calico.get(kinds.IPPOOL, "two") is None
    assert calico.list(kinds.TIER) == []


def test_a_kind_that_is_not_served_is_none():
    calico = KubernetesDatastore(RecordedApi(served=[GROUP + "/ippools"]))
    assert calico.list(kinds.IPPOOL) == []
    assert calico.list(kinds.IPAM_BLOCK) is None
    assert calico.get(kinds.IPAM_BLOCK, "10-244-0-0-26") is None


def test_create(calico, api):
    body = {"metadata": {"name": "two"}, "spec": {"cidr": "10.0.0.0/24"}}
    stored = calico.create(kinds.IPPOOL, body)
    assert api.writes == [("POST", GROUP + "/ippools")]
    assert stored == api.objects[GROUP + "/ippools/two"]
    assert (stored["apiVersion"], stored["kind"]) == ("crd.projectcalico.org/v1", "IPPool")
    assert "kind" not in body
    with pytest.raises(CalicoError) as caught:
        calico.create(kinds.IPPOOL, body)
    assert caught.value.status == 409


def test_update_changes_fields_and_is_bound_to_the_revision_that_was_read(calico, api):
    read = calico.get(kinds.IPPOOL, "one")
    change = {"spec": {"disabled": True}, "metadata": {"labels": {"a": "b"}}}
    updated = calico.update(kinds.IPPOOL, read, change)
    assert api.writes == [("PATCH", ONE)]
    assert updated["spec"] == {"cidr": "10.244.0.0/18", "disabled": True}
    assert updated["metadata"]["labels"] == {"a": "b"} and updated["metadata"]["uid"] == "uid-one"
    with pytest.raises(CalicoError) as caught:
        calico.update(kinds.IPPOOL, read, {"spec": {"disabled": None}})
    assert caught.value.status == 409 and len(api.writes) == 1
    calico.update(kinds.IPPOOL, updated, {"spec": {"disabled": None}})
    assert api.objects[ONE]["spec"] == {"cidr": "10.244.0.0/18"}


def test_replace_is_bound_to_the_revision_that_was_read(calico, api):
    read = calico.get(kinds.IPPOOL, "one")
    calico.replace(kinds.IPPOOL, {**read, "spec": {"cidr": "10.0.0.0/24"}})
    assert api.writes == [("PUT", ONE)]
    assert api.objects[ONE]["spec"] == {"cidr": "10.0.0.0/24"}
    with pytest.raises(CalicoError) as caught:
        calico.replace(kinds.IPPOOL, read)
    assert caught.value.status == 409 and len(api.writes) == 1


def test_delete_is_bound_to_the_object_that_was_read(calico, api):
    read = calico.get(kinds.IPPOOL, "one")
    api.merge_patch(ONE, {"spec": {"disabled": True}})
    with pytest.raises(CalicoError) as caught:
        calico.delete(kinds.IPPOOL, read)
    assert caught.value.status == 409 and ONE in api.objects
    with pytest.raises(CalicoError) as caught:
        calico.delete(kinds.IPPOOL, pool(uid="uid-of-an-earlier-one"))
    assert caught.value.status == 409 and ONE in api.objects
    calico.delete(kinds.IPPOOL, calico.get(kinds.IPPOOL, "one"))
    assert api.objects == {}
    calico.delete(kinds.IPPOOL, read)  # gone already


def test_a_dry_run_writes_nothing(calico, api):
    read = calico.get(kinds.IPPOOL, "one")
    calico.create(kinds.IPPOOL, {"metadata": {"name": "two"}, "spec": {}}, dry_run=True)
    calico.replace(kinds.IPPOOL, read, dry_run=True)
    assert api.requests[1:] == [
        ("POST", GROUP + "/ippools?dryRun=All"),
        ("PUT", ONE + "?dryRun=All"),
    ]
    assert api.writes == [] and set(api.objects) == {ONE}


def test_objects_of_a_namespace():
    api = RecordedApi()
    calico, name = KubernetesDatastore(api), "default.deny"
    inside = GROUP + "/namespaces/shop/networkpolicies"
    body = {"metadata": {"name": name, "namespace": "shop"}, "spec": {}}
    created = calico.create(POLICY, body)
    assert calico.get(POLICY, name, "shop") == created
    assert calico.get(POLICY, name, "other") is None
    replaced = calico.replace(POLICY, created)
    calico.delete(POLICY, calico.update(POLICY, replaced, {"spec": {"order": 1}}))
    calico.list(POLICY)
    assert api.requests == [
        ("POST", inside),
        ("GET", inside + "/" + name),
        ("GET", GROUP + "/namespaces/other/networkpolicies/" + name),
        ("PUT", inside + "/" + name),
        ("PATCH", inside + "/" + name),
        ("DELETE", inside + "/" + name),
        ("LIST", GROUP + "/networkpolicies"),
    ]


def test_another_version_of_the_api():
    api = RecordedApi()
    KubernetesDatastore(api).create(
        Kind("Tier", "tiers", version="v2"), {"metadata": {"name": "a"}}
    )
    stored = api.objects["/apis/crd.projectcalico.org/v2/tiers/a"]
    assert stored["apiVersion"] == "crd.projectcalico.org/v2"


def test_what_is_said_of_kinds_without_a_crd(calico):
    said = str(calico.lacking({"Tier", "IPPool"}))
    assert "no CRD for IPPool, Tier" in said and "run the role hardway.calico.datastore" in said


def test_one_moment_is_as_good_as_the_api_can_do(calico):
    assert calico.at_one_moment() is calico
