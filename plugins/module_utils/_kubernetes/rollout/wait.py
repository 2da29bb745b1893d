# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: waits for workloads, CRDs and nodes through the Kubernetes API."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.api import KubernetesApi
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.rollout.decide import (
    Wanted,
    Workload,
    decide,
    incomplete,
)
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.rollout.explain import (
    explain,
)
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.rollout.read import (
    read,
    read_trouble,
)

POLL_SECONDS = 1.0


class Rollout:
    """What is waited for. workloads: [{"kind", "name"}]; for the rest see Wanted."""

    def __init__(
        self,
        api: KubernetesApi,
        namespace: str,
        workloads: t.Iterable[t.Mapping[str, str]] = (),
        crds: t.Iterable[str] = (),
        nodes_ready: bool = False,
    ) -> None:
        self._api = api
        chosen = tuple(Workload(each["kind"], each["name"]) for each in workloads)
        self._wanted = Wanted(namespace, chosen, tuple(crds), nodes_ready)

    def wait(
        self,
        timeout: float,
        clock: t.Callable[[], float] = time.monotonic,
        pause: t.Callable[[float], None] = time.sleep,
    ) -> float:
        """Wait until nothing is pending. Returns the seconds waited.

        timeout: in seconds. Raises CalicoError with the cluster's own words.
        """
        started = clock()
        while True:
            pending = decide(read(self._api, self._wanted))
            waited = clock() - started
            if not pending:
                return waited
            if waited >= timeout:
                raise incomplete(timeout, pending, self.explanation())
            pause(POLL_SECONDS)

    def explanation(self) -> list[str]:
        """What pods and events of the workloads say, as sentences."""
        trouble = read_trouble(self._api, self._wanted)
        return [] if trouble is None else explain(trouble)
