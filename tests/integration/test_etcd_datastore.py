# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real etcd of three members with TLS and authentication: its faults, its revisions, snapshots of it.

What pools do in it is in test_pools_in_both_datastores.py.
"""

from __future__ import annotations

import contextlib
import json
import pathlib
import threading
import time

import pytest
from aetcd import rpc
from api_server import serve
from hardway_testbed.etcd import Etcd
from node_side import run_module
from recorded_api import RecordedApi

from ansible_collections.hardway.calico.plugins.module_utils._datastore import access, kinds
from ansible_collections.hardway.calico.plugins.module_utils._datastore import etcd_model as model
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import Kind
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._etcd import client

V3 = "/calico/resources/v3/projectcalico.org/"
POOL = V3 + "ippools/one"
ONE = {"name": "one", "cidr": "10.244.0.0/18", "ipip_mode": "Never"}
CLUSTER_INFORMATION = V3 + "clusterinformations/default"


@pytest.fixture(scope="module", name="cluster")
def cluster_fixture(tmp_path_factory):
    etcd = Etcd(tmp_path_factory.mktemp("etcd")).up()
    yield etcd
    etcd.down()


@pytest.fixture(name="etcd")
def etcd_fixture(cluster):
    cluster.heal()
    cluster.clear()
    yield cluster
    cluster.heal()


def calico(etcd, user="calico", **options):
    """The datastore as modules get it."""
    given = etcd.options(user, **options)
    return access.datastore({**dict.fromkeys(access.DATASTORE_ARGS), **given})


def declare(etcd, user="calico", pool=None, **options):
    return run_module(
        "calico_ippool", pools=[{**ONE, **(pool or {})}], **etcd.options(user, **options)
    )


def put_pools(etcd, *names):
    for number, name in enumerate(names):
        etcd.put(
            V3 + "ippools/" + name,
            {
                "kind": "IPPool",
                "apiVersion": "projectcalico.org/v3",
                "metadata": {"name": name, "uid": "uid-" + name},
                "spec": {"cidr": "10.%d.0.0/16" % number},
            },
        )


# Who may, and what he is told.


def test_a_user_by_the_common_name_of_its_certificate_with_least_rights(etcd):
    assert declare(etcd)["changed"] and not declare(etcd)["changed"]
    assert set(etcd.everything()) == {POOL}


def test_certificate_and_key_by_their_content_are_nowhere_in_the_output(etcd):
    certificate, key = (pathlib.Path(path).read_text() for path in etcd.pairs["calico"])
    given = {
        "etcd_cert": None,
        "etcd_key": None,
        "etcd_ca_cert": None,
        "etcd_ca_cert_content": pathlib.Path(etcd.ca).read_text(),
        "etcd_cert_content": certificate,
        "etcd_key_content": key,
    }
    result = declare(etcd, **given)
    assert result["changed"] and key.splitlines()[1] not in result["raw"]


def test_a_user_by_name_and_password(etcd):
    login = {"etcd_username": "with-password", "etcd_password": "s3cret-of-etcd"}
    result = declare(etcd, "nobody", **login)
    assert result["changed"] and "s3cret-of-etcd" not in result["raw"]
    refused = declare(etcd, "nobody", **{**login, "etcd_password": "wrong-one"})
    assert "authentication failed" in refused["msg"] and "correct etcd_username" in refused["msg"]
    assert "wrong-one" not in refused["raw"]


def test_a_token_that_etcd_takes_no_longer(etcd):
    login = {"etcd_username": "with-password", "etcd_password": "s3cret-of-etcd"}
    datastore = calico(etcd, "nobody", **login)
    made = datastore.create(kinds.IPPOOL, {"metadata": {"name": "one"}, "spec": {}})
    with etcd.channel() as channel:
        again = rpc.AuthUserChangePasswordRequest(name="with-password", password="s3cret-of-etcd")
        rpc.AuthStub(channel).UserChangePassword(again, timeout=5)
    datastore.update(kinds.IPPOOL, made, {"spec": {"disabled": True}})
    assert etcd.version_of(POOL) == 2


@pytest.mark.parametrize(
    ("user", "options", "words"),
    [
        ("stranger", {}, "does not accept the client's certificate"),
        (
            "calico",
            {"etcd_cert": None, "etcd_key": None},
            "does not accept the client's certificate",
        ),
        ("unknown", {}, "permission denied. Remedy: grant a role of the certificate's common name"),
        ("nobody", {}, "refused to list /calico/resources/v3/projectcalico.org/ippools/"),
        ("reader", {}, "refused to write /calico/resources/v3/projectcalico.org/ippools/one"),
    ],
)
def test_who_may_not_is_told_why_and_by_whom(etcd, user, options, words):
    before = time.monotonic()
    result = declare(etcd, user, **options)
    assert result["failed"] and words in result["msg"]
    assert any(member in result["msg"] for member in etcd.endpoints)
    assert time.monotonic() - before < 10, "what no member will do is not asked again and again"
    assert etcd.everything() == {}


def test_a_ca_that_did_not_sign_the_members_certificates(etcd):
    wrong = etcd.folder / "wrong-ca.crt"
    wrong.write_text(etcd.stranger.certificate)
    message = declare(etcd, etcd_ca_cert=str(wrong))["msg"]
    assert "is not signed by the CA in etcd_ca_cert" in message
    assert all(member in message for member in etcd.endpoints)


def test_a_certificate_and_the_key_of_another(etcd):
    assert "no pair" in declare(etcd, etcd_key=etcd.pairs["root"][1])["msg"]


def test_an_address_that_is_not_in_the_members_certificate(etcd):
    other = [member.replace("127.0.0.1", "127.0.0.2") for member in etcd.endpoints]
    message = declare(etcd, etcd_endpoints=other)["msg"]
    assert "127.0.0.2" in message and "certificate is for another address" in message


# Members that do not answer.


@pytest.mark.parametrize("number", [0, 1, 2])
def test_one_dead_member_of_three(etcd, number):
    etcd.kill(number)
    assert declare(etcd)["changed"] and not declare(etcd)["changed"]
    assert set(etcd.everything()) == {POOL}


def test_one_member_that_takes_connections_and_says_nothing(etcd, monkeypatch):
    monkeypatch.setattr(client, "ATTEMPT_SECONDS", 1.0)
    leader = etcd.leader()
    frozen = (leader + 1) % 3
    etcd.freeze(frozen)
    order = [etcd.endpoints[frozen], *etcd.endpoints]
    before = time.monotonic()
    assert declare(etcd, etcd_endpoints=order)["changed"]
    assert time.monotonic() - before < 10, "it is asked once and comes last then"


@pytest.mark.parametrize("dead", [(0, 1, 2), (0, 1)])
def test_too_many_dead_members(etcd, monkeypatch, dead):
    monkeypatch.setattr(client, "BOUND_SECONDS", 3.0)
    monkeypatch.setattr(client, "ATTEMPT_SECONDS", 1.0)
    for number in dead:
        etcd.kill(number)
    before = time.monotonic()
    message = declare(etcd)["msg"]
    assert time.monotonic() - before < 10
    assert "No member of etcd could list" in message
    for number, member in enumerate(etcd.endpoints):
        cause = "nothing listens there" if number in dead else "did not answer in time"
        assert "%s: " % member in message and cause in message


def test_leaders_that_change_in_the_middle(etcd):
    """Every write counts once: the value says how many there were, etcd's version of the key the same."""
    datastore = calico(etcd)
    datastore.create(kinds.IPPOOL, {"metadata": {"name": "one"}, "spec": {"blockSize": 0}})
    moves, ended = [], threading.Event()

    def move():
        while not ended.is_set():
            with contextlib.suppress(Exception):
                etcd.move_leader()
                moves.append(1)

    mover = threading.Thread(target=move)
    mover.start()
    try:
        number = 0
        while number < 60 or len(moves) < 5:
            there = datastore.get(kinds.IPPOOL, "one")
            assert there["spec"]["blockSize"] == number
            number += 1
            datastore.update(kinds.IPPOOL, there, {"spec": {"blockSize": number}})
            assert number < 2000, "the leader does not move"
    finally:
        ended.set()
        mover.join(timeout=30)
    etcd.wait()
    assert etcd.objects()[POOL]["spec"]["blockSize"] == number
    assert etcd.version_of(POOL) == number + 1


