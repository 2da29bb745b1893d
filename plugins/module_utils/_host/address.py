# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an address of a file or folder is: one of the web, a file URL, one with credentials (pure).

Who asks refuses in words of his own: a source of the node's binaries, or a mirror of releases.
"""

from __future__ import annotations

from urllib.parse import urlsplit


def file_path(address: str) -> str | None:
    """The absolute path in file:///a/path as it is written there, None for any other address."""
    parts = urlsplit(address)
    local = parts.scheme == "file" and not parts.netloc and parts.path.startswith("/")
    return parts.path if local else None


def is_web(address: str) -> bool:
    """Whether it is an http or https URL with a host."""
    parts = urlsplit(address)
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def has_credentials(address: str) -> bool:
    """Whether a user name or a password stands before the host, as in https://USER:PASSWORD@HOST/."""
    return "@" in urlsplit(address).netloc
