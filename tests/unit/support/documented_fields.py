# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the DOCUMENTATION of a module must say about a table of fields."""

from __future__ import annotations

import re

from ansible_collections.hardway.calico.plugins.module_utils._release.table import OLDEST

SINCE = re.compile(r"Since Calico 3\.(\d+)\.")


def documented(fields):
    """{option: what stands under it}, in the order of the table."""
    return {field.option: {"description": field.words, **field.argument()} for field in fields}


def said_since(field):
    """The minor that the words name, or None."""
    found = SINCE.search(field.words)
    return int(found.group(1)) if found else None


def expected_since(field):
    """Nobody has to be told about a field that every supported release has."""
    return field.since if field.since > OLDEST else None
