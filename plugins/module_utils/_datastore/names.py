# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Calico's objects may be called (pure)."""

from __future__ import annotations

import re

LONGEST = 253
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")


def is_name(text: str) -> bool:
    """Whether an object may have the name: a DNS subdomain (RFC 1123), as k8s.io/apimachinery checks it."""
    return len(text) <= LONGEST and bool(SUBDOMAIN.match(text))
