# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Says in sentences why a rollout does not end: what its pods, their logs and the events tell (pure)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.conditions import (
    because,
    conditions,
    is_ready,
)

MOST_EVENTS = 5


@dataclass(frozen=True)
class Trouble:
    """What a failed rollout left to look at.

    workloads: their names. pods: API objects of those that belong to them. logs: {(pod, container): the end of the log}
    of failed_containers(), where there is one. events: those of the namespace.
    """

    workloads: list[str]
    pods: list[dict[str, t.Any]]
    logs: dict[tuple[str, str], str]
    events: list[dict[str, t.Any]]


def explain(trouble: Trouble) -> list[str]:
    """Sentences: what keeps each pod from being Ready, the last words of what crashed, and the newest warnings."""
    sentences = []
    for pod in trouble.pods:
        sentences += pod_troubles(pod)
        for container in failed_containers(pod):
            log = trouble.logs.get((pod["metadata"]["name"], container["name"]))
            if log:
                words = " | ".join(log.strip().splitlines())
                sentences.append("log of %s: %s" % (container["name"], words))
    names = {*trouble.workloads, *(pod["metadata"]["name"] for pod in trouble.pods)}
    about = [
        event for event in trouble.events if event.get("involvedObject", {}).get("name") in names
    ]
    return sentences + recent_warnings(about)


def selects(workload: dict[str, t.Any], pod: dict[str, t.Any]) -> bool:
    """Whether the workload's matchLabels select the pod."""
    wanted = workload["spec"]["selector"].get("matchLabels", {})
    labels = pod["metadata"].get("labels", {})
    return bool(wanted) and all(labels.get(key) == value for key, value in wanted.items())


def pod_troubles(pod: dict[str, t.Any]) -> list[str]:
    """Sentences about what keeps a pod from being Ready; empty when it is Ready."""
    if is_ready(pod):
        return []
    found = conditions(pod)
    name = pod["metadata"]["name"]
    where = pod.get("spec", {}).get("nodeName")
    place = "on %s" % where if where else "on no node"
    scheduled = found.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return ["pod %s is not scheduled%s" % (name, because(scheduled))]
    troubles = [
        "pod %s %s: %s" % (name, place, trouble)
        for container in _containers(pod)
        for trouble in _container_troubles(container)
    ]
    phase = pod.get("status", {}).get("phase", "unknown")
    why = because(found.get("Ready", {}))
    return troubles or ["pod %s %s is %s, not Ready%s" % (name, place, phase, why)]


def _container_troubles(container: dict[str, t.Any]) -> t.Iterator[str]:
    state = container.get("state", {})
    if "waiting" in state:
        yield "container %s waits%s" % (container["name"], because(state["waiting"]))
    ended = _ended_badly(container)
    if ended:
        name, restarts = container["name"], container.get("restartCount", 0)
        said = (name, ended["exitCode"], because(ended), restarts)
        yield "container %s ended with exit code %d%s, %d restarts" % said
    if "running" in state and not container.get("ready"):
        yield "container %s runs but its readiness probe does not succeed" % container["name"]


def failed_containers(pod: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """The container statuses of a pod that ended with an error, now or before their last restart."""
    return [container for container in _containers(pod) if _ended_badly(container)]


def _containers(pod: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    status = pod.get("status", {})
    return status.get("initContainerStatuses", []) + status.get("containerStatuses", [])


def _ended_badly(container: dict[str, t.Any]) -> dict[str, t.Any] | None:
    """How the container ended, if with an error: before its last restart, else now."""
    last, now = container.get("lastState", {}), container.get("state", {})
    ended = last.get("terminated") or now.get("terminated")
    return ended if ended and ended.get("exitCode", 0) != 0 else None


def recent_warnings(events: list[dict[str, t.Any]], most: int = MOST_EVENTS) -> list[str]:
    """The newest Warning events as sentences, at most `most`, newest first, each message once."""
    warnings = [event for event in events if event.get("type") == "Warning"]
    warnings.sort(
        key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "", reverse=True
    )
    sentences = []
    for event in warnings:
        about = event.get("involvedObject", {})
        subject = "%s %s" % (about.get("kind"), about.get("name"))
        message = (event.get("message") or "").strip()
        sentence = "event on %s: %s: %s" % (subject, event.get("reason"), message)
        if sentence not in sentences:
            sentences.append(sentence)
    return sentences[:most]
