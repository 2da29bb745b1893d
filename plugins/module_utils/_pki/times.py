# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the times of certificates, which are in UTC, are told: in results and in sentences (pure).

Nodes import it too, so it imports the standard library only.
"""

from __future__ import annotations

from datetime import datetime, timedelta


def in_result(time: datetime) -> str:
    """As RFC 3339 has it: "2026-11-21T15:04:05Z"."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def day_in_words(time: datetime) -> str:
    return time.strftime("%Y-%m-%d")


def minute_in_words(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC")


def span_in_words(span: timedelta) -> str:
    """A timedelta as "12 days", or as hours below two days."""
    if span >= timedelta(days=2):
        return "%d days" % span.days
    return "%d hours" % (span.total_seconds() // 3600)
