# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which file of a release comes from where and which digest it must have (pure).

A release comes from upstream or from a mirror. Upstream's files must be what the version table says,
where it says anything. A mirror's own checksums are authoritative, since who runs the mirror put the
files there; where they differ from the table, that is reported.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._host.checksums import sha256_digest
from ansible_collections.hardway.calico.plugins.module_utils._release import files
from ansible_collections.hardway.calico.plugins.module_utils._release.wanted import Wanted, base

BINARY_MODE = "0755"


@dataclass(frozen=True)
class Crds:
    """Where crds.yaml comes from, and the SHA-256 that it must have."""

    url: str
    sha256: str


@dataclass(frozen=True)
class Found:
    """What was read of a release, and verified.

    checksums: {file name: digest} of SHA256SUMS. cni_plugins_sha256: {architecture: digest}. crds:
    where crds.yaml came from. crd_objects: its objects.
    """

    checksums: dict[str, str]
    cni_plugins_sha256: dict[str, str]
    crds: Crds
    crd_objects: list[dict[str, t.Any]]


def crds(wanted: Wanted, checksums: dict[str, str]) -> Crds:
    """Where crds.yaml comes from and the digest that it must have.

    The digest is the one given, else the mirror's, else the table's, else SHA256SUMS'. Raises
    CalicoError where nobody knows it.
    """
    url = base(wanted.crds_source, "crds_source") or wanted.urls["crds"]
    if wanted.crds_sha256:
        return Crds(url, _given_digest(wanted.crds_sha256, "crds_sha256"))
    listed, known = checksums.get(files.CRDS), wanted.about["crds"]["sha256"]
    digest = (listed or known) if wanted.mirror else (known or listed)
    if not digest:
        raise CalicoError(
            "The digest of crds.yaml of Calico %s is not known" % wanted.version,
            expected="a release that the version table lists, such as %s" % wanted.about["latest"],
            found="no digest of it in the table or in SHA256SUMS",
            remedy="give crds_sha256 (calico_crds_sha256), or use a mirror whose SHA256SUMS lists crds.yaml",
        )
    return Crds(url, digest)


def _given_digest(text: str, option: str) -> str:
    digest = sha256_digest(text)
    if digest is None:
        raise CalicoError(
            "%s is not a SHA-256 digest" % option,
            expected="64 hexadecimal digits",
            found=text,
            remedy="take it from sha256sum FILE",
        )
    return digest


def require_archive(wanted: Wanted, checksums: dict[str, str]) -> None:
    """Raise CalicoError if SHA256SUMS, which alone knows the digest of the release's archive, does not list it."""
    name = files.release_archive(wanted.version)
    if name not in checksums:
        raise CalicoError(
            "%s does not list %s" % (wanted.urls["checksums"], name),
            expected="a line for it",
            found=", ".join(sorted(checksums)) or "an empty file",
            remedy="add the file to the mirror and its line to SHA256SUMS (docs/mirror.md)",
        )


def known_cni_plugins(wanted: Wanted) -> dict[str, str]:
    """{architecture: digest} of the reference plugins that need not be asked for: the table's, of upstream's files."""
    return {} if wanted.mirror else files.CNI_PLUGINS_SHA256.get(wanted.cni_plugins, {})


def require_cni_plugins(wanted: Wanted, found: dict[str, str]) -> None:
    """Raise CalicoError if an architecture that must be there has no digest, or if none has."""
    if not found or set(wanted.architectures) - set(found):
        asked = wanted.architectures or wanted.about["architectures"]
        raise CalicoError(
            "The reference CNI plugins %s cannot be verified" % wanted.cni_plugins,
            expected="a digest beside %s" % wanted.cni_plugins_url,
            found="none for %s" % ", ".join(sorted(set(asked) - set(found))),
            remedy="put the archive and its .sha256 into the mirror (docs/mirror.md),"
            " or correct calico_cni_plugins_version",
        )


