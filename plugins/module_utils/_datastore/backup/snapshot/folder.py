# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter to the files that hold snapshots. It decides nothing."""

from __future__ import annotations

import os

from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.snapshot.content import (
    parse,
    render,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import Manifest
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._host.files import (
    list_directory,
    make_directory,
    read_bytes,
)
from ansible_collections.hardway.calico.plugins.module_utils._host.staged import atomic_write


class SnapshotFolder:
    """A directory with snapshots of any clusters."""

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def path(self, name: str) -> str:
        return os.path.join(self._directory, name)

    def names(self) -> list[str]:
        """Of all that is there; none if the directory is not there."""
        return list_directory(self._directory)

    def content(self, name: str) -> bytes | None:
        """What is in a file, None if it cannot be read."""
        try:
            return read_bytes(self.path(name))
        except CalicoError:
            return None

    def save(self, name: str, snapshot: Manifest) -> None:
        """Write a file in one step, for its owner alone."""
        make_directory(self._directory, 0o700)
        atomic_write(self.path(name), render(snapshot), 0o600, os.geteuid(), os.getegid())


def load(path: str) -> Manifest:
    """The snapshot in a file. Raises CalicoError where there is none: content.parse()."""
    data = read_bytes(path)
    if data is None:
        raise CalicoError(
            "%s does not exist" % path,
            expected="a snapshot on the API host",
            found="no file",
            remedy="name the file; upgrade.yml says where it put it",
        )
    return parse(data, path)
