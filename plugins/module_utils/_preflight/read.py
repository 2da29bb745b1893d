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
    secrets,
)
from ansible_collections.hardway.calico.plugins.module_utils._preflight.decide import Seen

DAEMONSETS = "/apis/apps/v1/daemonsets"
KUBEADM_CONFIG = configmaps(KUBE_SYSTEM) + "/kubeadm-config"
SERVICE_CIDRS = "/apis/networking.k8s.io/v1/servicecidrs"


def read(api: KubernetesApi, namespace: str, pull_secrets: t.Sequence[str] = ()) -> Seen:
    """Six round trips, and one for each Secret of pull_secrets. Raises CalicoError from the API.

    A ConfigMap of kubeadm that is no YAML is as none.
    """
    datastore = KubernetesDatastore(api)
    return {
        "version": api.version(),
        "nodes": api.list(NODES),
        "daemonsets": api.list(DAEMONSETS),
        "kubeadm": _cluster_configuration(api.get(KUBEADM_CONFIG)),
        "service_cidrs": api.list_or_none(SERVICE_CIDRS),
        "cluster_information": datastore.get(kinds.CLUSTER_INFORMATION, cluster_information.NAME),
        "pull_secrets": {
            name: _is_there(api, "%s/%s" % (secrets(namespace), name)) for name in pull_secrets
        },
    }


def _is_there(api: KubernetesApi, path: str) -> bool | None:
    """Whether the object is there; None where this account may not know."""
    try:
        return api.exists(path)
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
