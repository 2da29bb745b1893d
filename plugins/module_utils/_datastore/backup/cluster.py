# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter to what Calico's datastore does not know: the cluster itself, as the Kubernetes API shows it."""

from __future__ import annotations

from urllib.parse import urlsplit

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes import paths
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.api import KubernetesApi


class Cluster:
    """Each method but host() is one request."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api

    def uid(self) -> str:
        """The uid of the namespace kube-system, which stands for the cluster: it is made once and cannot be deleted.

        Raises CalicoError if there is none.
        """
        found = self._api.get(paths.namespace_of(paths.KUBE_SYSTEM))
        if found is None:
            raise CalicoError(
                "The namespace kube-system does not exist",
                expected="a Kubernetes cluster",
                remedy="see what answers at %s" % self._api.server,
            )
        return found["metadata"]["uid"]

    def host(self) -> str:
        """The host of the API server's address, for people."""
        return urlsplit(self._api.server).hostname or "cluster"

    def namespaces(self) -> set[str]:
        """Their names."""
        return {item["metadata"]["name"] for item in self._api.list(paths.NAMESPACES)}
