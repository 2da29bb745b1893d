# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads IP pools from the datastore; it decides nothing."""

from __future__ import annotations

from ansible_collections.hardway.calico.plugins.module_utils._datastore import kinds
from ansible_collections.hardway.calico.plugins.module_utils._datastore.fields import Options
from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool.state import (
    Block,
    State,
    needs_blocks,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import Datastore


def read(datastore: Datastore, wanted: list[Options]) -> State:
    """The State that the decision about the wanted pools needs.

    Round trips: one LIST of pools, and one of blocks where a pool is new or is removed.
    """
    datastore = datastore.at_one_moment()
    listed = datastore.list(kinds.IPPOOL)
    if listed is None:
        return State(missing=datastore.lacking([kinds.IPPOOL.name]))
    pools = {pool["metadata"]["name"]: pool for pool in listed}
    blocks = datastore.list(kinds.IPAM_BLOCK) or [] if needs_blocks(wanted, pools) else []
    return State(pools, tuple(Block.of(block) for block in blocks))
