# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nodes and pods of a DaemonSet, out of what the Kubernetes API returns (pure)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.conditions import (
    because,
    conditions,
    is_ready,
)

CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
REVISION = "controller-revision-hash"


@dataclass(frozen=True)
class Member:
    """A node with its pod of the DaemonSet.

    revision: the template's hash that the pod was made of; down_before: whether the node was not
    Ready already when the pod was made.
    """

    node: str
    pod: str
    uid: str
    revision: str
    ready: bool
    node_ready: bool
    control_plane: bool
    down_before: bool


def newest_revision(daemonset: dict[str, t.Any], revisions: t.Iterable[dict[str, t.Any]]) -> str:
    """The hash of the DaemonSet's newest template: that of its ControllerRevision with the highest number.

    A template that was there before keeps its hash and gets a new number. Raises CalicoError if there is none.
    """
    own = [entry for entry in revisions if _owned(entry, daemonset)]
    if not own:
        raise CalicoError(
            "DaemonSet %s has no ControllerRevision" % daemonset["metadata"]["name"],
            expected="one by the DaemonSet controller",
            remedy="look at kube-controller-manager",
        )
    return max(own, key=lambda entry: entry["revision"])["metadata"]["labels"][REVISION]


def members(
    daemonset: dict[str, t.Any],
    pods: t.Iterable[dict[str, t.Any]],
    nodes: t.Iterable[dict[str, t.Any]],
) -> list[Member]:
    """Members of the pods that the DaemonSet owns and that are not on their way out, by node."""
    known = {node["metadata"]["name"]: node for node in nodes}
    found = [
        _member(pod, known.get(pod["spec"]["nodeName"], {"metadata": {}}))
        for pod in pods
        if _owned(pod, daemonset) and pod["spec"].get("nodeName") and not _leaving(pod)
    ]
    return sorted(found, key=lambda member: member.node)


def of_revision(pods: t.Iterable[dict[str, t.Any]], revision: str) -> dict[str, dict[str, t.Any]]:
    """{node: pod} of the pods of a template that are not on their way out."""
    return {
        pod["spec"].get("nodeName"): pod
        for pod in pods
        if not _leaving(pod) and pod["metadata"].get("labels", {}).get(REVISION) == revision
    }


def conditions_of(pod: dict[str, t.Any] | None) -> str:
    """A sentence about a pod's conditions: "Initialized True, Ready False (ContainersNotReady: ...)"."""
    if pod is None:
        return "there is no pod of the new template"
    told = ", ".join(map(_words, conditions(pod).values()))
    phase = pod.get("status", {}).get("phase", "unknown")
    return "pod %s: %s" % (
        pod["metadata"]["name"],
        told or "no conditions yet, phase %s" % phase,
    )


def _words(condition: dict[str, t.Any]) -> str:
    status = condition["status"]
    return "%s %s%s" % (condition["type"], status, "" if status == "True" else because(condition))


def _member(pod: dict[str, t.Any], node: dict[str, t.Any]) -> Member:
    down_since = "" if is_ready(node) else _since(node)
    return Member(
        node=pod["spec"]["nodeName"],
        pod=pod["metadata"]["name"],
        uid=pod["metadata"]["uid"],
        revision=pod["metadata"].get("labels", {}).get(REVISION, ""),
        ready=is_ready(pod),
        node_ready=is_ready(node),
        control_plane=CONTROL_PLANE in (node["metadata"].get("labels") or {}),
        down_before="" < down_since < pod["metadata"].get("creationTimestamp", ""),
    )


def _since(node: dict[str, t.Any]) -> str:
    """When a node's condition Ready became what it is; "" if that is not known.

    Times of the API are in UTC and sort as text.
    """
    return conditions(node).get("Ready", {}).get("lastTransitionTime") or ""


def _owned(item: dict[str, t.Any], daemonset: dict[str, t.Any]) -> bool:
    owners = item["metadata"].get("ownerReferences") or []
    return any(owner.get("uid") == daemonset["metadata"]["uid"] for owner in owners)


def _leaving(pod: dict[str, t.Any]) -> bool:
    return bool(pod["metadata"].get("deletionTimestamp"))
