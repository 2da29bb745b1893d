# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do about the owner and mode of a file (pure)."""

from __future__ import annotations

import os
import re

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError


def octal_mode(text):
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


def absolute_path(option, path):
    """A path that names a file, from the root."""
    if not path or not os.path.isabs(path) or path.endswith("/") or ".." in path.split("/"):
        raise CalicoError(
            "%s is not the absolute path of a file" % option,
            expected="a path such as /etc/cni/net.d/file",
            found=path,
        )
    return os.path.normpath(path)


def drift(state, mode, uid, gid):
    """Why a file's owner or mode must be set; None if they are right. state: a FileState of kind "file"."""
    reasons = []
    if state.mode != mode:
        reasons.append("mode is %04o, not %04o" % (state.mode, mode))
    if (state.uid, state.gid) != (uid, gid):
        reasons.append("owner is %d:%d, not %d:%d" % (state.uid, state.gid, uid, gid))
    return ", ".join(reasons) or None


def require_replaceable(path, state):
    """Raise for a directory, socket or device where a file shall be."""
    if state.kind == "other":
        raise CalicoError(
            "%s is not a regular file" % path,
            expected="a file or nothing",
            found="a directory or a special file",
            remedy="remove it",
        )
