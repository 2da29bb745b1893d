# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carries out the plan of a restore."""

from __future__ import annotations

from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.restore.steps import (
    CreateObject,
    RestoreStep,
    UpdateObject,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import Datastore
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan


def apply(plan: Plan[RestoreStep], datastore: Datastore) -> None:
    """One request for the kinds, and one for each step. Raises CalicoError at the first that is refused."""
    kinds = datastore.kinds()
    for step in plan:
        if isinstance(step, CreateObject):
            datastore.create(kinds[step.body["kind"]], step.body)
        elif isinstance(step, UpdateObject):
            datastore.replace(kinds[step.body["kind"]], step.body)
        else:
            datastore.delete(kinds[step.current["kind"]], step.current)
