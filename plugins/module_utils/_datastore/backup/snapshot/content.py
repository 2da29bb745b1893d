# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a snapshot of Calico's objects is: a Kubernetes List that kubectl can read too (pure).

Objects keep their name, labels, annotations and spec. What only the cluster they came from gives them (uid,
resourceVersion, timestamps, owners) is left out.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import (
    Manifest,
    Manifests,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._etcd.arguments import KUBERNETES
from ansible_collections.hardway.calico.plugins.module_utils._release.crds import CALICO as GROUP

KEPT = ("name", "namespace", "labels", "annotations", "finalizers")
PREFIX = "hardway.calico/"
UNSAFE = re.compile(r"[^A-Za-z0-9.]+")

# Kind, namespace ("" for none) and name.
Identity = tuple[str, str, str]


def portable(item: Manifest) -> Manifest:
    """An object without what belongs to one cluster only; status is left out, since it is not declared."""
    body = {key: value for key, value in item.items() if key not in ("metadata", "status")}
    metadata = {key: item["metadata"][key] for key in KEPT if item["metadata"].get(key)}
    return {**body, "metadata": metadata}


def identity(item: Manifest) -> Identity:
    return item.get("kind", ""), item["metadata"].get("namespace", ""), item["metadata"]["name"]


def make(
    items: Manifests,
    cluster_uid: str,
    cluster: str,
    version: str,
    now: datetime.datetime,
    datastore: str = KUBERNETES,
) -> Manifest:
    """The snapshot. items: objects as the datastore returns them; now: in UTC; datastore: as in datastore_type."""
    kept = sorted((portable(item) for item in items), key=identity)
    described = {
        "cluster-uid": cluster_uid,
        "cluster": cluster,
        "calico-version": version,
        "datastore": datastore,
        "taken": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "digest": digest(kept),
    }
    return {
        "apiVersion": "v1",
        "kind": "List",
        "metadata": {"annotations": {PREFIX + key: value for key, value in described.items()}},
        "items": kept,
    }


def digest(items: Manifests) -> str:
    """SHA-256 over the objects, by which a snapshot is known to be whole and two to be alike."""
    return hashlib.sha256(json.dumps(items, sort_keys=True).encode()).hexdigest()


def render(snapshot: Manifest) -> bytes:
    return (json.dumps(snapshot, indent=1, sort_keys=True) + "\n").encode()


def stem(cluster: str, cluster_uid: str) -> str:
    """What the names of a cluster's snapshots begin with."""
    return "calico-%s-%s-" % (UNSAFE.sub("-", cluster).strip("-") or "cluster", cluster_uid[:8])


def file_name(snapshot: Manifest) -> str:
    """ "calico-10.0.0.11-1f0c93aa-v3.31.7-20261121T071000Z.json": cluster, release and time."""
    its = about(snapshot)
    return "%s%s-%s.json" % (
        stem(its["cluster"], its["cluster-uid"]),
        its["calico-version"] or "unknown",
        re.sub("[-:]", "", its["taken"]),
    )


def about(snapshot: Manifest) -> dict[str, str]:
    """What a snapshot's annotations say, without their prefix: "cluster", "taken", ...; see make()."""
    found = (snapshot.get("metadata") or {}).get("annotations") or {}
    return {key[len(PREFIX) :]: value for key, value in found.items() if key.startswith(PREFIX)}


def datastore_of(snapshot: Manifest) -> str:
    """The datastore that a snapshot is of, as in datastore_type; the first snapshots do not tell."""
    return about(snapshot).get("datastore", KUBERNETES)


def alike(snapshot: Manifest, other: Manifest) -> bool:
    """Whether two snapshots hold the same objects of the same cluster, datastore and release."""
    its, others = about(snapshot), about(other)
    keys = ("cluster-uid", "calico-version", "digest")
    same = all(its.get(key) == others.get(key) for key in keys)
    return same and datastore_of(snapshot) == datastore_of(other)


def parse(data: bytes, path: str) -> Manifest:
    """The snapshot in a file's bytes.

    Raises CalicoError where it is none, is not whole, or holds objects of another API group.
    """
    try:
        snapshot = json.loads(data)
    except ValueError as exc:
        raise _unusable(path, "no JSON: %s" % exc) from exc
    trouble = _trouble(snapshot)
    if trouble:
        raise _unusable(path, trouble)
    if about(snapshot)["digest"] != digest(snapshot["items"]):
        raise _unusable(
            path,
            "objects that differ from the digest written with them",
            "take the file as it was written; one changed by hand is for kubectl apply -f",
        )
    return snapshot


def _trouble(snapshot: t.Any) -> str | None:
    """Why something is no snapshot, or None."""
    if not isinstance(snapshot, dict) or snapshot.get("kind") != "List":
        return "no Kubernetes List"
    if not isinstance(snapshot.get("items"), list):
        return "no Kubernetes List"
    for item in snapshot["items"]:
        if not _is_named(item):
            return "an entry without kind and name"
        version = item.get("apiVersion")
        if str(version or "").partition("/")[0] != GROUP:
            named = (item["kind"], item["metadata"]["name"], version or "no API group")
            return "%s %s of %s" % named
    if not {"cluster-uid", "digest"} <= set(about(snapshot)):
        return "a List without the annotations %scluster-uid and %sdigest" % (PREFIX, PREFIX)
    return None


def _is_named(item: t.Any) -> bool:
    metadata = item.get("metadata") if isinstance(item, dict) else None
    return isinstance(metadata, dict) and bool(metadata.get("name") and item.get("kind"))


def _unusable(path: str, found: str, remedy: str | None = None) -> CalicoError:
    return CalicoError(
        "%s cannot be restored" % path,
        expected="a whole snapshot of %s objects" % GROUP,
        found=found,
        remedy=remedy or "give a file that hardway.calico.calico_snapshot wrote",
    )
