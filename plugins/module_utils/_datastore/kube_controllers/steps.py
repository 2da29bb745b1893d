# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be done to KubeControllersConfiguration (pure)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._datastore.fields import Spec
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import Manifest
from ansible_collections.hardway.calico.plugins.module_utils._plan import Step


@dataclass(frozen=True)
class CreateConfiguration(Step):
    """spec: all of it, what is declared and what kube-controllers itself would have written."""

    action = "create"

    spec: Spec


@dataclass(frozen=True)
class UpdateConfiguration(Step):
    """current: the object as it was read; change: what changes of its spec, nested."""

    action = "update"

    current: Manifest
    change: Spec


ConfigurationStep = t.Union[CreateConfiguration, UpdateConfiguration]
