# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan: the steps that lead from what is there to what is wanted.

Decisions return a Plan, the diff is printed from it, `changed` is its truth value, check mode stops at it and
adapters apply it, so these four cannot disagree.
"""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One change.

    action: verb ("create", "update", "delete", "issue", ...). target: the object's kind and name.
    reason: why, in words a user understands. before, after: what the diff shows (dict, list, str or None for
    absent); never secret material. detail: what the adapter needs to apply the step; never shown.
    """

    action: str
    target: str
    reason: str
    before: object = None
    after: object = None
    detail: object = None

    def as_result(self):
        return {"action": self.action, "target": self.target, "reason": self.reason}


class Plan:
    """An ordered collection of steps; false when there is nothing to do."""

    def __init__(self, steps=()):
        self.steps = tuple(steps)

    def __bool__(self):
        return bool(self.steps)

    def __iter__(self):
        return iter(self.steps)

    def __len__(self):
        return len(self.steps)

    def __add__(self, other):
        return Plan(self.steps + other.steps)

    def as_result(self):
        """List of {action, target, reason}, for a module's result."""
        return [step.as_result() for step in self.steps]

    def diff(self):
        """Ansible's diff of the plan: {"before": str, "after": str}."""
        return {
            "before": "".join(_shown(step.target, step.before) for step in self.steps),
            "after": "".join(_shown(step.target, step.after, step.reason) for step in self.steps),
        }


def _shown(target, value, reason=None):
    if value is None:
        return ""
    heading = "# %s%s\n" % (target, "" if reason is None else " (%s)" % reason)
    text = (
        value
        if isinstance(value, str)
        else json.dumps(value, indent=2, sort_keys=True, default=str)
    )
    return heading + text.rstrip("\n") + "\n"
