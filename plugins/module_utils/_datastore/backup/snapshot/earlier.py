# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of the files in a folder is the newest snapshot of a cluster (pure)."""

from __future__ import annotations

import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.snapshot.content import (
    parse,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.snapshot.state import (
    Saved,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError


def newest_first(names: t.Iterable[str], stem: str) -> list[str]:
    """Those of the files' names that begin with a stem, by the time that they end with: content.file_name()."""
    found = (name for name in names if name.startswith(stem))
    return sorted(found, key=lambda name: name.rpartition("-")[2], reverse=True)


def first_readable(files: t.Iterable[tuple[str, bytes | None]]) -> Saved | None:
    """The first of the files that is a snapshot; no file after it is asked for.

    files: names with contents, None for one that cannot be read. A file that is none, as one that somebody changed, is
    no reason not to write a new one.
    """
    for name, data in files:
        if data is None:
            continue
        try:
            return Saved(name, parse(data, name))
        except CalicoError:
            continue
    return None
