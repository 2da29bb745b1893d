# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one kind of change to a folder of snapshots (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import Manifest
from ansible_collections.hardway.calico.plugins.module_utils._plan import Step


@dataclass(frozen=True)
class SaveSnapshot(Step):
    """name: of the file."""

    action = "create"

    name: str
    snapshot: Manifest
