# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the sources of the node's binaries mean on one architecture (pure).

Architectures are those of Calico's releases since v3.28 (amd64, arm64, ppc64le, s390x).
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._host.attributes import (
    absolute_path,
    octal_mode,
)

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "ppc64le": "ppc64le", "s390x": "s390x"}
DIGEST = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True)
class WantedFile:
    """A file on the node. member: its path in the archive, None for a single file. sha256: None if only the archive's is known."""

    dest: str
    member: str
    mode: int
    sha256: str = None


@dataclass(frozen=True)
class Source:
    """An archive or a single file. url: http, https, or an absolute path."""

    name: str
    url: str
    sha256: str
    archive: bool
    files: tuple
    controller_path: str = None

    def packed(self, wanted):
        """The name of a wanted file in the small archive that the controller sends in push mode."""
        return "%s/%s" % (self.sha256, wanted.member or "-")


def architecture(machine, extra=None):
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


def expand(template, arch, machine):
    return template.replace("{arch}", arch).replace("{machine}", machine)


def checksum_url(option, arch, machine):
    """The address of the checksums that a source needs on this architecture; None if its digest was given."""
    if option.get("sha256") or not option.get("sha256sums_url"):
        return None
    return location(
        "%s: sha256sums_url" % option["name"], expand(option["sha256sums_url"], arch, machine)
    )


def location(what, url):
    """The URL, or the absolute path that it means."""
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.path.startswith("/") and not parts.netloc:
        return parts.path
    if url.startswith("/"):
        return url
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise CalicoError(
            "%s is not an address" % what,
            expected="http://, https://, file:/// or an absolute path",
            found=url,
        )
    if "@" in parts.netloc:
        raise CalicoError(
            "%s holds a user name or a password" % what,
            expected="an address without credentials",
            remedy="use a mirror that needs none",
        )
    return url


def digests_by_name(text):
    """{file name: digest} of the output of sha256sum; other lines do not count."""
    found = {}
    for line in text.splitlines():
        digest, _space, name = line.strip().partition(" ")
        if DIGEST.match(digest.lower()) and name.strip():
            found[posixpath.basename(name.strip().lstrip("*"))] = digest.lower()
    return found


def resolve(options, arch, machine, checksums=None):
    """[Source] for a node. options: the module's `sources`; checksums: {address of SHA256SUMS: its text}."""
    sources, owners = [], {}
    for option in options:
        for key in ("name", "url", "members"):
            if not option.get(key):
                raise CalicoError(
                    "source %s has no %s" % (option.get("name") or "without a name", key),
                    expected="a value that is not empty",
                )
        name, archive = option["name"], option.get("archive") == "tgz"
        url, digest = source_digest(option, arch, machine, checksums or {})
        files = tuple(_wanted(name, member, archive, arch, machine) for member in option["members"])
        for wanted in files:
            if wanted.dest in owners:
                raise CalicoError(
                    "%s is installed twice" % wanted.dest,
                    found="in %s and %s" % (owners[wanted.dest], name),
                    remedy="remove one of them",
                )
            owners[wanted.dest] = name
        path = option.get("controller_path")
        sources.append(
            Source(name, url, digest, archive, files, expand(path, arch, machine) if path else None)
        )
    return sources


def source_digest(option, arch, machine, checksums):
    """(address, digest) of a source on one architecture."""
    name = option["name"]
    url = location("%s: url" % name, expand(option["url"], arch, machine))
    digest = _digest("%s: sha256" % name, option.get("sha256"), arch)
    return url, _listed(
        name, url, checksum_url(option, arch, machine), checksums
    ) if digest is None else digest


def _wanted(name, option, archive, arch, machine):
    dest = absolute_path("%s: dest" % name, option["dest"])
    member = None
    if archive:
        given = expand(option.get("member") or "", arch, machine)
        member = posixpath.normpath(given) if given else ""
        if (
            not member
            or member == "."
            or member.startswith(("/", "../"))
            or ".." in given.split("/")
        ):
            raise CalicoError(
                "%s: member for %s is not a path inside the archive" % (name, dest),
                expected="a relative path without ..",
                found=given,
            )
    return WantedFile(
        dest,
        member,
        octal_mode(option.get("mode") or "0755"),
        _digest("%s: sha256 of %s" % (name, dest), option.get("sha256"), arch),
    )


def _digest(what, value, arch):
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
    value = str(value).lower()
    if not DIGEST.match(value):
        raise CalicoError(
            "%s is not a SHA-256 digest" % what, expected="64 hexadecimal digits", found=value
        )
    return value


def _listed(name, url, address, checksums):
    if address is None:
        remedy = "take the digest from the release's SHA256SUMS"
        raise CalicoError(
            "%s has no checksum" % name,
            expected="sha256 or sha256sums_url",
            found="neither",
            remedy=remedy,
        )
    found, wanted = digests_by_name(checksums.get(address, "")), posixpath.basename(url)
    if wanted not in found:
        raise CalicoError(
            "%s does not list %s" % (address, wanted),
            expected="its SHA-256 digest",
            found=", ".join(sorted(found)[:10]) or "no digests",
        )
    return found[wanted]
