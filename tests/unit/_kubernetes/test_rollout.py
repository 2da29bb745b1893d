# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.paths import CRDS
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.rollout import (
    decide as status,
)
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.rollout import explain
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.rollout.wait import Rollout


def deployment(replicas=2, generation=1, **observed):
    return {
        "metadata": {"name": "calico-typha", "generation": generation},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"k8s-app": "calico-typha"}}},
        "status": {"observedGeneration": 1, **observed},
    }


@pytest.mark.parametrize(
    ("workload", "words"),
    [
        (deployment(), "0 of 2 replicas are of the newest template"),
        (deployment(generation=2), "has not seen its last change"),
        (deployment(updatedReplicas=2), "0 of 2 replicas are available"),
    ],
)
def test_deployment_pending(workload, words):
    assert words in status.workload_pending("Deployment", "calico-typha", workload)


def test_deployment_with_old_replicas_is_pending():
    workload = deployment(updatedReplicas=2, availableReplicas=2)
    workload["status"]["replicas"] = 3
    assert "1 old replicas" in status.workload_pending("Deployment", "calico-typha", workload)


def test_complete_deployment_is_not_pending():
    workload = deployment(updatedReplicas=2, availableReplicas=2)
    workload["status"]["replicas"] = 2
    assert status.workload_pending("Deployment", "calico-typha", workload) is None


def test_missing_workload_is_an_error_and_not_a_wait():
    with pytest.raises(CalicoError, match="DaemonSet calico-node does not exist"):
        status.workload_pending("DaemonSet", "calico-node", None)


@pytest.mark.parametrize(
    ("observed", "words"),
    [
        ({"desiredNumberScheduled": 0}, "no node wants it"),
        (
            {"desiredNumberScheduled": 3, "updatedNumberScheduled": 1},
            "1 of 3 pods are of the newest template",
        ),
        (
            {"desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberAvailable": 2},
            "2 of 3 pods are available",
        ),
    ],
)
def test_daemonset_pending(observed, words):
    workload = {"metadata": {"generation": 1}, "status": {"observedGeneration": 1, **observed}}
    assert words in status.workload_pending("DaemonSet", "calico-node", workload)


def test_crd_states():
    accepted = {"type": "NamesAccepted", "status": "True"}
    assert "does not exist" in status.crd_pending("ippools", None)
    assert "not Established" in status.crd_pending(
        "ippools", {"status": {"conditions": [accepted]}}
    )
    refused = {
        "type": "NamesAccepted",
        "status": "False",
        "reason": "ShortNamesConflict",
        "message": "taken",
    }
    assert "ShortNamesConflict: taken" in status.crd_pending(
        "ippools", {"status": {"conditions": [refused]}}
    )
    assert (
        status.crd_pending(
            "ippools",
            {"status": {"conditions": [accepted, {"type": "Established", "status": "True"}]}},
        )
        is None
    )


def test_an_unschedulable_pod_says_why():
    message = (
        "0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports."
    )
    pod = {
        "metadata": {"name": "calico-typha-x"},
        "status": {
            "phase": "Pending",
            "conditions": [
                {
                    "type": "PodScheduled",
                    "status": "False",
                    "reason": "Unschedulable",
                    "message": message,
                }
            ],
        },
    }
    assert explain.pod_troubles(pod) == [
        "pod calico-typha-x is not scheduled (Unschedulable: %s)" % message
    ]


def test_a_crashing_container_is_named_with_its_exit_code():
    pod = {
        "metadata": {"name": "calico-node-x"},
        "spec": {"nodeName": "cka002"},
        "status": {
            "phase": "Running",
            "containerStatuses": [
                {
                    "name": "calico-node",
                    "restartCount": 4,
                    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                    "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
                }
            ],
        },
    }
    assert explain.pod_troubles(pod) == [
        "pod calico-node-x on cka002: container calico-node waits (CrashLoopBackOff)",
        "pod calico-node-x on cka002: container calico-node ended with exit code 137 (OOMKilled), 4 restarts",
    ]


def test_newest_warnings_come_first_and_once():
    def event(when, message, kind="Warning"):
        return {
            "type": kind,
            "reason": "Failed",
            "message": message,
            "lastTimestamp": when,
            "involvedObject": {"kind": "Pod", "name": "p"},
        }

    events = [event("1", "old"), event("3", "new"), event("2", "new"), event("4", "fine", "Normal")]
    assert explain.recent_warnings(events) == [
        "event on Pod p: Failed: new",
        "event on Pod p: Failed: old",
    ]


class StandInApi:
    """A cluster whose Deployment becomes available at the given GET; counts requests."""

    def __init__(self, available_at):
        self.gets = 0
        self.available_at = available_at

    def get(self, path):
        self.gets += 1
        done = 2 if self.gets >= self.available_at else 0
        return deployment(updatedReplicas=2, availableReplicas=done)

    def list(self, path):
        if path.endswith("/events"):
            return []
        return [
            {
                "metadata": {"name": "calico-typha-1", "labels": {"k8s-app": "calico-typha"}},
                "status": {"phase": "Pending"},
            }
        ]


def waiting(api, timeout):
    ticks = iter(range(1000))
    rollout = Rollout(
        api, "kube-system", [{"kind": "Deployment", "name": "calico-typha"}], [], False
    )
    return rollout.wait(timeout, clock=lambda: next(ticks), pause=lambda seconds: None)


