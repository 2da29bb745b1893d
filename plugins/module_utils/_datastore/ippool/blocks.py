# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of a pool's IPAM blocks when it is removed (pure). Source: libcalico-go, releaseBlockAffinity."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool.state import Block
from ansible_collections.hardway.calico.plugins.module_utils._datastore.networks import (
    covered,
    inside,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import Manifest
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError


@dataclass(frozen=True)
class DeleteBlock:
    """No address of the block is in use."""

    block: Manifest


@dataclass(frozen=True)
class TakeAffinity:
    """Addresses of the block stay in use; no node may hand out more of them."""

    block: Manifest


Release = t.Union[DeleteBlock, TakeAffinity]


def of_pool(cidr: str, blocks: t.Iterable[Block]) -> list[Block]:
    """The blocks, or affinities, inside a pool; none if its CIDR cannot be read."""
    network = covered(cidr)
    return [block for block in blocks if inside(block.network, network)]


def release(name: str, cidr: str, blocks: t.Iterable[Block], force: bool) -> list[Release]:
    """What to do with the blocks of a pool that is removed, which were read once it was disabled.

    Raises CalicoError if addresses are in use and force is not set.
    """
    there = of_pool(cidr, blocks)
    problem = in_use_problem(name, there)
    if problem and not force:
        raise CalicoError(
            problem,
            found="addresses taken since the pool was read",
            remedy="the pool is disabled now and stays so: move those pods and run again",
        )
    found: list[Release] = []
    for block in there:
        if not block.in_use:
            found.append(DeleteBlock(block.manifest))
        elif block.manifest["spec"].get("affinity"):
            found.append(TakeAffinity(block.manifest))
    return found


def in_use_problem(name: str, blocks: t.Iterable[Block]) -> str | None:
    """Why a pool with these blocks is not removed, or None."""
    used = [block for block in blocks if block.in_use]
    addresses = sum(block.in_use for block in used)
    if not used:
        return None
    words = "address is" if addresses == 1 else "addresses are"
    counted = (name, addresses, words, len(used), "" if len(used) == 1 else "s")
    return (
        "pool %s: %d %s in use in %d IPAM block%s;"
        " set disabled, move the pods, then remove it, or set force_delete"
    ) % counted
