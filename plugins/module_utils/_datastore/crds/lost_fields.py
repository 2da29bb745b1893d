# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which fields a CRD loses when it becomes another, and which objects hold them: the API server would drop these without a word (pure).

Paths are "spec.ipip" and, into lists, "spec.rules[].port".
"""

from __future__ import annotations

STEP = "[]"


def gone(there, wanted):
    """Paths of the stored version's schema that the wanted CRD has not; of a field that is gone altogether only the field itself."""
    version = next((each for each in there["spec"]["versions"] if each.get("storage")), None)
    follows = {each["name"]: each for each in wanted["spec"]["versions"]}.get(
        (version or {}).get("name")
    )
    if not follows:
        return []
    return sorted(_gone(_schema(version), _schema(follows), ""))


def held(item, paths):
    """Those of the paths under which the object has something."""
    return [path for path in paths if _holds(item, path.split("."))]


def _schema(version):
    return (version.get("schema") or {}).get("openAPIV3Schema") or {}


def _gone(there, wanted, path):
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


def _holds(value, path):
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
