# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a decision about a snapshot is made from (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import (
    Manifest,
    Manifests,
)


@dataclass(frozen=True)
class Saved:
    """A snapshot in a file, by the file's name in its folder."""

    name: str
    snapshot: Manifest


@dataclass(frozen=True)
class State:
    """cluster: its name for people. objects: all of Calico's. earlier: the newest readable snapshot of the cluster."""

    cluster: str
    cluster_uid: str
    objects: Manifests
    earlier: Saved | None
