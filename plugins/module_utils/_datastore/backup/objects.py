# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter to Calico's objects in the Kubernetes API, whatever kinds the cluster has, and to the cluster's identity."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.snapshot import GROUP
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.rollout.wait import CRDS

DRY_RUN = "?dryRun=All"


@dataclass(frozen=True)
class Resource:
    """A kind of Calico's as the cluster serves it."""

    kind: str
    plural: str
    version: str
    namespaced: bool

    @property
    def collection(self):
        return "/apis/%s/%s/%s" % (GROUP, self.version, self.plural)

    def folder(self, namespace):
        return (
            "/apis/%s/%s/namespaces/%s/%s" % (GROUP, self.version, namespace, self.plural)
            if self.namespaced
            else self.collection
        )

    def path(self, item):
        return "%s/%s" % (self.folder(item["metadata"].get("namespace")), item["metadata"]["name"])


class CalicoObjects:
    def __init__(self, api):
        self.api = api

    def cluster_uid(self):
        """The uid of the namespace kube-system, which stands for the cluster: it is made once and cannot be deleted."""
        found = self.api.get("/api/v1/namespaces/kube-system")
        if found is None:
            raise CalicoError(
                "The namespace kube-system does not exist",
                expected="a Kubernetes cluster",
                remedy="see what answers at %s" % self.api.server,
            )
        return found["metadata"]["uid"]

    def host(self):
        """The host of the API server's address, for people."""
        return urlsplit(self.api.server).hostname or "cluster"

    def resources(self):
        """{kind: Resource} of Calico's CRDs that are there."""
        found = {}
        for crd in self.api.list(CRDS):
            spec = crd["spec"]
            if spec["group"] == GROUP:
                stored = next(
                    version["name"] for version in spec["versions"] if version.get("storage")
                )
                found[spec["names"]["kind"]] = Resource(
                    spec["names"]["kind"],
                    spec["names"]["plural"],
                    stored,
                    spec["scope"] == "Namespaced",
                )
        return found

    def read(self, resources):
        """Every object of these Resources, with kind and apiVersion."""
        items = []
        for resource in resources:
            version = "%s/%s" % (GROUP, resource.version)
            items += [
                {**item, "apiVersion": version, "kind": resource.kind}
                for item in self.api.list_or_none(resource.collection) or []
            ]
        return items

    def namespaces(self):
        return {item["metadata"]["name"] for item in self.api.list("/api/v1/namespaces")}

    def create(self, resource, body, dry=False):
        return self.api.create(
            resource.folder(body["metadata"].get("namespace")) + (DRY_RUN if dry else ""), body
        )

    def replace(self, resource, body, dry=False):
        return self.api.replace(resource.path(body) + (DRY_RUN if dry else ""), body)

    def delete(self, resource, item):
        return self.api.delete(
            resource.path(item),
            uid=item["metadata"]["uid"],
            resource_version=item["metadata"]["resourceVersion"],
        )
