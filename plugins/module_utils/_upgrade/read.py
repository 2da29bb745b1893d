# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an upgrade reads from the Kubernetes API: six requests at most, none of which writes."""

from __future__ import annotations

from ansible_collections.hardway.calico.plugins.module_utils._datastore import (
    cluster_information,
    kinds,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.kubernetes import (
    KubernetesDatastore,
)
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes import paths
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.api import KubernetesApi
from ansible_collections.hardway.calico.plugins.module_utils._upgrade.found import (
    KUBE_CONTROLLERS,
    NODE,
    TYPHA,
    Seen,
)

SELECTOR = "?labelSelector=k8s-app%%20in%%20(%s)"


def read(api: KubernetesApi, namespace: str, kube_controllers: bool = True) -> Seen:
    """What found.understand takes. Raises CalicoError from the API.

    kube_controllers: whether these are part of the upgrade; where not, nothing is asked about them.
    """
    datastore = KubernetesDatastore(api)
    apps = (NODE, TYPHA, KUBE_CONTROLLERS) if kube_controllers else (NODE, TYPHA)
    controllers = paths.workload(namespace, "Deployment", KUBE_CONTROLLERS)
    return Seen(
        daemonset=api.get(paths.workload(namespace, "DaemonSet", NODE)),
        typha=api.get(paths.workload(namespace, "Deployment", TYPHA)),
        kube_controllers=api.get(controllers) if kube_controllers else None,
        pods=api.list(paths.pods(namespace) + SELECTOR % ",".join(apps)),
        nodes=api.list(paths.NODES),
        cluster_information=datastore.get(kinds.CLUSTER_INFORMATION, cluster_information.NAME),
    )
