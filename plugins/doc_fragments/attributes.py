# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # For modules that write.
    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what would change without changing it.
    support: full
  diff_mode:
    description: Returns what changed, or would change, when in diff mode.
    support: full
  idempotent:
    description: A second run with the same options changes nothing and writes nothing.
    support: full
"""

    # For modules that only read.
    INFO = r"""
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what would change without changing it.
    support: full
    details: It changes nothing in any mode.
  diff_mode:
    description: Returns what changed, or would change, when in diff mode.
    support: N/A
  idempotent:
    description: A second run with the same options changes nothing and writes nothing.
    support: full
"""
