# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The releases that are installed, and upgraded from one to the next, on labs."""

from __future__ import annotations

import os

import pytest

# By hand, oldest first; a new minor goes to the end.
RELEASES = ("v3.26.5", "v3.28.5", "v3.29.7", "v3.30.7", "v3.31.7", "v3.32.1")
# `make soak` sets it: every release, scenario and hop instead of a sample of each kind.
SOAK = bool(os.environ.get("HARDWAY_SOAK"))
soak_only = pytest.mark.skipif(not SOAK, reason="make soak runs it")
INSTALLED = RELEASES if SOAK else (RELEASES[0], RELEASES[-1])
# One after the other, each from the one before.
UPGRADED = RELEASES if SOAK else RELEASES[-3:]
