# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads a release's checksums and CRDs from upstream or a mirror, and verifies them."""

from __future__ import annotations

import hashlib
import os

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._host import download
from ansible_collections.hardway.calico.plugins.module_utils._host.checksums import strict_digests
from ansible_collections.hardway.calico.plugins.module_utils._release import (
    crds_yaml,
    decide,
    files,
)
from ansible_collections.hardway.calico.plugins.module_utils._release.cache import Cache
from ansible_collections.hardway.calico.plugins.module_utils._release.decide import Crds, Found
from ansible_collections.hardway.calico.plugins.module_utils._release.wanted import Wanted

ABSENT = "no such file"


def read(wanted: Wanted, cache: Cache, timeout: int) -> tuple[Found, CalicoError | None]:
    """(what was found, what there is to say about a mirror's files that are not upstream's, or None).

    timeout: how long a server may be silent, in seconds. Round trips: from upstream one to three,
    none where the cache has the files; from a mirror one for SHA256SUMS, one per architecture for the
    reference plugins and one for crds.yaml unless it is cached. Raises CalicoError, also for files of
    upstream's that the table knows otherwise; nothing that failed verification is cached.
    """
    checksums = _checksums(wanted, cache, timeout)
    decide.require_archive(wanted, checksums)
    plugins = _cni_plugins(wanted, timeout)
    problem = decide.not_upstreams(wanted, checksums, plugins)
    if problem and not wanted.mirror:
        raise problem
    crds = decide.crds(wanted, checksums)
    objects = crds_yaml.parse(_crds(crds, cache, timeout), crds.url, wanted.about["crds"]["names"])
    return Found(checksums, plugins, crds, objects), problem


def _checksums(wanted: Wanted, cache: Cache, timeout: int) -> dict[str, str]:
    # Upstream's published checksums do not change; a mirror's do whenever its owner corrects a file.
    url, kept = wanted.urls["checksums"], None if wanted.mirror else cache.get(files.CHECKSUMS)
    text = kept.decode("utf-8", "replace") if kept is not None else _text(url, timeout)
    found = strict_digests(text, url)
    if not wanted.mirror and kept is None:
        cache.put(files.CHECKSUMS, text.encode())
    return found


def _crds(crds: Crds, cache: Cache, timeout: int) -> bytes:
    kept = cache.get(files.CRDS)
    if kept is not None and hashlib.sha256(kept).hexdigest() == crds.sha256:
        return kept
    _require(crds.url)
    with download.fetch_verified(crds.url, crds.sha256, timeout) as verified:
        content = verified.read()
    cache.put(files.CRDS, content)
    return content


def _cni_plugins(wanted: Wanted, timeout: int) -> dict[str, str]:
    """{architecture: digest} of the reference plugins.

    The table's for upstream, else of the .sha256 file beside each archive. Without wanted architectures,
    those that the source has count, and one of them must be there.
    """
    known = decide.known_cni_plugins(wanted)
    every = wanted.about["architectures"]
    found = {arch: known[arch] for arch in wanted.architectures or every if arch in known}
    for architecture in wanted.architectures if wanted.architectures or known else every:
        if architecture not in found:
            url = wanted.cni_plugins_url.format(arch=architecture) + ".sha256"
            digest = _digest_beside(url, timeout, optional=not wanted.architectures)
            if digest:
                found[architecture] = digest
    decide.require_cni_plugins(wanted, found)
    return found


def _digest_beside(url: str, timeout: int, optional: bool) -> str | None:
    """The digest that ARCHIVE.sha256 has for ARCHIVE; None without a line for it or, if optional, without the file."""
    try:
        text = _text(url, timeout)
    except CalicoError as exc:
        if optional and str(exc.found).startswith(("404", "410", ABSENT)):
            return None
        raise
    return strict_digests(text, url).get(url.rpartition("/")[2][: -len(".sha256")])


def _text(url: str, timeout: int) -> str:
    _require(url)
    return download.fetch_text(url, timeout)


def _require(url: str) -> None:
    """Raise CalicoError for a path without a file; URLs are for the download to judge."""
    if url.startswith("/") and not os.path.isfile(url):
        raise CalicoError(
            "%s cannot be read" % url,
            expected="the file, on the API host",
            found=ABSENT,
            remedy="put it there, or correct the mirror's path",
        )
