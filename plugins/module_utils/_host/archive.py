# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: reads members out of a gzip-compressed tar archive.

Nothing is unpacked to a path that the archive chooses. Links are followed inside the archive:
calico-ipam is a link to ./calico in releases since v3.30 (cni-plugin/Makefile).
"""

from __future__ import annotations

import posixpath
import tarfile
import typing as t
import zlib

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError

CHUNK = 1024 * 1024
MAX_LINKS = 8


class Sink(t.Protocol):
    """What takes a member's content: a file, or one that is staged."""

    def write(self, data: bytes, /) -> t.Any: ...


def copy_members(
    fileobj: t.IO[bytes], label: str, writers: t.Mapping[str, t.Iterable[Sink]]
) -> None:
    """Write members to their sinks. writers: {member path: sinks}; label: the archive in messages.

    Raises CalicoError for members that are missing or no files, and for an archive that is broken.
    """
    waiting = {member: (member, list(sinks)) for member, sinks in writers.items()}
    for _pass in range(MAX_LINKS):
        fileobj.seek(0)
        wanted = {path: sinks for path, (_name, sinks) in waiting.items()}
        seen, links = _read(fileobj, label, wanted)
        absent = [waiting[path][0] for path in waiting if path not in seen and path not in links]
        if absent:
            raise CalicoError(
                "%s does not hold %s" % (label, ", ".join(sorted(absent))),
                expected="the layout of the release",
                remedy="compare with `tar tzf`; the archive may be another version's",
            )
        following: dict[str, tuple[str, list[Sink]]] = {}
        for path, target in links.items():
            name, sinks = waiting[path]
            following.setdefault(target, (name, []))[1].extend(sinks)
        if not following:
            return
        waiting = following
    raise CalicoError(
        "%s holds a chain of links without an end at %s" % (label, ", ".join(sorted(waiting)))
    )


def _read(
    fileobj: t.IO[bytes], label: str, wanted: dict[str, list[Sink]]
) -> tuple[set[str], dict[str, str]]:
    """(the paths that were copied, {path: where a link leads}) of one pass, which ends when all are found."""
    seen: set[str] = set()
    links: dict[str, str] = {}
    try:
        with tarfile.open(fileobj=fileobj, mode="r|gz") as archive:
            for item in archive:
                path = posixpath.normpath(item.name)
                if path not in wanted or path in seen or path in links:
                    continue
                content = archive.extractfile(item) if item.isreg() else None
                if content is not None:
                    _copy(content, wanted[path])
                    seen.add(path)
                elif item.issym() or item.islnk():
                    links[path] = _target(label, path, item)
                else:
                    raise CalicoError(
                        "%s in %s is not a file" % (path, label), expected="a file or a link to one"
                    )
                if len(seen) + len(links) == len(wanted):
                    break
    except (tarfile.TarError, EOFError, zlib.error, OSError) as exc:
        raise CalicoError(
            "%s cannot be read" % label,
            expected="a complete .tgz archive",
            found=str(exc) or type(exc).__name__,
        ) from exc
    return seen, links


def _copy(content: t.IO[bytes], sinks: list[Sink]) -> None:
    for chunk in iter(lambda: content.read(CHUNK), b""):
        for sink in sinks:
            sink.write(chunk)


def _target(label: str, path: str, item: tarfile.TarInfo) -> str:
    base = posixpath.dirname(path) if item.issym() else ""
    target = posixpath.normpath(posixpath.join(base, item.linkname))
    if target.startswith(("/", "../")) or target in (".", ".."):
        raise CalicoError(
            "%s in %s is a link that leads out of the archive" % (path, label),
            found=item.linkname,
            remedy="do not use this archive",
        )
    return target
