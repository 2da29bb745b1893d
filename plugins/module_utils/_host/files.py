# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter to the node's files: look at one, replace one atomically. It decides nothing."""

from __future__ import annotations

import contextlib
import grp
import hashlib
import os
import pwd
import stat
import tempfile
from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError

CHUNK = 1024 * 1024


@dataclass(frozen=True)
class FileState:
    """What is at a path. kind: "absent", "file", "link" or "other"; the rest is None unless it is a file."""

    kind: str
    mode: int = None
    uid: int = None
    gid: int = None
    sha256: str = None


ABSENT = FileState("absent")


@contextlib.contextmanager
def explained(what, remedy="check the path, its permissions and the free space"):
    """Turn an OSError into a CalicoError about `what`."""
    try:
        yield
    except OSError as exc:
        raise CalicoError(what, found=exc.strerror or str(exc), remedy=remedy) from exc


def observe(path):
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
        return FileState(
            "file", stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid, sha256_of(path)
        )


def sha256_of(path):
    """Hex SHA-256 of a file."""
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        for chunk in iter(lambda: handle.read(CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()


def read_bytes(path):
    """Content of a file, None if there is none."""
    with explained("%s cannot be read" % path):
        try:
            with open(path, "rb") as handle:
                return handle.read()
        except (FileNotFoundError, NotADirectoryError):
            return None


def ids(owner, group):
    """(uid, gid) of an owner and a group given by name, by number or as None, which means the module's own."""
    try:
        uid = (
            os.geteuid()
            if owner is None
            else int(owner)
            if owner.isdigit()
            else pwd.getpwnam(owner).pw_uid
        )
    except KeyError as exc:
        raise CalicoError(
            "user %s does not exist on this host" % owner, remedy="create it or set another owner"
        ) from exc
    try:
        gid = (
            os.getegid()
            if group is None
            else int(group)
            if group.isdigit()
            else grp.getgrnam(group).gr_gid
        )
    except KeyError as exc:
        raise CalicoError(
            "group %s does not exist on this host" % group, remedy="create it or set another group"
        ) from exc
    return uid, gid


def make_directory(path, mode=0o755):
    """Create a directory and its parents where missing; the mode is not subject to the umask. Existing ones are left alone."""
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


def set_attributes(path, mode, uid, gid):
    """Owner and mode of an existing file."""
    with explained("owner and mode of %s cannot be set" % path):
        info = os.lstat(path)
        if (info.st_uid, info.st_gid) != (uid, gid):
            os.chown(path, uid, gid)
        os.chmod(path, mode)


class StagedFile:
    """New content beside its destination, 0600 and unseen until commit() renames it into place.

    The rename replaces a program that is running and never leaves half a file. A killed run leaves at most a
    hidden file, which the next one for the same path removes: its name carries the process id.
    """

    def __init__(self, path):
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

    def write(self, data):
        with explained("%s cannot be written" % self.path):
            self._digest.update(data)
            self.handle.write(data)

    @property
    def sha256(self):
        return self._digest.hexdigest()

    def head(self, size=64):
        """The first bytes of the content."""
        with explained("%s cannot be written" % self.path):
            self.handle.flush()
            return os.pread(self.handle.fileno(), size, 0)

    def commit(self, mode, uid, gid):
        with explained("%s cannot be written" % self.path):
            self.handle.flush()
            info = os.fstat(self.handle.fileno())
            if (info.st_uid, info.st_gid) != (uid, gid):
                os.fchown(self.handle.fileno(), uid, gid)
            os.fchmod(self.handle.fileno(), mode)
            os.fsync(self.handle.fileno())
            self.handle.close()
            os.rename(self.temporary, self.path)
            directory = os.open(os.path.dirname(self.path), os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)

    def discard(self):
        """Forget the content; harmless after commit()."""
        with contextlib.suppress(OSError):
            self.handle.close()
        with contextlib.suppress(OSError):
            os.unlink(self.temporary)


def atomic_write(path, data, mode, uid, gid):
    """Replace a file's content with `data` in one step."""
    staged = StagedFile(path)
    try:
        staged.write(data)
        staged.commit(mode, uid, gid)
    finally:
        staged.discard()


def _remove_abandoned(directory, prefix):
    with explained("directory %s cannot be read" % directory):
        names = [name for name in os.listdir(directory) if name.startswith(prefix)]
    for name in names:
        pid = name[len(prefix) :].split("-", 1)[0]
        if pid.isdigit() and not os.path.exists("/proc/%s" % pid):
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(directory, name))
