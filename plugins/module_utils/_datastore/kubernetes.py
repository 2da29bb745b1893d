# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The datastore in the Kubernetes API: custom resources of the group crd.projectcalico.org. It decides nothing."""

from __future__ import annotations

import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import (
    Kind,
    Manifest,
    Manifests,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.api import KubernetesApi
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.crd import stored_version
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.paths import CRDS
from ansible_collections.hardway.calico.plugins.module_utils._release.crds import CALICO as GROUP

DRY_RUN = "?dryRun=All"


class KubernetesDatastore:
    """Each method is one request; see the port for what they mean."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api

    def kinds(self) -> dict[str, Kind]:
        """The kinds whose CRDs are there, in the version that the API server stores."""
        found = {}
        for crd in self._api.list(CRDS):
            spec = crd["spec"]
            if spec["group"] != GROUP:
                continue
            names, version = spec["names"], stored_version(crd)["name"]
            namespaced = spec["scope"] == "Namespaced"
            found[names["kind"]] = Kind(names["kind"], names["plural"], namespaced, version)
        return found

    def lacking(self, names: t.Collection[str]) -> CalicoError:
        return CalicoError(
            "The cluster has no CRD for %s" % ", ".join(sorted(names)),
            expected="Calico's CRDs",
            found="no such resource in the API",
            remedy="run the role hardway.calico.datastore first",
        )

    def at_one_moment(self) -> KubernetesDatastore:
        # The API gives one revision to one list only.
        return self

    def get(self, kind: Kind, name: str, namespace: str = "") -> Manifest | None:
        found = self._api.get("%s/%s" % (_collection(kind, namespace), name))
        return None if found is None else _typed(kind, found)

    def list(self, kind: Kind) -> Manifests | None:
        found = self._api.list_or_none(_collection(kind))
        return None if found is None else [_typed(kind, item) for item in found]

    def create(self, kind: Kind, body: Manifest, dry_run: bool = False) -> Manifest:
        folder = _collection(kind, body["metadata"].get("namespace"))
        return self._api.create(folder + (DRY_RUN if dry_run else ""), _typed(kind, body))

    def update(self, kind: Kind, current: Manifest, change: Manifest) -> Manifest:
        revision = {"resourceVersion": current["metadata"]["resourceVersion"]}
        bound = {**change, "metadata": {**change.get("metadata", {}), **revision}}
        return self._api.merge_patch(_path(kind, current), bound)

    def replace(self, kind: Kind, body: Manifest, dry_run: bool = False) -> Manifest:
        path = _path(kind, body) + (DRY_RUN if dry_run else "")
        return self._api.replace(path, _typed(kind, body))

    def delete(self, kind: Kind, current: Manifest) -> None:
        metadata = current["metadata"]
        self._api.delete(
            _path(kind, current),
            uid=metadata.get("uid"),
            resource_version=metadata.get("resourceVersion"),
        )


def _collection(kind: Kind, namespace: str | None = None) -> str:
    """The path of all objects of a kind, or of those in a namespace."""
    inside = "namespaces/%s/" % namespace if kind.namespaced and namespace else ""
    return "/apis/%s/%s/%s%s" % (GROUP, kind.version, inside, kind.plural)


def _path(kind: Kind, item: Manifest) -> str:
    metadata = item["metadata"]
    return "%s/%s" % (_collection(kind, metadata.get("namespace")), metadata["name"])


def _typed(kind: Kind, item: Manifest) -> Manifest:
    """With apiVersion and kind, which items of a list lack and callers need not know."""
    return {"apiVersion": "%s/%s" % (GROUP, kind.version), "kind": kind.name, **item}
