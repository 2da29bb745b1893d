# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: fetches the content of files and keeps it beside their places until all of it is there."""

from __future__ import annotations

import contextlib
import functools
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries.sources import (
    Source,
    WantedFile,
)
from ansible_collections.hardway.calico.plugins.module_utils._host.archive import Sink, copy_members
from ansible_collections.hardway.calico.plugins.module_utils._host.download import fetch_verified
from ansible_collections.hardway.calico.plugins.module_utils._host.files import CHUNK
from ansible_collections.hardway.calico.plugins.module_utils._host.staged import StagedFile


class Packed(t.TypedDict):
    """The small archive that the controller sent: its path on the node, and its digest."""

    path: str
    sha256: str


@contextlib.contextmanager
def staged(
    sources: t.Iterable[Source], missing: t.Container[str], timeout: float, packed: Packed | None
) -> t.Iterator[dict[str, StagedFile]]:
    """{path: StagedFile} with the content of the missing files; what is not committed is discarded.

    Raises CalicoError for what cannot be fetched, or is not what its source's digest says.
    """
    files: dict[str, StagedFile] = {}
    wanted = [source.only(missing) for source in sources]
    wanted = [source for source in wanted if source.files]
    with contextlib.ExitStack() as stack:

        def sinks(source: Source) -> dict[str, StagedFile]:
            for item in source.files:
                files[item.dest] = StagedFile(item.dest)
                stack.callback(files[item.dest].discard)
            return files

        if packed and wanted:
            _unpack(packed, wanted, sinks, timeout)
        else:
            for source in wanted:
                fetch(source, source.files, functools.partial(sinks, source), timeout)
        yield files


def fetch(
    source: Source,
    wanted: t.Iterable[WantedFile],
    sinks: t.Callable[[], t.Mapping[str, Sink]],
    timeout: float,
) -> None:
    """Write the content of wanted files to sinks ({path: sink}), after the source's digest was verified.

    sinks is a function that makes them, so that nothing is created before that.
    """
    with fetch_verified(source.url, source.sha256, timeout) as content:
        writers = sinks()
        if source.archive:
            members: dict[str, list[Sink]] = {}
            for item in wanted:
                members.setdefault(item.member or "", []).append(writers[item.dest])
            copy_members(content, source.url, members)
        else:
            for chunk in iter(lambda: content.read(CHUNK), b""):
                for item in wanted:
                    writers[item.dest].write(chunk)


def _unpack(
    packed: Packed,
    wanted: t.Iterable[Source],
    sinks: t.Callable[[Source], t.Mapping[str, Sink]],
    timeout: float,
) -> None:
    with fetch_verified(packed["path"], packed["sha256"], timeout) as content:
        members: dict[str, list[Sink]] = {}
        for source in wanted:
            writers = sinks(source)
            for item in source.files:
                members.setdefault(source.packed(item), []).append(writers[item.dest])
        copy_members(content, "the archive from the controller", members)
