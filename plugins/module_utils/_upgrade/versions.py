# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which release an image or a program is of (pure)."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.pods import tag_of
from ansible_collections.hardway.calico.plugins.module_utils._release.table import NEWEST, OLDEST

# A suffix such as that of a rebuilt image (v3.31.7-1.fips) does not make it another release.
VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?:[-+].*)?\Z")


class Number(t.NamedTuple):
    major: int
    minor: int
    patch: int


def number(version: str | None) -> Number | None:
    """The numbers of a version or an image's tag, None if it is neither."""
    match = VERSION.match(version or "")
    return Number(*map(int, match.groups())) if match else None


def order(version: str) -> tuple[int, ...]:
    """A sort key; what is no version comes first."""
    return number(version) or ()


def image_version(image: str | None) -> str:
    """The release that an image's tag names: "v3.31.7", or ""."""
    found = number(tag_of(image or ""))
    return "v%d.%d.%d" % found if found else ""


def is_supported(version: str) -> bool:
    """Whether the version table has the release's minor."""
    found = number(version)
    return found is not None and found.major == 3 and OLDEST <= found.minor <= NEWEST
