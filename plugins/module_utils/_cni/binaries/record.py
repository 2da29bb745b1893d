# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was installed on a node from which archive, as the node keeps it (pure).

The digests of an archive's members are not published, and not known before it was read once.
"""

from __future__ import annotations

import json
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries.sources import (
    Source,
    WantedFile,
)

# {path: {source, source_sha256, member, sha256}}
Record = dict[str, dict[str, t.Any]]


def read_record(content: bytes | None) -> Record:
    """The record of a file's content; empty if there is none or it is broken."""
    try:
        files = json.loads(content or b"{}").get("files", {})
        return {path: entry for path, entry in files.items() if isinstance(entry, dict)}
    except (ValueError, AttributeError):
        return {}


def render_record(record: Record) -> bytes:
    text = json.dumps({"version": 1, "files": record}, indent=2, sort_keys=True) + "\n"
    return text.encode()


def new_record(
    sources: t.Iterable[Source], record: Record, digests: t.Mapping[str, str | None]
) -> Record:
    """The record after the files with these digests ({path: digest}) are in place.

    Other files' entries stay.
    """
    entries = {
        wanted.dest: _entry(source, wanted, digests[wanted.dest])
        for source in sources
        for wanted in source.files
    }
    return {**record, **entries}


def expected_digest(source: Source, wanted: WantedFile, entry: dict[str, t.Any]) -> str | None:
    """The digest that a file must have, None where only reading its archive tells.

    entry: the record's, which counts if it is of this very archive and member.
    """
    if wanted.sha256:
        return wanted.sha256
    if not source.archive:
        return source.sha256
    if (entry.get("source_sha256"), entry.get("member")) == (source.sha256, wanted.member):
        return entry.get("sha256")
    return None


def _entry(source: Source, wanted: WantedFile, digest: str | None) -> dict[str, t.Any]:
    return {
        "source": source.url,
        "source_sha256": source.sha256,
        "member": wanted.member,
        "sha256": digest,
    }
