# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which CRDs of a release are wanted in a cluster, and when they must not be written (pure)."""

from __future__ import annotations

from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.origin import (
    Newer,
    marked,
    newer,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.state import (
    by_name,
    name_of,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import (
    Manifest,
    Manifests,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._release import crds as table
from ansible_collections.hardway.calico.plugins.module_utils._release import table as releases

# The group of Calico's aggregated API, and of its CRDs where the datastore is in that form (tech preview of v3.32).
NATIVE_GROUP = "projectcalico.org"


def complete(crds: Manifests) -> Manifests:
    """The CRDs that a user gave, each of which must be one. Raises CalicoError."""
    for crd in crds:
        if not _is_crd(crd):
            raise CalicoError(
                "crds holds something that is no CustomResourceDefinition",
                expected="objects as calico_release returns them in crds",
                found="kind %s, keys %s" % (crd.get("kind"), ", ".join(sorted(crd))),
                remedy="pass what calico_release returned",
            )
    return crds


def _is_crd(crd: Manifest) -> bool:
    spec = crd.get("spec")
    return (
        crd.get("kind") == "CustomResourceDefinition"
        and isinstance(spec, dict)
        and {"group", "names", "scope", "versions"} <= set(spec)
        and bool((crd.get("metadata") or {}).get("name"))
    )


def wanted(crds: Manifests, there: Manifests, version: str, leave_newer: bool) -> Manifests:
    """The release's CRDs as they are to be applied, marked with the release.

    leave_newer: whether CRDs from a newer minor are left as they are, instead of refused. Raises CalicoError where
    writing would lose or hide what is stored.
    """
    later = newer(there, version)
    if later and not leave_newer:
        raise _downgrade(later, version)
    kept = [crd for crd in marked(crds, version) if name_of(crd) not in later]
    _refuse_native_group(there)
    current = by_name(there)
    for crd in kept:
        _refuse_lost_versions(crd, current.get(name_of(crd)), version)
    return kept


def _downgrade(later: dict[str, Newer], version: str) -> CalicoError:
    shown = ["%s %s" % (name, found.why) for name, found in sorted(later.items())]
    more = "; %d more" % (len(shown) - 3) if len(shown) > 3 else ""
    return CalicoError(
        "The CRDs of Calico %s would be a downgrade: older CRDs drop the fields that the newer release stored"
        % version,
        expected="CRDs of v3.%d or older" % releases.parse(version)[0],
        found="; ".join(shown[:3]) + more,
        remedy="set calico_version to v3.%d or newer; to go back, restore a snapshot taken before the upgrade"
        % max(found.minor for found in later.values()),
    )


def _refuse_native_group(there: Manifests) -> None:
    groups = {crd["spec"]["group"] for crd in there}
    if NATIVE_GROUP in groups and table.CALICO not in groups:
        names = [name_of(crd) for crd in there if crd["spec"]["group"] == NATIVE_GROUP]
        raise CalicoError(
            "This cluster keeps Calico's data in CRDs of the API group %s" % NATIVE_GROUP,
            expected="no Calico, or CRDs of the group %s" % table.CALICO,
            found=", ".join(sorted(names)[:3]),
            remedy="do not install both (Calico would turn to the empty ones); this collection does not manage a"
            " datastore in that form",
        )


def _refuse_lost_versions(crd: Manifest, there: Manifest | None, version: str) -> None:
    """The API server refuses this too, after other CRDs were written already."""
    kept = {each["name"] for each in crd["spec"]["versions"]}
    stored = ((there or {}).get("status") or {}).get("storedVersions") or ()
    lost = ", ".join(sorted(set(stored) - kept))
    if lost:
        raise CalicoError(
            "CRD %s cannot become that of Calico %s: objects may be stored in a version that it no longer has"
            % (name_of(crd), version),
            expected="stored versions among %s" % ", ".join(sorted(kept)),
            found="status.storedVersions has %s" % lost,
            remedy="write every object of it anew in a version that stays, remove %s from status.storedVersions, and"
            " run again" % lost,
        )
