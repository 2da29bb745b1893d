# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: reads what a rollout is judged by, and what explains one that does not end."""

from __future__ import annotations

import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes import paths
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.api import KubernetesApi
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.rollout.decide import (
    Seen,
    Wanted,
)
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.rollout.explain import (
    Trouble,
    failed_containers,
    selects,
)

LOG_LINES = 5


def read(api: KubernetesApi, wanted: Wanted) -> Seen:
    """One GET for each workload, one LIST for CRDs, one for nodes; none after a workload that does not exist."""
    workloads = []
    for each in wanted.workloads:
        found = api.get(paths.workload(wanted.namespace, each.kind, each.name))
        workloads.append((each, found))
        if found is None:
            return Seen(workloads, crds=[], nodes=[])
    there = {crd["metadata"]["name"]: crd for crd in api.list(paths.CRDS)} if wanted.crds else {}
    return Seen(
        workloads=workloads,
        crds=[(name, there.get(name)) for name in wanted.crds],
        nodes=api.list(paths.NODES) if wanted.nodes_ready else [],
    )


def read_trouble(api: KubernetesApi, wanted: Wanted) -> Trouble | None:
    """What explains a rollout that does not end; None if no workload is wanted.

    A LIST of pods, a GET for each workload, a GET for each log of a failed container, and a LIST of events.
    """
    if not wanted.workloads:
        return None
    pods = api.list(paths.pods(wanted.namespace))
    mine, logs = [], {}
    for workload in wanted.workloads:
        current = api.get(paths.workload(wanted.namespace, workload.kind, workload.name))
        for pod in pods:
            if current is not None and selects(current, pod):
                mine.append(pod)
                logs.update(_logs(api, wanted.namespace, pod))
    return Trouble(
        workloads=[workload.name for workload in wanted.workloads],
        pods=mine,
        logs=logs,
        events=api.list(paths.events(wanted.namespace)),
    )


def _logs(api: KubernetesApi, namespace: str, pod: dict[str, t.Any]) -> dict[tuple[str, str], str]:
    """{(pod, container): the end of the log} of each container that failed."""
    name, logs = pod["metadata"]["name"], {}
    for container in failed_containers(pod):
        restarted = bool(container.get("restartCount"))
        path = paths.log(namespace, name, container["name"], LOG_LINES, previous=restarted)
        try:
            log = api.text(path)
        except CalicoError:
            # A kubelet that cannot be reached has no log to give; what else is known must still be said.
            continue
        if log:
            logs[name, container["name"]] = log
    return logs
