# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides in which order the pods of a DaemonSet with the strategy OnDelete are replaced (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan, Step

SHARE = re.compile(r"(\d+)(%?)\Z")
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"


@dataclass(frozen=True)
class Member:
    """A node with its pod of the DaemonSet. revision: the template's hash that the pod was made of; down_before: whether the node was
    not Ready already when the pod was made.
    """

    node: str
    pod: str
    uid: str
    revision: str
    ready: bool
    node_ready: bool
    control_plane: bool
    down_before: bool


def newest_revision(daemonset, revisions):
    """The hash of the DaemonSet's newest template: that of its ControllerRevision with the highest number.

    A template that was there before keeps its hash and gets a new number. Raises CalicoError if there is none.
    """
    own = [
        entry
        for entry in revisions
        if any(
            owner.get("uid") == daemonset["metadata"]["uid"]
            for owner in entry["metadata"].get("ownerReferences") or []
        )
    ]
    if not own:
        raise CalicoError(
            "DaemonSet %s has no ControllerRevision" % daemonset["metadata"]["name"],
            expected="one by the DaemonSet controller",
            remedy="look at kube-controller-manager",
        )
    return max(own, key=lambda entry: entry["revision"])["metadata"]["labels"][
        "controller-revision-hash"
    ]


def members(daemonset, pods, nodes):
    """[Member] of the pods that the DaemonSet owns and that are not on their way out, by node."""
    known = {node["metadata"]["name"]: node for node in nodes}
    found = []
    for pod in pods:
        owned = any(
            owner.get("uid") == daemonset["metadata"]["uid"]
            for owner in pod["metadata"].get("ownerReferences") or []
        )
        name = pod["spec"].get("nodeName")
        if not owned or not name or pod["metadata"].get("deletionTimestamp"):
            continue
        node = known.get(name, {"metadata": {}})
        found.append(
            Member(
                name,
                pod["metadata"]["name"],
                pod["metadata"]["uid"],
                pod["metadata"].get("labels", {}).get("controller-revision-hash", ""),
                is_ready(pod),
                is_ready(node),
                CONTROL_PLANE in (node["metadata"].get("labels") or {}),
                not is_ready(node)
                and "" < _since(node) < pod["metadata"].get("creationTimestamp", ""),
            )
        )
    return sorted(found, key=lambda member: member.node)


def is_ready(item):
    return any(
        condition["type"] == "Ready" and condition["status"] == "True"
        for condition in item.get("status", {}).get("conditions") or []
    )


def _since(node):
    """When a node's condition Ready became what it is; "" if that is not known. Times of the API are in UTC and sort as text."""
    return next(
        (
            condition.get("lastTransitionTime") or ""
            for condition in node.get("status", {}).get("conditions") or []
            if condition["type"] == "Ready"
        ),
        "",
    )


def share(option, total):
    """A number of nodes from "3" or "25%" (rounded down), at least 1. Raises CalicoError for anything else."""
    match = SHARE.match(str(option).strip())
    if not match or int(match.group(1)) == 0:
        raise CalicoError(
            "batch %r cannot be read" % option,
            expected='a number of nodes from 1 on, or a share such as "10%"',
            found=option,
            remedy="correct it",
        )
    amount = int(match.group(1))
    return max(1, total * amount // 100 if match.group(2) else amount)


def batches(present, newest, canary, batch):
    """[[Member]] still to be replaced, in order.

    canary: names of nodes, or a number; those named go first. A number counts nodes that have the newest template already, so that
    a run that goes on does not begin with a canary again. Workers go before control planes, and nodes that are not Ready last, since
    nothing is to be learned there and a batch that waits for them would hold up the others.
    """
    size = share(batch, len(present))
    ordered = sorted(
        (member for member in present if member.revision != newest),
        key=lambda member: (not member.node_ready, member.control_plane, member.node),
    )
    if isinstance(canary, list):
        strangers = sorted(set(canary) - {member.node for member in present})
        if strangers:
            raise CalicoError(
                "There is no pod to replace on the canary %s" % ", ".join(strangers),
                expected="names of nodes with a pod of the DaemonSet",
                found=", ".join(member.node for member in present),
                remedy="correct canary",
            )
        first = [member for member in ordered if member.node in canary]
    else:
        first = [member for member in ordered if member.node_ready][
            : max(0, canary - (len(present) - len(ordered)))
        ]
    rest = [member for member in ordered if member not in first]
    healthy = [member for member in rest if member.node_ready]
    unhealthy = rest[len(healthy) :]
    parts = [
        part[start : start + size]
        for part in (healthy, unhealthy)
        for start in range(0, len(part), size)
    ]
    return ([first] if first else []) + parts, bool(first)


def unwell(present, newest):
    """Names of nodes whose pod has the newest template and is not Ready: where an earlier run stopped.

    Not those that were down before they got that pod. One that went down with it counts.
    """
    down = set(not_waited_for(present))
    return [
        member.node
        for member in present
        if member.revision == newest
        and not member.ready
        and not (member.down_before and member.node in down)
    ]


def not_waited_for(present):
    """Names of nodes that are not Ready before their pod is replaced, so that they tell nothing about the new one. None where no node is Ready."""
    return (
        [member.node for member in present if not member.node_ready]
        if any(member.node_ready for member in present)
        else []
    )


def decide(present, newest, canary, batch):
    """(Plan, batches): a step "replace" for each pod of an older template."""
    parts, with_canary = batches(present, newest, canary, batch)
    steps = []
    for index, part in enumerate(parts):
        name = (
            "canary"
            if with_canary and index == 0
            else "batch %d of %d" % (index + 1 - with_canary, len(parts) - with_canary)
        )
        for member in part:
            steps.append(
                Step(
                    "replace",
                    "pod %s on %s" % (member.pod, member.node),
                    "%s; its template is revision %s" % (name, member.revision or "unknown"),
                    before={"revision": member.revision},
                    after={"revision": newest},
                    detail=member,
                )
            )
    return Plan(steps), parts


def conditions(pod):
    """A sentence about a pod's conditions: "Initialized True, Ready False (ContainersNotReady: ...)"."""
    if pod is None:
        return "there is no pod of the new template"
    told = []
    for condition in pod.get("status", {}).get("conditions") or []:
        why = ": ".join(
            word for word in (condition.get("reason"), condition.get("message")) if word
        )
        told.append(
            "%s %s%s"
            % (
                condition["type"],
                condition["status"],
                " (%s)" % why if why and condition["status"] != "True" else "",
            )
        )
    return "pod %s: %s" % (
        pod["metadata"]["name"],
        ", ".join(told)
        or "no conditions yet, phase %s" % pod.get("status", {}).get("phase", "unknown"),
    )
