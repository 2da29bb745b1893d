# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What modules tell of Typha's PKI (pure)."""

from __future__ import annotations

import typing as t
from datetime import datetime

from ansible_collections.hardway.calico.plugins.module_utils._typha.objects import PARTIES
from ansible_collections.hardway.calico.plugins.module_utils._typha.rotation import (
    material_hash,
    phase,
    rolls,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.state import CaPolicy, TyphaPki


def material_of(state: TyphaPki) -> dict[str, t.Any]:
    """The certificates that are there, and the hash of what each party mounts."""
    pairs = {"ca": state.ca, **state.leaves}
    certificates = {name: pair.certificate for name, pair in pairs.items()}
    return {
        "certificates": {name: one.as_result() for name, one in certificates.items() if one},
        **{_hash_name(party): material_hash(state, party) for party in state.leaves},
    }


def rotation_of(policy: CaPolicy, state: TyphaPki, now: datetime) -> dict[str, t.Any]:
    """How far a change of the CA has come, and whom to roll."""
    return {"rotation": {"phase": phase(policy, state, now), "rolls": rolls(state)}}


def nothing_left() -> dict[str, t.Any]:
    """After all was deleted."""
    return {"certificates": {}, **{_hash_name(party): "" for party in PARTIES}}


def _hash_name(party: str) -> str:
    return party + "_hash"
