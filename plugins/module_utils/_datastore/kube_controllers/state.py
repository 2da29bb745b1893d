# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the datastore holds of KubeControllersConfiguration, as the decision sees it (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import Manifest
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError


@dataclass(frozen=True)
class State:
    """configuration: the object, or None. missing: what to tell where the datastore cannot hold one at all."""

    configuration: Manifest | None = None
    missing: CalicoError | None = None
