# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python3 -m hardway_lab`, as the script `lab` runs it."""

from __future__ import annotations

import sys

from hardway_lab.cli import main

sys.exit(main())
