# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A DaemonSet and what belongs to it, in the Kubernetes API."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._kubernetes import paths
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.api import KubernetesApi
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.rollout.wait import Rollout
from ansible_collections.hardway.calico.plugins.module_utils._upgrade.roll.members import Member

POLL_SECONDS = 1.0


class DaemonSet:
    """One DaemonSet; each method is one request, but for explanation(). clock and pause, in seconds, are for tests."""

    def __init__(
        self,
        api: KubernetesApi,
        namespace: str,
        name: str,
        clock: t.Callable[[], float] = time.monotonic,
        pause: t.Callable[[float], None] = time.sleep,
    ) -> None:
        self.api = api
        self.namespace = namespace
        self.name = name
        self.clock = clock
        self._pause = pause

    def get(self) -> dict[str, t.Any] | None:
        return self.api.get(paths.workload(self.namespace, "DaemonSet", self.name))

    def revisions(self) -> list[dict[str, t.Any]]:
        """The namespace's ControllerRevisions."""
        return self.api.list(paths.apps(self.namespace) + "/controllerrevisions")

    def pods(self) -> list[dict[str, t.Any]]:
        """The namespace's pods."""
        return self.api.list(paths.pods(self.namespace))

    def nodes(self) -> list[dict[str, t.Any]]:
        return self.api.list(paths.NODES)

    def delete(self, member: Member) -> None:
        """Delete a member's pod; one that somebody else has replaced meanwhile is left alone."""
        self.api.delete("%s/%s" % (paths.pods(self.namespace), member.pod), uid=member.uid)

    def explanation(self) -> list[str]:
        """What its pods and events say, as sentences."""
        workload = {"kind": "DaemonSet", "name": self.name}
        return Rollout(self.api, self.namespace, [workload]).explanation()

    def pause(self) -> None:
        self._pause(POLL_SECONDS)
