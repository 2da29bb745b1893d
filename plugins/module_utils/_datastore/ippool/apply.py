# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carries out plans for IP pools; it decides nothing."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._datastore import kinds
from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool import blocks
from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool.state import (
    Block,
    spec_of,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool.steps import (
    CreatePool,
    DeletePool,
    DisablePool,
    PoolStep,
    UpdatePool,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import (
    Datastore,
    Kind,
    Manifest,
)
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan

# As long as calicoctl waits for the nodes' CNI plugins to see that a pool is disabled
# (calicoctl/commands/crud).
SETTLE_SECONDS = 0.5


def apply(plan: Plan[PoolStep], datastore: Datastore) -> None:
    """Carry out a plan: one write for each pool that is created, updated or disabled.

    One that is deleted takes a LIST of blocks and one of affinities, and a write for each of these
    in it and for itself. Raises CalicoError for what the datastore refuses, such as a write to a
    pool that somebody else has changed since it was read.
    """
    for step in plan:
        if isinstance(step, CreatePool):
            # No annotation projectcalico.org/metadata: its readers do without it, and calicoctl
            # adds it at its first update.
            datastore.create(kinds.IPPOOL, {"metadata": {"name": step.name}, "spec": step.spec})
        elif isinstance(step, UpdatePool):
            datastore.update(kinds.IPPOOL, step.pool, {"spec": step.change})
        elif isinstance(step, DisablePool):
            datastore.update(kinds.IPPOOL, step.pool, {"spec": {"disabled": True}})
            time.sleep(SETTLE_SECONDS)
        else:
            _delete(step, datastore)


def _delete(step: DeletePool, datastore: Datastore) -> None:
    """Release the pool's blocks and their affinities, then delete it.

    The blocks are read again: an address may have been taken since the plan was made. Each write is
    bound to the revision that was read, so a block that takes an address meanwhile is a conflict,
    not a lost address.
    """
    name, cidr = step.pool["metadata"]["name"], spec_of(step.pool).get("cidr", "")
    there = _blocks(datastore, kinds.IPAM_BLOCK)
    for released in blocks.release(name, cidr, there, step.force):
        if isinstance(released, blocks.DeleteBlock):
            datastore.delete(kinds.IPAM_BLOCK, released.block)
        else:
            # Both go, as in libcalico-go's releaseBlockAffinity.
            taken = {"affinity": None, "affinityClaimTime": None}
            datastore.update(kinds.IPAM_BLOCK, released.block, {"spec": taken})
    for affinity in blocks.of_pool(cidr, _blocks(datastore, kinds.BLOCK_AFFINITY)):
        datastore.delete(kinds.BLOCK_AFFINITY, _of_any_revision(affinity.manifest))
    datastore.delete(kinds.IPPOOL, _of_any_revision(step.pool))


def _blocks(datastore: Datastore, kind: Kind) -> t.Iterator[Block]:
    return map(Block.of, datastore.list(kind) or [])


def _of_any_revision(item: Manifest) -> Manifest:
    """The same object, whatever was changed in it since: disabling a pool has moved its revision."""
    metadata = {key: value for key, value in item["metadata"].items() if key != "resourceVersion"}
    return {**item, "metadata": metadata}
