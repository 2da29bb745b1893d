# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access to etcd: what users give, and what they are told; the protocol itself is tested with a real etcd."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading

import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest
import yaml

from ansible_collections.hardway.calico.plugins.doc_fragments.datastore import ModuleDocFragment
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._etcd import (
    access,
    client,
    discovery,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd.answers import Meaning, answer
from ansible_collections.hardway.calico.plugins.module_utils._etcd.arguments import DATASTORE_ARGS
from ansible_collections.hardway.calico.plugins.module_utils._etcd.endpoints import parse

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
HTTPS = ["https://192.0.2.11:2379"]


def params(**given):
    return {**dict.fromkeys(DATASTORE_ARGS), "etcd_endpoints": HTTPS, **given}


def test_the_documentation_has_the_options():
    documented = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    assert set(documented) == set(DATASTORE_ARGS)
    for name, option in DATASTORE_ARGS.items():
        for part in ("type", "elements", "choices", "default"):
            assert documented[name].get(part) == option.get(part), name


def test_what_carries_a_secret_is_not_logged():
    secret = {name for name, option in DATASTORE_ARGS.items() if option.get("no_log")}
    assert secret == {"etcd_key_content", "etcd_password"}


@pytest.mark.parametrize(
    ("text", "shown", "target"),
    [
        ("https://192.0.2.11:2379", "https://192.0.2.11:2379", "192.0.2.11:2379"),
        (" https://etcd.example.com/ ", "https://etcd.example.com:2379", "etcd.example.com:2379"),
        ("http://[2001:db8::1]:4001", "http://[2001:db8::1]:4001", "[2001:db8::1]:4001"),
    ],
)
def test_an_endpoint(text, shown, target):
    (found,) = parse([text])
    assert (str(found), found.target) == (shown, target)


def test_an_endpoint_given_twice_is_one():
    assert len(parse([*HTTPS, *HTTPS])) == 1


@pytest.mark.parametrize("text", ["", "192.0.2.11:2379", "ftp://a", "https://a/b", "https://a:x"])
def test_what_is_no_endpoint(text):
    with pytest.raises(CalicoError, match="is no address of a member"):
        parse([text])


def test_http_and_https_together():
    with pytest.raises(CalicoError, match="mixes http and https"):
        parse([*HTTPS, "http://192.0.2.12:2379"])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"etcd_endpoints": None}, "etcd_endpoints and etcd_discovery_srv are both missing"),
        ({"etcd_discovery_srv": "example.com"}, "are both set"),
        ({"etcd_username": "calico"}, "etcd_username is set without etcd_password"),
        ({"etcd_password": "x"}, "etcd_password is set without etcd_username"),
        ({"etcd_cert_content": PEM}, "etcd_cert is set without etcd_key"),
        ({"etcd_key_content": PEM}, "etcd_key is set without etcd_cert"),
        ({"etcd_ca_cert_content": "der"}, "etcd_ca_cert_content holds no PEM"),
        ({"etcd_ca_cert": "/x", "etcd_ca_cert_content": PEM}, "are both set"),
        ({"etcd_ca_cert": "/none/ca.crt"}, "/none/ca.crt cannot be read"),
        (
            {"etcd_endpoints": ["http://a"], "etcd_cert": "/a", "etcd_key_content": PEM},
            "etcd_cert, etcd_key_content: etcd is not reached with TLS",
        ),
    ],
)
def test_options_that_do_not_go_together(given, words):
    with pytest.raises(CalicoError, match=words) as raised:
        access.connect(params(**given))
    assert raised.value.remedy


SSL, PLAIN = "_etcd-client-ssl._tcp.example.com.", "_etcd-client._tcp.example.com."


