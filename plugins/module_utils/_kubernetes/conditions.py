# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The conditions in an object's status, whatever its kind (pure)."""

from __future__ import annotations

import typing as t


def conditions(item: dict[str, t.Any]) -> dict[str, dict[str, t.Any]]:
    """{type: condition}."""
    found = item.get("status", {}).get("conditions") or []
    return {condition["type"]: condition for condition in found}


def is_true(item: dict[str, t.Any], kind: str) -> bool:
    """Whether the object has a condition of that type with the status "True"."""
    return conditions(item).get(kind, {}).get("status") == "True"


def is_ready(item: dict[str, t.Any]) -> bool:
    """Whether a node or pod is Ready."""
    return is_true(item, "Ready")


def because(condition: dict[str, t.Any]) -> str:
    """Reason and message of a condition or container state, in brackets after a blank; "" without both."""
    words = (condition.get("reason"), condition.get("message"))
    why = ": ".join(word.strip() for word in words if word)
    return " (%s)" % why if why else ""
