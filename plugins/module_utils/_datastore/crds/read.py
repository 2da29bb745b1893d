# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the cluster's CRDs, and asks the API server about those that look different."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds import lost_fields
from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.differences import (
    differing,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.state import (
    State,
    name_of,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.store import CrdStore
from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.wanted import wanted
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import Manifests


def read(store: CrdStore, crds: Manifests, version: str, leave_newer: bool) -> State:
    """The State for a release's crds. Raises CalicoError, before it asks anything, where they are not wanted: wanted().

    One LIST of CRDs, a dry run for each CRD that looks different, and a LIST of the objects of each that loses fields.
    """
    there = store.list()
    state = State(there, wanted(crds, there, version, leave_newer))
    looks = differing(state.wanted, there)
    state = replace(state, settled={name_of(crd): store.apply(crd, dry_run=True) for crd in looks})
    losing = lost_fields.losing(state)
    return replace(state, objects={name: store.objects(state.current[name]) for name in losing})