@pytest.fixture(name="zone")
def zone_fixture(monkeypatch):
    """{name: SRV records} of a name server that the resolver asks; "rcode": what it says of other names."""
    records = {}

    def serve(server):
        with contextlib.suppress(OSError):
            while True:
                wire, peer = server.recvfrom(4096)
                query = dns.message.from_wire(wire)
                answer = dns.message.make_response(query)
                name = query.question[0].name.to_text()
                if name in records:
                    answer.answer.append(dns.rrset.from_text(name, 60, "IN", "SRV", *records[name]))
                else:
                    answer.set_rcode(records.get("rcode", dns.rcode.NXDOMAIN))
                server.sendto(answer.to_wire(), peer)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], server.getsockname()[1]
        monkeypatch.setattr(dns.resolver, "default_resolver", resolver)
        yield records


def test_members_by_srv_records_those_with_tls_alone(zone):
    zone[SSL] = ["10 0 2379 b.example.com.", "5 0 2380 a.example.com."]
    zone[PLAIN] = ["0 0 2379 c.example.com."]
    assert discovery.members("example.com") == [
        "https://a.example.com:2380",
        "https://b.example.com:2379",
    ]
    del zone[SSL]
    assert discovery.members("example.com") == ["http://c.example.com:2379"]
    found = access.connect(params(etcd_endpoints=None, etcd_discovery_srv="example.com"))
    assert found.address == "http://c.example.com:2379"


def test_members_without_tls_only_where_there_are_none_with(zone):
    zone[PLAIN] = ["0 0 2379 c.example.com."]
    zone["rcode"] = dns.rcode.SERVFAIL
    with pytest.raises(CalicoError, match="names no members of etcd in example.com"):
        discovery.members("example.com")


def test_no_password_without_tls():
    given = {"etcd_endpoints": ["http://10.0.0.1:2379"], "etcd_username": "u", "etcd_password": "p"}
    with pytest.raises(CalicoError, match="without TLS"):
        access.connect(params(**given))


def test_a_package_that_is_too_old(monkeypatch):
    monkeypatch.setitem(sys.modules, "grpc", None)
    with pytest.raises(CalicoError, match="aetcd cannot be imported") as raised:
        access.connect(params())
    assert "pip install" in raised.value.remedy

    class TooOld:
        def find_spec(self, name, path=None, target=None):
            if name == "aetcd":
                raise RuntimeError("grpcio>=1.66.2 is needed")

    monkeypatch.setattr(sys, "meta_path", [TooOld(), *sys.meta_path])
    monkeypatch.delitem(sys.modules, "aetcd", raising=False)
    monkeypatch.delitem(sys.modules, "aetcd.rpc", raising=False)
    with pytest.raises(CalicoError, match="grpcio>=1.66.2"):
        access.connect(params())


def test_a_domain_without_members(zone):
    with pytest.raises(CalicoError, match="names no members of etcd in example.com") as raised:
        discovery.members("example.com")
    assert SSL[:-1] in str(raised.value) and zone == {}


def test_a_file_that_holds_no_pem(tmp_path):
    path = tmp_path / "ca.der"
    path.write_bytes(b"\x30\x82")
    with pytest.raises(CalicoError, match="ca.der holds no PEM"):
        access.connect(params(etcd_ca_cert=str(path)))


# As etcd 3.6.5 and grpcio 1.85 say it.
LAST = "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:2379: "