def not_upstreams(
    wanted: Wanted, checksums: dict[str, str], cni_plugins_sha256: dict[str, str]
) -> CalicoError | None:
    """What there is to say about files whose digests are not upstream's, as far as the table knows upstream's."""
    odd = _differing(wanted, checksums, cni_plugins_sha256)
    if not odd:
        return None
    return CalicoError(
        "%s says that files of Calico %s are not upstream's"
        % (wanted.mirror or wanted.urls["checksums"], wanted.version),
        expected="the digests of the version table",
        found="others for %s" % ", ".join(odd),
        remedy="if you did not build these files yourself, copy them from upstream again",
    )


def _differing(
    wanted: Wanted, checksums: dict[str, str], cni_plugins_sha256: dict[str, str]
) -> list[str]:
    """Names of files with another digest than the table's."""
    archive = files.cni_plugins_archive(wanted.cni_plugins)
    plugins = files.CNI_PLUGINS_SHA256.get(wanted.cni_plugins, {})
    known = {
        **_by_name(files.CALICOCTL, wanted.about["calicoctl"]["sha256"]),
        **_by_name(archive, plugins),
    }
    # Who gives the digest of crds.yaml knows that it is another one.
    if wanted.about["crds"]["sha256"] and not wanted.crds_sha256:
        known[files.CRDS] = wanted.about["crds"]["sha256"]
    found = {**checksums, **_by_name(archive, cni_plugins_sha256)}
    return sorted(name for name, digest in known.items() if found.get(name, digest) != digest)


def _by_name(template: str, digests: dict[str, str]) -> dict[str, str]:
    return {template.format(arch=arch): digest for arch, digest in digests.items()}


def decide(wanted: Wanted, found: Found) -> dict[str, t.Any]:
    """The result of the module calico_release: the CRDs, and where nodes get the rest and how they verify it."""
    cni, calicoctl = cni_sources(wanted, found), calicoctl_sources(wanted, found)
    return {
        "version": wanted.version,
        "crds": found.crd_objects,
        "crds_url": found.crds.url,
        "crds_sha256": found.crds.sha256,
        "checksums_url": wanted.urls["checksums"],
        "cni_sources": cni,
        "calicoctl_sources": calicoctl,
        "sources": cni + calicoctl,
        "cni_plugins_version": wanted.cni_plugins,
    }


def cni_sources(wanted: Wanted, found: Found) -> list[dict[str, t.Any]]:
    """Sources of what goes into the nodes' CNI folder, for the module cni_binaries."""
    folder = wanted.cni_folder.rstrip("/")
    calico = {files.archive_member(wanted.version, name): name for name in files.CNI_BINARIES}
    plugins = {"./%s" % name: name for name in files.REFERENCE_PLUGINS}
    return [
        {
            "name": "calico",
            "url": wanted.urls["release"],
            "sha256": found.checksums[files.release_archive(wanted.version)],
            "archive": "tgz",
            "members": [_member(member, folder, name) for member, name in calico.items()],
        },
        {
            "name": "cni-plugins",
            "url": wanted.cni_plugins_url,
            "sha256": found.cni_plugins_sha256,
            "archive": "tgz",
            "members": [_member(member, folder, name) for member, name in plugins.items()],
        },
    ]


def calicoctl_sources(wanted: Wanted, found: Found) -> list[dict[str, t.Any]]:
    """The source of calicoctl, for the module cni_binaries; digests from SHA256SUMS, else from the table."""
    known = wanted.about["calicoctl"]["sha256"]
    digests = {
        architecture: found.checksums.get(files.CALICOCTL.format(arch=architecture))
        or known.get(architecture)
        for architecture in wanted.about["architectures"]
    }
    return [
        {
            "name": "calicoctl",
            "url": wanted.urls["calicoctl"],
            "sha256": {arch: digest for arch, digest in digests.items() if digest},
            "archive": "none",
            "members": [
                {
                    "member": files.CALICOCTL,
                    "dest": wanted.calicoctl_path,
                    "mode": BINARY_MODE,
                }
            ],
        }
    ]


def _member(member: str, folder: str, name: str) -> dict[str, str]:
    return {"member": member, "dest": "%s/%s" % (folder, name), "mode": BINARY_MODE}
