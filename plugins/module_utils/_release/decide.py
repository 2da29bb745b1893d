# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which file of a release comes from where and which digest it must have: decisions only.

A release comes from upstream or from a mirror. Upstream's files must be what the version table says, where it says
anything. A mirror's own checksums are authoritative, since who runs the mirror put the files there; where they differ
from the table, that is reported.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._release import files

DIGEST = re.compile(r"[0-9a-f]{64}\Z")
BINARY_MODE = "0755"


def base(mirror, option="mirror"):
    """A mirror as a base URL or an absolute directory, without a slash at its end; empty stays empty (upstream)."""
    mirror = (mirror or "").strip()
    if not mirror:
        return ""
    parts = urlsplit(mirror)
    if "@" in parts.netloc:
        raise CalicoError(
            "%s holds a user name or a password" % option,
            expected="an address without credentials, since results and logs show it",
            found="credentials for %s" % parts.hostname,
            remedy="use a mirror that needs none, or a directory on the API host",
        )
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return unquote(parts.path).rstrip("/")
    if mirror.startswith("/") or (parts.scheme in ("http", "https") and parts.hostname):
        return mirror.rstrip("/")
    raise CalicoError(
        "%s is neither a URL nor an absolute path" % option,
        expected="https://..., http://..., file:///... or /a/directory",
        found=mirror,
        remedy="correct it (calico_release_mirror)",
    )


def parse_checksums(text, url):
    """{file name: digest} of the output of sha256sum. Raises CalicoError if a line is anything else."""
    found = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        digest, _space, name = line.strip().partition(" ")
        name = name.strip().lstrip("*").rpartition("/")[2]
        if not DIGEST.match(digest.lower()) or not name:
            raise CalicoError(
                "%s is not a list of SHA-256 sums" % url,
                expected='lines of "DIGEST  NAME"',
                found=line[:80],
                remedy="make it with sha256sum, or see whether a proxy answered instead of the server",
            )
        found[name] = digest.lower()
    return found


def checked_digest(digest, what):
    """A digest that a user gave, in lower case."""
    if not DIGEST.match(digest.lower()):
        raise CalicoError(
            "%s is not a SHA-256 digest" % what,
            expected="64 hexadecimal digits",
            found=digest,
            remedy="take it from sha256sum FILE",
        )
    return digest.lower()


def crds_digest(release, sums, mirror, given=None):
    """The digest that crds.yaml must have: the one given, else the mirror's, else the table's, else SHA256SUMS'."""
    if given:
        return checked_digest(given, "crds_sha256")
    listed, known = sums.get(files.CRDS), release["crds"]["sha256"]
    digest = (listed or known) if mirror else (known or listed)
    if not digest:
        raise CalicoError(
            "The digest of crds.yaml of Calico %s is not known" % release["version"],
            expected="a release that the version table lists, such as %s" % release["latest"],
            found="no digest of it in the table or in SHA256SUMS",
            remedy="give crds_sha256 (calico_crds_sha256), or use a mirror whose SHA256SUMS lists crds.yaml",
        )
    return digest


def archive_digest(release, sums, url):
    """The digest of the release's archive, which only SHA256SUMS knows."""
    name = files.release_archive(release["version"])
    if name not in sums:
        raise CalicoError(
            "%s does not list %s" % (url, name),
            expected="a line for it",
            found=", ".join(sorted(sums)) or "an empty file",
            remedy="add the file to the mirror and its line to SHA256SUMS (docs/mirror.md)",
        )
    return sums[name]


def calicoctl_digests(release, sums):
    """{architecture: digest} of calicoctl, from SHA256SUMS, else from the table."""
    found = {}
    for architecture in release["architectures"]:
        digest = sums.get(files.CALICOCTL.format(arch=architecture)) or release["calicoctl"][
            "sha256"
        ].get(architecture)
        if digest:
            found[architecture] = digest
    return found


def differing(release, sums, plugins_version, plugins_digests):
    """Names of files whose digests are not upstream's, as far as the table knows upstream's."""
    known = {
        files.CALICOCTL.format(arch=arch): digest
        for arch, digest in release["calicoctl"]["sha256"].items()
    }
    if release["crds"]["sha256"]:
        known[files.CRDS] = release["crds"]["sha256"]
    found = dict(sums)
    for architecture, digest in files.CNI_PLUGINS_SHA256.get(plugins_version, {}).items():
        known[files.cni_plugins_archive(plugins_version).format(arch=architecture)] = digest
    for architecture, digest in plugins_digests.items():
        found[files.cni_plugins_archive(plugins_version).format(arch=architecture)] = digest
    return sorted(name for name, digest in known.items() if found.get(name, digest) != digest)


def not_upstream(names, where, release):
    """What to say about files that are not upstream's."""
    return CalicoError(
        "%s says that files of Calico %s are not upstream's" % (where, release["version"]),
        expected="the digests of the version table",
        found="others for %s" % ", ".join(names),
        remedy="if you did not build these files yourself, copy them from upstream again",
    )


def cni_sources(version, plugins_version, mirror, digest, plugins_digests, folder):
    """Sources of what goes into the nodes' CNI folder, for the module cni_binaries."""
    plugins = [_member("./%s" % name, folder, name) for name in files.REFERENCE_PLUGINS]
    calico = [
        _member(files.archive_member(version, name), folder, name) for name in files.CNI_BINARIES
    ]
    return [
        {
            "name": "calico",
            "url": files.urls(version, mirror)["release"],
            "sha256": digest,
            "archive": "tgz",
            "members": calico,
        },
        {
            "name": "cni-plugins",
            "url": files.cni_plugins_url(plugins_version, mirror),
            "sha256": plugins_digests,
            "archive": "tgz",
            "members": plugins,
        },
    ]


def calicoctl_sources(version, mirror, digests, path):
    """The source of calicoctl, for the module cni_binaries."""
    member = {"member": files.CALICOCTL, "dest": path, "mode": BINARY_MODE}
    return [
        {
            "name": "calicoctl",
            "url": files.urls(version, mirror)["calicoctl"],
            "sha256": digests,
            "archive": "none",
            "members": [member],
        }
    ]


def _member(member, folder, name):
    return {"member": member, "dest": "%s/%s" % (folder.rstrip("/"), name), "mode": BINARY_MODE}
