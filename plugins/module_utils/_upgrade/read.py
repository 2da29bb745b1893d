# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an upgrade reads from the Kubernetes API: five requests, none of which writes."""

from __future__ import annotations

from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.api import KubernetesApi
from ansible_collections.hardway.calico.plugins.module_utils._upgrade.found import Seen

CLUSTER_INFORMATION = "/apis/crd.projectcalico.org/v1/clusterinformations/default"
SELECTOR = "?labelSelector=k8s-app%20in%20(calico-node,calico-typha)"


def read(api: KubernetesApi, namespace: str) -> Seen:
    """What found.understand takes. Raises CalicoError from the API."""
    apps = "/apis/apps/v1/namespaces/%s" % namespace
    return Seen(
        daemonset=api.get(apps + "/daemonsets/calico-node"),
        typha=api.get(apps + "/deployments/calico-typha"),
        pods=api.list("/api/v1/namespaces/%s/pods%s" % (namespace, SELECTOR)),
        nodes=api.list("/api/v1/nodes"),
        cluster_information=api.get(CLUSTER_INFORMATION),
    )
