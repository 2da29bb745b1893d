# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a CustomResourceDefinition says about its objects (pure)."""

from __future__ import annotations

import typing as t


def stored_version(crd: dict[str, t.Any]) -> dict[str, t.Any]:
    """The entry of spec.versions in whose form the API server stores the objects; an empty one if there is none."""
    return next((each for each in crd["spec"]["versions"] if each.get("storage")), {})
