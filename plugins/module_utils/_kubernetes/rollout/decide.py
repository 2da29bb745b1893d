# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides whether a rollout is over, and says what it still lacks (pure)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.conditions import (
    because,
    conditions,
    is_ready,
)


@dataclass(frozen=True)
class Workload:
    """kind: one of paths.WORKLOADS."""

    kind: str
    name: str


@dataclass(frozen=True)
class Wanted:
    """What must be ready. namespace: of the workloads; crds: names; nodes_ready: whether every node must be Ready."""

    namespace: str
    workloads: tuple[Workload, ...] = ()
    crds: tuple[str, ...] = ()
    nodes_ready: bool = False


@dataclass(frozen=True)
class Seen:
    """API objects of what is wanted, None where there is none; nodes only where they are wanted."""

    workloads: list[tuple[Workload, dict[str, t.Any] | None]]
    crds: list[tuple[str, dict[str, t.Any] | None]]
    nodes: list[dict[str, t.Any]]


def decide(seen: Seen) -> list[str]:
    """Sentences about what is not ready; empty when the rollout is over.

    Raises CalicoError where waiting cannot help: a workload does not exist.
    """
    found = [workload_pending(each.kind, each.name, item) for each, item in seen.workloads]
    found += [crd_pending(name, crd) for name, crd in seen.crds]
    found += [node_pending(node) for node in seen.nodes]
    return [sentence for sentence in found if sentence]


def incomplete(timeout: float, pending: list[str], explanation: list[str]) -> CalicoError:
    """The error of a wait that ended too early. timeout: in seconds; explanation: see explain.explain()."""
    return CalicoError(
        "The rollout is not complete after %d s" % timeout,
        expected="everything ready",
        found="; ".join(pending + explanation),
        remedy="mend what is named above and run again, or raise the timeout if it only is slow",
    )


def workload_pending(kind: str, name: str, workload: dict[str, t.Any] | None) -> str | None:
    """What a Deployment or DaemonSet still lacks.

    Rules: kubectl's rollout status (k8s.io/kubectl rollout_status.go). Raises CalicoError where
    waiting cannot help: the workload does not exist.
    """
    if workload is None:
        raise CalicoError(
            "%s %s does not exist" % (kind, name),
            expected="a %s to wait for" % kind,
            remedy="run the role that makes it first",
        )
    status = workload.get("status", {})
    if status.get("observedGeneration", 0) < workload["metadata"].get("generation", 0):
        return "%s %s: the controller has not seen its last change yet" % (kind, name)
    if kind == "DaemonSet":
        return _daemonset_pending(name, status)
    return _deployment_pending(name, workload["spec"].get("replicas", 1), status)


def _deployment_pending(name: str, wanted: int, status: dict[str, t.Any]) -> str | None:
    updated = status.get("updatedReplicas", 0)
    old = status.get("replicas", 0) - updated
    available = status.get("availableReplicas", 0)
    if updated < wanted:
        lack = "%d of %d replicas are of the newest template" % (updated, wanted)
    elif old > 0:
        lack = "%d old replicas are still there" % old
    elif available < wanted:
        lack = "%d of %d replicas are available" % (available, wanted)
    else:
        return None
    return "Deployment %s: %s" % (name, lack)


def _daemonset_pending(name: str, status: dict[str, t.Any]) -> str | None:
    wanted = status.get("desiredNumberScheduled", 0)
    updated = status.get("updatedNumberScheduled", 0)
    available = status.get("numberAvailable", 0)
    if wanted == 0:
        lack = "no node wants it"
    elif updated < wanted:
        lack = "%d of %d pods are of the newest template" % (updated, wanted)
    elif available < wanted:
        lack = "%d of %d pods are available" % (available, wanted)
    else:
        return None
    return "DaemonSet %s: %s" % (name, lack)


def crd_pending(name: str, crd: dict[str, t.Any] | None) -> str | None:
    """What a CustomResourceDefinition still lacks: the conditions Established and NamesAccepted."""
    if crd is None:
        return "CRD %s: it does not exist" % name
    found = conditions(crd)
    for wanted in ("NamesAccepted", "Established"):
        condition = found.get(wanted, {})
        if condition.get("status") != "True":
            return "CRD %s: not %s%s" % (name, wanted, because(condition))
    return None


def node_pending(node: dict[str, t.Any]) -> str | None:
    """What a node still lacks: the condition Ready."""
    if is_ready(node):
        return None
    why = because(conditions(node).get("Ready", {}))
    return "Node %s: not Ready%s" % (node["metadata"]["name"], why)
