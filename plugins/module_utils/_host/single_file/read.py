# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: where a module's options put one file, and what is there."""

from __future__ import annotations

import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._host.attributes import (
    Place,
    absolute_path,
    octal_mode,
)
from ansible_collections.hardway.calico.plugins.module_utils._host.files import observe, read_bytes
from ansible_collections.hardway.calico.plugins.module_utils._host.owner import ids
from ansible_collections.hardway.calico.plugins.module_utils._host.single_file.decide import Seen


def place_of(params: dict[str, t.Any]) -> Place:
    """The Place of the options path, mode, owner and group. Raises CalicoError for what is none."""
    path, mode = absolute_path("path", params["path"]), octal_mode(params["mode"])
    return Place(path, mode, *ids(params["owner"], params["group"]))


def read(place: Place) -> Seen:
    """What is at a place."""
    state = observe(place.path)
    return Seen(state, read_bytes(place.path) if state.kind in ("file", "link") else None)
