# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides whether a snapshot is written, and how its file is named (pure)."""

from __future__ import annotations

import collections
import datetime
from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.snapshot import (
    content,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.snapshot.state import (
    State,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.snapshot.steps import (
    SaveSnapshot,
)
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan


@dataclass(frozen=True)
class Decision:
    """name: of the file that holds this state, now or once the plan is carried out. objects: how many of each kind."""

    plan: Plan[SaveSnapshot]
    name: str
    objects: dict[str, int]


def decide(state: State, version: str, now: datetime.datetime, datastore: str) -> Decision:
    """version: the release that the cluster runs, "" if it is not known; now: in UTC; datastore: as datastore_type."""
    snapshot = content.make(
        state.objects, state.cluster_uid, state.cluster, version, now, datastore
    )
    counted = collections.Counter(item["kind"] for item in snapshot["items"])
    kinds = dict(sorted(counted.items()))
    if state.earlier and content.alike(snapshot, state.earlier.snapshot):
        return Decision(Plan(), state.earlier.name, kinds)
    name = content.file_name(snapshot)
    step = SaveSnapshot(
        target=name,
        reason="there is no snapshot of this state",
        before=None,
        after={"objects": kinds, "mode": "0600"},
        name=name,
        snapshot=snapshot,
    )
    return Decision(Plan([step]), name, kinds)
