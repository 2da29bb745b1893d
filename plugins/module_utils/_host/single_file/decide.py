# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides how one file gets the content, mode and owner that it shall have (pure).

What the content means is for others to say: whether it differs, why, and what of it may be shown.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.hardway.calico.plugins.module_utils._host.attributes import (
    FileState,
    Place,
    drift,
    require_replaceable,
)
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan, Step


@dataclass(frozen=True)
class Seen:
    """What is at a path. content: of a file or of what a link leads to, None if there is none."""

    state: FileState
    content: bytes | None = field(repr=False)


@dataclass(frozen=True)
class WriteFile(Step):
    """New content. It may be secret, and is None in a check run that cannot know it."""

    place: Place
    content: bytes | None = field(repr=False)


class CreateFile(WriteFile):
    action = "create"


class ReplaceFile(WriteFile):
    action = "replace"


class UpdateFile(WriteFile):
    action = "update"


@dataclass(frozen=True)
class SetAttributes(Step):
    """Owner and mode of a file whose content may stay."""

    action = "set attributes"
    place: Place


FileStep = t.Union[WriteFile, SetAttributes]


@dataclass(frozen=True)
class Comparison:
    """The old content beside the new one.

    before, after: what a diff shows of them. difference: why the file must be written, None if its
    content may stay.
    """

    before: t.Any
    after: t.Any
    difference: str | None


def decide(place: Place, content: bytes | None, seen: Seen, compared: Comparison) -> Plan[FileStep]:
    """Plan for the file at a place, at most one step. content: the new one."""
    require_replaceable(place.path, seen.state)
    kind: type[WriteFile] = UpdateFile
    reason, before = compared.difference, compared.before
    if seen.state.kind == "absent":
        kind, reason, before = CreateFile, "the file is missing", None
    elif seen.state.kind == "link":
        kind, reason = ReplaceFile, "it is a symbolic link, not a file"
    if reason is None:
        return _attributes(place, seen.state)
    after = compared.after
    step = kind(
        target=place.path, reason=reason, before=before, after=after, place=place, content=content
    )
    return Plan([step])


def _attributes(place: Place, state: FileState) -> Plan[FileStep]:
    reason = drift(state, place)
    if reason is None:
        return Plan()
    step = SetAttributes(
        target=place.path,
        reason=reason,
        before={"mode": "%04o" % state.mode},
        after={"mode": "%04o" % place.mode},
        place=place,
    )
    return Plan([step])
