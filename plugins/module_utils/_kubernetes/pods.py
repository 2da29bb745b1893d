# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is in a pod: its containers and their images (pure)."""

from __future__ import annotations

import typing as t


def pod_of(workload: dict[str, t.Any] | None) -> dict[str, t.Any]:
    """The pod's spec in a workload's template; without a workload an empty one."""
    return ((workload or {}).get("spec") or {}).get("template", {}).get("spec", {})


def container_of(pod: dict[str, t.Any], name: str) -> dict[str, t.Any]:
    """The container of that name; an empty one if there is none."""
    return next((entry for entry in pod.get("containers") or [] if entry.get("name") == name), {})


def image_of(pod: dict[str, t.Any], container: str) -> str:
    """The image of the container of that name, "" if there is none."""
    return container_of(pod, container).get("image", "")


def tag_of(image: str) -> str:
    """The tag of an image with or without a digest, such as "v3.32.1"; "" if it has none."""
    name = image.partition("@")[0].rpartition("/")[2]
    return name.partition(":")[2]
