# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""etcd_certificates with a real etcd of three members that requires client certificates, under constant clients."""

from __future__ import annotations

import base64
import pathlib
import shutil
import threading
import time

import grpc
import openssl_oracle as oracle
import pytest
from aetcd import rpc
from ansible.module_utils.testing import patch_module_args
from hardway_testbed.etcd import COMPACTION, COMPACTOR, Etcd
from recorded_api import RecordedApi

from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.objects import (
    CONSUMERS,
    KEYS,
)
from ansible_collections.hardway.calico.plugins.modules import etcd_certificates

SECRETS = "/api/v1/namespaces/kube-system/secrets/"


class Members(Etcd):
    """Each has a file of clients' CAs of its own, which it reads at its start; users are the consumers' names."""

    def trust(self, number, *cas):
        """Start a member again, with these CAs of clients."""
        self.kill(number)
        self._file("clients%d.crt" % number, "".join(cas))
        self.start(number)
        self.wait()

    def start(self, number):
        path = self.folder / ("clients%d.crt" % number)
        if not path.exists():
            shutil.copy(self.ca, path)
        servers, self.ca = self.ca, str(path)
        try:
            super().start(number)
        finally:
            self.ca = servers

    def add_users(self):
        with self.channel() as channel:
            for about in CONSUMERS.values():
                self._add_user(rpc.AuthStub(channel), about.common_name, None, "calico")
            grant = rpc.AuthUserGrantRoleRequest(user="calico-kube-controllers", role=COMPACTOR)
            rpc.AuthStub(channel).UserGrantRole(grant, timeout=5)

    def channel(self, number=0, user="root"):
        """Its administrator has certificates of both CAs; the newer one is taken where it is trusted."""
        text = (self.folder / ("clients%d.crt" % number)).read_text()
        return super().channel(number, "new-root" if self.first not in text else user)


@pytest.fixture(name="etcd")
def etcd_fixture(tmp_path):
    etcd = Members(tmp_path)
    etcd.first = etcd.authority.certificate
    etcd.up().add_users()
    yield etcd
    etcd.down()


@pytest.fixture(name="run")
def run_fixture(capsys, monkeypatch):
    def run_module(api, ca, **options):
        monkeypatch.setattr(etcd_certificates, "connect", lambda params: api)
        given = {"ca_content": ca[0], "ca_key_content": ca[1], **options}
        results = []
        monkeypatch.setattr(
            etcd_certificates.AnsibleModule, "exit_json", lambda module, **kw: results.append(kw)
        )
        monkeypatch.setattr(
            etcd_certificates.AnsibleModule, "fail_json", lambda module, msg: pytest.fail(msg)
        )
        with patch_module_args(given):
            etcd_certificates.main()
        capsys.readouterr()
        return results[0]

    return run_module


def triple(api, consumer):
    data = api.objects[SECRETS + CONSUMERS[consumer].secret]["data"]
    return tuple(base64.b64decode(data[key]) for key in KEYS)


class Clients:
    """A client for each consumer and member, which connects anew all the time with what its Secret holds."""

    def __init__(self, etcd, api):
        self.etcd, self.api, self.refused, self.done = etcd, api, [], 0
        self.down, self.over = set(), threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.over.set()
        self.thread.join(timeout=60)

    def _run(self):
        while not self.over.is_set():
            for consumer in CONSUMERS:
                for number in range(3):
                    if number not in self.down:
                        self._connect(consumer, number)

    def _connect(self, consumer, number):
        try:
            read(self.etcd, triple(self.api, consumer), number)
            self.done += 1
        except grpc.RpcError as exc:
            if number not in self.down:
                self.refused.append((consumer, number, exc.code(), exc.details()))

    def pause(self, number):
        """A member that is started again takes nobody meanwhile, which is no refusal."""
        self.down.add(number)
        time.sleep(1)

    def more(self, count=60):
        """Wait until so many more have connected."""
        wanted, deadline = self.done + count, time.monotonic() + 60
        while self.done < wanted:
            assert time.monotonic() < deadline and not self.refused, self.refused
            time.sleep(0.05)


def read(etcd, pems, number):
    """A connection of its own: TLS, the user by its CN, and a read with that user's right.

    Serializable, so that the member answers for itself: while one is started again the others may have no leader.
    """
    servers, certificate, key = pems
    credentials = grpc.ssl_channel_credentials(servers, key, certificate)
    # gRPC shares connections of channels that are alike.
    alone = [("grpc.use_local_subchannel_pool", 1)]
    address = "127.0.0.1:%d" % etcd.clients[number]
    with grpc.secure_channel(address, credentials, alone) as channel:
        rpc.KVStub(channel).Range(rpc.RangeRequest(key=b"/calico/x", serializable=True), timeout=20)


