# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SHA-256 digests in hexadecimal digits, and the lists of them that sha256sum writes (pure)."""

from __future__ import annotations

import re

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError

DIGEST = re.compile(r"[0-9a-f]{64}\Z")


def sha256_digest(text: str) -> str | None:
    """The digest in lower case; None if the text is none."""
    digest = text.lower()
    return digest if DIGEST.match(digest) else None


def listed_digests(text: str) -> dict[str, str]:
    """{file name: digest} of a list of checksums; lines that are anything else do not count."""
    return dict(filter(None, map(_entry, text.splitlines())))


def strict_digests(text: str, url: str) -> dict[str, str]:
    """{file name: digest} of the list of checksums at url. Raises CalicoError if a line is anything else."""
    found = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        entry = _entry(line)
        if entry is None:
            raise CalicoError(
                "%s is not a list of SHA-256 sums" % url,
                expected='lines of "DIGEST  NAME"',
                found=line[:80],
                remedy="make it with sha256sum, or see whether a proxy answered instead of the server",
            )
        name, digest = entry
        found[name] = digest
    return found


def _entry(line: str) -> tuple[str, str] | None:
    """(file name without its folder, digest) of a line such as "DIGEST  NAME" or "DIGEST *./NAME"."""
    text, _space, path = line.strip().partition(" ")
    digest, name = sha256_digest(text), path.strip().lstrip("*").rpartition("/")[2]
    return (name, digest) if digest and name else None
