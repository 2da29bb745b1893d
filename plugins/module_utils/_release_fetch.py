# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads a release's small files (crds.yaml, SHA256SUMS) into memory, and keeps them in a cache on the API host."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import tempfile
import urllib.error
import urllib.request
from http.client import HTTPException

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError

# crds.yaml of v3.30.7 has 516 470 bytes.
MOST_BYTES = 16 * 1024 * 1024
REMEDY = "check the URL, the proxy variables and the firewall of the API host, or use a mirror (calico_release_mirror)"


def read(url, timeout, optional=False):
    """The bytes at an http, https or file URL. optional: None if the server or the file system says that it is not there.

    timeout: seconds without an answer. Raises CalicoError with the URL and what was found.
    """
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "hardway.calico"})
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            content = answer.read(MOST_BYTES + 1)
    except urllib.error.HTTPError as exc:
        with exc:
            if optional and exc.code in (404, 410):
                return None
            raise CalicoError("%s cannot be fetched" % url, expected="the file", found="HTTP status %d, %s" % (exc.code, exc.reason), remedy=REMEDY) from exc
    except (OSError, HTTPException, ValueError) as exc:
        cause = getattr(exc, "reason", exc)
        missing = isinstance(cause, OSError) and cause.errno in (errno.ENOENT, errno.ENOTDIR)
        # urllib tells of a missing local file in words only.
        if url.startswith("file://") and (missing or not os.path.exists(urllib.request.url2pathname(url[len("file://"):]))):
            if optional:
                return None
            cause = "no such file"
        raise CalicoError("%s cannot be fetched" % url, expected="the file", found=cause, remedy=REMEDY) from exc
    if len(content) > MOST_BYTES:
        raise CalicoError("%s is too large" % url, expected="at most %d bytes" % MOST_BYTES, found="more", remedy="correct the URL")
    return content


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def verified(content, digest, url):
    """The content if its digest is the expected one. Raises CalicoError otherwise."""
    found = sha256(content)
    if found != digest:
        raise CalicoError(
            "%s is not the file that is expected" % url, expected="SHA-256 %s" % digest, found=found,
            remedy="fetch the file from upstream again; if it is your own, correct SHA256SUMS or calico_crds_sha256",
        )
    return content


class Cache:
    """Files of one release below ${XDG_CACHE_HOME:-~/.cache}/hardway-calico/releases, in folders of mode 0700.

    writable: False in check mode. A file in a folder that others may write to does not count.
    """

    def __init__(self, version, writable, environ=None):
        environ = os.environ if environ is None else environ
        home = environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
        self.home = home
        self.folder = os.path.join(home, "hardway-calico", "releases", version)
        self.writable = writable

    def get(self, name):
        """The content, or None if there is none that can be trusted."""
        try:
            about = os.stat(self.folder)
            if about.st_uid != os.geteuid() or stat.S_IMODE(about.st_mode) & 0o022:
                return None
            with open(os.path.join(self.folder, name), "rb") as source:
                return source.read()
        except OSError:
            return None

    def put(self, name, content):
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

    def _make_folders(self):
        os.makedirs(self.home, mode=0o700, exist_ok=True)
        folder = self.home
        for part in os.path.relpath(self.folder, self.home).split(os.sep):
            folder = os.path.join(folder, part)
            if not os.path.isdir(folder):
                os.mkdir(folder, 0o700)
