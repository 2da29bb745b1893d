# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides which CustomResourceDefinitions of a release must be written, and when they must not: values in, a Plan out.

Objects are dicts as the API server returns them; wanted ones come from _release.crds_yaml.parse.
"""

from __future__ import annotations

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.rollout.decide import (
    crd_pending,
)
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan, Step
from ansible_collections.hardway.calico.plugins.module_utils._release import crds as table
from ansible_collections.hardway.calico.plugins.module_utils._release import table as releases

# Which release a CRD is from: its content does not say.
RELEASE = "hardway.calico/release"
# The group of Calico's aggregated API, and of its CRDs where the datastore is in that form (tech preview of v3.32).
NATIVE_GROUP = "projectcalico.org"


def complete(crds):
    """The CRDs, each of which must be one. Raises CalicoError."""
    for crd in crds:
        spec = crd.get("spec")
        usable = (
            crd.get("kind") == "CustomResourceDefinition"
            and isinstance(spec, dict)
            and {"group", "names", "scope", "versions"} <= set(spec)
        )
        if not usable or not (crd.get("metadata") or {}).get("name"):
            raise CalicoError(
                "crds holds something that is no CustomResourceDefinition",
                expected="objects as calico_release returns them in crds",
                found="kind %s, keys %s" % (crd.get("kind"), ", ".join(sorted(crd))),
                remedy="pass what calico_release returned",
            )
    return crds


def marked(crds, version):
    """The release's CRDs with the annotation that says so."""
    return [
        {
            **crd,
            "metadata": {
                **crd["metadata"],
                "annotations": {**crd["metadata"].get("annotations", {}), RELEASE: version},
            },
        }
        for crd in crds
    ]


def newer(there, version):
    """{name: (minor, why)} of the cluster's CRDs that came from a newer minor than the wanted release. there: every CRD of the cluster."""
    minor = releases.parse(version)[0]
    found = {}
    for crd in there:
        name, marking = (
            crd["metadata"]["name"],
            (crd["metadata"].get("annotations") or {}).get(RELEASE, ""),
        )
        since = (table.span(name) or (None, None))[0]
        known = releases.VERSION.match(marking)
        if known:
            if int(known.group(2)) > minor:
                found[name] = (int(known.group(2)), "is from %s" % marking)
        elif crd["spec"]["group"] == table.CALICO and since and since > minor:
            found[name] = (since, "came with v3.%d" % since)
    return found


def newer_patches(there, version):
    """The releases, of the wanted one's minor but newer, that CRDs of the cluster came from."""
    minor, patch = releases.parse(version)
    marks = {(crd["metadata"].get("annotations") or {}).get(RELEASE, "") for crd in there}
    found = [
        known
        for known in map(releases.VERSION.match, marks)
        if known and int(known.group(2)) == minor and int(known.group(3) or 0) > patch
    ]
    return sorted(known.group(0) for known in found)


def refuse(wanted, there, version):
    """Raise CalicoError where writing would lose or hide what is stored."""
    current = {crd["metadata"]["name"]: crd for crd in there}
    groups = {crd["spec"]["group"] for crd in there}
    if NATIVE_GROUP in groups and table.CALICO not in groups:
        raise CalicoError(
            "This cluster keeps Calico's data in CRDs of the API group %s" % NATIVE_GROUP,
            expected="no Calico, or CRDs of the group %s" % table.CALICO,
            found=", ".join(
                sorted(
                    crd["metadata"]["name"] for crd in there if crd["spec"]["group"] == NATIVE_GROUP
                )[:3]
            ),
            remedy="do not install both (Calico would turn to the empty ones); this collection does not manage a datastore in that form",
        )
    for crd in wanted:
        _refuse_lost_versions(crd, current.get(crd["metadata"]["name"]), version)


def refuse_downgrade(found, version):
    """Raise CalicoError if there are newer() CRDs."""
    if found:
        minor = max(since for since, _why in found.values())
        shown = ["%s %s" % (name, why) for name, (_since, why) in sorted(found.items())]
        raise CalicoError(
            "The CRDs of Calico %s would be a downgrade: older CRDs drop the fields that the newer release stored"
            % version,
            expected="CRDs of v3.%d or older" % releases.parse(version)[0],
            found="; ".join(shown[:3]) + ("; %d more" % (len(shown) - 3) if len(shown) > 3 else ""),
            remedy="set calico_version to v3.%d or newer; to go back, restore a snapshot taken before the upgrade"
            % minor,
        )


def _refuse_lost_versions(crd, there, version):
    """The API server refuses this too, after other CRDs were written already."""
    kept = {each["name"] for each in crd["spec"]["versions"]}
    lost = sorted(set(((there or {}).get("status") or {}).get("storedVersions") or ()) - kept)
    if lost:
        raise CalicoError(
            "CRD %s cannot become that of Calico %s: objects may be stored in a version that it no longer has"
            % (crd["metadata"]["name"], version),
            expected="stored versions among %s" % ", ".join(sorted(kept)),
            found="status.storedVersions has %s" % ", ".join(lost),
            remedy="write every object of it anew in a version that stays, remove %s from status.storedVersions, and run again"
            % ", ".join(lost),
        )


