# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Since remember/ nothing was written: no object of the API, no file of a node."""

from __future__ import annotations

import json

from hardway_testbed.snapshot import difference
from traces import traces


def test_nothing_moved(cluster, kept):
    assert (
        difference(json.loads((kept / "traces.json").read_text(encoding="utf-8")), traces(cluster))
        == []
    )
