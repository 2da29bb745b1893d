# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: carries out the plan for one file, or for files that belong together."""

from __future__ import annotations

import contextlib

from ansible_collections.hardway.calico.plugins.module_utils._host.files import set_attributes
from ansible_collections.hardway.calico.plugins.module_utils._host.single_file.decide import (
    FileStep,
    SetAttributes,
)
from ansible_collections.hardway.calico.plugins.module_utils._host.staged import StagedFile
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan


def apply(plan: Plan[FileStep]) -> None:
    """Write the files, or set their owner and mode. Raises CalicoError if the host does not let it.

    All new content is on the disk before the first file is replaced, and then one rename follows the other: so that
    whoever reads a certificate and its key finds an old one beside a new one as rarely as can be.
    """
    with contextlib.ExitStack() as cleanup:
        staged: list[StagedFile] = []
        for step in plan:
            place = step.place
            if isinstance(step, SetAttributes):
                set_attributes(place.path, place.mode, place.uid, place.gid)
                continue
            if step.content is None:
                raise ValueError("a check run's plan for %s cannot be applied" % step.target)
            file = StagedFile(place.path)
            cleanup.callback(file.discard)
            file.write(step.content)
            file.seal(place.mode, place.uid, place.gid)
            staged.append(file)
        for file in staged:
            file.rename()
        for file in staged:
            file.sync_directory()
