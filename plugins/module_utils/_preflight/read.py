# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: what preflight reads from the Kubernetes API; none of its requests writes."""

from __future__ import annotations

import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._datastore import (
    cluster_information,
    kinds,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.kubernetes import (
    KubernetesDatastore,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.api import KubernetesApi
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.paths import (
    KUBE_SYSTEM,
    NODES,
    configmaps,
    namespace_of,
    secrets,
    workload,
)
from ansible_collections.hardway.calico.plugins.module_utils._preflight.datastore import (
    configmaps_of,
)
from ansible_collections.hardway.calico.plugins.module_utils._preflight.decide import Seen

DAEMONSETS = "/apis/apps/v1/daemonsets"
KUBEADM_CONFIG = configmaps(KUBE_SYSTEM) + "/kubeadm-config"
SERVICE_CIDRS = "/apis/networking.k8s.io/v1/servicecidrs"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
KUBE_CONTROLLERS = "calico-kube-controllers"
Answer = t.TypeVar("Answer")


def read(api: KubernetesApi, namespace: str, pull_secrets: t.Sequence[str] = ()) -> Seen:
    """Eleven round trips, one for each Secret of pull_secrets and one for each ConfigMap that tells where Calico's data
    are. Raises CalicoError from the API.

    A ConfigMap of kubeadm that is no YAML is as none.
    """
    datastore = KubernetesDatastore(api)
    daemonsets = api.list(DAEMONSETS)
    return {
        "version": api.version(),
        "nodes": api.list(NODES),
        "daemonsets": daemonsets,
        "configmaps": {
            name: (_unless_forbidden(api.get, "%s/%s" % (configmaps(namespace), name)) or {}).get(
                "data"
            )
            for name in configmaps_of(daemonsets, namespace)
        },
        "kubeadm": _cluster_configuration(api.get(KUBEADM_CONFIG)),
        "service_cidrs": api.list_or_none(SERVICE_CIDRS),
        "cluster_information": datastore.get(kinds.CLUSTER_INFORMATION, cluster_information.NAME),
        "kube_controllers": kube_controllers(api, namespace),
        "pull_secrets": {
            name: _unless_forbidden(api.exists, "%s/%s" % (secrets(namespace), name))
            for name in pull_secrets
        },
    }


def kube_controllers(api: KubernetesApi, namespace: str) -> dict[str, dict[str, t.Any] | None]:
    """{kind: the object of kube-controllers' name, or None}, of all that the role kube_controllers applies.

    What this account may not get, it may not apply either, so it is as none.
    """
    paths = {
        "Deployment": workload(namespace, "Deployment", KUBE_CONTROLLERS),
        "PodDisruptionBudget": "/apis/policy/v1/namespaces/%s/poddisruptionbudgets/%s"
        % (namespace, KUBE_CONTROLLERS),
        "ServiceAccount": "%s/serviceaccounts/%s" % (namespace_of(namespace), KUBE_CONTROLLERS),
        "ClusterRole": "%s/clusterroles/%s" % (RBAC, KUBE_CONTROLLERS),
        "ClusterRoleBinding": "%s/clusterrolebindings/%s" % (RBAC, KUBE_CONTROLLERS),
    }
    return {kind: _unless_forbidden(api.get, path) for kind, path in paths.items()}


def _unless_forbidden(ask: t.Callable[[str], Answer], path: str) -> Answer | None:
    """What the API answers; None where this account may not know."""
    try:
        return ask(path)
    except CalicoError as exc:
        if exc.status == 403:
            return None
        raise


def _cluster_configuration(configmap: dict[str, t.Any] | None) -> dict[str, t.Any] | None:
    import yaml

    text = ((configmap or {}).get("data") or {}).get("ClusterConfiguration") or ""
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        return None
    return found if isinstance(found, dict) else None
