# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which release a CRD is from, and what follows from that (pure).

there: every CRD of the cluster; version: the wanted release, such as "v3.32.1".
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.state import (
    by_name,
    name_of,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import (
    Manifest,
    Manifests,
)
from ansible_collections.hardway.calico.plugins.module_utils._release import crds as table
from ansible_collections.hardway.calico.plugins.module_utils._release import table as releases

# Which release a CRD is from: its content does not say.
RELEASE = "hardway.calico/release"


@dataclass(frozen=True)
class Newer:
    """Of a CRD that came from a newer minor than the wanted release: which minor, and how that is known."""

    minor: int
    why: str


def marking(crd: Manifest) -> str | None:
    """The release that a CRD is marked with."""
    return (crd["metadata"].get("annotations") or {}).get(RELEASE)


def marked(crds: Manifests, version: str) -> Manifests:
    """The release's CRDs with the annotation that says so."""
    return [{**crd, "metadata": _marked(crd["metadata"], version)} for crd in crds]


def _marked(metadata: Manifest, version: str) -> Manifest:
    return {**metadata, "annotations": {**metadata.get("annotations", {}), RELEASE: version}}


def newer(there: Manifests, version: str) -> dict[str, Newer]:
    """The cluster's CRDs that came from a newer minor than the wanted release, by name."""
    minor = releases.parse(version)[0]
    found = {}
    for crd in there:
        name, mark = name_of(crd), marking(crd) or ""
        known = releases.VERSION.match(mark)
        since = (table.span(name) or (None, None))[0]
        if known:
            if int(known.group(2)) > minor:
                found[name] = Newer(int(known.group(2)), "is from %s" % mark)
        elif crd["spec"]["group"] == table.CALICO and since and since > minor:
            found[name] = Newer(since, "came with v3.%d" % since)
    return found


def newer_patches(there: Manifests, version: str) -> list[str]:
    """The releases, of the wanted one's minor but newer, that CRDs of the cluster came from."""
    minor, patch = releases.parse(version)
    matches = map(releases.VERSION.match, {marking(crd) or "" for crd in there})
    return sorted(
        known.group(0)
        for known in matches
        if known and int(known.group(2)) == minor and int(known.group(3) or 0) > patch
    )


def dropped(crds: Manifests, there: Manifests, version: str) -> list[str]:
    """Names of CRDs that an earlier release brought and this one, with these crds, does not.

    They hold data and are never deleted.
    """
    kept = by_name(crds)
    minor = releases.parse(version)[0]
    return sorted(
        name for name, crd in by_name(there).items() if name not in kept and _is_earlier(crd, minor)
    )


def _is_earlier(crd: Manifest, minor: int) -> bool:
    span = table.span(name_of(crd))
    if span is None:
        return crd["spec"]["group"] == table.CALICO or marking(crd) is not None
    _since, until = span
    return until is not None and until < minor
