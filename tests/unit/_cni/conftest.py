# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for a release, as files and served, and a folder for a node's files."""

from __future__ import annotations

import pytest


@pytest.fixture(name="mirror")
def mirror_fixture(tmp_path):
    from stand_in_release import make_mirror  # tests/unit/conftest.py has made it importable by now

    return make_mirror(tmp_path / "mirror")


@pytest.fixture(name="web")
def web_fixture(mirror):
    from stand_in_release import serve

    server = serve(mirror)
    yield server
    server.close()


@pytest.fixture(name="node")
def node_fixture(tmp_path):
    return tmp_path / "node"
