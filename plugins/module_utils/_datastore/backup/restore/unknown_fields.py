# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What would be lost because the cluster's CRDs lack fields that the snapshot's objects have (pure)."""

from __future__ import annotations

import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import Manifest
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError


def lost(item: Manifest, answer: Manifest) -> list[str]:
    """Paths of what the object has outside of its metadata and the API server would not store, as it answers."""
    return sorted(
        path
        for key, value in item.items()
        if key != "metadata"
        for path in _missing(value, answer.get(key), key)
    )


def _missing(value: t.Any, there: t.Any, path: str) -> t.Iterator[str]:
    if isinstance(value, dict):
        yield from _missing_keys(value, there, path)
    elif isinstance(value, list) and isinstance(there, list):
        for entry, stored in zip(value, there):
            yield from _missing(entry, stored, path + "[]")


def _missing_keys(value: Manifest, there: t.Any, path: str) -> t.Iterator[str]:
    if not isinstance(there, dict):
        if value:
            yield path
        return
    for key, entry in value.items():
        below = path + "." + key
        if entry is not None and key not in there:
            yield below
        elif entry is not None:
            yield from _missing(entry, there[key], below)


def require(gone: dict[str, list[str]]) -> None:
    """Raise CalicoError if something would be lost. gone: the lost() paths by an object's title."""
    if not gone:
        return
    words = ["%s: %s" % (name, listed(paths)) for name, paths in sorted(gone.items())]
    more = "; %d more objects" % (len(words) - 5) if len(words) > 5 else ""
    raise CalicoError(
        "The cluster's CRDs do not know fields of the snapshot, and would drop them",
        expected="CRDs of the release that the snapshot is from, or newer",
        found="; ".join(words[:5]) + more,
        remedy="install that release's CRDs first, or set unknown_fields: drop to restore the objects without these"
        " fields",
    )


def listed(paths: list[str]) -> str:
    """The paths as words; those in several entries of a list once."""
    return ", ".join(sorted(set(paths)))
