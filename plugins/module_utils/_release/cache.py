# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps a release's small files (crds.yaml, SHA256SUMS) on the API host, so that upstream is asked once."""

from __future__ import annotations

import os
import stat
import tempfile
import typing as t


class Cache:
    """Files of one release below ${XDG_CACHE_HOME:-~/.cache}/hardway-calico/releases, in folders of mode 0700.

    writable: False in check mode. A file in a folder that others may write to does not count.
    """

    def __init__(
        self, version: str, writable: bool, environ: t.Mapping[str, str] | None = None
    ) -> None:
        environ = os.environ if environ is None else environ
        home = environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
        self.home = home
        self.folder = os.path.join(home, "hardway-calico", "releases", version)
        self.writable = writable

    def get(self, name: str) -> bytes | None:
        """The content, or None if there is none that can be trusted."""
        try:
            about = os.stat(self.folder)
            if about.st_uid != os.geteuid() or stat.S_IMODE(about.st_mode) & 0o022:
                return None
            with open(os.path.join(self.folder, name), "rb") as source:
                return source.read()
        except OSError:
            return None

    def put(self, name: str, content: bytes) -> None:
        """Keep the content, atomically; a cache that cannot be written is no error, since nothing depends on it."""
        if not self.writable:
            return
        try:
            self._make_folders()
            descriptor, path = tempfile.mkstemp(prefix=".%s." % name, dir=self.folder)
        except OSError:
            return
        try:
            with os.fdopen(descriptor, "wb") as target:
                target.write(content)
            os.replace(path, os.path.join(self.folder, name))
        except OSError:
            os.unlink(path)

    def _make_folders(self) -> None:
        os.makedirs(self.home, mode=0o700, exist_ok=True)
        folder = self.home
        for part in os.path.relpath(self.folder, self.home).split(os.sep):
            folder = os.path.join(folder, part)
            if not os.path.isdir(folder):
                os.mkdir(folder, 0o700)
