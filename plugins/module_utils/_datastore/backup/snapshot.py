# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a snapshot of Calico's objects is: a Kubernetes List that kubectl can read too (pure).

Objects keep their name, labels, annotations and spec. What only the cluster they came from gives them (uid, resourceVersion,
timestamps, owners) is left out.
"""

from __future__ import annotations

import hashlib
import json
import re

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._release.crds import CALICO as GROUP

KEPT = ("name", "namespace", "labels", "annotations", "finalizers")
PREFIX = "hardway.calico/"
UNSAFE = re.compile(r"[^A-Za-z0-9.]+")


def portable(item):
    """An object without what belongs to one cluster only; status is left out, since it is not declared."""
    body = {key: value for key, value in item.items() if key not in ("metadata", "status")}
    return {
        **body,
        "metadata": {key: item["metadata"][key] for key in KEPT if item["metadata"].get(key)},
    }


def identity(item):
    return item.get("kind", ""), item["metadata"].get("namespace", ""), item["metadata"]["name"]


def make(items, cluster_uid, cluster, version, now):
    """The snapshot, a dict. items: objects as the API returns them; now: a datetime in UTC."""
    kept = sorted((portable(item) for item in items), key=identity)
    about = {
        "cluster-uid": cluster_uid,
        "cluster": cluster,
        "calico-version": version,
        "taken": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "digest": digest(kept),
    }
    return {
        "apiVersion": "v1",
        "kind": "List",
        "metadata": {"annotations": {PREFIX + key: value for key, value in about.items()}},
        "items": kept,
    }


def digest(items):
    """SHA-256 over the objects, by which a snapshot is known to be whole and two to be alike."""
    return hashlib.sha256(json.dumps(items, sort_keys=True).encode()).hexdigest()


def render(snapshot):
    return (json.dumps(snapshot, indent=1, sort_keys=True) + "\n").encode()


def stem(cluster, cluster_uid):
    """What the names of a cluster's snapshots begin with."""
    return "calico-%s-%s-" % (UNSAFE.sub("-", cluster).strip("-") or "cluster", cluster_uid[:8])


def file_name(snapshot):
    """ "calico-10.0.0.11-1f0c93aa-v3.31.7-20261121T071000Z.json": cluster, release and time."""
    about = annotations(snapshot)
    return "%s%s-%s.json" % (
        stem(about["cluster"], about["cluster-uid"]),
        about["calico-version"] or "unknown",
        re.sub("[-:]", "", about["taken"]),
    )


def annotations(snapshot):
    """{key without prefix: value} of a snapshot."""
    found = (snapshot.get("metadata") or {}).get("annotations") or {}
    return {key[len(PREFIX) :]: value for key, value in found.items() if key.startswith(PREFIX)}


def alike(snapshot, other):
    """Whether two snapshots hold the same objects of the same cluster and release."""
    keys = ("cluster-uid", "calico-version", "digest")
    return [annotations(snapshot).get(key) for key in keys] == [
        annotations(other).get(key) for key in keys
    ]


def parse(content, name):
    """The snapshot in a file's bytes. Raises CalicoError where it is none, is not whole, or holds objects of another API group."""

    def refuse(found, remedy="give a file that hardway.calico.calico_snapshot wrote"):
        raise CalicoError(
            "%s cannot be restored" % name,
            expected="a whole snapshot of %s objects" % GROUP,
            found=found,
            remedy=remedy,
        )

    try:
        snapshot = json.loads(content)
    except ValueError as exc:
        refuse("no JSON: %s" % exc)
    if (
        not isinstance(snapshot, dict)
        or snapshot.get("kind") != "List"
        or not isinstance(snapshot.get("items"), list)
    ):
        refuse("no Kubernetes List")
    for item in snapshot["items"]:
        named = (
            isinstance(item, dict)
            and isinstance(item.get("metadata"), dict)
            and item["metadata"].get("name")
            and item.get("kind")
        )
        if not named:
            refuse("an entry without kind and name")
        if str(item.get("apiVersion", "")).partition("/")[0] != GROUP:
            refuse(
                "%s %s of %s"
                % (item["kind"], item["metadata"]["name"], item.get("apiVersion") or "no API group")
            )
    about = annotations(snapshot)
    if "cluster-uid" not in about or "digest" not in about:
        refuse("a List without the annotations %scluster-uid and %sdigest" % (PREFIX, PREFIX))
    if about["digest"] != digest(snapshot["items"]):
        refuse(
            "objects that differ from the digest written with them",
            "take the file as it was written; one changed by hand is for kubectl apply -f",
        )
    return snapshot
