# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carries out plans for KubeControllersConfiguration; it decides nothing."""

from __future__ import annotations

from ansible_collections.hardway.calico.plugins.module_utils._datastore import kinds
from ansible_collections.hardway.calico.plugins.module_utils._datastore.kube_controllers.fields import (
    NAME,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.kube_controllers.steps import (
    ConfigurationStep,
    CreateConfiguration,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import Datastore
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan


def apply(plan: Plan[ConfigurationStep], datastore: Datastore) -> None:
    """One write a step. Raises CalicoError; its status is 409 where kube-controllers wrote in between."""
    kind = kinds.KUBE_CONTROLLERS_CONFIGURATION
    for step in plan:
        if isinstance(step, CreateConfiguration):
            datastore.create(kind, {"metadata": {"name": NAME}, "spec": step.spec})
        else:
            datastore.update(kind, step.current, {"spec": step.change})
