# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter to etcd v3 over gRPC: several members, bounded time, typed errors. It decides nothing."""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._etcd.answers import (
    Answer,
    Meaning,
    answer,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd.endpoints import Endpoint

# For one member to answer, and for all of them together: an election takes a second or two.
ATTEMPT_SECONDS = 5.0
BOUND_SECONDS = 20.0
PAUSE_SECONDS = 0.3
# Keys a page. A block of 64 addresses with its pods is about 15 kB, and gRPC's messages have 4 MiB.
PAGE = 200
CHANNEL = (
    ("grpc.max_receive_message_length", -1),
    # https_proxy is for the internet; etcd is a neighbour.
    ("grpc.enable_http_proxy", 0),
    # A request is repeated here, where it is known whether that is safe.
    ("grpc.enable_retries", 0),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1000),
)

Send = t.Callable[[t.Any, dict[str, t.Any]], t.Any]


@dataclass(frozen=True)
class Entry:
    """A key with its value, and the revision of its last change (etcd's mod_revision)."""

    key: str
    value: bytes
    revision: int


@dataclass(frozen=True)
class Range:
    """The entries of a range of keys, all as they were at one revision of the store."""

    entries: tuple[Entry, ...]
    revision: int


@dataclass(frozen=True)
class Swap:
    """What became of a write that was bound to a revision.

    done: whether the key is as wanted through it. revision: of the key then. there: what stood against it.
    """

    done: bool
    revision: int
    there: Entry | None = None


class Compacted(CalicoError):
    """The revision that was asked for is no more."""


