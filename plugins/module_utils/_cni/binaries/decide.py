# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides which of the node's binaries must be written (pure).

A file is right if it still has the recorded digest and the archive is the recorded one. Where only
reading the archive tells a digest, the first decision says which files to fetch, and a second one
follows with their digests.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries.record import (
    Record,
    expected_digest,
    new_record,
    render_record,
)
from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries.sources import (
    Source,
    WantedFile,
)
from ansible_collections.hardway.calico.plugins.module_utils._host.attributes import (
    FileState,
    Place,
    drift,
    require_replaceable,
)
from ansible_collections.hardway.calico.plugins.module_utils._host.single_file.decide import (
    SetAttributes,
)
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan, Step

UNKNOWN = "known when the archive has been read"
RECORD_MODE = 0o644


@dataclass(frozen=True)
class Node:
    """A node and what is on it.

    arch: in Go's naming; machine: as `uname -m` says. uid, gid: whose the files shall be.
    record_path: where the record is kept. observed: {path: FileState} of all wanted files.
    """

    arch: str
    machine: str
    uid: int
    gid: int
    record_path: str
    recorded: Record
    observed: dict[str, FileState]

    def place(self, path: str, mode: int) -> Place:
        return Place(path, mode, self.uid, self.gid)


@dataclass(frozen=True)
class InstallFile(Step):
    """Content from a source goes to a place."""

    action = "install"
    place: Place


@dataclass(frozen=True)
class WriteRecord(Step):
    """The record alone: the files are right, and it does not say so."""

    action = "record"


BinariesStep = t.Union[InstallFile, SetAttributes, WriteRecord]


@dataclass(frozen=True)
class Decision:
    """digests: {path: digest that the file has or will have}, None where only reading the archive tells.

    record: what the record must be before the first file is put in its place; None if it may stay,
    or while a digest is not known.
    """

    plan: Plan[BinariesStep]
    digests: dict[str, str | None]
    record_place: Place
    record: bytes | None

    @property
    def missing(self) -> set[str]:
        """Paths whose content must be fetched."""
        return {step.target for step in self.plan if isinstance(step, InstallFile)}


def decide(
    sources: t.Sequence[Source], node: Node, known: t.Mapping[str, str] | None = None
) -> Decision:
    """known: {path: digest} of the files that were fetched by now."""
    steps: list[BinariesStep] = []
    digests: dict[str, str | None] = {}
    unrecorded = []
    for source in sources:
        for wanted in source.files:
            entry = node.recorded.get(wanted.dest, {})
            expected = expected_digest(source, wanted, entry)
            digest = (known or {}).get(wanted.dest) or expected
            digests[wanted.dest] = digest
            if digest and expected != digest:
                unrecorded.append(wanted.dest)
            steps += _steps(source, wanted, node, digest)
    place = node.place(node.record_path, RECORD_MODE)
    if unrecorded and not any(isinstance(step, InstallFile) for step in steps):
        reason = "it does not say where %s came from" % ", ".join(unrecorded)
        steps.append(WriteRecord(target=place.path, reason=reason, before=None, after=None))
    writes = any(isinstance(step, (InstallFile, WriteRecord)) for step in steps)
    record = None
    if writes and all(digests.values()):
        record = render_record(new_record(sources, node.recorded, digests))
    return Decision(Plan(steps), digests, place, record)


def _steps(
    source: Source, wanted: WantedFile, node: Node, digest: str | None
) -> t.Iterator[BinariesStep]:
    """What one file needs: nothing or one step."""
    state, place = node.observed[wanted.dest], node.place(wanted.dest, wanted.mode)
    require_replaceable(wanted.dest, state)
    reason = _reason(source, state, digest, recorded=bool(node.recorded.get(wanted.dest)))
    if reason:
        before = None
        if state.kind == "file":
            before = {"sha256": state.sha256, "mode": "%04o" % state.mode}
        after = {
            "sha256": digest or UNKNOWN,
            "mode": "%04o" % wanted.mode,
            "source": source.url,
            "source_sha256": source.sha256,
        }
        yield InstallFile(
            target=wanted.dest, reason=reason, before=before, after=after, place=place
        )
        return
    reason = drift(state, place)
    if reason:
        yield SetAttributes(
            target=wanted.dest,
            reason=reason,
            before={"mode": "%04o" % state.mode, "owner": "%d:%d" % (state.uid, state.gid)},
            after={"mode": "%04o" % place.mode, "owner": "%d:%d" % (place.uid, place.gid)},
            place=place,
        )


def _reason(source: Source, state: FileState, digest: str | None, recorded: bool) -> str | None:
    """Why a file's content must be put there; None if it is there."""
    if state.kind == "absent":
        return "it is missing"
    if state.kind == "link":
        return "it is a symbolic link, not a file"
    if digest is None:
        if recorded:
            return "it was installed from another archive"
        return "it is not known where it came from"
    if state.sha256 != digest:
        return "its content is not that of %s" % source.name
    return None
