# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What pools do in Kubernetes they do in etcd: one suite for both datastores, each of them real."""

from __future__ import annotations

import pytest
from hardway_lab.crds import crds_yaml
from hardway_testbed.datastores import InEtcd, InKubernetes
from hardway_testbed.etcd import Etcd
from node_side import run_module

from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool import apply
from ansible_collections.hardway.calico.plugins.modules import calico_ippool

LAB_SHAPE = {"hosts": 1}
ONE = {"name": "one", "cidr": "10.244.0.0/18", "ipip_mode": "Never", "nat_outgoing": True}
TWO = {**ONE, "name": "two", "cidr": "10.244.192.0/19", "disabled": True}
GONE = [{"name": "one", "state": "absent"}]


@pytest.fixture(scope="module")
def kubernetes(lab):
    lab.kubectl("create", "-f", "-", stdin=crds_yaml("v3.32.1")[0].decode())
    lab.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
    return InKubernetes(lab)


@pytest.fixture(scope="module")
def etcdv3(tmp_path_factory):
    etcd = Etcd(tmp_path_factory.mktemp("etcd")).up()
    yield InEtcd(etcd)
    etcd.down()


@pytest.fixture(params=["kubernetes", "etcdv3"])
def store(request, monkeypatch):
    monkeypatch.setattr(apply, "SETTLE_SECONDS", 0)
    found = request.getfixturevalue(request.param)
    found.clear()
    return found


def declare(store, pools, check_mode=False, **options):
    given = {**store.options(), **options}
    return run_module("calico_ippool", check_mode=check_mode, pools=pools, **given)


def specs(store):
    return {name: spec for name, (spec, _labels) in store.pools().items()}


def overtaken(monkeypatch, name, by):
    """Somebody else does something between the module's reading and its writing."""
    read = getattr(calico_ippool, name)

    def then(*arguments):
        found = read(*arguments)
        by()
        return found

    monkeypatch.setattr(calico_ippool, name, then)


def test_each_of_create_change_and_remove_in_check_mode_for_real_and_again(store):
    changed = [{**ONE, "disabled": True}, {**TWO, "disabled": False}]
    gone = [{"name": pool["name"], "state": "absent"} for pool in (ONE, TWO)]
    for wanted in ([ONE, TWO], changed, gone):
        before = store.revisions()
        proposed = declare(store, wanted, check_mode=True)
        assert proposed["changed"] and store.revisions() == before
        done = declare(store, wanted)
        assert done["changed"] and store.revisions() != before
        assert (proposed["actions"], proposed["diff"]) == (done["actions"], done["diff"])
        settled = store.revisions()
        for check_mode in (True, False):
            again = declare(store, wanted, check_mode=check_mode)
            assert (again["changed"], again["actions"]) == (False, [])
        assert store.revisions() == settled
    assert store.revisions() == {}


def test_the_guides_pools_as_they_are_stored(store):
    declare(store, [ONE, TWO])
    common = {
        "ipipMode": "Never",
        "vxlanMode": "Never",
        "blockSize": 26,
        "nodeSelector": "all()",
        "natOutgoing": True,
        "allowedUses": ["Workload", "Tunnel"],
        "assignmentMode": "Automatic",
    }
    assert specs(store) == {
        "one": {"cidr": "10.244.0.0/18", **common},
        "two": {"cidr": "10.244.192.0/19", "disabled": True, **common},
    }


def test_what_others_wrote_is_kept(store):
    labels = {"team": "a"}
    store.put_pool("one", labels, cidr="10.244.0.0/18", blockSize=26, nodeSelector="has(a)")
    assert declare(store, [{"name": "one", "nat_outgoing": True}])["changed"]
    spec, kept = store.pools()["one"]
    assert kept == labels and spec["nodeSelector"] == "has(a)" and spec["natOutgoing"] is True


def test_a_change_by_somebody_else_meanwhile_is_a_conflict(store, monkeypatch):
    declare(store, [ONE])
    overtaken(monkeypatch, "read", lambda: store.change_pool("one", disabled=True))
    result = declare(store, [{**ONE, "nat_outgoing": False}])
    assert result["failed"] and "409" in result["msg"] and "run again" in result["msg"]
    assert specs(store)["one"]["natOutgoing"] is True and specs(store)["one"]["disabled"] is True


