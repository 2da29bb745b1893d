# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan: the steps that lead from what is there to what is wanted.

Decisions return a Plan, the diff is printed from it, `changed` is its truth value, check mode stops
at it and adapters apply it, so these four cannot disagree.
"""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One change. Each kind of change is a class of its own, with what applying it needs as fields.

    action: verb ("create", "update", "delete", "issue", ...), one for each class. target: the object's
    kind and name. reason: why, in words a user understands. before, after: what the diff shows (dict,
    list, str or None for absent); never secret material.
    """

    action: t.ClassVar[str]

    target: str
    reason: str
    before: t.Any
    after: t.Any

    def as_result(self) -> dict[str, str]:
        return {"action": self.action, "target": self.target, "reason": self.reason}


S = t.TypeVar("S", bound=Step)


class Plan(t.Generic[S]):
    """An ordered collection of steps; false when there is nothing to do."""

    def __init__(self, steps: t.Iterable[S] = ()) -> None:
        self.steps = tuple(steps)

    def __bool__(self) -> bool:
        return bool(self.steps)

    def __iter__(self) -> t.Iterator[S]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def __add__(self, other: Plan[S]) -> Plan[S]:
        return Plan(self.steps + other.steps)

    def as_result(self) -> list[dict[str, str]]:
        """List of {action, target, reason}, for a module's result."""
        return [step.as_result() for step in self.steps]

    def diff(self) -> dict[str, str]:
        """Ansible's diff of the plan: {"before": str, "after": str}."""
        return {
            "before": "".join(_shown(step.target, step.before) for step in self.steps),
            "after": "".join(_shown(step.target, step.after, step.reason) for step in self.steps),
        }


def _shown(target: str, value: t.Any, reason: str | None = None) -> str:
    if value is None:
        return ""
    heading = "# %s%s\n" % (target, "" if reason is None else " (%s)" % reason)
    text = (
        value
        if isinstance(value, str)
        else json.dumps(value, indent=2, sort_keys=True, default=str)
    )
    return heading + text.rstrip("\n") + "\n"