def compact(etcd, pems):
    """What kube-controllers' compactor sends each round (k8s.io/apiserver/pkg/storage/etcd3/compact.go)."""
    ca, certificate, key = pems
    credentials = grpc.ssl_channel_credentials(ca, key, certificate)
    with grpc.secure_channel("127.0.0.1:%d" % etcd.clients[0], credentials) as channel:
        kv = rpc.KVStub(channel)
        version = rpc.Compare(
            result=rpc.Compare.EQUAL, target=rpc.Compare.VERSION, key=COMPACTION, version=0
        )
        found = kv.Txn(
            rpc.TxnRequest(
                compare=[version],
                success=[rpc.RequestOp(request_put=rpc.PutRequest(key=COMPACTION, value=b"0"))],
                failure=[rpc.RequestOp(request_range=rpc.RangeRequest(key=COMPACTION))],
            ),
            timeout=20,
        )
        kv.Compact(rpc.CompactionRequest(revision=found.header.revision), timeout=20)


def test_the_ca_of_clients_is_replaced_under_constant_clients(etcd, run):
    authority = etcd.authority.folder
    old = (etcd.first, (authority / "ca.key").read_text())
    new = oracle.make_ca("etcd-ca")
    api, options = RecordedApi(), {"endpoints": etcd.endpoints, "server_ca_content": old[0]}
    assert run(api, old, **options)["renewed"] == list(CONSUMERS)
    etcd.pairs["new-root"] = etcd._pair("new-root", *oracle.make_leaf("root", new, "clientAuth"))
    with Clients(etcd, api) as clients:
        clients.more()
        assert run(api, old, force=True, **options)["renewed"] == list(CONSUMERS)
        clients.more()
        for number in range(3):
            told = run(api, new, **options)
            assert not told["changed"] and told["rotation"]["phase"] == "introduce"
            left = etcd.endpoints[number:]
            assert list(told["rotation"]["refused_by"]) == left
            assert all(
                words.startswith("it refused the certificate: ")
                for words in told["rotation"]["refused_by"].values()
            )
            clients.pause(number)
            etcd.trust(number, old[0], new[0])
            clients.down.clear()
            clients.more()
        clients.pause(1)
        etcd.kill(1)
        told = run(api, new, **options)
        assert told["rotation"]["phase"] == "introduce"
        assert "cannot be reached" in told["rotation"]["refused_by"][etcd.endpoints[1]]
        etcd.start(1)
        etcd.wait()
        clients.down.clear()
        told = run(api, new, **options)
        assert told["rotation"]["phase"] == "switch" and told["renewed"] == list(CONSUMERS)
        assert [one["consumers"] for one in told["rotation"]["client_cas"]] == [list(CONSUMERS)]
        clients.more()
        for number in range(3):
            clients.pause(number)
            etcd.trust(number, new[0])
            clients.down.clear()
            clients.more()
        assert not run(api, new, **options)["changed"]
        assert clients.refused == [] and clients.done > 300
    with pytest.raises(grpc.RpcError):
        stale = oracle.make_leaf("calico-cni", old, "clientAuth")
        read(etcd, (old[0].encode(), *(pem.encode() for pem in stale)), 0)


def test_each_is_a_user_of_its_own(etcd, run):
    """One is cut off in etcd, the others work on; and openssl agrees on every certificate."""
    old = (etcd.first, pathlib.Path(etcd.authority.folder, "ca.key").read_text())
    api = RecordedApi()
    run(api, old, endpoints=etcd.endpoints)
    with etcd.channel() as channel:
        cut = rpc.AuthUserRevokeRoleRequest(name="calicoctl", role="calico")
        rpc.AuthStub(channel).UserRevokeRole(cut, timeout=5)
    for consumer in CONSUMERS:
        pems = triple(api, consumer)
        oracle.verify(pems[1].decode(), etcd.first, "sslclient")
        if consumer == "calicoctl":
            with pytest.raises(grpc.RpcError, match="permission denied"):
                read(etcd, pems, 0)
        else:
            read(etcd, pems, 0)


def test_only_kube_controllers_may_compact_as_their_compactor_does(etcd, run):
    old = (etcd.first, pathlib.Path(etcd.authority.folder, "ca.key").read_text())
    api = RecordedApi()
    run(api, old, endpoints=etcd.endpoints)
    with pytest.raises(grpc.RpcError, match="permission denied"):
        compact(etcd, triple(api, "node"))
    compact(etcd, triple(api, "kube_controllers"))