@pytest.mark.parametrize(
    ("code", "details", "meaning", "words"),
    [
        (
            "UNAVAILABLE",
            LAST
            + "Tls handshake failed (TSI_PROTOCOL_FAILURE): CERTIFICATE_VERIFY_FAILED: unable to get",
            Meaning.ELSEWHERE,
            "not signed by the CA in etcd_ca_cert",
        ),
        (
            "UNAVAILABLE",
            LAST + "Unwrap failed (TSI_DATA_CORRUPTED)",
            Meaning.ELSEWHERE,
            "does not accept the client's certificate",
        ),
        (
            "UNAVAILABLE",
            LAST + "UNAUTHENTICATED: Hostname Verification Check failed.",
            Meaning.ELSEWHERE,
            "is for another address",
        ),
        (
            "UNAVAILABLE",
            LAST + "Failed to create security handshaker.",
            Meaning.ELSEWHERE,
            "no pair",
        ),
        (
            "UNAVAILABLE",
            LAST + "Failed to connect to remote host: Connection refused",
            Meaning.AGAIN,
            "nothing listens there",
        ),
        ("UNAVAILABLE", "etcdserver: leader changed", Meaning.AGAIN, "leader changed"),
        ("UNAVAILABLE", "etcdserver: no leader", Meaning.AGAIN, "no leader"),
        ("DEADLINE_EXCEEDED", "Deadline Exceeded", Meaning.AGAIN, "did not answer in time"),
        (
            "RESOURCE_EXHAUSTED",
            "etcdserver: mvcc: database space exceeded",
            Meaning.NEVER,
            "alarm NOSPACE",
        ),
        ("RESOURCE_EXHAUSTED", "etcdserver: too many requests", Meaning.AGAIN, "too many requests"),
        ("PERMISSION_DENIED", "etcdserver: permission denied", Meaning.NEVER, "permission denied"),
        ("UNAUTHENTICATED", "etcdserver: invalid auth token", Meaning.LOGIN, "invalid auth token"),
        (
            "INVALID_ARGUMENT",
            "etcdserver: revision of auth store is old",
            Meaning.LOGIN,
            "revision of auth store",
        ),
        (
            "INVALID_ARGUMENT",
            "etcdserver: authentication failed, invalid user ID or password",
            Meaning.NEVER,
            "invalid user ID or password",
        ),
        ("INVALID_ARGUMENT", "etcdserver: user name is empty", Meaning.NEVER, "user name is empty"),
        (
            "FAILED_PRECONDITION",
            "etcdserver: authentication is not enabled",
            Meaning.NO_AUTH,
            "not enabled",
        ),
        (
            "OUT_OF_RANGE",
            "etcdserver: mvcc: required revision has been compacted",
            Meaning.COMPACTED,
            "compacted",
        ),
        # Seen on a machine under load, while leaders moved.
        ("UNKNOWN", "raft proposal dropped", Meaning.AGAIN, "raft proposal dropped"),
        ("CANCELLED", "RST_STREAM closed stream", Meaning.AGAIN, "closed stream"),
        ("INTERNAL", "Received RST_STREAM with error code 2", Meaning.AGAIN, "RST_STREAM"),
        ("ABORTED", "", Meaning.AGAIN, "no reason given"),
        (
            "DATA_LOSS",
            "etcdserver: corrupt cluster",
            Meaning.NEVER,
            "DATA_LOSS, etcdserver: corrupt",
        ),
    ],
)
def test_what_an_answer_means(code, details, meaning, words):
    found = answer(code, details)
    assert found.meaning is meaning and words in found.words and found.remedy


class Refusal(Exception):
    """A gRPC error of a stand-in."""

    def __init__(self, code, details):
        super().__init__(code)
        self._code, self._details = code, details

    def code(self):
        return type("Code", (), {"name": self._code})

    def details(self):
        return self._details


class StandIn:
    """gRPC and the stubs in one, for what a real etcd does not do on demand: an outcome that is not known.

    script: what each Txn in turn does, a callable of (the store, the request) or a Refusal to raise.
    """

    RpcError = Refusal

    def __init__(self, *script):
        from aetcd import rpc

        self.real, self.script, self.store, self.sent = rpc, list(script), {}, []

    def __getattr__(self, name):
        return getattr(self.real, name)

    def insecure_channel(self, target, _options):
        return target

    def KVStub(self, channel):
        outer = self

        class Stub:
            def Range(self, request, timeout):
                kvs = [outer.real.KeyValue(key=key, value=b"{}") for key in sorted(outer.store)]
                return outer.real.RangeResponse(kvs=kvs)

            def Txn(self, request, timeout):
                outer.sent.append(channel)
                step = outer.script.pop(0)
                found = step(outer, request) if callable(step) else None
                if isinstance(step, Refusal):
                    raise step
                return found

        return Stub()

    def commit(self, request):
        """What etcd does: {key: (value, revision)}."""
        compare, key = request.compare[0], request.compare[0].key
        there = self.store.get(key, (None, 0))
        header = self.real.ResponseHeader(revision=9)
        if there[1] == compare.mod_revision:
            put = request.success[0].request_put
            self.store[key] = (put.value, 9)
            if not put.key:
                del self.store[key]
            return self.real.TxnResponse(succeeded=True, header=header)
        kvs = (
            [self.real.KeyValue(key=key, value=there[0], mod_revision=there[1])] if there[1] else []
        )
        look = self.real.ResponseOp(response_range=self.real.RangeResponse(kvs=kvs))
        return self.real.TxnResponse(succeeded=False, header=header, responses=[look])


