# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: what the controller finds out for nodes that fetch nothing for themselves (delivery push)."""

from __future__ import annotations

import os
import typing as t
from dataclasses import replace

from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries.sources import (
    ARCHITECTURES,
    Option,
    Source,
    checksum_url,
    resolve,
    source_digest,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._host.download import fetch_text


def with_digests(options: t.Any, arch_map: dict[str, str] | None, timeout: float) -> t.Any:
    """The sources with checksums that the controller has read, since the node may reach no server.

    options: as the user wrote them; what the module will refuse stays as it is. Raises CalicoError
    for a list of checksums that cannot be read.
    """
    if not isinstance(options, list):
        return options
    return [_with_digest(option, arch_map or {}, timeout) for option in options]


def to_pack(
    options: t.Iterable[Option], asked: t.Container[str], arch: str, machine: str
) -> list[Source]:
    """The sources of the files that a node asked for, as the controller finds them."""
    sources = (source.only(asked) for source in resolve(options, arch, machine))
    return [replace(source, url=_here(source)) for source in sources if source.files]


def _here(source: Source) -> str:
    if source.controller_path:
        return os.path.abspath(os.path.expanduser(source.controller_path))
    return source.url


def _with_digest(option: t.Any, arch_map: dict[str, str], timeout: float) -> t.Any:
    if not isinstance(option, dict) or not option.get("sha256sums_url"):
        return option
    if option.get("sha256") or not option.get("name") or not option.get("url"):
        return option
    digests = _digests(option, {**ARCHITECTURES, **arch_map}, timeout)
    kept = {key: value for key, value in option.items() if key != "sha256sums_url"}
    return {**kept, "sha256": digests}


def _digests(option: Option, architectures: dict[str, str], timeout: float) -> dict[str, str]:
    """{architecture: digest} for those whose file is listed, at least one."""
    texts: dict[str, str] = {}
    found: dict[str, str] = {}
    refusals = []
    for machine, arch in architectures.items():
        try:
            address = checksum_url(option, arch, machine)
            if address is not None and address not in texts:
                texts[address] = fetch_text(address, timeout)
            found[arch] = source_digest(option, arch, machine, texts)[1]
        except CalicoError as exc:
            # One architecture's file need not be in the list, as long as another's is.
            refusals.append(exc)
    if not found:
        raise refusals[-1]
    return found
