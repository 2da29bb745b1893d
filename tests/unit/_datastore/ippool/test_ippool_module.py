# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module calico_ippool as Ansible runs it, against an API server on a socket."""

from __future__ import annotations

import pytest
from api_server import serve
from node_side import run_module
from recorded_api import RecordedApi

from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool import apply
from ansible_collections.hardway.calico.plugins.module_utils._datastore.kubernetes import (
    KubernetesDatastore,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.modules import calico_ippool

GROUP = "/apis/crd.projectcalico.org/v1"
SERVED = [GROUP + "/ippools", GROUP + "/ipamblocks", GROUP + "/blockaffinities"]
GUIDE = [
    {"name": "ipv4-ippool-1", "cidr": "10.244.0.0/18", "ipip_mode": "Never", "nat_outgoing": True},
    {
        "name": "ipv4-ippool-2",
        "cidr": "10.244.192.0/19",
        "ipip_mode": "Never",
        "nat_outgoing": True,
        "disabled": True,
    },
]


def stored_pool(name="one", cidr="10.244.0.0/18", annotations=None, **spec):
    metadata = {"name": name, "uid": "uid-" + name, "annotations": annotations or {}}
    return {"%s/ippools/%s" % (GROUP, name): {"metadata": metadata, "spec": {"cidr": cidr, **spec}}}


def stored_block(cidr, in_use=0, host="n1"):
    name = cidr.replace(".", "-").replace("/", "-")
    return {
        "%s/ipamblocks/%s" % (GROUP, name): {
            "metadata": {"name": name},
            "spec": {
                "cidr": cidr,
                "affinity": "host:" + host,
                "allocations": [0] * in_use + [None] * (64 - in_use),
            },
        },
        "%s/blockaffinities/%s-%s" % (GROUP, host, name): {
            "metadata": {"name": "%s-%s" % (host, name)},
            "spec": {"cidr": cidr, "node": host},
        },
    }


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(apply, "SETTLE_SECONDS", 0)


@pytest.fixture(name="cluster")
def cluster_fixture():
    with serve(RecordedApi(served=SERVED)) as wire:
        yield wire


def put(wire, *objects):
    for group in objects:
        for path, body in group.items():
            wire.api.objects[path] = wire.api._stored(body)


def declare(wire, pools, check_mode=False, **options):
    wire.seen.clear()
    return run_module(
        "calico_ippool",
        check_mode=check_mode,
        host=wire.url,
        api_key="token",
        pools=pools,
        **options,
    )


def requests(wire):
    return [(verb, path[len(GROUP) + 1 :]) for verb, path, _headers, _body in wire.seen]


def spec(wire, name):
    return wire.api.objects["%s/ippools/%s" % (GROUP, name)]["spec"]


def test_the_contributing_sequence(cluster):
    """kubernetes.core, CONTRIBUTING: each of create, modify and delete in check mode, for real, and both again."""
    changed = [{**GUIDE[0], "disabled": True}, {**GUIDE[1], "disabled": False}]
    gone = [{"name": pool["name"], "state": "absent"} for pool in GUIDE]
    for wanted, writes in ((GUIDE, 2), (changed, 2), (gone, 3)):
        before = {
            path: body["metadata"]["resourceVersion"] for path, body in cluster.api.objects.items()
        }
        proposed = declare(cluster, wanted, check_mode=True)
        assert proposed["changed"] and cluster.writes == []
        assert before == {
            path: body["metadata"]["resourceVersion"] for path, body in cluster.api.objects.items()
        }
        done = declare(cluster, wanted)
        assert done["changed"] and len(cluster.writes) == writes
        assert (proposed["actions"], proposed["diff"]) == (done["actions"], done["diff"])
        for check_mode in (True, False):
            again = declare(cluster, wanted, check_mode=check_mode)
            assert (again["changed"], again["actions"], cluster.writes) == (False, [], [])
            assert again["diff"] == {"before": "", "after": ""}
    assert cluster.api.objects == {}


def test_the_guides_pools_as_they_are_stored(cluster):
    result = declare(cluster, GUIDE)
    common = {
        "ipipMode": "Never",
        "vxlanMode": "Never",
        "blockSize": 26,
        "nodeSelector": "all()",
        "natOutgoing": True,
        "allowedUses": ["Workload", "Tunnel"],
        "assignmentMode": "Automatic",
    }
    assert spec(cluster, "ipv4-ippool-1") == {"cidr": "10.244.0.0/18", **common}
    assert spec(cluster, "ipv4-ippool-2") == {"cidr": "10.244.192.0/19", "disabled": True, **common}
    assert result["actions"][0] == {
        "action": "create",
        "target": "IPPool ipv4-ippool-1",
        "reason": "it does not exist",
    }
    body = cluster.seen[-1][3]
    assert (body["apiVersion"], body["kind"], body["metadata"]) == (
        "crd.projectcalico.org/v1",
        "IPPool",
        {"name": "ipv4-ippool-2"},
    )


def test_round_trips(cluster):
    declare(cluster, GUIDE)
    assert requests(cluster) == [
        ("GET", "ippools"),
        ("GET", "ipamblocks"),
        ("POST", "ippools"),
        ("POST", "ippools"),
    ]
    declare(cluster, GUIDE)
    assert requests(cluster) == [("GET", "ippools")]
    declare(cluster, [{**GUIDE[1], "disabled": False}])
    assert requests(cluster) == [("GET", "ippools"), ("PATCH", "ippools/ipv4-ippool-2")]


def test_what_others_wrote_is_kept(cluster):
    annotations = {"projectcalico.org/metadata": '{"creationTimestamp":"2026-05-14T05:58:40Z"}'}
    put(
        cluster, stored_pool(annotations=annotations, nodeSelector="has(a)", ipip={"enabled": True})
    )
    declare(cluster, [{"name": "one", "nat_outgoing": True}])
    kept = cluster.api.objects[GROUP + "/ippools/one"]
    assert kept["metadata"]["annotations"] == annotations
    assert kept["spec"] == {
        "cidr": "10.244.0.0/18",
        "nodeSelector": "has(a)",
        "ipip": {"enabled": True},
        "natOutgoing": True,
    }
    assert cluster.seen[-1][3]["spec"] == {"natOutgoing": True}


def test_a_change_by_somebody_else_meanwhile_is_a_conflict(cluster, monkeypatch):
    put(cluster, stored_pool())
    read = calico_ippool.read

    def read_and_be_overtaken(datastore, wanted):
        found = read(datastore, wanted)
        cluster.api.merge_patch(GROUP + "/ippools/one", {"spec": {"disabled": True}})
        return found

    monkeypatch.setattr(calico_ippool, "read", read_and_be_overtaken)
    result = declare(cluster, [{"name": "one", "nat_outgoing": True}])
    assert result["failed"] and "409" in result["msg"] and "run again" in result["msg"]
    assert "natOutgoing" not in spec(cluster, "one")


def test_check_mode_on_a_cluster_without_the_crds():
    with serve(RecordedApi(served=[])) as empty:
        result = declare(empty, GUIDE, check_mode=True)
        assert [step["action"] for step in result["actions"]] == ["create", "create"]
        assert requests(empty) == [("GET", "ippools")]
        result = declare(empty, GUIDE)
        assert result["failed"] and "run the role hardway.calico.datastore first" in result["msg"]
        assert empty.writes == []


def test_a_problem_of_one_pool_keeps_all_from_being_written(cluster):
    result = declare(
        cluster,
        [GUIDE[0], {"name": "two", "cidr": "10.244.0.0/20"}],
        forbidden_networks=[{"name": "x", "cidr": "no"}],
    )
    assert (
        result["failed"]
        and "overlap" in result["msg"]
        and "forbidden network x: no is no network" in result["msg"]
    )
    assert cluster.writes == []


@pytest.mark.parametrize("version", ["3.19", "v9.9.9", "soon"])
def test_a_release_that_is_not_known(cluster, version):
    assert declare(cluster, GUIDE, calico_version=version)["failed"]
    assert cluster.seen == []


@pytest.mark.parametrize("option", [{"etcd_endpoints": ["https://a"]}, {"etcd_discovery_srv": "a"}])
def test_etcds_address_where_the_datastore_is_the_api(cluster, option):
    result = declare(cluster, GUIDE, **option)
    assert result["failed"] and "set datastore_type: etcdv3" in result["msg"]
    assert cluster.seen == []


def test_fields_of_a_later_release(cluster):
    result = declare(cluster, [{**GUIDE[0], "assignment_mode": "Manual"}], calico_version="v3.29.1")
    assert "assignment_mode, which came with 3.30" in result["msg"]


def test_removal_releases_blocks_and_affinities_of_that_pool_only(cluster):
    put(
        cluster,
        stored_pool(),
        stored_block("10.244.0.0/26"),
        stored_block("10.244.0.64/26"),
        stored_block("10.9.0.0/26"),
    )
    assert declare(cluster, [{"name": "one", "state": "absent"}])["changed"]
    assert requests(cluster) == [
        ("GET", "ippools"),
        ("GET", "ipamblocks"),
        ("PATCH", "ippools/one"),
        ("GET", "ipamblocks"),
        ("DELETE", "ipamblocks/10-244-0-0-26"),
        ("DELETE", "ipamblocks/10-244-0-64-26"),
        ("GET", "blockaffinities"),
        ("DELETE", "blockaffinities/n1-10-244-0-0-26"),
        ("DELETE", "blockaffinities/n1-10-244-0-64-26"),
        ("DELETE", "ippools/one"),
    ]
    assert set(cluster.api.objects) == set(stored_block("10.9.0.0/26"))
    assert cluster.seen[-1][3] == {"preconditions": {"uid": "uid-one"}}


def test_nodes_get_time_to_see_that_a_pool_is_disabled(cluster, monkeypatch):
    put(cluster, stored_pool(), stored_block("10.244.0.0/26"))
    slept = []
    monkeypatch.setattr(apply, "SETTLE_SECONDS", 0.5)
    monkeypatch.setattr(
        apply.time, "sleep", lambda seconds: slept.append((seconds, requests(cluster)[-1]))
    )
    declare(cluster, [{"name": "one", "state": "absent"}])
    assert slept == [(0.5, ("PATCH", "ippools/one"))]
    assert requests(cluster)[-1] == ("DELETE", "ippools/one")


def test_a_pool_in_use_is_not_touched(cluster):
    put(cluster, stored_pool(), stored_block("10.244.0.0/26", in_use=2))
    result = declare(cluster, [{"name": "one", "state": "absent"}])
    assert result["failed"] and "2 addresses are in use in 1 IPAM block" in result["msg"]
    assert cluster.writes == []


def test_force_delete_takes_the_affinity_but_keeps_the_addresses(cluster):
    put(
        cluster,
        stored_pool(disabled=True),
        stored_block("10.244.0.0/26", in_use=2),
        stored_block("10.244.0.64/26"),
    )
    assert declare(cluster, [{"name": "one", "state": "absent"}], force_delete=True)["changed"]
    assert set(cluster.api.objects) == {GROUP + "/ipamblocks/10-244-0-0-26"}
    left = cluster.api.objects[GROUP + "/ipamblocks/10-244-0-0-26"]["spec"]
    assert "affinity" not in left and left["allocations"][:3] == [0, 0, None]


def test_an_address_that_is_taken_while_the_pool_is_disabled_stops_the_removal(
    cluster, monkeypatch
):
    put(cluster, stored_pool(), stored_block("10.244.0.0/26"))
    update = KubernetesDatastore.update

    def disable_and_lose(self, kind, current, change):
        put(cluster, stored_block("10.244.0.0/26", in_use=1))
        return update(self, kind, current, change)

    monkeypatch.setattr(KubernetesDatastore, "update", disable_and_lose)
    result = declare(cluster, [{"name": "one", "state": "absent"}])
    assert (
        result["failed"]
        and "1 address is in use in 1 IPAM block" in result["msg"]
        and "disabled now and stays so" in result["msg"]
    )
    assert requests(cluster)[-1] == ("GET", "ipamblocks")
    assert spec(cluster, "one")["disabled"] is True
    assert GROUP + "/blockaffinities/n1-10-244-0-0-26" in cluster.api.objects


def test_a_block_that_takes_an_address_at_the_last_moment_is_a_conflict(cluster, monkeypatch):
    put(cluster, stored_pool(disabled=True), stored_block("10.244.0.0/26"))
    delete = type(cluster.api).delete

    def delete_too_late(self, path, uid=None, resource_version=None):
        if "/ipamblocks/" in path:
            put(cluster, stored_block("10.244.0.0/26", in_use=1))
        return delete(self, path, uid=uid, resource_version=resource_version)

    monkeypatch.setattr(type(cluster.api), "delete", delete_too_late)
    result = declare(cluster, [{"name": "one", "state": "absent"}])
    assert result["failed"] and "409" in result["msg"]
    assert set(cluster.api.objects) >= {GROUP + "/ippools/one", GROUP + "/ipamblocks/10-244-0-0-26"}


def test_a_removal_that_was_interrupted_is_finished_by_the_next_run(cluster, monkeypatch):
    put(cluster, stored_pool(), stored_block("10.244.0.0/26"))

    def interrupted(*_arguments):
        raise CalicoError("interrupted")

    monkeypatch.setattr(KubernetesDatastore, "delete", interrupted)
    assert declare(cluster, [{"name": "one", "state": "absent"}])["msg"].startswith("interrupted")
    monkeypatch.undo()
    result = declare(cluster, [{"name": "one", "state": "absent"}])
    assert [step["action"] for step in result["actions"]] == ["delete"]
    assert cluster.api.objects == {}


def test_the_token_is_in_no_result(cluster):
    assert (
        "token-that-is-secret"
        not in run_module(
            "calico_ippool", host=cluster.url, api_key="token-that-is-secret", pools=GUIDE
        )["raw"]
    )


def test_an_api_server_that_is_not_there():
    result = run_module(
        "calico_ippool", host="http://127.0.0.1:1", api_key="the-token", pools=GUIDE
    )
    assert (
        result["failed"] and "The API server http://127.0.0.1:1 cannot be reached" in result["msg"]
    )
