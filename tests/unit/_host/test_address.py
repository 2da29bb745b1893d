# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses: files, the web, credentials."""

from __future__ import annotations

import pytest

from ansible_collections.hardway.calico.plugins.module_utils._host.address import (
    file_path,
    has_credentials,
    is_web,
)


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("file:///srv/a%20mirror", "/srv/a%20mirror"),
        ("file://host/srv", None),
        ("file:srv", None),
        ("/srv", None),
        ("https://host/srv", None),
    ],
)
def test_file_urls(address, path):
    assert file_path(address) == path


@pytest.mark.parametrize(
    ("address", "web"),
    [
        ("https://host/a", True),
        ("http://10.0.0.1:8080", True),
        ("https:///a", False),
        ("http://:80/a", False),
        ("ftp://host/a", False),
        ("/a", False),
        ("", False),
    ],
)
def test_web(address, web):
    assert is_web(address) is web


@pytest.mark.parametrize(
    ("address", "credentials"),
    [
        ("https://user:secret@host/a", True),
        ("https://user@host", True),
        ("https://host/a@b", False),
        ("/a@b", False),
    ],
)
def test_credentials(address, credentials):
    assert has_credentials(address) is credentials
