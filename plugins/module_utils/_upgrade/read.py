# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an upgrade reads from the Kubernetes API: five requests, none of which writes."""

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
from ansible_collections.hardway.calico.plugins.module_utils._upgrade.found import NODE, TYPHA, Seen

SELECTOR = "?labelSelector=k8s-app%%20in%%20(%s,%s)" % (NODE, TYPHA)


def read(api: KubernetesApi, namespace: str) -> Seen:
    """What found.understand takes. Raises CalicoError from the API."""
    datastore = KubernetesDatastore(api)
    return Seen(
        daemonset=api.get(paths.workload(namespace, "DaemonSet", NODE)),
        typha=api.get(paths.workload(namespace, "Deployment", TYPHA)),
        pods=api.list(paths.pods(namespace) + SELECTOR),
        nodes=api.list(paths.NODES),
        cluster_information=datastore.get(kinds.CLUSTER_INFORMATION, cluster_information.NAME),
    )
