# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: carries out the plan for one file."""

from __future__ import annotations

from ansible_collections.hardway.calico.plugins.module_utils._host.files import set_attributes
from ansible_collections.hardway.calico.plugins.module_utils._host.single_file.decide import (
    FileStep,
    SetAttributes,
)
from ansible_collections.hardway.calico.plugins.module_utils._host.staged import atomic_write
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan


def apply(plan: Plan[FileStep]) -> None:
    """Write the file, or set its owner and mode. Raises CalicoError if the host does not let it."""
    for step in plan:
        place = step.place
        if isinstance(step, SetAttributes):
            set_attributes(place.path, place.mode, place.uid, place.gid)
        elif step.content is None:
            raise ValueError("a check run's plan for %s cannot be applied" % step.target)
        else:
            atomic_write(place.path, step.content, place.mode, place.uid, place.gid)