class EtcdClient:
    """Each method raises CalicoError, naming members and causes, where etcd refuses or does not answer in time.

    grpc, rpc: the modules, which are there on the API host only. credentials: of gRPC, None without TLS. login: user
    and password, None where the certificate's common name tells the user.
    """

    def __init__(
        self,
        members: t.Sequence[Endpoint],
        grpc: t.Any,
        rpc: t.Any,
        credentials: t.Any = None,
        login: tuple[str, str] | None = None,
    ) -> None:
        self._members = list(members)
        self._grpc, self._rpc = grpc, rpc
        self._credentials = credentials
        self._login = login
        self._token: str | None = None
        self._channels: dict[Endpoint, t.Any] = {}

    @property
    def address(self) -> str:
        """All members, for people."""
        return ", ".join(map(str, sorted(self._members, key=str)))

    def get(self, key: str, revision: int = 0) -> tuple[Entry | None, int]:
        """The entry of a key, None if there is none, and the store's revision. revision: 0 for what is there now."""
        request = self._rpc.RangeRequest(key=key.encode(), revision=revision)
        found = self._kv("read %s" % key, "Range", request)
        return (_entry(found.kvs[0]) if found.kvs else None), revision or found.header.revision

    def prefix(self, prefix: str, revision: int = 0) -> Range:
        """All entries whose keys begin with a prefix, page by page at one revision.

        revision: 0 for what is there now. Raises Compacted if etcd removes that revision meanwhile.
        """
        first, end = prefix.encode(), _end(prefix.encode())
        found: list[Entry] = []
        while True:
            request = self._rpc.RangeRequest(
                key=first, range_end=end, limit=PAGE, revision=revision
            )
            page = self._kv("list %s" % prefix, "Range", request)
            revision = revision or page.header.revision
            found += map(_entry, page.kvs)
            if not page.more:
                return Range(tuple(found), revision)
            first = page.kvs[-1].key + b"\0"

    def swap(self, key: str, revision: int, value: bytes | None) -> Swap:
        """Write a value, or delete with None, only if the key's revision is the given one; 0: there is no such key.

        An attempt whose outcome is unknown is repeated: the comparison lets it count once. If it then fails since the
        first attempt counted after all, the key is as wanted and that is told.
        """
        rpc, raw = self._rpc, key.encode()
        compare = rpc.Compare(
            key=raw, result=rpc.Compare.EQUAL, target=rpc.Compare.MOD, mod_revision=revision
        )
        if value is None:
            write = rpc.RequestOp(request_delete_range=rpc.DeleteRangeRequest(key=raw))
        else:
            write = rpc.RequestOp(request_put=rpc.PutRequest(key=raw, value=value))
        look = rpc.RequestOp(request_range=rpc.RangeRequest(key=raw))
        request = rpc.TxnRequest(compare=[compare], success=[write], failure=[look])
        attempts = 0

        def send(channel: t.Any, options: dict[str, t.Any]) -> t.Any:
            nonlocal attempts
            attempts += 1
            return rpc.KVStub(channel).Txn(request, **options)

        found = self._ask("write %s" % key, send)
        if found.succeeded:
            return Swap(True, found.header.revision)
        kvs = found.responses[0].response_range.kvs
        there = _entry(kvs[0]) if kvs else None
        if attempts > 1 and (there.value if there else None) == value:
            return Swap(True, there.revision if there else found.header.revision)
        return Swap(False, there.revision if there else 0, there)

    def _kv(self, what: str, call: str, request: t.Any) -> t.Any:
        def send(channel: t.Any, options: dict[str, t.Any]) -> t.Any:
            return getattr(self._rpc.KVStub(channel), call)(request, **options)

        return self._ask(what, send)

    def _ask(self, what: str, send: Send) -> t.Any:
        """The answer of the first member that gives one; the last that did is asked first."""
        deadline = time.monotonic() + BOUND_SECONDS
        refusals: dict[Endpoint, Answer] = {}
        while True:
            for member in tuple(self._members):
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                try:
                    found = self._send(member, send, min(ATTEMPT_SECONDS, left))
                except self._grpc.RpcError as exc:
                    told = answer(exc.code().name, exc.details() or "")
                    self._raise_final(what, member, told)
                    if told.meaning is Meaning.LOGIN:
                        self._token = None
                    refusals[member] = told
                    continue
                self._members.remove(member)
                self._members.insert(0, member)
                return found
            lost = all(told.meaning is Meaning.ELSEWHERE for told in refusals.values())
            if lost or time.monotonic() + PAUSE_SECONDS >= deadline:
                raise _no_answer(what, refusals)
            time.sleep(PAUSE_SECONDS)

    def _send(self, member: Endpoint, send: Send, seconds: float) -> t.Any:
        channel = self._channel(member)
        options: dict[str, t.Any] = {"timeout": seconds}
        if self._login and self._token is None:
            self._token = self._authenticate(channel, *self._login, options)
        if self._token:
            options["metadata"] = (("token", self._token),)
        return send(channel, options)

    def _authenticate(
        self, channel: t.Any, name: str, password: str, options: dict[str, t.Any]
    ) -> str:
        """A token, "" where etcd knows no users: its own client goes on too (clientv3, getToken)."""
        request = self._rpc.AuthenticateRequest(name=name, password=password)
        try:
            return self._rpc.AuthStub(channel).Authenticate(request, **options).token
        except self._grpc.RpcError as exc:
            if answer(exc.code().name, exc.details() or "").meaning is Meaning.NO_AUTH:
                return ""
            raise

    def _channel(self, member: Endpoint) -> t.Any:
        if member not in self._channels:
            if self._credentials is None:
                channel = self._grpc.insecure_channel(member.target, CHANNEL)
            else:
                channel = self._grpc.secure_channel(member.target, self._credentials, CHANNEL)
            self._channels[member] = channel
        return self._channels[member]

    @staticmethod
    def _raise_final(what: str, member: Endpoint, told: Answer) -> None:
        """Raise the error for what no other member and no other moment changes."""
        if told.meaning in (Meaning.NEVER, Meaning.NO_AUTH, Meaning.COMPACTED):
            kind = Compacted if told.meaning is Meaning.COMPACTED else CalicoError
            raise kind(
                "etcd at %s refused to %s" % (member, what), found=told.words, remedy=told.remedy
            )


def _no_answer(what: str, refusals: dict[Endpoint, Answer]) -> CalicoError:
    each = sorted((str(member), told) for member, told in refusals.items())
    remedies = dict.fromkeys(told.remedy for _member, told in each)
    return CalicoError(
        "No member of etcd could %s" % what,
        expected="an answer from one of %s" % ", ".join(member for member, _told in each),
        found="; ".join("%s: %s" % (member, told.words) for member, told in each),
        remedy="; ".join(remedies),
    )


def _entry(found: t.Any) -> Entry:
    try:
        return Entry(found.key.decode(), found.value, found.mod_revision)
    except UnicodeDecodeError as exc:
        raise CalicoError(
            "A key in etcd is no text",
            expected="keys in UTF-8, as Calico writes them",
            found=ascii(found.key)[2:-1],
            remedy="see who wrote it, and delete it with etcdctl if nobody needs it",
        ) from exc


def _end(prefix: bytes) -> bytes:
    """The first key after all that begin with a prefix, which ends in a character below 0xff."""
    return prefix[:-1] + bytes([prefix[-1] + 1])
