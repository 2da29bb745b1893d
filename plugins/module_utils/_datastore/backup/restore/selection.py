# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of a snapshot's objects come back, what is written for each, and when none may (pure)."""

from __future__ import annotations

from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.restore.rules import (
    FIRST,
    IPAM,
    is_own,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.snapshot.content import (
    about,
    datastore_of,
    identity,
    portable,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import (
    Manifest,
    Manifests,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._etcd.arguments import KUBERNETES


def require_datastore(snapshot: Manifest, datastore: str) -> None:
    """Raise CalicoError for a snapshot of the other datastore.

    The Kubernetes API has an object's labels in the annotation projectcalico.org/metadata, where etcd's reader does not
    look for them (libcalico-go/lib/backend/k8s/resources/resources.go).
    """
    found = datastore_of(snapshot)
    if found != datastore:
        raise CalicoError(
            "The snapshot is of the other datastore, where Calico keeps labels and annotations elsewhere",
            expected="one taken with datastore_type: %s" % datastore,
            found="one taken with datastore_type: %s; one that does not tell counts as %s"
            % (found, KUBERNETES),
            remedy="choose the right file; calicoctl datastore migrate moves objects from etcd to the Kubernetes API",
        )


def require_cluster(snapshot: Manifest, cluster_uid: str, other_cluster: bool) -> None:
    """Raise CalicoError for a snapshot of another cluster, unless that is wanted."""
    its = about(snapshot)
    if its["cluster-uid"] != cluster_uid and not other_cluster:
        raise CalicoError(
            "The snapshot is of another cluster",
            expected="one of the cluster with the uid %s" % cluster_uid,
            found="one of %s, uid %s, taken %s"
            % (its.get("cluster", "?"), its["cluster-uid"], its.get("taken", "?")),
            remedy="choose the right file or the right cluster, or set other_cluster: true to copy the objects here",
        )


def chosen(snapshot: Manifest, ipam: bool) -> Manifests:
    """The objects to be restored, in the order in which they are written."""
    items = [item for item in snapshot["items"] if ipam or item["kind"] not in IPAM]
    return sorted(items, key=lambda item: (_rank(item["kind"]), identity(item)))


def _rank(kind: str) -> int:
    return FIRST.index(kind) if kind in FIRST else len(FIRST)


def without_namespace(items: Manifests, namespaces: set[str]) -> dict[str, list[str]]:
    """The objects whose namespace is not there, as kind and name, by namespace."""
    lost: dict[str, list[str]] = {}
    for item in items:
        namespace = item["metadata"].get("namespace")
        if namespace and namespace not in namespaces:
            named = "%s %s" % (item["kind"], item["metadata"]["name"])
            lost.setdefault(namespace, []).append(named)
    return lost


def proposal(item: Manifest, current: Manifest | None) -> Manifest | None:
    """What to write for an object of the snapshot, or None if that is clear without asking the API server.

    An update keeps the object's uid, status and what else the cluster gave it.
    """
    if current is None:
        return item
    if is_own(item) or portable(item) == portable(current):
        return None
    declared = ("labels", "annotations", "finalizers", "managedFields")
    given = {key: value for key, value in current["metadata"].items() if key not in declared}
    body = {**item, "metadata": {**given, **item["metadata"]}}
    return {**body, "status": current["status"]} if "status" in current else body
