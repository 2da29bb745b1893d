# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter to the node's files and directories: look, read, make a directory, set owner and mode."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._host.attributes import FileState

CHUNK = 1024 * 1024
ABSENT = FileState("absent")


@contextlib.contextmanager
def explained(
    what: str, remedy: str = "check the path, its permissions and the free space"
) -> t.Iterator[None]:
    """Turn an OSError into a CalicoError about `what`."""
    try:
        yield
    except OSError as exc:
        raise CalicoError(what, found=exc.strerror or str(exc), remedy=remedy) from exc


def observe(path: str) -> FileState:
    """FileState of a path, with its digest; links are not followed."""
    with explained("%s cannot be read" % path):
        try:
            info = os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return ABSENT
        if stat.S_ISLNK(info.st_mode):
            return FileState("link")
        if not stat.S_ISREG(info.st_mode):
            return FileState("other")
        mode = stat.S_IMODE(info.st_mode)
        return FileState("file", mode, info.st_uid, info.st_gid, sha256_of(path))


def sha256_of(path: str) -> str:
    """Hex SHA-256 of a file."""
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        for chunk in iter(lambda: handle.read(CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()


def read_bytes(path: str) -> bytes | None:
    """Content of a file, None if there is none."""
    with explained("%s cannot be read" % path):
        try:
            with open(path, "rb") as handle:
                return handle.read()
        except (FileNotFoundError, NotADirectoryError):
            return None


def list_directory(path: str) -> list[str]:
    """Names in a directory; none if there is no such directory."""
    with explained("directory %s cannot be read" % path):
        return os.listdir(path) if os.path.isdir(path) else []


def make_directory(path: str, mode: int = 0o755) -> None:
    """Create a directory and its parents where missing; the mode is not subject to the umask.

    Existing ones are left alone.
    """
    with explained("directory %s cannot be created" % path):
        missing = []
        while not os.path.isdir(path):
            missing.append(path)
            path = os.path.dirname(path)
        for directory in reversed(missing):
            try:
                os.mkdir(directory, 0o700)
            except FileExistsError:
                # Ansible's forks make the same directory at the same time.
                if not os.path.isdir(directory):
                    raise
            os.chmod(directory, mode)


def set_attributes(path: str, mode: int, uid: int, gid: int) -> None:
    """Owner and mode of an existing file."""
    with explained("owner and mode of %s cannot be set" % path):
        info = os.lstat(path)
        if (info.st_uid, info.st_gid) != (uid, gid):
            os.chown(path, uid, gid)
        os.chmod(path, mode)
