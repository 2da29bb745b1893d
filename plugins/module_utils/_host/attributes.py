# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is at a path, what shall be there, and whether its owner and mode are right (pure)."""

from __future__ import annotations

import posixpath
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError


@dataclass(frozen=True)
class FileState:
    """What is at a path; all but the kind counts for a file alone. sha256: of its content, in hex."""

    kind: t.Literal["absent", "file", "link", "other"]
    mode: int = 0
    uid: int = 0
    gid: int = 0
    sha256: str = ""


@dataclass(frozen=True)
class Place:
    """Where a file shall be, with which mode and owner."""

    path: str
    mode: int
    uid: int
    gid: int


def octal_mode(text: str) -> int:
    """The number that an octal mode such as "0600" stands for.

    Symbolic modes are refused, and so is what YAML makes of an unquoted one (0600 becomes 384).
    """
    if not re.fullmatch(r"0?[0-7]{3,4}", text):
        raise CalicoError(
            "mode is not octal",
            expected='a quoted octal number such as "0600"',
            found=text,
            remedy="quote the mode",
        )
    return int(text, 8)


def absolute_path(option: str, path: str | None) -> str:
    """A path that names a file, from the root."""
    if not path or not path.startswith("/") or path.endswith("/") or ".." in path.split("/"):
        raise CalicoError(
            "%s is not the absolute path of a file" % option,
            expected="a path such as /etc/cni/net.d/file",
            found=path,
        )
    return posixpath.normpath(path)


def drift(state: FileState, place: Place) -> str | None:
    """Why a file's owner or mode must be set; None if they are right. state: of kind "file"."""
    reasons = []
    if state.mode != place.mode:
        reasons.append("mode is %04o, not %04o" % (state.mode, place.mode))
    if (state.uid, state.gid) != (place.uid, place.gid):
        owners = (state.uid, state.gid, place.uid, place.gid)
        reasons.append("owner is %d:%d, not %d:%d" % owners)
    return ", ".join(reasons) or None


def require_replaceable(path: str, state: FileState) -> None:
    """Raise for a directory, socket or device where a file shall be."""
    if state.kind == "other":
        raise CalicoError(
            "%s is not a regular file" % path,
            expected="a file or nothing",
            found="a directory or a special file",
            remedy="remove it",
        )
