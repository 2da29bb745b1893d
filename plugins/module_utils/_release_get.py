# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gets a release: reads its checksums and CRDs, verifies them, and says where nodes get the rest and how they verify it."""

from __future__ import annotations

from ansible_collections.hardway.calico.plugins.module_utils import _release_crd_objects as crd_objects
from ansible_collections.hardway.calico.plugins.module_utils import _release_fetch as fetch
from ansible_collections.hardway.calico.plugins.module_utils import _release_files as files
from ansible_collections.hardway.calico.plugins.module_utils import _release_sources as plan
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError


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
    plugins = _plugins_digests(plugins_version, mirror, params["architectures"] or [], release, timeout)
    odd = plan.differing(release, sums, plugins_version, plugins)
    problem = plan.not_upstream(odd, mirror or urls["checksums"], release) if odd else None
    if problem and not mirror:
        raise problem
    crds_url = plan.base(params["crds_source"]) or urls["crds"]
    digest = plan.crds_digest(release, sums, mirror, params["crds_sha256"])
    crds = crd_objects.parse(_crds(crds_url, digest, cache, timeout), crds_url, release["crds"]["names"])
    cni = plan.cni_sources(version, plugins_version, mirror, archive, plugins, params["cni_bin_dir"])
    calicoctl = plan.calicoctl_sources(version, mirror, plan.calicoctl_digests(release, sums), params["calicoctl_path"])
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
    content = kept if kept is not None else fetch.read(url, timeout)
    sums = plan.parse_checksums(content.decode("utf-8", "replace"), url)
    if not mirror and kept is None:
        cache.put(files.CHECKSUMS, content)
    return sums


def _crds(url, digest, cache, timeout):
    kept = cache.get(files.CRDS)
    if kept is not None and fetch.sha256(kept) == digest:
        return kept
    content = fetch.verified(fetch.read(url, timeout), digest, url)
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
            content = fetch.read(url, timeout, optional=not wanted)
            if content is not None:
                sums = plan.parse_checksums(content.decode("utf-8", "replace"), url)
                found.update({architecture: sums[name] for name in [url.rpartition("/")[2][:-len(".sha256")]] if name in sums})
    if not found or set(wanted) - set(found):
        raise CalicoError(
            "The reference CNI plugins %s cannot be verified" % version, expected="a digest beside %s" % template,
            found="none for %s" % ", ".join(wanted or release["architectures"]),
            remedy="put the archive and its .sha256 into the mirror (docs/mirror.md), or correct calico_cni_plugins_version",
        )
    return found
