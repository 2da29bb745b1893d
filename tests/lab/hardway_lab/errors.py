# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the lab says when it cannot go on."""

from __future__ import annotations


class LabError(Exception):
    """A refusal or failure, in words that say what to do."""
