# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gets a release: reads its checksums and CRDs, verifies them, and says where nodes get the rest and how they verify it."""

from __future__ import annotations

import hashlib
import os

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._host import download
from ansible_collections.hardway.calico.plugins.module_utils._release import (
    crds_yaml as crd_objects,
)
from ansible_collections.hardway.calico.plugins.module_utils._release import decide as plan
from ansible_collections.hardway.calico.plugins.module_utils._release import files

ABSENT = "no such file"


def get_release(release, params, cache):
    """(result, problem): the result of the module calico_release; problem is a CalicoError about files that are not upstream's, or None.

    release: of the version table. params: the module's. Round trips: from upstream one to three, none where the cache
    has the files; from a mirror one for SHA256SUMS, one per architecture for the reference plugins and one for crds.yaml
    unless it is cached. Raises CalicoError; nothing that failed verification is cached.
    """
    version, timeout, mirror = release["version"], params["timeout"], plan.base(params["mirror"])
    urls = files.urls(version, mirror)
    sums = _checksums(urls["checksums"], mirror, cache, timeout)
    archive = plan.archive_digest(release, sums, urls["checksums"])
    plugins_version = "v%s" % params["cni_plugins_version"].lstrip("v")
    plugins = _plugins_digests(
        plugins_version, mirror, params["architectures"] or [], release, timeout
    )
    # Who gives the digest of crds.yaml knows that it is another one.
    listed = {
        name: digest
        for name, digest in sums.items()
        if name != files.CRDS or not params["crds_sha256"]
    }
    odd = plan.differing(release, listed, plugins_version, plugins)
    problem = plan.not_upstream(odd, mirror or urls["checksums"], release) if odd else None
    if problem and not mirror:
        raise problem
    crds_url = plan.base(params["crds_source"], "crds_source") or urls["crds"]
    digest = plan.crds_digest(release, sums, mirror, params["crds_sha256"])
    crds = crd_objects.parse(
        _crds(crds_url, digest, cache, timeout), crds_url, release["crds"]["names"]
    )
    cni = plan.cni_sources(
        version, plugins_version, mirror, archive, plugins, params["cni_bin_dir"]
    )
    calicoctl = plan.calicoctl_sources(
        version, mirror, plan.calicoctl_digests(release, sums), params["calicoctl_path"]
    )
    return {
        "version": version,
        "crds": crds,
        "crds_url": crds_url,
        "crds_sha256": digest,
        "checksums_url": urls["checksums"],
        "cni_sources": cni,
        "calicoctl_sources": calicoctl,
        "sources": cni + calicoctl,
        "cni_plugins_version": plugins_version,
    }, problem


def _checksums(url, mirror, cache, timeout):
    # Upstream's published checksums do not change; a mirror's do whenever its owner corrects a file.
    kept = None if mirror else cache.get(files.CHECKSUMS)
    text = kept.decode("utf-8", "replace") if kept is not None else _text(url, timeout)
    sums = plan.parse_checksums(text, url)
    if not mirror and kept is None:
        cache.put(files.CHECKSUMS, text.encode())
    return sums


def _crds(url, digest, cache, timeout):
    kept = cache.get(files.CRDS)
    if kept is not None and hashlib.sha256(kept).hexdigest() == digest:
        return kept
    _require(url)
    with download.fetch_verified(url, digest, timeout) as verified:
        content = verified.read()
    cache.put(files.CRDS, content)
    return content


def _plugins_digests(version, mirror, wanted, release, timeout):
    """{architecture: digest} of the reference plugins: the table's for upstream, else of the .sha256 file beside each archive.

    Without wanted architectures, those that the source has count, and one of them must be there.
    """
    template = files.cni_plugins_url(version, mirror)
    known = {} if mirror else files.CNI_PLUGINS_SHA256.get(version, {})
    found = {arch: known[arch] for arch in wanted or release["architectures"] if arch in known}
    for architecture in wanted if wanted or known else release["architectures"]:
        if architecture not in found:
            url = template.format(arch=architecture) + ".sha256"
            text = _text(url, timeout, optional=not wanted)
            name = url.rpartition("/")[2][: -len(".sha256")]
            sums = plan.parse_checksums(text, url) if text is not None else {}
            if name in sums:
                found[architecture] = sums[name]
    if not found or set(wanted) - set(found):
        raise CalicoError(
            "The reference CNI plugins %s cannot be verified" % version,
            expected="a digest beside %s" % template,
            found="none for %s"
            % ", ".join(sorted(set(wanted or release["architectures"]) - set(found))),
            remedy="put the archive and its .sha256 into the mirror (docs/mirror.md), or correct calico_cni_plugins_version",
        )
    return found


def _text(url, timeout, optional=False):
    """A small text file; optional: None if it is not there."""
    try:
        _require(url)
        return download.fetch_text(url, timeout)
    except CalicoError as exc:
        if optional and str(exc.found).startswith(("404", "410", ABSENT)):
            return None
        raise


def _require(url):
    """Raise CalicoError for a path without a file; URLs are for the download to judge."""
    if url.startswith("/") and not os.path.isfile(url):
        raise CalicoError(
            "%s cannot be read" % url,
            expected="the file, on the API host",
            found=ABSENT,
            remedy="put it there, or correct the mirror's path",
        )
