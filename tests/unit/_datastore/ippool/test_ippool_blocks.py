# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of the blocks of a pool that is removed."""

from __future__ import annotations

import pytest
from ippools import block

from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool.blocks import (
    DeleteBlock,
    TakeAffinity,
    of_pool,
    release,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError

POOL = "10.244.0.0/18"
FREE, OTHER = block("10.244.0.0/26", affinity="host:a"), block("10.9.0.0/26", 5, affinity="host:a")
USED, LEFT = block("10.244.1.0/26", 2, affinity="host:b"), block("10.244.2.0/26", 1)


def test_free_blocks_of_the_pool_are_deleted_and_no_others():
    assert release("one", POOL, [FREE, OTHER], force=False) == [DeleteBlock(FREE.manifest)]


def test_nothing_is_released_while_addresses_are_in_use():
    with pytest.raises(CalicoError) as caught:
        release("one", POOL, [FREE, USED, LEFT], force=False)
    message = str(caught.value)
    assert "pool one: 3 addresses are in use in 2 IPAM blocks" in message
    assert "the pool is disabled now and stays so" in message


def test_a_forced_removal_keeps_addresses_and_takes_what_affinity_there_is():
    assert release("one", POOL, [USED, FREE, LEFT], force=True) == [
        TakeAffinity(USED.manifest),
        DeleteBlock(FREE.manifest),
    ]


@pytest.mark.parametrize(
    ("cidr", "expected"),
    [
        (POOL, ["10.244.0.0/26"]),
        ("10.244.0.1/18", ["10.244.0.0/26"]),
        ("10.244.0.0/26", ["10.244.0.0/26"]),
        ("10.244.0.0/27", []),
        ("fd00::/64", ["fd00::/122"]),
        ("0.0.0.0/0", ["10.244.0.0/26", "10.9.0.0/26"]),
        ("no network", []),
        ("", []),
    ],
)
def test_the_blocks_of_a_pool(cidr, expected):
    blocks = [FREE, OTHER, block("fd00::/122")]
    assert [str(found.network) for found in of_pool(cidr, blocks)] == expected
