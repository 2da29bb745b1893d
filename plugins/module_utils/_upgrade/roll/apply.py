# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replaces a DaemonSet's pods batch by batch and waits for each, through the Kubernetes API."""

from __future__ import annotations

import time

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.rollout.wait import Rollout
from ansible_collections.hardway.calico.plugins.module_utils._upgrade.roll import decide as planning

POLL_SECONDS = 1.0


class NodeRoll:
    """One DaemonSet. clock and pause are for tests."""

    def __init__(self, api, namespace, name, clock=time.monotonic, pause=time.sleep):
        self.api = api
        self.namespace = namespace
        self.name = name
        self.clock = clock
        self.pause = pause
        self.daemonset = None
        self.newest = None

    def look(self, timeout):
        """The Members, once the controller has seen the DaemonSet's last change. Raises CalicoError if it does not in time."""
        path, deadline = (
            "/apis/apps/v1/namespaces/%s/daemonsets/%s" % (self.namespace, self.name),
            self.clock() + timeout,
        )
        while True:
            self.daemonset = self.api.get(path)
            if self.daemonset is None:
                raise CalicoError(
                    "DaemonSet %s/%s does not exist" % (self.namespace, self.name),
                    expected="a DaemonSet to roll",
                    remedy="run the role hardway.calico.node first",
                )
            generation = self.daemonset["metadata"].get("generation", 0)
            if self.daemonset.get("status", {}).get("observedGeneration", 0) >= generation:
                break
            if self.clock() >= deadline:
                raise CalicoError(
                    "The controller has not seen the last change of DaemonSet %s/%s"
                    % (self.namespace, self.name),
                    expected="observedGeneration %d" % generation,
                    found="nothing in %d s" % timeout,
                    remedy="look at kube-controller-manager",
                )
            self.pause(POLL_SECONDS)
        self.newest = planning.newest_revision(
            self.daemonset,
            self.api.list("/apis/apps/v1/namespaces/%s/controllerrevisions" % self.namespace),
        )
        return planning.members(self.daemonset, self._pods(), self.api.list("/api/v1/nodes"))

    def replace(self, part):
        """Delete the pods of a batch; one that somebody else has replaced meanwhile is left alone."""
        for member in part:
            self.api.delete(
                "/api/v1/namespaces/%s/pods/%s" % (self.namespace, member.pod), uid=member.uid
            )

    def wait(self, nodes, timeout, remedy):
        """Until each of the nodes has a Ready pod of the newest template. Raises CalicoError that names those that have not."""
        started = self.clock()
        while True:
            pods = self._pods()
            done = {
                member.node
                for member in planning.members(self.daemonset, pods, [])
                if member.revision == self.newest and member.ready
            }
            waiting = [node for node in nodes if node not in done]
            if not waiting:
                return
            if self.clock() - started >= timeout:
                raise self._failure(waiting, pods, timeout, remedy)
            self.pause(POLL_SECONDS)

    def _failure(self, waiting, pods, timeout, remedy):
        there = {
            pod["spec"].get("nodeName"): pod
            for pod in pods
            if not pod["metadata"].get("deletionTimestamp")
            and pod["metadata"].get("labels", {}).get("controller-revision-hash") == self.newest
        }
        said = ["%s: %s" % (node, planning.conditions(there.get(node))) for node in waiting]
        said += Rollout(
            self.api, self.namespace, [{"kind": "DaemonSet", "name": self.name}], [], False
        ).explanation()
        return CalicoError(
            "The roll stopped: %s is not Ready on %s after %d s, and no further node was touched"
            % (self.name, ", ".join(waiting), timeout),
            expected="a Ready pod of the new template on each node before the next ones",
            found="; ".join(said),
            remedy=remedy,
        )

    def _pods(self):
        return self.api.list("/api/v1/namespaces/%s/pods" % self.namespace)
