# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One file by plan: which step what is there asks for, and what carrying it out leaves."""

from __future__ import annotations

import os

import pytest

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._host.attributes import (
    FileState,
    Place,
)
from ansible_collections.hardway.calico.plugins.module_utils._host.single_file.apply import apply
from ansible_collections.hardway.calico.plugins.module_utils._host.single_file.decide import (
    Comparison,
    CreateFile,
    ReplaceFile,
    Seen,
    SetAttributes,
    UpdateFile,
    decide,
)
from ansible_collections.hardway.calico.plugins.module_utils._host.single_file.read import (
    place_of,
    read,
)

PLACE = Place("/etc/cni/net.d/file", 0o600, 0, 0)
RIGHT = FileState("file", 0o600, 0, 0, "digest")
SAME, OTHER = Comparison("old", "new", None), Comparison("old", "new", "it differs")


@pytest.mark.parametrize(
    ("state", "compared", "kind", "shown"),
    [
        (FileState("absent"), OTHER, CreateFile, ("create", "the file is missing", None, "new")),
        (
            FileState("link"),
            SAME,
            ReplaceFile,
            ("replace", "it is a symbolic link, not a file", "old", "new"),
        ),
        (RIGHT, OTHER, UpdateFile, ("update", "it differs", "old", "new")),
        (
            FileState("file", 0o644, 0, 7),
            SAME,
            SetAttributes,
            (
                "set attributes",
                "mode is 0644, not 0600, owner is 0:7, not 0:0",
                {"mode": "0644"},
                {"mode": "0600"},
            ),
        ),
    ],
)
def test_steps(state, compared, kind, shown):
    (step,) = decide(PLACE, b"content", Seen(state, None), compared)
    assert isinstance(step, kind) and step.place == PLACE and step.target == PLACE.path
    assert (step.action, step.reason, step.before, step.after) == shown


def test_nothing_to_do():
    assert not decide(PLACE, b"content", Seen(RIGHT, b"content"), SAME)


def test_content_stays_out_of_what_is_printed():
    (step,) = decide(PLACE, b"sesame", Seen(RIGHT, b"open"), OTHER)
    assert "sesame" not in repr(step) and "open" not in repr(Seen(RIGHT, b"open"))


def test_something_else_in_its_place_is_left_alone():
    with pytest.raises(CalicoError, match="is not a regular file"):
        decide(PLACE, b"content", Seen(FileState("other"), None), OTHER)


@pytest.fixture
def place(tmp_path):
    return Place(str(tmp_path / "new" / "file"), 0o640, os.geteuid(), os.getegid())


def test_what_is_applied_is_there(place):
    apply(decide(place, b"content", read(place), OTHER))
    seen = read(place)
    assert seen.content == b"content" and seen.state.mode == 0o640
    os.chmod(place.path, 0o600)
    before = os.stat(place.path).st_ino
    apply(decide(place, b"content", read(place), SAME))
    assert read(place).state.mode == 0o640 and os.stat(place.path).st_ino == before


def test_a_link_is_replaced_and_its_target_stays(place, tmp_path):
    (tmp_path / "target").write_bytes(b"theirs")
    os.mkdir(os.path.dirname(place.path))
    os.symlink(tmp_path / "target", place.path)
    seen = read(place)
    assert seen.state.kind == "link" and seen.content == b"theirs"
    apply(decide(place, b"content", seen, SAME))
    assert read(place).state.kind == "file" and (tmp_path / "target").read_bytes() == b"theirs"


def test_a_check_runs_plan_cannot_be_applied(place):
    with pytest.raises(ValueError, match="cannot be applied"):
        apply(decide(place, None, read(place), OTHER))
    assert not os.path.exists(place.path)


def test_options_make_a_place():
    options = {"path": "/a//b", "mode": "0600", "owner": "0", "group": "7"}
    assert place_of(options) == Place("/a/b", 0o600, 0, 7)
    for wrong in ({"path": "b"}, {"path": "/a/../b"}, {"mode": "+x"}, {"owner": "no such user"}):
        with pytest.raises(CalicoError):
            place_of({**options, **wrong})
