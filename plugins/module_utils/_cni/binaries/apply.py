# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: puts everything in its place, when all of it is staged and verified."""

from __future__ import annotations

import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries.decide import (
    Decision,
    InstallFile,
)
from ansible_collections.hardway.calico.plugins.module_utils._host.attributes import Place
from ansible_collections.hardway.calico.plugins.module_utils._host.files import set_attributes
from ansible_collections.hardway.calico.plugins.module_utils._host.single_file.decide import (
    SetAttributes,
)
from ansible_collections.hardway.calico.plugins.module_utils._host.staged import (
    StagedFile,
    atomic_write,
)


def apply(decision: Decision, files: t.Mapping[str, StagedFile]) -> None:
    """Carry out the plan. files: {path: StagedFile} of all that is installed.

    The record is written before the files: killed in between, the next run finds files that are not
    as recorded and goes on.
    """
    if decision.record is not None:
        atomic_write(
            decision.record_place.path, decision.record, *_attributes(decision.record_place)
        )
    for step in decision.plan:
        if isinstance(step, InstallFile):
            files[step.target].commit(*_attributes(step.place))
        elif isinstance(step, SetAttributes):
            set_attributes(step.target, *_attributes(step.place))


def _attributes(place: Place) -> tuple[int, int, int]:
    return place.mode, place.uid, place.gid
