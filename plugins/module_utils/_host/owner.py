# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: who owns a file, by name or number, as this host knows users and groups."""

from __future__ import annotations

import grp
import os
import pwd

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError


def ids(owner: str | None, group: str | None) -> tuple[int, int]:
    """(uid, gid) of an owner and a group; None stands for the module's own."""
    return _uid(owner), _gid(group)


def _uid(owner: str | None) -> int:
    if owner is None:
        return os.geteuid()
    try:
        return int(owner) if owner.isdigit() else pwd.getpwnam(owner).pw_uid
    except KeyError as exc:
        raise CalicoError(
            "user %s does not exist on this host" % owner, remedy="create it or set another owner"
        ) from exc


def _gid(group: str | None) -> int:
    if group is None:
        return os.getegid()
    try:
        return int(group) if group.isdigit() else grp.getgrnam(group).gr_gid
    except KeyError as exc:
        raise CalicoError(
            "group %s does not exist on this host" % group, remedy="create it or set another group"
        ) from exc