def test_the_leader_dies_in_the_middle(etcd):
    datastore = calico(etcd)
    put_pools(etcd, "one")
    etcd.kill(etcd.leader())
    there = datastore.get(kinds.IPPOOL, "one")
    datastore.update(kinds.IPPOOL, there, {"spec": {"disabled": True}})
    etcd.heal()
    assert etcd.objects()[POOL]["spec"]["disabled"] is True and etcd.version_of(POOL) == 2


def test_a_full_etcd(etcd):
    put_pools(etcd, "other")
    etcd.alarm(on=True)
    before = etcd.everything()
    result = declare(etcd, pool={"cidr": "10.99.0.0/16"})
    assert "alarm NOSPACE" in result["msg"] and "defragment" in result["msg"]
    assert etcd.everything() == before
    # What is there can be read, and room be made.
    gone = run_module(
        "calico_ippool", pools=[{"name": "other", "state": "absent"}], **etcd.options()
    )
    assert "alarm NOSPACE" in gone["msg"], "a pool is disabled before it goes, which is a write"
    etcd.alarm(on=False)
    assert declare(etcd, pool={"cidr": "10.99.0.0/16"})["changed"]


# Revisions.


def test_a_list_of_many_pages_is_of_one_revision(etcd, monkeypatch):
    monkeypatch.setattr(client, "PAGE", 2)
    put_pools(etcd, *"abcdefg")
    first = etcd.status(0).header.revision
    between_pages(monkeypatch, 1, lambda: put_pools(etcd, "b", "z"))
    found = calico(etcd).list(kinds.IPPOOL)
    assert [item["metadata"]["name"] for item in found] == list("abcdefg")
    assert max(int(item["metadata"]["resourceVersion"]) for item in found) <= first


