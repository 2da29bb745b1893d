# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How CRDs differ (pure)."""

from __future__ import annotations

import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.origin import marking
from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.state import (
    State,
    by_name,
    name_of,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import (
    Manifest,
    Manifests,
)

Shown = dict[str, t.Any]


def differing(wanted: Manifests, there: Manifests) -> Manifests:
    """The wanted CRDs that are there and look different. Only the API server knows whether they are: State.settled."""
    current = by_name(there)
    return [
        crd for crd in wanted if name_of(crd) in current and not same(crd, current[name_of(crd)])
    ]


def changing(state: State) -> Manifests:
    """The wanted CRDs that are there and would change by being applied, as the API server says."""
    current = state.current
    return [
        crd
        for crd in state.wanted
        if name_of(crd) in state.settled
        and not same(state.settled[name_of(crd)], current[name_of(crd)])
    ]


def same(wanted: Manifest, there: Manifest) -> bool:
    """Whether a CRD is as wanted; annotations and labels beyond the wanted ones are somebody else's."""
    return _settings(wanted) == _settings(there) and not _unlike(
        wanted["metadata"], there["metadata"]
    )


def _settings(crd: Manifest) -> Manifest:
    """The spec with the API server's defaults (apiextensions v1 defaults.go)."""
    spec, names = crd["spec"], crd["spec"]["names"]
    said = {
        key: value
        for key, value in spec.items()
        if (key, value) != ("preserveUnknownFields", False)
    }
    kind = names.get("kind", "")
    return {
        "conversion": {"strategy": "None"},
        **said,
        "names": {"singular": kind.lower(), "listKind": kind + "List", **names},
    }


def _unlike(wanted: Manifest, there: Manifest) -> bool:
    """Whether annotations or labels are missing or others."""
    return any(
        (there.get(kind) or {}).get(key) != value
        for kind in ("annotations", "labels")
        for key, value in (wanted.get(kind) or {}).items()
    )


def shown(there: Manifest, settled: Manifest) -> tuple[Shown, Shown]:
    """What a diff says of a CRD that becomes another, (before, after): only what differs."""
    before, after = _about(there), _about(settled)
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return (
        {key: before[key] for key in keys if key in before},
        {key: after[key] for key in keys if key in after},
    )


def _about(crd: Manifest) -> Shown:
    """{"release": ..., "v1 spec.cidr": the field without its description}."""
    found: Shown = {"release": marking(crd), "scope": crd["spec"]["scope"]}
    for version in crd["spec"]["versions"]:
        name = version["name"]
        found[name] = {
            key: value for key, value in version.items() if key not in ("schema", "name")
        }
        _fields(version.get("schema", {}).get("openAPIV3Schema", {}), name, "", found)
    return found


def _fields(schema: Manifest, version: str, path: str, found: Shown) -> None:
    below = ("properties", "items", "description")
    said = {key: value for key, value in schema.items() if key not in below}
    found["%s %s" % (version, path or "object")] = said
    for name, field in schema.get("properties", {}).items():
        _fields(field, version, "%s.%s" % (path, name) if path else name, found)
    if isinstance(schema.get("items"), dict):
        _fields(schema["items"], version, path + "[]", found)


def reason(before: Shown, after: Shown) -> str:
    """Why a CRD is updated, from what shown() says."""
    # The keys of fields are a version and a path.
    old, new = ({key for key in side if " " in key} for side in (before, after))
    counts = ((len(new - old), "new"), (len(old - new), "gone"), (len(old & new), "changed"))
    words = ", ".join("%d %s" % (count, what) for count, what in counts if count)
    if words:
        return "fields of the release's schema: %s" % words
    return "the release's mark or texts are others"
