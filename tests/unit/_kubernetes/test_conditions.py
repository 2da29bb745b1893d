# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.conditions import (
    because,
    conditions,
    is_ready,
)


@pytest.mark.parametrize(
    ("item", "ready"),
    [
        ({"metadata": {}}, False),
        ({"status": {}}, False),
        ({"status": {"conditions": None}}, False),
        ({"status": {"conditions": [{"type": "Ready", "status": "True"}]}}, True),
        ({"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}, False),
        ({"status": {"conditions": [{"type": "Initialized", "status": "True"}]}}, False),
    ],
)
def test_what_is_ready(item, ready):
    assert is_ready(item) is ready


def test_conditions_are_found_by_type():
    found = [{"type": "A", "status": "True"}, {"type": "B", "status": "False"}]
    assert conditions({"status": {"conditions": found}}) == {"A": found[0], "B": found[1]}


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({}, ""),
        ({"reason": "R"}, " (R)"),
        ({"reason": "", "message": "said "}, " (said)"),
        ({"reason": "R", "message": "said\n"}, " (R: said)"),
    ],
)
def test_why_a_condition_is_as_it_is(condition, words):
    assert because(condition) == words
