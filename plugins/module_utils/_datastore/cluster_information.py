# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calico's ClusterInformation, which calico/node keeps: one object, whose name is always the same (pure)."""

from __future__ import annotations

from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import Manifest

NAME = "default"


def calico_version(found: Manifest | None) -> str:
    """The release that calico/node wrote last, such as "v3.32.1"; "" where nothing tells."""
    return ((found or {}).get("spec") or {}).get("calicoVersion", "")
