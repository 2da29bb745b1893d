# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waits for workloads, CRDs and nodes through the Kubernetes API, and collects what it says when the wait fails."""

from __future__ import annotations

import time

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.rollout import (
    decide as status,
)

PATHS = {
    "Deployment": "/apis/apps/v1/namespaces/%s/deployments/%s",
    "DaemonSet": "/apis/apps/v1/namespaces/%s/daemonsets/%s",
}
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
POLL_SECONDS = 1.0
LOG_LINES = 5


class Rollout:
    """What is waited for. workloads: [{"kind", "name"}]; crds: names; nodes_ready: whether every node must be Ready."""

    def __init__(self, api, namespace, workloads, crds, nodes_ready):
        self.api = api
        self.namespace = namespace
        self.workloads = workloads
        self.crds = crds
        self.nodes_ready = nodes_ready

    def pending(self):
        """Sentences about what is not ready; empty when all is. One GET per workload, one LIST for CRDs, one for nodes."""
        found = []
        for workload in self.workloads:
            found.append(
                status.workload_pending(
                    workload["kind"], workload["name"], self._workload(workload)
                )
            )
        if self.crds:
            there = {crd["metadata"]["name"]: crd for crd in self.api.list(CRDS)}
            found += [status.crd_pending(name, there.get(name)) for name in self.crds]
        if self.nodes_ready:
            found += [status.node_pending(node) for node in self.api.list("/api/v1/nodes")]
        return [sentence for sentence in found if sentence]

    def wait(self, timeout, clock=time.monotonic, pause=time.sleep):
        """Wait until nothing is pending. Returns the seconds waited; raises CalicoError with the cluster's own words."""
        started = clock()
        while True:
            pending = self.pending()
            waited = clock() - started
            if not pending:
                return waited
            if waited >= timeout:
                raise CalicoError(
                    "The rollout is not complete after %d s" % timeout,
                    expected="everything ready",
                    found="; ".join(pending + self.explanation()),
                    remedy="mend what is named above and run again, or raise the timeout if it only is slow",
                )
            pause(POLL_SECONDS)

    def explanation(self):
        """What pods and events of the workloads say, as sentences."""
        if not self.workloads:
            return []
        pods = self.api.list("/api/v1/namespaces/%s/pods" % self.namespace)
        names, troubles = set(), []
        for workload in self.workloads:
            current = self._workload(workload)
            for pod in pods:
                if status.selects(current, pod):
                    names.add(pod["metadata"]["name"])
                    troubles += status.pod_troubles(pod) + self._last_words(pod)
            names.add(workload["name"])
        events = self.api.list("/api/v1/namespaces/%s/events" % self.namespace)
        about = [event for event in events if event.get("involvedObject", {}).get("name") in names]
        return troubles + status.recent_warnings(about)

    def _last_words(self, pod):
        """The end of the log of each container that failed, as sentences."""
        words = []
        for container in status.failed_containers(pod):
            path = "/api/v1/namespaces/%s/pods/%s/log?container=%s&tailLines=%d" % (
                self.namespace,
                pod["metadata"]["name"],
                container["name"],
                LOG_LINES,
            )
            try:
                log = self.api.text(
                    path + ("&previous=true" if container.get("restartCount") else "")
                )
            except CalicoError:
                # A kubelet that cannot be reached has no log to give; what else is known must still be said.
                continue
            if log:
                words.append(
                    "log of %s: %s" % (container["name"], " | ".join(log.strip().splitlines()))
                )
        return words

    def _workload(self, workload):
        return self.api.get(PATHS[workload["kind"]] % (self.namespace, workload["name"]))
