# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kinds of change to Calico's objects that a restore makes (pure)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import Manifest
from ansible_collections.hardway.calico.plugins.module_utils._plan import Step


@dataclass(frozen=True)
class CreateObject(Step):
    action = "create"

    body: Manifest


@dataclass(frozen=True)
class UpdateObject(Step):
    """body: the whole object, with the revision that it was read at."""

    action = "update"

    body: Manifest


@dataclass(frozen=True)
class DeleteObject(Step):
    """current: the object as it was read."""

    action = "delete"

    current: Manifest


RestoreStep = t.Union[CreateObject, UpdateObject, DeleteObject]
