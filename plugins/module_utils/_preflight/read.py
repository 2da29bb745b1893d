# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What preflight reads from the Kubernetes API: six requests, none of which writes."""

from __future__ import annotations

NODES = "/api/v1/nodes"
DAEMONSETS = "/apis/apps/v1/daemonsets"
KUBEADM_CONFIG = "/api/v1/namespaces/kube-system/configmaps/kubeadm-config"
SERVICE_CIDRS = "/apis/networking.k8s.io/v1/servicecidrs"
CLUSTER_INFORMATION = "/apis/crd.projectcalico.org/v1/clusterinformations/default"


def look(api):
    """The `seen` that decide.preflight takes. Six round trips; raises CalicoError from the API.

    kubeadm is None on clusters of other making and where the ConfigMap cannot be read as YAML; service_cidrs is None
    before Kubernetes 1.33.
    """
    return {
        "version": api.version(),
        "nodes": api.list(NODES),
        "daemonsets": api.list(DAEMONSETS),
        "kubeadm": _cluster_configuration(api.get(KUBEADM_CONFIG)),
        "service_cidrs": api.list_or_none(SERVICE_CIDRS),
        "cluster_information": api.get(CLUSTER_INFORMATION),
    }


def _cluster_configuration(configmap):
    import yaml

    try:
        found = yaml.safe_load(
            ((configmap or {}).get("data") or {}).get("ClusterConfiguration") or ""
        )
    except yaml.YAMLError:
        return None
    return found if isinstance(found, dict) else None