def between_pages(monkeypatch, page, by):
    """Something happens after a page of a list, once."""
    original, pages = client.EtcdClient._kv, []

    def kv(self, what, call, request):
        found = original(self, what, call, request)
        pages.append(what)
        if len(pages) == page:
            by()
        return found

    monkeypatch.setattr(client.EtcdClient, "_kv", kv)


def compacted(etcd):
    put_pools(etcd, "z")
    etcd.compact()


def test_a_list_whose_revision_is_compacted_meanwhile_begins_again(etcd, monkeypatch):
    monkeypatch.setattr(client, "PAGE", 2)
    put_pools(etcd, *"abcdefg")
    between_pages(monkeypatch, 2, lambda: compacted(etcd))
    found = calico(etcd).list(kinds.IPPOOL)
    assert [item["metadata"]["name"] for item in found] == list("abcdefgz")


def test_a_decision_whose_revision_is_compacted_ends_with_words(etcd, monkeypatch):
    put_pools(etcd, "a")
    between_pages(monkeypatch, 1, lambda: compacted(etcd))
    # A new pool is decided on with the blocks, which are of the pools' revision.
    result = declare(etcd)
    assert "compacted" in result["msg"] and "run again" in result["msg"]
    assert POOL not in etcd.everything() and declare(etcd)["changed"]


def test_what_one_decision_reads_is_of_one_moment(etcd):
    put_pools(etcd, "a")
    datastore = calico(etcd)
    moment = datastore.at_one_moment()
    assert len(moment.list(kinds.IPPOOL)) == 1
    put_pools(etcd, "a", "b")
    assert len(moment.list(kinds.IPPOOL)) == 1 and moment.get(kinds.IPPOOL, "b") is None
    assert len(datastore.list(kinds.IPPOOL)) == 2


