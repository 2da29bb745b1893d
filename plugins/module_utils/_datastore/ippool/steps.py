# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be done to an IP pool (pure)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._datastore.fields import Spec
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import Manifest
from ansible_collections.hardway.calico.plugins.module_utils._plan import Step


@dataclass(frozen=True)
class CreatePool(Step):
    action = "create"

    name: str
    spec: Spec


@dataclass(frozen=True)
class UpdatePool(Step):
    """pool: the manifest as it was read; change: the fields of its spec that change."""

    action = "update"

    pool: Manifest
    change: Spec


@dataclass(frozen=True)
class DisablePool(Step):
    """As calicoctl does before it deletes: a disabled pool hands out no address meanwhile."""

    action = "disable"

    pool: Manifest


@dataclass(frozen=True)
class DeletePool(Step):
    """force: whether addresses in use may be left without a pool."""

    action = "delete"

    pool: Manifest
    force: bool


PoolStep = t.Union[CreatePool, UpdatePool, DisablePool, DeletePool]
