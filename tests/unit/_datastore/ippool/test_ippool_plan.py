# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ippools import block, carried, datastore, pool, stored

from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool.decide import decide
from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool.state import (
    needs_blocks,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError

WRITTEN = {
    "cidr": "10.244.0.0/18",
    "ipipMode": "Never",
    "vxlanMode": "Never",
    "blockSize": 26,
    "nodeSelector": "all()",
    "allowedUses": ["Workload", "Tunnel"],
}


def actions(plan):
    return [(step.action, step.target) for step in plan]


@pytest.mark.parametrize(
    ("minor", "options", "expected"),
    [
        (29, {}, WRITTEN),
        (30, {}, {**WRITTEN, "assignmentMode": "Automatic"}),
        (
            29,
            {"nat_outgoing": True, "disabled": False, "disable_bgp_export": True},
            {**WRITTEN, "natOutgoing": True, "disableBGPExport": True},
        ),
        (29, {"cidr": "FD00:0::/64"}, {**WRITTEN, "cidr": "fd00::/64", "blockSize": 122}),
        (29, {"node_selector": "", "allowed_uses": []}, WRITTEN),
        (31, {"namespace_selector": ""}, {**WRITTEN, "assignmentMode": "Automatic"}),
    ],
)
def test_a_new_pool_is_written_with_calicoctls_defaults(minor, options, expected):
    (step,) = decide([pool(**options)], datastore(), minor)
    assert carried(step) == ("one", expected)
    assert (step.action, step.before, step.after) == ("create", None, expected)


@pytest.mark.parametrize(
    ("spec", "options"),
    [
        (stored(), {}),
        (stored(disabled=False), {"disabled": False}),
        (stored(), {"disabled": False, "nat_outgoing": False, "disable_bgp_export": False}),
        (
            stored(),
            {
                "ipip_mode": "Never",
                "vxlan_mode": "Never",
                "block_size": 26,
                "assignment_mode": "Automatic",
                "node_selector": "all()",
            },
        ),
        (stored(nodeSelector=""), {"node_selector": "all()"}),
        (stored(nodeSelector="all()"), {"node_selector": ""}),
        (stored(allowedUses=["Tunnel", "Workload"]), {"allowed_uses": ["Workload", "Tunnel"]}),
        (stored(allowedUses=[]), {"allowed_uses": []}),
        (stored(), {"namespace_selector": ""}),
        (stored("FD00::/64", blockSize=122), {"cidr": "fd00::/64", "block_size": 122}),
        (stored(natOutgoing=True, ipipMode="Always", nodeSelector="has(a)"), {}),
        (stored(natOutgoing=True, ipipMode="Always"), {"cidr": None}),
    ],
)
def test_what_means_the_same_is_no_change(spec, options):
    assert not decide([pool(**options)], datastore({"one": spec}), 32)


def test_only_what_the_user_set_and_what_differs_is_written():
    plan = decide(
        [pool(nat_outgoing=True, disabled=True, ipip_mode="Never")],
        datastore({"one": stored(natOutgoing=True, nodeSelector="has(a)")}),
        32,
    )
    (step,) = plan
    assert (step.action, carried(step), step.reason) == (
        "update",
        ("one", {"disabled": True}),
        "disabled differs",
    )
    assert (step.before, step.after) == ({"disabled": False}, {"disabled": True})
    assert '"disabled": true' in plan.diff()["after"] and "disabled differs" in plan.diff()["after"]


def test_a_created_pool_is_no_change_afterwards():
    wanted = [
        pool(
            nat_outgoing=True,
            disabled=False,
            node_selector="",
            allowed_uses=["Tunnel", "Workload"],
            assignment_mode="Manual",
        )
    ]
    (step,) = decide(wanted, datastore(), 32)
    assert not decide(wanted, datastore({"one": carried(step)[1]}), 32)


def test_absent():
    assert not decide([pool(state="absent", cidr=None)], datastore(), 32)
    plan = decide(
        [pool(state="absent", cidr=None)],
        datastore({"one": stored()}, [block("10.244.0.0/26"), block("10.0.0.0/26", 9)]),
        32,
    )
    assert [step.action for step in plan] == ["disable", "delete"]
    assert [carried(step) for step in plan] == [
        ("one", {"disabled": True}),
        ("one", "10.244.0.0/18", False),
    ]
    plan = decide([pool(state="absent")], datastore({"one": stored(disabled=True)}), 32)
    assert [step.action for step in plan] == ["delete"]


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        (
            [block("10.244.0.0/26", 3), block("10.244.1.0/26", 4), block("10.244.2.0/26")],
            "7 addresses are in use in 2 IPAM blocks",
        ),
        ([block("10.244.0.0/26", 1)], "1 address is in use in 1 IPAM block;"),
    ],
)
def test_a_pool_in_use_is_not_removed_unless_forced(blocks, words):
    current = datastore({"one": stored()}, blocks)
    with pytest.raises(CalicoError, match=words):
        decide([pool(state="absent")], current, 32)
    plan = decide([pool(state="absent")], current, 32, force_delete=True)
    assert [carried(step) for step in plan][-1] == ("one", "10.244.0.0/18", True)


@pytest.mark.parametrize("spec", [{}, {"cidr": "no network"}, {"cidr": "10.244.0.1/18"}])
def test_a_broken_pool_can_be_removed(spec):
    assert [
        step.action
        for step in decide(
            [pool(state="absent")], datastore({"one": spec}, [block("10.9.0.0/26", 1)]), 32
        )
    ] == ["disable", "delete"]


def test_removal_comes_last_so_that_addresses_are_always_there():
    plan = decide(
        [pool("old", state="absent"), pool("new", cidr="10.9.0.0/16")],
        datastore({"old": stored()}),
        32,
    )
    assert actions(plan) == [
        ("create", "IPPool new"),
        ("disable", "IPPool old"),
        ("delete", "IPPool old"),
    ]


def test_removal_comes_first_where_a_new_pool_takes_the_range():
    current = datastore({"old": stored(blockSize=24)}, [block("10.244.0.0/24")])
    plan = decide([pool("new"), pool("old", state="absent")], current, 32)
    assert actions(plan) == [
        ("disable", "IPPool old"),
        ("delete", "IPPool old"),
        ("create", "IPPool new"),
    ]
    used = datastore({"old": stored(blockSize=24)}, [block("10.244.0.0/24", 1)])
    with pytest.raises(CalicoError, match="range holds IPAM blocks of size 24"):
        decide([pool("new"), pool("old", state="absent")], used, 32, force_delete=True)


@pytest.mark.parametrize(
    ("wanted", "names", "expected"),
    [
        ([pool()], ["one"], False),
        ([pool()], [], True),
        ([pool(state="absent")], ["one"], True),
        ([pool(state="absent")], [], False),
        ([], ["one"], False),
    ],
)
def test_blocks_are_read_only_where_they_matter(wanted, names, expected):
    assert needs_blocks(wanted, names) is expected