def test_writers_at_the_same_time_lose_nothing(etcd):
    calico(etcd).create(kinds.IPPOOL, {"metadata": {"name": "one"}, "spec": {"blockSize": 0}})
    conflicts = []

    def count():
        datastore, done = calico(etcd), 0
        while done < 15:
            there = datastore.get(kinds.IPPOOL, "one")
            change = {"spec": {"blockSize": there["spec"]["blockSize"] + 1}}
            try:
                datastore.update(kinds.IPPOOL, there, change)
                done += 1
            except CalicoError as exc:
                assert exc.status == 409
                conflicts.append(exc)

    writers = [threading.Thread(target=count) for _each in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=60)
    assert etcd.objects()[POOL]["spec"]["blockSize"] == 45 and conflicts


def test_the_port_over_etcd(etcd):
    datastore = calico(etcd)
    body = {"metadata": {"name": "one"}, "spec": {"cidr": "10.244.0.0/18"}}
    assert datastore.create(kinds.IPPOOL, body, dry_run=True)["spec"] == body["spec"]
    assert etcd.everything() == {}
    made = datastore.create(kinds.IPPOOL, body)
    assert made == datastore.get(kinds.IPPOOL, "one") == datastore.list(kinds.IPPOOL)[0]
    assert made["metadata"]["resourceVersion"] == str(etcd.everything()[POOL][1])
    for again in (True, False):
        with pytest.raises(CalicoError) as raised:
            datastore.create(kinds.IPPOOL, body, dry_run=again)
        assert raised.value.status == 409
    changed = datastore.replace(kinds.IPPOOL, {**made, "spec": {"cidr": "10.245.0.0/18"}})
    assert changed["metadata"]["uid"] == made["metadata"]["uid"]
    for write in (
        lambda: datastore.replace(kinds.IPPOOL, made),
        lambda: datastore.replace(kinds.IPPOOL, made, dry_run=True),
        lambda: datastore.update(kinds.IPPOOL, made, {"spec": {"disabled": True}}),
        lambda: datastore.delete(kinds.IPPOOL, made),
    ):
        with pytest.raises(CalicoError) as raised:
            write()
        assert raised.value.status == 409
    datastore.delete(kinds.IPPOOL, changed)
    datastore.delete(kinds.IPPOOL, changed)
    assert etcd.everything() == {} and datastore.get(kinds.IPPOOL, "one") is None
    assert datastore.get(Kind("Pod", "pods"), "one") is None
    assert datastore.list(Kind("Pod", "pods")) is None


def test_a_value_that_calico_cannot_have_written(etcd):
    etcd.put(POOL, "no JSON")
    message = declare(etcd)["msg"]
    assert "key %s in etcd cannot be read" % POOL in message


def test_the_kinds_are_those_of_the_release_that_runs(etcd):
    assert "Tier" in calico(etcd).kinds(), "an empty etcd is for the default release"
    put_release(etcd, "v3.28.5")
    assert calico(etcd).kinds() == model.kinds_of(28)
    assert "Calico v3.28.5 keeps no Tier in etcd" in str(calico(etcd).lacking(["Tier"]))
    put_release(etcd, "v3.33.0-0.dev-17-gabc")
    assert "Tier" in calico(etcd).kinds()


def put_release(etcd, version):
    etcd.put(
        CLUSTER_INFORMATION,
        {
            "kind": "ClusterInformation",
            "apiVersion": "projectcalico.org/v3",
            "metadata": {"name": "default", "uid": "u"},
            "spec": {"calicoVersion": version, "datastoreReady": True},
        },
    )


# Snapshots.


@pytest.fixture(name="backup")
def backup_fixture(etcd, tmp_path):
    """run(module, ...) with the cluster's uid and namespaces from an API server."""
    objects = {
        "/api/v1/namespaces/%s" % name: {"metadata": {"name": name, "uid": "uid-of-" + name}}
        for name in ("kube-system", "shop")
    }
    with serve(RecordedApi(objects, served=["/api/v1/namespaces"])) as wire:

        def run(module, **options):
            given = {"host": wire.url, "api_key": "token", **etcd.options(), **options}
            return run_module(module, **given)

        yield lambda **options: run("calico_snapshot", directory=str(tmp_path), **options), run