def differing(wanted, there):
    """The wanted CRDs that are there and look different. Only the API server knows whether they are: see settled()."""
    current = {crd["metadata"]["name"]: crd for crd in there}
    return [
        crd
        for crd in wanted
        if crd["metadata"]["name"] in current and not _same(crd, current[crd["metadata"]["name"]])
    ]


def decide(wanted, there, settled):
    """Plan of the CRDs to write; a step's detail is the object to apply.

    settled: {name: the object that the API server says would come of applying} for the differing() ones, so that what it
    defaults, drops or formats in its own way is no difference.
    """
    current = {crd["metadata"]["name"]: crd for crd in there}
    steps = []
    for crd in wanted:
        name = crd["metadata"]["name"]
        if name not in current:
            versions = ", ".join(each["name"] for each in crd["spec"]["versions"])
            steps.append(
                Step(
                    "create",
                    "CRD " + name,
                    "the cluster does not have it",
                    after={"scope": crd["spec"]["scope"], "versions": versions},
                    detail=crd,
                )
            )
        elif name in settled and not _same(settled[name], current[name]):
            before, after = _differences(_about(current[name]), _about(settled[name]))
            steps.append(
                Step(
                    "update",
                    "CRD " + name,
                    _reason(before, after),
                    before=before,
                    after=after,
                    detail=crd,
                )
            )
    return Plan(steps)


def dropped(wanted, there, version):
    """Names of CRDs that an earlier release brought and this one does not; they hold data and are never deleted."""
    kept = {crd["metadata"]["name"] for crd in wanted}
    minor = releases.parse(version)[0]
    return sorted(
        crd["metadata"]["name"]
        for crd in there
        if crd["metadata"]["name"] not in kept and _is_earlier(crd, minor)
    )


def _is_earlier(crd, minor):
    since_until = table.span(crd["metadata"]["name"])
    if since_until is None:
        return crd["spec"]["group"] == table.CALICO or RELEASE in (
            crd["metadata"].get("annotations") or {}
        )
    return since_until[1] is not None and since_until[1] < minor


def ready(wanted, there):
    """Whether all are there and Established."""
    current = {crd["metadata"]["name"]: crd for crd in there}
    return all(
        crd_pending(crd["metadata"]["name"], current.get(crd["metadata"]["name"])) is None
        for crd in wanted
    )


def _settings(crd):
    """The spec with the API server's defaults (apiextensions v1 defaults.go)."""
    spec = crd["spec"]
    names = spec["names"]
    return {
        "conversion": {"strategy": "None"},
        **{
            key: value
            for key, value in spec.items()
            if (key, value) != ("preserveUnknownFields", False)
        },
        "names": {
            "singular": names.get("kind", "").lower(),
            "listKind": names.get("kind", "") + "List",
            **names,
        },
    }


def _unlike(wanted, there):
    """Whether annotations or labels are missing or others; more of them are somebody else's."""
    return any(
        (there.get(kind) or {}).get(key) != value
        for kind in ("annotations", "labels")
        for key, value in (wanted.get(kind) or {}).items()
    )


def _same(wanted, there):
    return _settings(wanted) == _settings(there) and not _unlike(
        wanted["metadata"], there["metadata"]
    )


def _about(crd):
    """What a diff of CRDs shows: {"release": ..., "v1 spec.cidr": the field without its description}."""
    found = {
        "release": (crd["metadata"].get("annotations") or {}).get(RELEASE),
        "scope": crd["spec"]["scope"],
    }
    for version in crd["spec"]["versions"]:
        found[version["name"]] = {
            key: value for key, value in version.items() if key not in ("schema", "name")
        }
        _fields(version.get("schema", {}).get("openAPIV3Schema", {}), version["name"], "", found)
    return found


def _fields(schema, version, path, found):
    found["%s %s" % (version, path or "object")] = {
        key: value
        for key, value in schema.items()
        if key not in ("properties", "items", "description")
    }
    for name, field in schema.get("properties", {}).items():
        _fields(field, version, "%s.%s" % (path, name) if path else name, found)
    if isinstance(schema.get("items"), dict):
        _fields(schema["items"], version, path + "[]", found)


def _differences(before, after):
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return {key: before[key] for key in keys if key in before}, {
        key: after[key] for key in keys if key in after
    }


def _reason(before, after):
    fields = [{key for key in side if " " in key} for side in (before, after)]
    counts = [
        (len(fields[1] - fields[0]), "new"),
        (len(fields[0] - fields[1]), "gone"),
        (len(fields[0] & fields[1]), "changed"),
    ]
    words = ", ".join("%d %s" % (count, what) for count, what in counts if count)
    return (
        "fields of the release's schema: %s" % words
        if words
        else "the release's mark or texts are others"
    )
