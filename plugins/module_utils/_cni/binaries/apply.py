# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Applies the plan of cni_binaries: stage every file beside its destination, check all, then put all in place.

The record is written before the files: killed in between, the next run finds files that are not as recorded and goes on.
"""

from __future__ import annotations

import contextlib
import functools

from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries import decide as planning
from ansible_collections.hardway.calico.plugins.module_utils._host.archive import copy_members
from ansible_collections.hardway.calico.plugins.module_utils._host.download import fetch_verified
from ansible_collections.hardway.calico.plugins.module_utils._host.files import (
    CHUNK,
    StagedFile,
    atomic_write,
    set_attributes,
)


def fetch(source, wanted, sinks, timeout):
    """Write the content of wanted files to sinks ({path: object with write(bytes)}), after the source's digest was verified.

    sinks is a function that makes them, so that nothing is created before that.
    """
    with fetch_verified(source.url, source.sha256, timeout) as content:
        writers = sinks()
        if source.archive:
            members = {}
            for item in wanted:
                members.setdefault(item.member, []).append(writers[item.dest])
            copy_members(content, source.url, members)
        else:
            for chunk in iter(lambda: content.read(CHUNK), b""):
                for item in wanted:
                    writers[item.dest].write(chunk)


class Installation:
    """decide: function of {path: digest} that returns (plan, digests); node: (arch, machine); owner: (uid, gid)."""

    def __init__(self, sources, decide, recorded, record_path, node, owner, timeout, packed=None):
        self.sources, self.decide, self.recorded, self.record_path = (
            sources,
            decide,
            recorded,
            record_path,
        )
        self.node, self.owner, self.timeout, self.packed = node, owner, timeout, packed

    def run(self, missing):
        """Bring the missing paths, and whatever else the plan says; return the plan that was applied and its digests."""
        with contextlib.ExitStack() as stack:
            staged = {}
            for source, wanted in self._stage(missing, staged, stack):
                planning.require_digest(source, wanted, staged[wanted.dest].sha256)
                planning.require_architecture(wanted.dest, staged[wanted.dest].head(), *self.node)
            plan, digests = self.decide({path: item.sha256 for path, item in staged.items()})
            if any(step.action in (planning.INSTALL, planning.RECORD) for step in plan):
                record = planning.new_record(self.sources, self.recorded, digests)
                atomic_write(
                    self.record_path, planning.render_record(record).encode(), 0o644, *self.owner
                )
            for step in plan:
                if step.action == planning.INSTALL:
                    staged[step.target].commit(step.detail.mode, *self.owner)
                elif step.action == planning.ATTRIBUTES:
                    set_attributes(step.target, step.detail.mode, *self.owner)
        return plan, digests

    def _stage(self, missing, staged, stack):
        """Fill `staged` and return [(source, wanted file)] of what is in it."""
        todo = [
            (source, [item for item in source.files if item.dest in missing])
            for source in self.sources
        ]
        todo = [(source, wanted) for source, wanted in todo if wanted]

        def stage(items):
            for item in items:
                staged[item.dest] = StagedFile(item.dest)
                stack.callback(staged[item.dest].discard)
            return staged

        if self.packed and todo:
            with fetch_verified(
                self.packed["path"], self.packed["sha256"], self.timeout
            ) as content:
                writers = {}
                for source, wanted in todo:
                    stage(wanted)
                    for item in wanted:
                        writers.setdefault(source.packed(item), []).append(staged[item.dest])
                copy_members(content, "the archive from the controller", writers)
        else:
            for source, wanted in todo:
                fetch(source, wanted, functools.partial(stage, wanted), self.timeout)
        return [(source, item) for source, wanted in todo for item in wanted]
