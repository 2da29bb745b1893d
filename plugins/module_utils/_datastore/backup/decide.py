# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides how the objects of a snapshot come back (pure)."""

from __future__ import annotations

from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.snapshot import (
    annotations,
    identity,
    portable,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan, Step

# Addresses in use: they follow the pods. An old copy would give out addresses that pods have got since, or keep those that are free.
IPAM = ("IPAMBlock", "IPAMHandle", "BlockAffinity")
# calico/node keeps it: an old copy would name a release that does not run, or lock the datastore as a migration does.
OWN = ("ClusterInformation",)
# Other objects refer to these; the rest has no order.
FIRST = ("ClusterInformation", "Tier", "IPPool", "IPReservation", "IPAMConfig")
# Released with their blocks by hardway.calico.calico_ippool only.
NEVER_DELETED = (*OWN, "IPPool", *IPAM)
# Made by Calico itself, which would fail without them.
STATIC_TIERS = (
    "default",
    "adminnetworkpolicy",
    "baselineadminnetworkpolicy",
    "kube-admin",
    "kube-baseline",
)


def require_cluster(snapshot, cluster_uid, other_cluster):
    """Raise CalicoError for a snapshot of another cluster, unless that is wanted."""
    about = annotations(snapshot)
    if about["cluster-uid"] != cluster_uid and not other_cluster:
        raise CalicoError(
            "The snapshot is of another cluster",
            expected="one of the cluster with the uid %s" % cluster_uid,
            found="one of %s, uid %s, taken %s"
            % (about.get("cluster", "?"), about["cluster-uid"], about.get("taken", "?")),
            remedy="choose the right file or the right cluster, or set other_cluster: true to copy the objects here",
        )


def chosen(snapshot, ipam):
    """The objects to be restored, in the order in which they are written."""
    items = [item for item in snapshot["items"] if ipam or item["kind"] not in IPAM]
    return sorted(
        items,
        key=lambda item: (
            FIRST.index(item["kind"]) if item["kind"] in FIRST else len(FIRST),
            identity(item),
        ),
    )


def require_kinds(items, kinds):
    """Raise CalicoError if the cluster lacks the CRD of one of the objects."""
    missing = sorted({item["kind"] for item in items} - set(kinds))
    if missing:
        raise CalicoError(
            "The cluster has no CRD for %s" % ", ".join(missing),
            expected="the kinds of the snapshot",
            found=", ".join(sorted(kinds)) or "none of Calico's",
            remedy="install the CRDs with the role hardway.calico.datastore first",
        )


def without_namespace(items, namespaces):
    """(objects whose namespace is there or that have none, sentences about the others)."""
    lost = {}
    for item in items:
        namespace = item["metadata"].get("namespace")
        if namespace and namespace not in namespaces:
            lost.setdefault(namespace, []).append(
                "%s %s" % (item["kind"], item["metadata"]["name"])
            )
    kept = [item for item in items if item["metadata"].get("namespace") not in lost]
    words = "%s not restored, since the namespace %s does not exist: create it and run again"
    return kept, [words % (", ".join(names), name) for name, names in sorted(lost.items())]


def proposal(item, current):
    """What to write for an object of the snapshot, or None if that is clear without asking the API server.

    An update keeps the object's uid, status and what else the cluster gave it.
    """
    if current is None:
        return item
    if item["kind"] in OWN or portable(item) == portable(current):
        return None
    metadata = {
        key: value
        for key, value in current["metadata"].items()
        if key not in ("labels", "annotations", "finalizers", "managedFields")
    }
    body = {**item, "metadata": {**metadata, **item["metadata"]}}
    return {**body, "status": current["status"]} if "status" in current else body


def step(item, current, answer):
    """The Step for an object, or None. answer: what the API server would store (a dry run), with its defaults filled in."""
    target = title(item)
    if current is None:
        return Step(
            "create", target, "it is not in the cluster", after=portable(item), detail=(item, None)
        )
    after, before = (
        portable({**answer, "kind": item["kind"], "apiVersion": item["apiVersion"]}),
        portable(current),
    )
    if after == before:
        return None
    parts = [
        part
        for part in ("labels", "annotations", "finalizers")
        if before["metadata"].get(part) != after["metadata"].get(part)
    ]
    parts += sorted(
        key for key in {*before, *after} - {"metadata"} if before.get(key) != after.get(key)
    )
    return Step(
        "update",
        target,
        "it differs from the snapshot in %s" % ", ".join(parts),
        before=before,
        after=after,
        detail=(item, current),
    )


def lost(item, answer):
    """Paths of what the object has outside of its metadata and the API server would not store, since the CRD lacks the field."""
    return sorted(
        path
        for key, value in item.items()
        if key != "metadata"
        for path in _missing(value, answer.get(key), key)
    )


def _missing(value, there, path):
    if isinstance(value, dict):
        if not isinstance(there, dict):
            return [path] if value else []
        said = {key: entry for key, entry in value.items() if entry is not None}
        return [
            found
            for key, entry in said.items()
            for found in (
                [path + "." + key]
                if key not in there
                else _missing(entry, there[key], path + "." + key)
            )
        ]
    if isinstance(value, list) and isinstance(there, list):
        return [
            found
            for entry, stored in zip(value, there)
            for found in _missing(entry, stored, path + "[]")
        ]
    return []


def require_fields(gone):
    """Raise CalicoError if something would be lost. gone: {title of an object: its lost() paths}."""
    if gone:
        words = [
            "%s: %s" % (name, ", ".join(sorted(set(paths)))) for name, paths in sorted(gone.items())
        ]
        raise CalicoError(
            "The cluster's CRDs do not know fields of the snapshot, and would drop them",
            expected="CRDs of the release that the snapshot is from, or newer",
            found="; ".join(words[:5])
            + ("; %d more objects" % (len(words) - 5) if len(words) > 5 else ""),
            remedy="install that release's CRDs first, or set unknown_fields: drop to restore the objects without these fields",
        )


def deletions(snapshot_items, current):
    """(Plan, notes): objects that the snapshot has not; pools and Calico's own are only noted."""
    wanted, steps, notes = {identity(item) for item in snapshot_items}, [], []
    for item in sorted(current, key=identity):
        if (
            identity(item) in wanted
            or item["kind"] in (*OWN, *IPAM)
            or (item["kind"] == "Tier" and item["metadata"]["name"] in STATIC_TIERS)
        ):
            continue
        if item["kind"] in NEVER_DELETED:
            notes.append(
                "%s is not in the snapshot and stays: remove it with hardway.calico.calico_ippool, which releases its blocks"
                % title(item)
            )
            continue
        steps.append(
            Step(
                "delete",
                title(item),
                "it is not in the snapshot",
                before=portable(item),
                detail=(None, item),
            )
        )
    return Plan(steps), notes


def title(item):
    namespace = item["metadata"].get("namespace")
    return "%s %s%s" % (
        item["kind"],
        namespace + "/" if namespace else "",
        item["metadata"]["name"],
    )
