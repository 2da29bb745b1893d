# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter to CustomResourceDefinitions in the Kubernetes API, and to the objects of each. It decides nothing."""

from __future__ import annotations

import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.state import name_of
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import (
    Manifest,
    Manifests,
)
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.api import KubernetesApi
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.crd import stored_version
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.paths import CRDS
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.rollout.wait import Rollout


class CrdStore:
    """Every method but wait() is one request."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api

    def list(self) -> Manifests:
        """Every CRD of the cluster."""
        return self._api.list(CRDS)

    def apply(self, crd: Manifest, dry_run: bool = False) -> Manifest:
        """The CRD as it is after a server-side apply, or would be."""
        # By force: the guide's CRDs came by kubectl, whose ownership would keep fields that the release dropped.
        path = "%s/%s" % (CRDS, name_of(crd))
        return self._api.apply(path, crd, force=True, dry_run=dry_run)

    def objects(self, crd: Manifest) -> Manifests:
        """Every object of a CRD that is there, in the version that it is stored in."""
        spec, version = crd["spec"], stored_version(crd)["name"]
        path = "/apis/%s/%s/%s" % (spec["group"], version, spec["names"]["plural"])
        return self._api.list_or_none(path) or []

    def wait(self, names: t.Sequence[str], timeout: float) -> None:
        """Until all are Established. timeout: seconds. Raises CalicoError with what the cluster says."""
        Rollout(self._api, "", crds=names).wait(timeout)
