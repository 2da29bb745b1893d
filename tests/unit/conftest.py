# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make `ansible_collections.hardway.calico` importable from a checkout at any path."""

from __future__ import annotations

import pathlib
import sys
import tempfile

import pytest
from ansible.module_utils.common import warnings

ROOT = pathlib.Path(__file__).resolve().parents[2]


def pytest_configure(config):
    tree = tempfile.TemporaryDirectory(prefix="hardway-calico-import-")
    config.add_cleanup(tree.cleanup)
    namespace = pathlib.Path(tree.name) / "ansible_collections" / "hardway"
    namespace.mkdir(parents=True)
    (namespace / "calico").symlink_to(ROOT)
    sys.path.insert(0, tree.name)
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))
    sys.path.insert(0, str(ROOT / "scripts"))


@pytest.fixture(autouse=True)
def no_earlier_warnings(monkeypatch):
    """What a module warned of is in its process, which here is that of all tests: none inherits another's."""
    for name in ("_global_warnings", "_global_deprecations"):
        assert isinstance(getattr(warnings, name), dict)
        monkeypatch.setattr(warnings, name, {})
