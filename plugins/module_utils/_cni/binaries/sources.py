# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the sources of the node's binaries mean on one architecture (pure).

Architectures are those of Calico's releases since v3.28 (amd64, arm64, ppc64le, s390x).
"""

from __future__ import annotations

import posixpath
import typing as t
from dataclasses import dataclass, replace

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._host.address import (
    file_path,
    has_credentials,
    is_web,
)
from ansible_collections.hardway.calico.plugins.module_utils._host.attributes import (
    absolute_path,
    octal_mode,
)
from ansible_collections.hardway.calico.plugins.module_utils._host.checksums import (
    listed_digests,
    sha256_digest,
)

# One of the module's `sources`, as the user wrote it.
Option = dict[str, t.Any]

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "ppc64le": "ppc64le", "s390x": "s390x"}
DEFAULT_MODE = "0755"


@dataclass(frozen=True)
class WantedFile:
    """A file on the node.

    member: its path in the archive, None for a single file. sha256: None if only the archive's is
    known.
    """

    dest: str
    member: str | None
    mode: int
    sha256: str | None = None


@dataclass(frozen=True)
class Source:
    """An archive or a single file. url: http, https, or an absolute path.

    controller_path: where the controller has it, for delivery push; None where it downloads it.
    """

    name: str
    url: str
    sha256: str
    archive: bool
    files: tuple[WantedFile, ...]
    controller_path: str | None = None

    def only(self, dests: t.Container[str]) -> Source:
        """The source with those of its files that go to one of these paths."""
        return replace(self, files=tuple(item for item in self.files if item.dest in dests))

    def packed(self, wanted: WantedFile) -> str:
        """The name of a wanted file in the small archive that the controller sends in push mode."""
        return "%s/%s" % (self.sha256, wanted.member or "-")


def architecture(machine: str, extra: dict[str, str] | None = None) -> str:
    """Go's name of the architecture that `uname -m` calls `machine`."""
    known = {**ARCHITECTURES, **(extra or {})}
    if machine not in known:
        raise CalicoError(
            "there are no binaries for this node's architecture",
            expected="one of %s" % ", ".join(sorted(known)),
            found=machine,
            remedy="leave the node out, or name the architecture of your own build in arch_map",
        )
    return known[machine]


def expand(template: str, arch: str, machine: str) -> str:
    """An address, path or member for one architecture."""
    return template.replace("{arch}", arch).replace("{machine}", machine)


def checksum_url(option: Option, arch: str, machine: str) -> str | None:
    """Where the checksums are that a source needs on this architecture; None if its digest was given."""
    if option.get("sha256") or not option.get("sha256sums_url"):
        return None
    url = expand(option["sha256sums_url"], arch, machine)
    return location("%s: sha256sums_url" % option["name"], url)


def checksum_urls(options: t.Iterable[Option], arch: str, machine: str) -> list[str]:
    """The addresses of all lists of checksums that the sources need, each once."""
    found = (checksum_url(option, arch, machine) for option in options)
    return list(dict.fromkeys(address for address in found if address is not None))


def location(what: str, url: str) -> str:
    """The URL, or the absolute path that it means. what: the option in messages."""
    path = url if url.startswith("/") else file_path(url)
    if path is not None:
        return path
    if not is_web(url):
        raise CalicoError(
            "%s is not an address" % what,
            expected="http://, https://, file:/// or an absolute path",
            found=url,
        )
    if has_credentials(url):
        raise CalicoError(
            "%s holds a user name or a password" % what,
            expected="an address without credentials",
            remedy="use a mirror that needs none",
        )
    return url


def resolve(
    options: t.Iterable[Option],
    arch: str,
    machine: str,
    checksums: t.Mapping[str, str] | None = None,
) -> list[Source]:
    """The sources for a node. checksums: {address of SHA256SUMS: its text}.

    Raises CalicoError for options that make no sense, and for a digest that no list has.
    """
    sources: list[Source] = []
    owners: dict[str, str] = {}
    for option in options:
        source = _resolved(option, arch, machine, checksums or {})
        for wanted in source.files:
            if wanted.dest in owners:
                raise CalicoError(
                    "%s is installed twice" % wanted.dest,
                    found="in %s and %s" % (owners[wanted.dest], source.name),
                    remedy="remove one of them",
                )
            owners[wanted.dest] = source.name
        sources.append(source)
    return sources


def _resolved(option: Option, arch: str, machine: str, checksums: t.Mapping[str, str]) -> Source:
    for key in ("name", "url", "members"):
        if not option.get(key):
            raise CalicoError(
                "source %s has no %s" % (option.get("name") or "without a name", key),
                expected="a value that is not empty",
            )
    name, archive = option["name"], option.get("archive") == "tgz"
    url, digest = source_digest(option, arch, machine, checksums)
    files = tuple(_wanted(name, member, archive, arch, machine) for member in option["members"])
    path = option.get("controller_path")
    controller_path = expand(path, arch, machine) if path else None
    return Source(name, url, digest, archive, files, controller_path)


def source_digest(
    option: Option, arch: str, machine: str, checksums: t.Mapping[str, str]
) -> tuple[str, str]:
    """(address, digest) of a source on one architecture."""
    name = option["name"]
    url = location("%s: url" % name, expand(option["url"], arch, machine))
    digest = _digest("%s: sha256" % name, option.get("sha256"), arch)
    if digest is None:
        digest = _listed(name, url, checksum_url(option, arch, machine), checksums)
    return url, digest


def _wanted(name: str, option: Option, archive: bool, arch: str, machine: str) -> WantedFile:
    dest = absolute_path("%s: dest" % name, option["dest"])
    member = None
    if archive:
        given = expand(option.get("member") or "", arch, machine)
        member = posixpath.normpath(given) if given else ""
        if member in ("", ".") or member.startswith("/") or ".." in given.split("/"):
            raise CalicoError(
                "%s: member for %s is not a path inside the archive" % (name, dest),
                expected="a relative path without ..",
                found=given,
            )
    mode = octal_mode(option.get("mode") or DEFAULT_MODE)
    sha256 = _digest("%s: sha256 of %s" % (name, dest), option.get("sha256"), arch)
    return WantedFile(dest, member, mode, sha256)


def _digest(what: str, value: t.Any, arch: str) -> str | None:
    """The digest for an architecture; value: that of an option, a text or a dictionary."""
    if isinstance(value, dict):
        if arch not in value:
            raise CalicoError(
                "%s has no entry for %s" % (what, arch),
                expected=arch,
                found=", ".join(sorted(value)) or "nothing",
            )
        value = value[arch]
    if value is None or value == "":
        return None
    digest = sha256_digest(str(value))
    if digest is None:
        raise CalicoError(
            "%s is not a SHA-256 digest" % what,
            expected="64 hexadecimal digits",
            found=str(value).lower(),
        )
    return digest


def _listed(name: str, url: str, address: str | None, checksums: t.Mapping[str, str]) -> str:
    if address is None:
        raise CalicoError(
            "%s has no checksum" % name,
            expected="sha256 or sha256sums_url",
            found="neither",
            remedy="take the digest from the release's SHA256SUMS",
        )
    found, wanted = listed_digests(checksums.get(address, "")), posixpath.basename(url)
    if wanted not in found:
        raise CalicoError(
            "%s does not list %s" % (address, wanted),
            expected="its SHA-256 digest",
            found=", ".join(sorted(found)[:10]) or "no digests",
        )
    return found[wanted]
