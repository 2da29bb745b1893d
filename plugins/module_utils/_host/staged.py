# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: new content of a file, written beside it and put in its place in one step."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile

from ansible_collections.hardway.calico.plugins.module_utils._host.files import (
    explained,
    make_directory,
)


class StagedFile:
    """New content beside its destination, 0600 and unseen until commit() renames it into place.

    The rename replaces a program that is running and never leaves half a file. A killed run leaves
    at most a hidden file, which the next one for the same path removes: its name carries the
    process id.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        directory, name = os.path.split(path)
        make_directory(directory)
        prefix = ".%s.hardway-" % name
        _remove_abandoned(directory, prefix)
        with explained("%s cannot be written" % path):
            descriptor, self.temporary = tempfile.mkstemp(
                dir=directory, prefix="%s%d-" % (prefix, os.getpid())
            )
            self.handle = os.fdopen(descriptor, "w+b")
        self._digest = hashlib.sha256()

    def write(self, data: bytes) -> None:
        with explained("%s cannot be written" % self.path):
            self._digest.update(data)
            self.handle.write(data)

    @property
    def sha256(self) -> str:
        """Hex SHA-256 of what was written."""
        return self._digest.hexdigest()

    def head(self, size: int = 64) -> bytes:
        """The first bytes of the content."""
        with explained("%s cannot be written" % self.path):
            self.handle.flush()
            return os.pread(self.handle.fileno(), size, 0)

    def commit(self, mode: int, uid: int, gid: int) -> None:
        """Put the content in its place, on the disk for certain."""
        self.seal(mode, uid, gid)
        self.rename()
        self.sync_directory()

    def seal(self, mode: int, uid: int, gid: int) -> None:
        """End the content and have it on the disk, still unseen: what takes time before rename()."""
        with explained("%s cannot be written" % self.path):
            self.handle.flush()
            info = os.fstat(self.handle.fileno())
            if (info.st_uid, info.st_gid) != (uid, gid):
                os.fchown(self.handle.fileno(), uid, gid)
            os.fchmod(self.handle.fileno(), mode)
            os.fsync(self.handle.fileno())
            self.handle.close()

    def rename(self) -> None:
        with explained("%s cannot be written" % self.path):
            os.rename(self.temporary, self.path)

    def sync_directory(self) -> None:
        with explained("%s cannot be written" % self.path):
            directory = os.open(os.path.dirname(self.path), os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)

    def discard(self) -> None:
        """Forget the content; harmless after commit()."""
        with contextlib.suppress(OSError):
            self.handle.close()
        with contextlib.suppress(OSError):
            os.unlink(self.temporary)


def atomic_write(path: str, data: bytes, mode: int, uid: int, gid: int) -> None:
    """Replace a file's content with `data` in one step."""
    staged = StagedFile(path)
    try:
        staged.write(data)
        staged.commit(mode, uid, gid)
    finally:
        staged.discard()


def _remove_abandoned(directory: str, prefix: str) -> None:
    with explained("directory %s cannot be read" % directory):
        names = [name for name in os.listdir(directory) if name.startswith(prefix)]
    for name in names:
        pid = name[len(prefix) :].split("-", 1)[0]
        if pid.isdigit() and not os.path.exists("/proc/%s" % pid):
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(directory, name))
