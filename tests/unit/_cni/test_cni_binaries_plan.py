# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decisions on the node's binaries before and after their content is known, and in which order it is put in place."""

from __future__ import annotations

import json

import pytest

from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries import apply as applying
from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries import push
from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries.decide import (
    InstallFile,
    Node,
    WriteRecord,
    decide,
)
from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries.sources import (
    Source,
    WantedFile,
    location,
)
from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries.verify import (
    require_sound,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._host.attributes import FileState
from ansible_collections.hardway.calico.plugins.module_utils._host.single_file.decide import (
    SetAttributes,
)

ARCHIVE = "a" * 64
ONE, TWO = (WantedFile("/opt/cni/bin/%s" % name, "bin/%s" % name, 0o755) for name in ("one", "two"))
SOURCE = Source("calico", "https://host/calico.tgz", ARCHIVE, True, (ONE, TWO))
RECORD = "/var/lib/binaries.json"


def entry(wanted, digest, archive=ARCHIVE):
    return {
        "source": SOURCE.url,
        "source_sha256": archive,
        "member": wanted.member,
        "sha256": digest,
    }


def node(recorded=None, **states):
    observed = {
        wanted.dest: states.get(wanted.member[4:], FileState("absent")) for wanted in (ONE, TWO)
    }
    return Node("amd64", "x86_64", 0, 0, RECORD, recorded or {}, observed)


def there(digest, mode=0o755):
    return FileState("file", mode, 0, 0, digest)


def kinds(decision):
    return [type(step) for step in decision.plan]


def test_digests_are_unknown_before_the_archive_was_read():
    decision = decide([SOURCE], node())
    assert kinds(decision) == [InstallFile, InstallFile]
    assert decision.missing == {ONE.dest, TWO.dest}
    assert decision.digests == {ONE.dest: None, TWO.dest: None}
    assert decision.record is None, "a record without digests would be wrong"


def test_known_digests_spare_the_file_that_is_right():
    known = {ONE.dest: "1" * 64, TWO.dest: "2" * 64}
    decision = decide([SOURCE], node(one=there("1" * 64), two=there("x" * 64)), known)
    assert decision.missing == {TWO.dest} and decision.digests == known
    assert json.loads(decision.record)["files"] == {
        ONE.dest: entry(ONE, "1" * 64),
        TWO.dest: entry(TWO, "2" * 64),
    }


def test_files_that_are_right_need_the_record_alone():
    known = {ONE.dest: "1" * 64, TWO.dest: "2" * 64}
    decision = decide([SOURCE], node(one=there("1" * 64), two=there("2" * 64)), known)
    assert kinds(decision) == [WriteRecord] and decision.record is not None
    (step,) = decision.plan
    assert (step.action, step.target) == ("record", RECORD)
    assert step.reason == "it does not say where %s, %s came from" % (ONE.dest, TWO.dest)


def test_what_is_recorded_is_right():
    recorded = {ONE.dest: entry(ONE, "1" * 64), TWO.dest: entry(TWO, "2" * 64)}
    decision = decide([SOURCE], node(recorded, one=there("1" * 64), two=there("2" * 64)))
    assert not decision.plan and decision.record is None
    drifted = node(recorded, one=there("1" * 64), two=there("2" * 64, 0o700))
    decision = decide([SOURCE], drifted)
    assert kinds(decision) == [SetAttributes] and decision.record is None
    (step,) = decision.plan
    assert step.after == {"mode": "0755", "owner": "0:0"} and not decision.missing


def test_entries_of_other_files_stay_in_the_record():
    known = {ONE.dest: "1" * 64, TWO.dest: "2" * 64}
    decision = decide([SOURCE], node({"/usr/bin/other": {"sha256": "o"}}), known)
    assert json.loads(decision.record)["files"]["/usr/bin/other"] == {"sha256": "o"}


class Staged:
    def __init__(self, log, path, sha256="1" * 64, head=b"#!/bin/sh"):
        self.log, self.path, self.sha256, self._head = log, path, sha256, head

    def head(self):
        return self._head

    def commit(self, *attributes):
        self.log.append((self.path, attributes))


def test_the_record_comes_before_the_first_file(monkeypatch):
    log = []
    monkeypatch.setattr(
        applying, "atomic_write", lambda path, data, *attributes: log.append((path, attributes))
    )
    known = {ONE.dest: "1" * 64, TWO.dest: "2" * 64}
    applying.apply(decide([SOURCE], node(), known), {path: Staged(log, path) for path in known})
    assert log == [
        (RECORD, (0o644, 0, 0)),
        (ONE.dest, (0o755, 0, 0)),
        (TWO.dest, (0o755, 0, 0)),
    ]


@pytest.mark.parametrize(
    ("wanted", "head", "words"),
    [
        (ONE, b"#!/bin/sh", None),
        (WantedFile(ONE.dest, ONE.member, 0o755, "2" * 64), b"", "checksum mismatch"),
        (ONE, b"\x7fELF\x02\x01" + bytes(12) + (183).to_bytes(2, "little"), "wrong architecture"),
    ],
)
def test_unsound_content_is_refused(wanted, head, words):
    source = Source("calico", SOURCE.url, ARCHIVE, True, (wanted, TWO))
    fetched = {wanted.dest: Staged([], wanted.dest, head=head)}
    if words is None:
        require_sound([source], fetched, "amd64", "x86_64")
        return
    with pytest.raises(CalicoError, match=words):
        require_sound([source], fetched, "amd64", "x86_64")


@pytest.mark.parametrize(
    ("url", "means"),
    [
        ("https://host/a", "https://host/a"),
        ("/srv/a", "/srv/a"),
        ("//user@srv/a", "//user@srv/a"),
        ("file:///srv/a%20b", "/srv/a%20b"),
    ],
)
def test_addresses(url, means):
    assert location("x: url", url) == means


# ---- what the controller finds out (delivery push) ----

OPTION = {
    "name": "calicoctl",
    "url": "https://host/calicoctl-linux-{arch}",
    "sha256sums_url": "https://host/SHA256SUMS",
    "members": [{"dest": "/usr/local/bin/calicoctl"}],
}


@pytest.fixture
def lists(monkeypatch):
    texts, asked = {}, []

    def fetch(url, timeout):
        asked.append((url, timeout))
        if url not in texts:
            raise CalicoError("%s cannot be downloaded" % url)
        return texts[url]

    monkeypatch.setattr(push, "fetch_text", fetch)
    return texts, asked


def test_a_list_is_read_once_for_all_architectures(lists):
    texts, asked = lists
    texts[OPTION["sha256sums_url"]] = "%s  calicoctl-linux-amd64\n%s  calicoctl-linux-mine\n" % (
        "1" * 64,
        "2" * 64,
    )
    (found,) = push.with_digests([OPTION], {"riscv64": "mine"}, 7)
    assert found["sha256"] == {"amd64": "1" * 64, "mine": "2" * 64}
    assert "sha256sums_url" not in found and asked == [(OPTION["sha256sums_url"], 7)]


def test_a_list_without_the_file_is_refused(lists):
    lists[0][OPTION["sha256sums_url"]] = ""
    with pytest.raises(CalicoError, match="does not list calicoctl-linux-"):
        push.with_digests([OPTION], None, 7)


@pytest.mark.parametrize(
    "options",
    [
        None,
        "text",
        ["text"],
        [{**OPTION, "sha256": "1" * 64}],
        [{**OPTION, "name": None}],
        [{**OPTION, "sha256sums_url": None}],
    ],
)
def test_what_needs_no_list_or_what_the_module_refuses_stays_as_it_is(lists, options):
    assert push.with_digests(options, None, 7) == options and lists[1] == []


def test_only_what_was_asked_for_is_packed(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    other = {"name": "b", "url": "/b", "sha256": "2" * 64, "members": [{"dest": "/bin/b"}]}
    mine = {**OPTION, "sha256": "1" * 64, "controller_path": "~/calicoctl-{arch}"}
    mine["members"] = [*OPTION["members"], {"dest": "/bin/twin"}]
    (source,) = push.to_pack([mine, other], {"/usr/local/bin/calicoctl"}, "amd64", "x86_64")
    assert [item.dest for item in source.files] == ["/usr/local/bin/calicoctl"]
    assert source.url == "/home/me/calicoctl-amd64"
