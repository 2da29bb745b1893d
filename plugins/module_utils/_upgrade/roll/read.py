# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads which pods of a DaemonSet run on which nodes, and which template is its newest."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._upgrade.roll.daemonset import (
    DaemonSet,
)
from ansible_collections.hardway.calico.plugins.module_utils._upgrade.roll.members import (
    Member,
    members,
    newest_revision,
)


@dataclass(frozen=True)
class Seen:
    """What there is of a DaemonSet. revision: the newest template's hash."""

    daemonset: dict[str, t.Any]
    revision: str
    members: list[Member]


def read(daemonset: DaemonSet, timeout: int) -> Seen:
    """What is there, once the controller has seen the DaemonSet's last change.

    timeout: in seconds. Raises CalicoError if the controller does not see it in time.
    """
    settled = _settled(daemonset, timeout)
    revision = newest_revision(settled, daemonset.revisions())
    return Seen(settled, revision, members(settled, daemonset.pods(), daemonset.nodes()))


def _settled(daemonset: DaemonSet, timeout: int) -> dict[str, t.Any]:
    deadline = daemonset.clock() + timeout
    while True:
        found = daemonset.get()
        if found is None:
            raise CalicoError(
                "DaemonSet %s/%s does not exist" % (daemonset.namespace, daemonset.name),
                expected="a DaemonSet to roll",
                remedy="run the role hardway.calico.node first",
            )
        generation = found["metadata"].get("generation", 0)
        if found.get("status", {}).get("observedGeneration", 0) >= generation:
            return found
        if daemonset.clock() >= deadline:
            raise CalicoError(
                "The controller has not seen the last change of DaemonSet %s/%s"
                % (daemonset.namespace, daemonset.name),
                expected="observedGeneration %d" % generation,
                found="nothing in %d s" % timeout,
                remedy="look at kube-controller-manager",
            )
        daemonset.pause()
