# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides which of the node's binaries must be written (pure).

The digests of an archive's members are not known before it was read once, so the module keeps a record on the node: what
it installed from which archive. A file is right if it still has the recorded digest and the archive is the recorded one.
"""

from __future__ import annotations

import json

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._host.attributes import (
    drift,
    require_replaceable,
)
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan, Step

# e_machine and byte order (EI_DATA) of ELF headers: System V ABI, chapter 4, and its processor supplements.
ELF_MACHINES = {
    "amd64": (62, "little"),
    "arm64": (183, "little"),
    "ppc64le": (21, "little"),
    "s390x": (22, "big"),
}
INSTALL, ATTRIBUTES, RECORD = "install", "set attributes", "record"
UNKNOWN = "known when the archive has been read"


def read_record(content):
    """{path: {source, source_sha256, member, sha256}} of the record's bytes; empty if there is none or it is broken."""
    try:
        files = json.loads(content or b"{}").get("files", {})
        return {path: entry for path, entry in files.items() if isinstance(entry, dict)}
    except (ValueError, AttributeError):
        return {}


def render_record(recorded):
    return json.dumps({"version": 1, "files": recorded}, indent=2, sort_keys=True) + "\n"


def new_record(sources, recorded, digests):
    """The record after the files with these digests ({path: digest}) are in place; other files' entries stay."""
    return {
        **recorded,
        **{
            wanted.dest: _entry(source, wanted, digests[wanted.dest])
            for source in sources
            for wanted in source.files
        },
    }


def decide(sources, observed, recorded, record_path, uid, gid, known=None):
    """(Plan, digests). observed: {path: FileState}; known: {path: digest} of members that were read by now.

    digests: {path: digest that the file has or will have}, None where only reading the archive tells.
    """
    steps, digests, unrecorded = [], {}, []
    for source in sources:
        for wanted in source.files:
            state, entry = observed[wanted.dest], recorded.get(wanted.dest, {})
            digest = (known or {}).get(wanted.dest) or _expected(source, wanted, entry)
            digests[wanted.dest] = digest
            if digest and _expected(source, wanted, entry) != digest:
                unrecorded.append(wanted.dest)
            step = _step(source, wanted, state, digest, entry, uid, gid)
            if step:
                steps.append(step)
    if unrecorded and not any(step.action == INSTALL for step in steps):
        steps.append(
            Step(RECORD, record_path, "it does not say where %s came from" % ", ".join(unrecorded))
        )
    return Plan(steps), digests


def missing(plan):
    """Paths whose content must be fetched."""
    return {step.target for step in plan if step.action == INSTALL}


def require_architecture(path, head, arch, machine):
    """Raise if the first bytes are those of a program for another architecture; scripts and architectures of one's own pass."""
    if arch not in ELF_MACHINES or head[:4] != b"\x7fELF":
        return
    order = "big" if head[5:6] == b"\x02" else "little"
    number = int.from_bytes(head[18:20], order)
    if (number, order) != ELF_MACHINES[arch]:
        names = {value: name for name, value in ELF_MACHINES.items()}
        raise CalicoError(
            "wrong architecture: the program for %s cannot run on this node" % path,
            expected="%s (this node is %s)" % (arch, machine),
            found=names.get((number, order), "ELF machine %d, %s endian" % (number, order)),
            remedy="use the release's files for %s" % arch,
        )


def require_digest(source, wanted, digest):
    """Raise if a file's content is not what its own digest, or a single file's source, says."""
    expected = _expected(source, wanted, {})
    if expected and digest != expected:
        raise CalicoError(
            "checksum mismatch: the content for %s from %s is not the expected one"
            % (wanted.dest, source.url),
            expected="sha256 %s" % expected,
            found="sha256 %s" % digest,
            remedy="nothing was replaced; compare the digest with the publisher's",
        )


def _step(source, wanted, state, digest, entry, uid, gid):
    require_replaceable(wanted.dest, state)
    reason = None
    if state.kind == "absent":
        reason = "it is missing"
    elif state.kind == "link":
        reason = "it is a symbolic link, not a file"
    elif digest is None:
        reason = (
            "it was installed from another archive"
            if entry
            else "it is not known where it came from"
        )
    elif state.sha256 != digest:
        reason = "its content is not that of %s" % source.name
    after = {
        "sha256": digest or UNKNOWN,
        "mode": "%04o" % wanted.mode,
        "source": source.url,
        "source_sha256": source.sha256,
    }
    if reason:
        before = (
            {"sha256": state.sha256, "mode": "%04o" % state.mode} if state.kind == "file" else None
        )
        return Step(INSTALL, wanted.dest, reason, before=before, after=after, detail=wanted)
    reason = drift(state, wanted.mode, uid, gid)
    if reason:
        before = {"mode": "%04o" % state.mode, "owner": "%d:%d" % (state.uid, state.gid)}
        return Step(
            ATTRIBUTES,
            wanted.dest,
            reason,
            before=before,
            after={"mode": "%04o" % wanted.mode, "owner": "%d:%d" % (uid, gid)},
            detail=wanted,
        )
    return None


def _expected(source, wanted, entry):
    if wanted.sha256:
        return wanted.sha256
    if not source.archive:
        return source.sha256
    if (entry.get("source_sha256"), entry.get("member")) == (source.sha256, wanted.member):
        return entry.get("sha256")
    return None


def _entry(source, wanted, digest):
    return {
        "source": source.url,
        "source_sha256": source.sha256,
        "member": wanted.member,
        "sha256": digest,
    }