def committed_but_not_told(etcd, request):
    etcd.commit(request)
    raise Refusal("UNAVAILABLE", "etcdserver: leader changed")


def somebody_else_first(etcd, request):
    etcd.store[request.compare[0].key] = (b"theirs", 5)
    raise Refusal("DEADLINE_EXCEEDED", "Deadline Exceeded")


LOST = Refusal("DEADLINE_EXCEEDED", "Deadline Exceeded")
DROPPED = Refusal("UNKNOWN", "raft proposal dropped")


def etcd_client(stand_in, members=3):
    texts = ["http://192.0.2.%d" % number for number in range(members)]
    return client.EtcdClient(parse(texts), stand_in, stand_in)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(client, "PAUSE_SECONDS", 0)


@pytest.mark.parametrize("value", [b"ours", None])
@pytest.mark.parametrize(
    ("script", "done"),
    [
        ((StandIn.commit,), True),
        ((LOST, StandIn.commit), True),
        ((DROPPED, StandIn.commit), True),
        ((committed_but_not_told, StandIn.commit), True),
        ((committed_but_not_told, LOST, StandIn.commit), True),
        ((somebody_else_first, StandIn.commit), False),
    ],
)
def test_a_write_counts_once_whatever_became_of_the_first_attempt(script, done, value):
    etcd = StandIn(*script)
    etcd.store[b"/calico/a"] = (b"before", 4)
    swap = etcd_client(etcd).swap("/calico/a", 4, value)
    assert swap.done is done and etcd.script == []
    left = (value, 9) if value else None
    assert etcd.store.get(b"/calico/a") == (left if done else (b"theirs", 5))
    assert len(set(etcd.sent)) == len(script), "the next attempt goes to another member"


def test_a_conflict_at_the_first_attempt_is_one_though_the_values_are_alike():
    etcd = StandIn(StandIn.commit)
    etcd.store[b"/calico/a"] = (b"ours", 5)
    swap = etcd_client(etcd).swap("/calico/a", 4, b"ours")
    assert (swap.done, swap.revision) == (False, 5)


def test_a_key_that_is_no_text():
    etcd = StandIn()
    etcd.store = {b"/calico/fine": b"", b"/calico/\xff\n": b""}
    with pytest.raises(CalicoError, match="no text") as raised:
        etcd_client(etcd).prefix("/calico/")
    assert r"/calico/\xff\n" in str(raised.value) and "etcdctl" in raised.value.remedy


def test_members_that_never_answer_end_in_time_and_are_named(monkeypatch):
    monkeypatch.setattr(client, "BOUND_SECONDS", 0.05)
    etcd = StandIn(*[LOST] * 100000)
    with pytest.raises(CalicoError, match="No member of etcd could write /calico/a") as raised:
        etcd_client(etcd).swap("/calico/a", 4, b"ours")
    for number in range(3):
        assert "http://192.0.2.%d:2379: it did not answer in time" % number in str(raised.value)


def test_what_no_member_would_do_is_asked_once():
    etcd = StandIn(Refusal("PERMISSION_DENIED", "etcdserver: permission denied"))
    with pytest.raises(CalicoError, match="http://192.0.2.0:2379 refused to write /calico/a"):
        etcd_client(etcd).swap("/calico/a", 4, b"ours")
