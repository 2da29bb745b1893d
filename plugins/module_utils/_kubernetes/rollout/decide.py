# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides whether workloads, CRDs and nodes are ready, and explains from what the cluster says why they are not.

Objects are plain dicts as the Kubernetes API returns them. Each *_pending function returns None when the object is
ready, else a sentence that says what is still missing.
"""

from __future__ import annotations

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError


def workload_pending(kind, name, workload):
    """What a Deployment or DaemonSet still lacks. Rules: kubectl's rollout status (k8s.io/kubectl rollout_status.go).

    Raises CalicoError where waiting cannot help: the workload does not exist.
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


def _deployment_pending(name, wanted, status):
    updated = status.get("updatedReplicas", 0)
    if updated < wanted:
        return "Deployment %s: %d of %d replicas are of the newest template" % (
            name,
            updated,
            wanted,
        )
    if status.get("replicas", 0) > updated:
        return "Deployment %s: %d old replicas are still there" % (
            name,
            status["replicas"] - updated,
        )
    available = status.get("availableReplicas", 0)
    if available < wanted:
        return "Deployment %s: %d of %d replicas are available" % (name, available, wanted)
    return None


def _daemonset_pending(name, status):
    wanted = status.get("desiredNumberScheduled", 0)
    if wanted == 0:
        return "DaemonSet %s: no node wants it" % name
    updated = status.get("updatedNumberScheduled", 0)
    if updated < wanted:
        return "DaemonSet %s: %d of %d pods are of the newest template" % (name, updated, wanted)
    available = status.get("numberAvailable", 0)
    if available < wanted:
        return "DaemonSet %s: %d of %d pods are available" % (name, available, wanted)
    return None


def crd_pending(name, crd):
    """What a CustomResourceDefinition still lacks: the conditions Established and NamesAccepted."""
    if crd is None:
        return "CRD %s: it does not exist" % name
    conditions = _conditions(crd)
    for wanted in ("NamesAccepted", "Established"):
        condition = conditions.get(wanted, {})
        if condition.get("status") != "True":
            return "CRD %s: not %s%s" % (name, wanted, _because(condition))
    return None


def node_pending(node):
    """What a node still lacks: the condition Ready."""
    condition = _conditions(node).get("Ready", {})
    if condition.get("status") == "True":
        return None
    return "Node %s: not Ready%s" % (node["metadata"]["name"], _because(condition))


def selects(workload, pod):
    """Whether the workload's matchLabels select the pod."""
    wanted = workload["spec"]["selector"].get("matchLabels", {})
    labels = pod["metadata"].get("labels", {})
    return bool(wanted) and all(labels.get(key) == value for key, value in wanted.items())


def pod_troubles(pod):
    """Sentences about what keeps a pod from being Ready; empty when it is Ready."""
    conditions = _conditions(pod)
    if conditions.get("Ready", {}).get("status") == "True":
        return []
    name = pod["metadata"]["name"]
    where = pod.get("spec", {}).get("nodeName")
    place = "on %s" % where if where else "on no node"
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return ["pod %s is not scheduled%s" % (name, _because(scheduled))]
    troubles = []
    status = pod.get("status", {})
    for container in status.get("initContainerStatuses", []) + status.get("containerStatuses", []):
        troubles += [
            "pod %s %s: %s" % (name, place, trouble) for trouble in _container_troubles(container)
        ]
    return troubles or [
        "pod %s %s is %s, not Ready%s"
        % (name, place, status.get("phase", "unknown"), _because(conditions.get("Ready", {})))
    ]


def _container_troubles(container):
    state = container.get("state", {})
    if "waiting" in state:
        yield "container %s waits%s" % (container["name"], _because(state["waiting"]))
    last = container.get("lastState", {}).get("terminated") or state.get("terminated")
    if last and last.get("exitCode", 0) != 0:
        yield "container %s ended with exit code %d%s, %d restarts" % (
            container["name"],
            last["exitCode"],
            _because(last),
            container.get("restartCount", 0),
        )
    if "running" in state and not container.get("ready"):
        yield "container %s runs but its readiness probe does not succeed" % container["name"]


def failed_containers(pod):
    """The container statuses of a pod that ended with an error, now or before their last restart."""
    found = pod.get("status", {})
    for container in found.get("initContainerStatuses", []) + found.get("containerStatuses", []):
        ended = container.get("lastState", {}).get("terminated") or container.get("state", {}).get(
            "terminated"
        )
        if ended and ended.get("exitCode", 0) != 0:
            yield container


def recent_warnings(events, most=5):
    """The newest Warning events as sentences, at most `most`, newest first, each message once."""
    warnings = [event for event in events if event.get("type") == "Warning"]
    warnings.sort(
        key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "", reverse=True
    )
    sentences = []
    for event in warnings:
        about = event.get("involvedObject", {})
        sentence = "event on %s %s: %s: %s" % (
            about.get("kind"),
            about.get("name"),
            event.get("reason"),
            (event.get("message") or "").strip(),
        )
        if sentence not in sentences:
            sentences.append(sentence)
    return sentences[:most]


def _conditions(item):
    return {
        condition["type"]: condition for condition in item.get("status", {}).get("conditions") or []
    }


def _because(condition):
    words = ": ".join(
        word.strip() for word in (condition.get("reason"), condition.get("message")) if word
    )
    return " (%s)" % words if words else ""
