# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads KubeControllersConfiguration; it decides nothing."""

from __future__ import annotations

from ansible_collections.hardway.calico.plugins.module_utils._datastore import kinds
from ansible_collections.hardway.calico.plugins.module_utils._datastore.kube_controllers.fields import (
    NAME,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.kube_controllers.state import (
    State,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import Datastore


def read(datastore: Datastore) -> State:
    """The State. One LIST, which tells a kind that is not there from an object that is not."""
    kind = kinds.KUBE_CONTROLLERS_CONFIGURATION
    listed = datastore.list(kind)
    if listed is None:
        return State(missing=datastore.lacking([kind.name]))
    there = [item for item in listed if item["metadata"]["name"] == NAME]
    return State(there[0] if there else None)
