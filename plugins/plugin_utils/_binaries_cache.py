# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's cache of small archives that cni_binaries sends to nodes (delivery push).

A small archive holds just the files that one architecture needs. It is made once, under a lock,
however many forks want it.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import json
import os
import tarfile
import tempfile
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries.sources import Source
from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries.stage import fetch
from ansible_collections.hardway.calico.plugins.module_utils._host.files import (
    explained,
    make_directory,
    read_bytes,
    sha256_of,
)


def cache_directory() -> str:
    """The directory, made with mode 0700 if it is missing."""
    directory = os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"),
        "hardway-calico",
        "binaries",
    )
    make_directory(directory, 0o700)
    return directory


def small_archive(directory: str, sources: t.Sequence[Source], timeout: float) -> tuple[str, str]:
    """(path, digest) of the archive with all files of these sources, which are of one architecture."""
    names = sorted({source.packed(wanted) for source in sources for wanted in source.files})
    key = hashlib.sha256(json.dumps(names).encode()).hexdigest()
    path = os.path.join(directory, "%s.tgz" % key)
    with (
        explained("the cache %s cannot be used" % directory),
        _locked(os.path.join(directory, "%s.lock" % key)),
    ):
        listed = (read_bytes(path + ".sha256") or b"").decode("ascii", "replace")
        if not listed or not os.path.exists(path) or sha256_of(path) != listed:
            _make(directory, path, sources, timeout)
            listed = sha256_of(path)
            with open(path + ".sha256", "w", encoding="ascii") as handle:
                handle.write(listed)
    return path, listed


@contextlib.contextmanager
def _locked(path: str) -> t.Iterator[None]:
    with open(path, "w", encoding="ascii") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _make(directory: str, path: str, sources: t.Sequence[Source], timeout: float) -> None:
    with tempfile.TemporaryDirectory(dir=directory) as folder, contextlib.ExitStack() as stack:
        packed = {}
        for index, source in enumerate(sources):
            # One file of each name: two destinations may take the same member.
            wanted = list({source.packed(item): item for item in source.files}.values())
            paths = {
                item.dest: os.path.join(folder, "%d-%d" % (index, number))
                for number, item in enumerate(wanted)
            }
            packed.update({source.packed(item): paths[item.dest] for item in wanted})
            fetch(source, wanted, functools.partial(_open_all, paths, stack), timeout)
        stack.close()
        made = os.path.join(folder, "archive")
        with tarfile.open(made, "w:gz", compresslevel=6, format=tarfile.PAX_FORMAT) as archive:
            for name, content in sorted(packed.items()):
                archive.add(content, arcname=name)
        os.replace(made, path)


def _open_all(paths: dict[str, str], stack: contextlib.ExitStack) -> dict[str, t.IO[bytes]]:
    return {dest: stack.enter_context(open(path, "wb")) for dest, path in paths.items()}