def fill(etcd):
    put_release(etcd, "v3.32.1")
    put_pools(etcd, "one")
    for key, kind, metadata, spec in (
        (
            "networkpolicies/shop/web",
            "NetworkPolicy",
            {"namespace": "shop"},
            {"selector": "a == 'b'"},
        ),
        ("nodes/n1", "Node", {}, {"bgp": {"ipv4Address": "192.0.2.1/24"}}),
        ("profiles/kns.shop", "Profile", {}, {"labelsToApply": {"x": "y"}}),
        ("workloadendpoints/shop/pod", "WorkloadEndpoint", {"namespace": "shop"}, {"node": "n1"}),
    ):
        etcd.put(
            V3 + key,
            {
                "kind": kind,
                "apiVersion": "projectcalico.org/v3",
                "metadata": {"name": key.rpartition("/")[2], "uid": "u-" + kind, **metadata},
                "spec": spec,
            },
        )
    etcd.put("/calico/ipam/v2/config", {"strict_affinity": True})
    etcd.put("/calico/ipam/v2/handle/h.1", {"block": {"10.0.0.0/26": 1}, "deleted": False})
    etcd.put(
        "/calico/ipam/v2/host/n1/ipv4/block/10.0.0.0-26", {"state": "confirmed", "deleted": False}
    )


def without_identity(objects):
    """Objects as they are, but for what a new object gets."""
    found = json.loads(json.dumps(objects))
    for item in found.values():
        for part in ("uid", "creationTimestamp"):
            item.get("metadata", {}).pop(part, None)
    return found


def test_a_snapshot_brings_back_what_was_lost_and_takes_nothing_else(etcd, backup):
    take, run = backup
    fill(etcd)
    taken = take(calico_version="v3.32.1")
    assert taken["objects"] == {
        "BlockAffinity": 1,
        "ClusterInformation": 1,
        "IPAMConfig": 1,
        "IPAMHandle": 1,
        "IPPool": 1,
        "NetworkPolicy": 1,
        "Node": 1,
        "Profile": 1,
    }
    assert not take(calico_version="v3.32.1")["changed"], "there is one of this state"
    before = etcd.everything()
    assert not run("calico_restore", src=taken["path"], ipam=True, prune=True)["changed"]
    assert etcd.everything() == before, "no revision moved"
    saved = etcd.objects()
    etcd.clear()
    put_release(etcd, "v3.32.1")
    restored = run("calico_restore", src=taken["path"], ipam=True)
    assert restored["changed"], restored.get("msg")
    workload = V3 + "workloadendpoints/shop/pod"
    saved.pop(workload)
    assert without_identity(etcd.objects()) == without_identity(saved)
    assert not run("calico_restore", src=taken["path"], ipam=True)["changed"]


def test_a_restore_leaves_what_calico_keeps_itself(etcd, backup):
    take, run = backup
    fill(etcd)
    taken = take()
    node, policy = V3 + "nodes/n1", V3 + "networkpolicies/shop/web"
    for key, spec in ((node, {"bgp": {}}), (policy, {"selector": "changed"})):
        etcd.put(key, {**etcd.objects()[key], "spec": spec})
    etcd.put(V3 + "nodes/n2", {**etcd.objects()[node], "metadata": {"name": "n2", "uid": "2"}})
    result = run("calico_restore", src=taken["path"], prune=True)
    assert [step["target"] for step in result["actions"]] == ["NetworkPolicy shop/web"]
    there = etcd.objects()
    assert there[node]["spec"] == {"bgp": {}} and V3 + "nodes/n2" in there
    assert there[policy]["spec"] == {"selector": "a == 'b'"}
    assert V3 + "workloadendpoints/shop/pod" in there


def test_check_mode_reads_only(etcd):
    put_pools(etcd, "one")
    before = etcd.everything()
    wanted = [{"name": "one", "disabled": True}]
    result = run_module("calico_ippool", check_mode=True, pools=wanted, **etcd.options("reader"))
    assert result["changed"] and etcd.everything() == before
