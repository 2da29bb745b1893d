# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides in which order the pods of a DaemonSet with the strategy OnDelete are replaced (pure)."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan, Step
from ansible_collections.hardway.calico.plugins.module_utils._upgrade.roll.members import Member

SHARE = re.compile(r"(\d+)(%?)\Z")
# Stands for the revision of a template that check mode cannot see yet.
TO_COME = "the template to come"


@dataclass(frozen=True)
class ReplacePod(Step):
    """A pod of an older template, to be deleted so that the DaemonSet's controller makes a new one."""

    action = "replace"

    member: Member


@dataclass(frozen=True)
class RollPlan:
    """What a roll does, in this order.

    revision: the newest template's. unwell: nodes that must become Ready before any pod is replaced.
    batches: the steps, batch by batch. down: nodes that nobody waits for after that.
    """

    revision: str
    unwell: tuple[str, ...]
    batches: tuple[tuple[ReplacePod, ...], ...]
    down: frozenset[str]

    @property
    def plan(self) -> Plan[ReplacePod]:
        return Plan(step for batch in self.batches for step in batch)

    @property
    def nodes(self) -> list[list[str]]:
        """Names of nodes, batch by batch."""
        return [[step.member.node for step in batch] for batch in self.batches]

    @property
    def not_waited_for(self) -> list[str]:
        """Those of the nodes that nobody waits for, by name."""
        return sorted(node for batch in self.nodes for node in batch if node in self.down)


def decide(present: list[Member], newest: str, canary: t.Any, batch: t.Any) -> RollPlan:
    """A step for each pod of an older template, in batches. canary, batch: options of calico_node_roll.

    Raises CalicoError for an option that cannot be read or names a node without a pod.
    """
    first, parts = _order(present, newest, canary_of(canary), share(batch, len(present)))
    named = [("canary", first)] if first else []
    for number, part in enumerate(parts, 1):
        named.append(("batch %d of %d" % (number, len(parts)), part))
    return RollPlan(
        revision=newest,
        unwell=tuple(unwell(present, newest)),
        batches=tuple(
            tuple(_replace(member, name, newest) for member in part) for name, part in named
        ),
        down=not_waited_for(present),
    )


def canary_of(option: t.Any) -> list[str] | int:
    """Names as a list, or a number. Raises CalicoError."""
    if isinstance(option, list):
        return [str(name) for name in option]
    if str(option).isdigit():
        return int(str(option))
    raise CalicoError(
        "canary cannot be read",
        expected="a list of nodes or a number from 0 on",
        found=option,
        remedy="correct it",
    )


def share(option: t.Any, total: int) -> int:
    """A number of nodes from "3" or "25%" (rounded down), at least 1. Raises CalicoError for anything else."""
    match = SHARE.match(str(option).strip())
    if not match or int(match.group(1)) == 0:
        raise CalicoError(
            "batch %r cannot be read" % option,
            expected='a number of nodes from 1 on, or a share such as "10%"',
            found=option,
            remedy="correct it",
        )
    amount = int(match.group(1))
    return max(1, total * amount // 100 if match.group(2) else amount)


def unwell(present: list[Member], newest: str) -> list[str]:
    """Names of nodes whose pod has the newest template and is not Ready: where an earlier run stopped.

    Not those that were down before they got that pod. One that went down with it counts.
    """
    down = not_waited_for(present)
    return [
        member.node
        for member in present
        if member.revision == newest
        and not member.ready
        and not (member.down_before and member.node in down)
    ]


def not_waited_for(present: list[Member]) -> frozenset[str]:
    """Names of nodes that are not Ready before their pod is replaced, so that they tell nothing about the new one.

    None where no node is Ready.
    """
    down = frozenset(member.node for member in present if not member.node_ready)
    return down if any(member.node_ready for member in present) else frozenset()


def _order(
    present: list[Member], newest: str, canary: list[str] | int, size: int
) -> tuple[list[Member], list[list[Member]]]:
    """(canary, batches) of what is still to be replaced.

    canary: names of nodes, or a number; those named go first. A number counts nodes that have the
    newest template already, so that a run that goes on does not begin with a canary again. Workers go
    before control planes, and nodes that are not Ready last, since nothing is to be learned there and
    a batch that waits for them would hold up the others.
    """
    ordered = sorted(
        (member for member in present if member.revision != newest),
        key=lambda member: (not member.node_ready, member.control_plane, member.node),
    )
    if isinstance(canary, list):
        _require_pods(canary, present)
        first = [member for member in ordered if member.node in canary]
    else:
        done = len(present) - len(ordered)
        first = [member for member in ordered if member.node_ready][: max(0, canary - done)]
    rest = [member for member in ordered if member not in first]
    healthy = [member for member in rest if member.node_ready]
    parts = (healthy, rest[len(healthy) :])
    return first, [
        part[start : start + size] for part in parts for start in range(0, len(part), size)
    ]


def _require_pods(canary: list[str], present: list[Member]) -> None:
    without_pod = sorted(set(canary) - {member.node for member in present})
    if without_pod:
        raise CalicoError(
            "There is no pod to replace on the canary %s" % ", ".join(without_pod),
            expected="names of nodes with a pod of the DaemonSet",
            found=", ".join(member.node for member in present),
            remedy="correct canary",
        )


def _replace(member: Member, name: str, newest: str) -> ReplacePod:
    return ReplacePod(
        target="pod %s on %s" % (member.pod, member.node),
        reason="%s; its template is revision %s" % (name, member.revision or "unknown"),
        before={"revision": member.revision},
        after={"revision": newest},
        member=member,
    )
