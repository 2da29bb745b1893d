# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carries out a plan of CRDs."""

from __future__ import annotations

import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.steps import WriteCrd
from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.store import CrdStore
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan


def apply(plan: Plan[WriteCrd], store: CrdStore, awaited: t.Sequence[str], timeout: float) -> None:
    """Write the CRDs, one request each, then wait until the awaited ones, by name, are Established.

    timeout: seconds. Raises CalicoError with what the cluster says.
    """
    for step in plan:
        store.apply(step.crd)
    if awaited:
        store.wait(awaited, timeout)
