# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far a change of the CA has come, and who has not loaded what is there now (pure)."""

from __future__ import annotations

import typing as t
from datetime import datetime

from ansible_collections.hardway.calico.plugins.module_utils._pki import bundle
from ansible_collections.hardway.calico.plugins.module_utils._typha.state import (
    CaPolicy,
    TyphaPki,
    Workload,
    of_another_ca,
    unwanted_cas,
    wanted_anchors,
)


def phase(policy: CaPolicy, state: TyphaPki, now: datetime) -> str:
    """How far a change of the CA has come, read from the objects alone.

    "introduce": the new CA is being published, old leaves are in use; "switch": leaves of the new CA
    are being loaded; else "none".
    """
    anchors = wanted_anchors(policy, state)
    if of_another_ca(state, anchors, now):
        return "introduce"
    known = policy.anchors or state.ca.usable
    leaving = not state.previous.absent or (known and unwanted_cas(state, anchors))
    return "switch" if leaving else "none"


def material_hash(state: TyphaPki, party: str) -> str:
    """A hash of what a party mounts, "" if it could not work with it."""
    return bundle.material_hash(state.bundle, state.leaves[party])


def behind(state: TyphaPki, party: str, whole: bool) -> str | None:
    """Why a party may not have loaded what is there now, in words, or None.

    whole: its leaf as well as the bundle.
    """
    workload = state.workloads.get(party)
    if workload is None:
        return None
    wanted = material_hash(state, party) if whole else bundle.bundle_hash(state.bundle)
    loaded = workload.loaded if whole else workload.loaded.split("-")[0]
    if not wanted or loaded != wanted:
        words = "%s %s was not rolled since the change" % (workload.kind, workload.name)
        during = " (its update strategy is OnDelete, as during an upgrade)"
        return words + (during if workload.on_delete else "")
    return workload.pending


def all_behind(state: TyphaPki, whole: bool) -> list[str]:
    """The sentences of behind() for all parties."""
    return [words for party in state.leaves if (words := behind(state, party, whole))]


def rolls(state: TyphaPki) -> list[dict[str, str]]:
    """[{kind, name, hash}] of the workloads that must be rolled or are rolling, Typha before calico/node."""
    return [
        {"kind": workload.kind, "name": workload.name, "hash": material_hash(state, party)}
        for party, workload in _rolled_here(state)
        if behind(state, party, True) and material_hash(state, party)
    ]


def _rolled_here(state: TyphaPki) -> t.Iterator[tuple[str, Workload]]:
    for party in state.leaves:
        workload = state.workloads.get(party)
        if workload is not None and not workload.on_delete:
            yield party, workload