def test_wait_ends_as_soon_as_it_is_ready():
    api = StandInApi(available_at=3)
    waiting(api, timeout=60)
    assert api.gets == 3


def test_a_failed_wait_says_what_the_cluster_said():
    with pytest.raises(CalicoError) as error:
        waiting(StandInApi(available_at=999), timeout=5)
    text = str(error.value)
    assert (
        "0 of 2 replicas are available" in text
        and "pod calico-typha-1 on no node is Pending" in text
    )


class CrashingApi(StandInApi):
    """A cluster whose only pod crashes; its previous log says why."""

    def __init__(self, log):
        super().__init__(available_at=999)
        self.log = log
        self.asked = []

    def list(self, path):
        items = super().list(path)
        for pod in items:
            ended = {"terminated": {"exitCode": 1, "reason": "Error"}}
            pod["status"] = {
                "containerStatuses": [
                    {"name": "calico-typha", "restartCount": 2, "state": {}, "lastState": ended}
                ]
            }
        return items

    def text(self, path):
        self.asked.append(path)
        if self.log is None:
            raise CalicoError("kubelet gone")
        return self.log


def test_a_failed_wait_ends_with_the_crashed_containers_log():
    api = CrashingApi("starting\nconfig: TYPHA_CAFILE: no such file\n")
    with pytest.raises(CalicoError, match="starting . config: TYPHA_CAFILE: no such file"):
        waiting(api, timeout=2)
    assert (
        "calico-typha-1/log?container=calico-typha" in api.asked[0]
        and "previous=true" in api.asked[0]
    )


def test_a_log_that_cannot_be_had_does_not_hide_the_rest():
    with pytest.raises(CalicoError, match="ended with exit code 1"):
        waiting(CrashingApi(None), timeout=2)


READY = {"type": "Ready", "status": "True"}
CRD = {
    "metadata": {"name": "ippools"},
    "status": {
        "conditions": [
            {"type": "NamesAccepted", "status": "True"},
            {"type": "Established", "status": "True"},
        ]
    },
}


class Recorder(StandInApi):
    """A cluster in which all is ready; records what is asked for."""

    def __init__(self):
        super().__init__(available_at=1)
        self.asked = []

    def get(self, path):
        self.asked.append("GET " + path)
        return super().get(path)

    def list(self, path):
        self.asked.append("LIST " + path)
        if path.endswith("/nodes"):
            return [{"metadata": {"name": "n"}, "status": {"conditions": [READY]}}]
        return [CRD] if path.endswith("/customresourcedefinitions") else super().list(path)


WORKLOADS = [{"kind": "Deployment", "name": "calico-typha"}]


@pytest.mark.parametrize(
    ("workloads", "crds", "nodes", "asked"),
    [
        ([], [], False, []),
        (
            WORKLOADS,
            [],
            False,
            ["GET /apis/apps/v1/namespaces/kube-system/deployments/calico-typha"],
        ),
        ([], ["ippools"], False, ["LIST " + CRDS]),
        ([], [], True, ["LIST /api/v1/nodes"]),
    ],
)
def test_a_look_asks_for_what_is_wanted_alone(workloads, crds, nodes, asked):
    api = Recorder()
    rollout = Rollout(api, "kube-system", workloads, crds, nodes)
    assert rollout.wait(0) == pytest.approx(0, abs=1) and api.asked == asked


def test_whatever_is_not_ready_is_said_in_order():
    seen = status.Seen(
        workloads=[(status.Workload("Deployment", "calico-typha"), deployment())],
        crds=[("ippools", CRD), ("tiers", None)],
        nodes=[{"metadata": {"name": name}, "status": {}} for name in ("a", "b")],
    )
    assert status.decide(seen) == [
        "Deployment calico-typha: 0 of 2 replicas are of the newest template",
        "CRD tiers: it does not exist",
        "Node a: not Ready",
        "Node b: not Ready",
    ]


def test_an_explanation_is_about_the_workloads_pods_and_their_events_alone():
    def event(name):
        about = {"kind": "Pod", "name": name}
        return {"type": "Warning", "reason": "R", "message": "m", "involvedObject": about}

    crashed = {
        "name": "c",
        "state": {"running": {}},
        "ready": True,
        "lastState": {"terminated": {"exitCode": 2}},
    }
    pod = {"metadata": {"name": "p"}, "status": {"containerStatuses": [crashed]}}
    trouble = explain.Trouble(
        workloads=["calico-typha"],
        pods=[pod],
        logs={("p", "c"): "first\nlast\n"},
        events=[event("p"), event("calico-typha"), event("another")],
    )
    assert explain.explain(trouble) == [
        "pod p on no node: container c ended with exit code 2, 0 restarts",
        "log of c: first | last",
        "event on Pod p: R: m",
        "event on Pod calico-typha: R: m",
    ]


def test_a_rollout_of_crds_alone_has_nothing_more_to_say():
    api = Recorder()
    assert Rollout(api, "", [], ["ippools"]).explanation() == [] and api.asked == []


def test_nothing_is_asked_after_a_workload_that_does_not_exist():
    api = Recorder()
    api.get = lambda path: api.asked.append("GET " + path)
    gone = [{"kind": "DaemonSet", "name": "calico-node"}, *WORKLOADS]
    with pytest.raises(CalicoError, match="DaemonSet calico-node does not exist"):
        Rollout(api, "kube-system", gone, ["ippools"], nodes_ready=True).wait(0)
    assert api.asked == ["GET /apis/apps/v1/namespaces/kube-system/daemonsets/calico-node"]
