# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wanted of a release: which one, where its files come from and where they go (pure)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._host.address import (
    file_path,
    has_credentials,
    is_web,
)
from ansible_collections.hardway.calico.plugins.module_utils._release import files


@dataclass(frozen=True)
class Wanted:
    """A release and where its files come from.

    about: table.release. mirror: base URL or directory, "" for upstream. cni_plugins: the version of
    the reference plugins, with its v. architectures: those that must be there; none for those that
    the source has. crds_source, crds_sha256: as given, "" for the release's. cni_folder,
    calicoctl_path: where binaries go on nodes.
    """

    about: dict[str, t.Any]
    mirror: str
    cni_plugins: str
    architectures: tuple[str, ...]
    crds_source: str
    crds_sha256: str
    cni_folder: str
    calicoctl_path: str

    @property
    def version(self) -> str:
        return self.about["version"]

    @property
    def urls(self) -> dict[str, str]:
        return files.urls(self.version, self.mirror)

    @property
    def cni_plugins_url(self) -> str:
        return files.cni_plugins_url(self.cni_plugins, self.mirror)


def wanted_of(about: dict[str, t.Any], params: dict[str, t.Any]) -> Wanted:
    """What the module calico_release was asked for. Raises CalicoError for a mirror that is none."""
    return Wanted(
        about=about,
        mirror=base(params["mirror"]),
        cni_plugins="v%s" % params["cni_plugins_version"].lstrip("v"),
        architectures=tuple(params["architectures"] or ()),
        crds_source=params["crds_source"],
        crds_sha256=params["crds_sha256"],
        cni_folder=params["cni_bin_dir"],
        calicoctl_path=params["calicoctl_path"],
    )


def passwords(params: dict[str, t.Any]) -> set[str]:
    """Those in the module's addresses: base() refuses them, and no result may show them."""
    given = (urlsplit(params[option]).password for option in ("mirror", "crds_source"))
    return {password for password in given if password}


def base(mirror: str | None, option: str = "mirror") -> str:
    """A mirror as a base URL or an absolute directory, without a slash at its end; empty stays empty (upstream)."""
    mirror = (mirror or "").strip()
    if not mirror:
        return ""
    if has_credentials(mirror):
        raise CalicoError(
            "%s holds a user name or a password" % option,
            expected="an address without credentials, since results and logs show it",
            found="credentials for %s" % urlsplit(mirror).hostname,
            remedy="use a mirror that needs none, or a directory on the API host",
        )
    path = file_path(mirror)
    if path is not None:
        return unquote(path).rstrip("/")
    if mirror.startswith("/") or is_web(mirror):
        return mirror.rstrip("/")
    raise CalicoError(
        "%s is neither a URL nor an absolute path" % option,
        expected="https://..., http://..., file:///... or /a/directory",
        found=mirror,
        remedy="correct it (calico_release_mirror)",
    )
