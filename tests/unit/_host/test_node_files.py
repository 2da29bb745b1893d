# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Directories that several processes make at once, as Ansible's forks do with the cache on the controller."""

from __future__ import annotations

import os

import pytest

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._host.files import make_directory


def test_a_directory_that_another_process_makes_meanwhile_is_there(tmp_path, monkeypatch):
    mkdir = os.mkdir

    def overtaken(path, mode=0o777):
        mkdir(path, mode)
        mkdir(path, mode)

    monkeypatch.setattr(os, "mkdir", overtaken)
    make_directory(str(tmp_path / "cache/binaries"), 0o700)
    assert (tmp_path / "cache/binaries").stat().st_mode & 0o7777 == 0o700


def test_a_file_in_its_place_is_an_error(tmp_path):
    (tmp_path / "cache").touch()
    with pytest.raises(CalicoError, match="cannot be created"):
        make_directory(str(tmp_path / "cache"), 0o700)
    assert (tmp_path / "cache").is_file()
