# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carries out a plan of snapshots."""

from __future__ import annotations

from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.snapshot.folder import (
    SnapshotFolder,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.snapshot.steps import (
    SaveSnapshot,
)
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan


def apply(plan: Plan[SaveSnapshot], folder: SnapshotFolder) -> None:
    """One file for each step. Raises CalicoError if it cannot be written."""
    for step in plan:
        folder.save(step.name, step.snapshot)
