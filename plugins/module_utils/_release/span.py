# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The minors of Calico 3 that a row of the version table speaks of (pure)."""

from __future__ import annotations


def holds(minor: int, since: int | None, until: int | None) -> bool:
    """Whether a minor is in since..until, both inclusive; None is open.

    So a minor without rows of its own is like the one before it.
    """
    return (since is None or minor >= since) and (until is None or minor <= until)