def test_a_pool_that_somebody_else_creates_meanwhile_is_a_conflict(store, monkeypatch):
    overtaken(monkeypatch, "read", lambda: store.put_pool("one", cidr="10.1.0.0/16"))
    result = declare(store, [ONE])
    assert result["failed"] and "409" in result["msg"]
    assert specs(store)["one"]["cidr"] == "10.1.0.0/16"


def test_a_problem_of_one_pool_keeps_all_from_being_written(store):
    result = declare(store, [ONE, {"name": "two", "cidr": "10.244.0.0/20"}])
    assert result["failed"] and "overlap" in result["msg"] and store.revisions() == {}


def test_a_field_of_a_later_release(store):
    result = declare(store, [{**ONE, "assignment_mode": "Manual"}], calico_version="v3.29.1")
    assert "assignment_mode, which came with 3.30" in result["msg"]


def test_a_range_with_blocks_of_another_size(store):
    store.put_block("10.244.1.0/24")
    assert "size 24" in declare(store, [ONE])["msg"] and specs(store) == {}


def test_removal_releases_blocks_and_affinities_of_that_pool_only(store):
    declare(store, [ONE])
    for cidr in ("10.244.0.0/26", "10.244.0.64/26", "10.9.0.0/26"):
        store.put_block(cidr)
    assert declare(store, GONE)["changed"]
    assert (specs(store), set(store.blocks())) == ({}, {"10.9.0.0/26"})
    assert store.affinities() == {("n1", "10.9.0.0/26")}


def test_a_pool_in_use_is_not_touched(store):
    declare(store, [ONE])
    store.put_block("10.244.0.0/26", in_use=2)
    before = store.revisions()
    result = declare(store, GONE)
    assert result["failed"] and "2 addresses are in use in 1 IPAM block" in result["msg"]
    assert store.revisions() == before


def test_force_delete_takes_the_affinity_but_keeps_the_addresses(store):
    declare(store, [ONE])
    store.put_block("10.244.0.0/26", in_use=2)
    store.put_block("10.244.0.64/26")
    assert declare(store, GONE, force_delete=True)["changed"]
    assert store.blocks() == {"10.244.0.0/26": (None, 2)}
    assert (specs(store), store.affinities()) == ({}, set())


def test_an_address_taken_once_the_pool_is_disabled_stops_the_removal(store, monkeypatch):
    declare(store, [ONE])
    store.put_block("10.244.0.0/26")
    overtaken(monkeypatch, "decide", lambda: store.take_address("10.244.0.0/26"))
    result = declare(store, GONE)
    assert result["failed"] and "1 address is in use in 1 IPAM block" in result["msg"]
    assert specs(store)["one"]["disabled"] is True
    assert store.blocks() == {"10.244.0.0/26": ("host:n1", 1)}


def test_an_address_taken_between_looking_and_deleting_is_not_lost(store, monkeypatch):
    declare(store, [ONE])
    store.put_block("10.244.0.0/26")
    release = apply.blocks.release

    def overtaken_release(*arguments):
        found = release(*arguments)
        store.take_address("10.244.0.0/26")
        return found

    monkeypatch.setattr(apply.blocks, "release", overtaken_release)
    result = declare(store, GONE)
    assert result["failed"] and "409" in result["msg"]
    assert store.blocks() == {"10.244.0.0/26": ("host:n1", 1)}


def test_a_pool_that_somebody_made_anew_meanwhile_is_not_deleted(store, monkeypatch):
    store.put_pool("one", cidr="10.244.0.0/18", disabled=True)
    overtaken(monkeypatch, "decide", lambda: store.replace_pool("one", cidr="10.2.0.0/16"))
    result = declare(store, GONE)
    assert result["failed"] and "409" in result["msg"]
    assert specs(store)["one"]["cidr"] == "10.2.0.0/16"


def test_a_pool_takes_the_range_of_one_that_goes(store):
    declare(store, [ONE])
    store.put_block("10.244.0.0/26")
    assert declare(store, [*GONE, {**ONE, "name": "new", "block_size": 25}])["changed"]
    assert set(specs(store)) == {"new"} and store.blocks() == {}
