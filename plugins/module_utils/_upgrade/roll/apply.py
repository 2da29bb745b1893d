# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replaces a DaemonSet's pods batch by batch and waits for each, through the Kubernetes API."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._upgrade.roll.daemonset import (
    DaemonSet,
)
from ansible_collections.hardway.calico.plugins.module_utils._upgrade.roll.decide import RollPlan
from ansible_collections.hardway.calico.plugins.module_utils._upgrade.roll.members import (
    conditions_of,
    members,
    of_revision,
)
from ansible_collections.hardway.calico.plugins.module_utils._upgrade.roll.read import Seen


@dataclass(frozen=True)
class Patience:
    """timeout: how long one batch may take, in seconds. remedy: what to do after a stop, as the end of the message."""

    timeout: int
    remedy: str


def apply(roll: RollPlan, daemonset: DaemonSet, seen: Seen, patience: Patience) -> None:
    """Carry a roll out. Raises CalicoError at the first node whose pod does not become Ready in time."""
    _wait(roll.unwell, daemonset, seen, patience)
    for batch in roll.batches:
        for step in batch:
            daemonset.delete(step.member)
        nodes = [step.member.node for step in batch if step.member.node not in roll.down]
        _wait(nodes, daemonset, seen, patience)


def _wait(nodes: t.Sequence[str], daemonset: DaemonSet, seen: Seen, patience: Patience) -> None:
    """Until each of the nodes has a Ready pod of the newest template."""
    started = daemonset.clock()
    while True:
        pods = daemonset.pods()
        done = {
            member.node
            for member in members(seen.daemonset, pods, [])
            if member.revision == seen.revision and member.ready
        }
        waiting = [node for node in nodes if node not in done]
        if not waiting:
            return
        if daemonset.clock() - started >= patience.timeout:
            there = of_revision(pods, seen.revision)
            said = ["%s: %s" % (node, conditions_of(there.get(node))) for node in waiting]
            raise _stopped(waiting, said + daemonset.explanation(), daemonset.name, patience)
        daemonset.pause()


def _stopped(waiting: list[str], said: list[str], name: str, patience: Patience) -> CalicoError:
    return CalicoError(
        "The roll stopped: %s is not Ready on %s after %d s, and no further node was touched"
        % (name, ", ".join(waiting), patience.timeout),
        expected="a Ready pod of the new template on each node before the next ones",
        found="; ".join(said),
        remedy=patience.remedy,
    )
