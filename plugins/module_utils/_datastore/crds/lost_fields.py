# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which fields a CRD loses when it becomes another, and which objects hold them (pure).

The API server would drop these without a word. Paths are "spec.ipip" and, into lists, "spec.rules[].port".
"""

from __future__ import annotations

import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.differences import (
    changing,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.state import (
    State,
    name_of,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import (
    Manifest,
    title,
)
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.crd import stored_version

STEP = "[]"


def losing(state: State) -> dict[str, list[str]]:
    """The fields that each CRD of the cluster would lose, by its name; only CRDs that lose some."""
    current = state.current
    found = {name_of(crd): gone(current[name_of(crd)], crd) for crd in changing(state)}
    return {name: paths for name, paths in found.items() if paths}


def lost(state: State) -> list[str]:
    """Which objects lose which fields, as sentences."""
    current, found = state.current, []
    for name, paths in losing(state).items():
        kind = current[name]["spec"]["names"]["kind"]
        for item in state.objects[name]:
            its = held(item, paths)
            if its:
                found.append("%s: %s" % (title({**item, "kind": kind}), ", ".join(its)))
    return found


def gone(there: Manifest, wanted: Manifest) -> list[str]:
    """Paths of the stored version's schema that the wanted CRD has not.

    Of a field that is gone altogether only the field itself.
    """
    stored = stored_version(there)
    versions = {each["name"]: each for each in wanted["spec"]["versions"]}
    if stored.get("name") not in versions:
        return []
    return sorted(_gone(_schema(stored), _schema(versions[stored["name"]]), ""))


def held(item: Manifest, paths: list[str]) -> list[str]:
    """Those of the paths under which the object has something."""
    return [path for path in paths if _holds(item, path.split("."))]


def _schema(version: Manifest) -> Manifest:
    return (version.get("schema") or {}).get("openAPIV3Schema") or {}


def _gone(there: Manifest, wanted: Manifest, path: str) -> t.Iterator[str]:
    if wanted.get("x-kubernetes-preserve-unknown-fields"):
        return
    kept = wanted.get("properties") or {}
    for name, field in (there.get("properties") or {}).items():
        below = "%s.%s" % (path, name) if path else name
        if name in kept:
            yield from _gone(field, kept[name], below)
        elif not isinstance(wanted.get("additionalProperties"), dict):
            yield below
    if isinstance(there.get("items"), dict):
        yield from _gone(there["items"], wanted.get("items") or {}, path + STEP)


def _holds(value: t.Any, path: list[str]) -> bool:
    if not path:
        return value is not None
    if not isinstance(value, dict):
        return False
    name, _step, deeper = path[0].partition(STEP)
    below = value.get(name)
    if path[0] == name:
        return _holds(below, path[1:])
    # A list, of lists if there is more of it.
    entries = below if isinstance(below, list) else []
    while deeper:
        entries, deeper = (
            [inner for entry in entries if isinstance(entry, list) for inner in entry],
            deeper[len(STEP) :],
        )
    return any(_holds(entry, path[1:]) for entry in entries)
