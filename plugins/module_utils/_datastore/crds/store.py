# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads and writes CustomResourceDefinitions through the Kubernetes API; decides nothing."""

from __future__ import annotations

from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.rollout.wait import (
    CRDS,
    Rollout,
)


def read(api):
    """Every CRD of the cluster, in one request."""
    return api.list(CRDS)


def try_out(api, crds):
    """{name: what would come of applying it}, from the API server's dry run; one request a CRD."""
    return {crd["metadata"]["name"]: _apply(api, crd, dry_run=True) for crd in crds}


def objects(api, crd):
    """Every object of a CRD that is there, in the version that it is stored in."""
    spec = crd["spec"]
    version = next(each["name"] for each in spec["versions"] if each.get("storage"))
    return (
        api.list_or_none("/apis/%s/%s/%s" % (spec["group"], version, spec["names"]["plural"])) or []
    )


def write(api, plan):
    for step in plan:
        _apply(api, step.detail)


def wait(api, names, timeout):
    """Until all are Established. Raises CalicoError with what the cluster says."""
    Rollout(api, "", [], names, False).wait(timeout)


def _apply(api, crd, dry_run=False):
    # By force: the guide's CRDs came by kubectl, whose ownership would keep fields that the release dropped.
    return api.apply("%s/%s" % (CRDS, crd["metadata"]["name"]), crd, force=True, dry_run=dry_run)
