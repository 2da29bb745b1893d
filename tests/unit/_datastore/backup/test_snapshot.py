# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots of Calico's objects, against a stand-in API."""

from __future__ import annotations

import datetime
import json
import os
import stat

import pytest
from calico_cluster import OBJECTS, cluster, stored

from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.snapshot import (
    content,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.snapshot.earlier import (
    first_readable,
    newest_first,
)
from ansible_collections.hardway.calico.plugins.modules import calico_snapshot

NOW = datetime.datetime(2026, 11, 21, 7, 10, tzinfo=datetime.timezone.utc)


def test_a_snapshot_is_whole_private_and_named(taken):
    assert os.path.basename(taken).startswith("calico-blue-1f0c93aa-v3.31.7-20") and taken.endswith(
        "Z.json"
    )
    assert (
        stat.S_IMODE(os.stat(taken).st_mode) == 0o600
        and stat.S_IMODE(os.stat(os.path.dirname(taken)).st_mode) == 0o700
    )
    assert os.listdir(os.path.dirname(taken)) == [os.path.basename(taken)]
    with open(taken, encoding="utf-8") as handle:
        snapshot = json.load(handle)
    assert (snapshot["apiVersion"], snapshot["kind"], len(snapshot["items"])) == (
        "v1",
        "List",
        len(OBJECTS),
    )
    found = {(item["kind"], item["metadata"]["name"]): item for item in snapshot["items"]}
    policy = found["NetworkPolicy", "default.web"]
    assert policy == {
        "apiVersion": "crd.projectcalico.org/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "default.web", "namespace": "shop"},
        "spec": {"selector": "app == 'web'"},
    }
    assert found["BGPConfiguration", "default"]["metadata"] == {
        "name": "default",
        "labels": {"team": "net"},
    }


def test_the_same_state_is_saved_once(run, taken):
    folder = os.path.dirname(taken)
    options = {"directory": folder, "cluster": "blue", "calico_version": "v3.31.7"}
    again = run(calico_snapshot, cluster(), **options)
    assert (again["changed"], again["path"]) == (False, taken)
    changed = cluster({**OBJECTS, **stored("Tier", "default", {"order": 1})})
    for options_of_other in (
        {**options, "calico_version": "v3.32.1"},
        {**options, "cluster": "green"},
    ):
        assert run(calico_snapshot, cluster(), check=True, **options_of_other)["changed"]
    assert (
        run(calico_snapshot, changed, check=True, **options)["changed"]
        and len(os.listdir(folder)) == 1
    )


def test_check_mode_writes_no_file(run, tmp_path):
    result = run(calico_snapshot, cluster(), check=True, directory=str(tmp_path / "none"))
    assert (
        result["changed"] and result["objects"]["IPPool"] == 1 and not (tmp_path / "none").exists()
    )
    assert "calico-stand-in-1f0c93aa-unknown-" in result["path"]


def test_a_directory_that_cannot_be(run, tmp_path):
    (tmp_path / "file").write_text("")
    assert (
        "cannot be created"
        in run(calico_snapshot, cluster(), directory=str(tmp_path / "file/below"))["msg"]
    )


def test_a_cluster_without_calico(run, tmp_path):
    assert run(calico_snapshot, cluster({}, kinds=()), directory=str(tmp_path))["objects"] == {}


@pytest.mark.parametrize(
    ("name", "beginning"),
    [
        ("blue", "calico-blue-1f0c93aa-"),
        ("a/../b c", "calico-a-..-b-c-1f0c93aa-"),
        ("//", "calico-cluster-1f0c93aa-"),
    ],
)
def test_names_are_safe(name, beginning):
    snapshot = content.make([], "1f0c93aa-0000", name, "v3.31.7", NOW)
    assert content.file_name(snapshot) == beginning + "v3.31.7-20261121T071000Z.json"


def test_the_newest_readable_file_is_the_earlier_snapshot():
    """By the time at the end, whatever the release before it; a file that cannot be used is passed over."""
    beginning = content.stem("blue", "1f0c93aa-0000")
    names = [
        beginning + "v3.31.7-20261121T071000Z.json",
        beginning + "v3.26.5-20261121T081000Z.json",
        "calico-green-1f0c93aa-v3.31.7-20261122T071000Z.json",
    ]
    assert newest_first(names, beginning) == [names[1], names[0]]
    whole = content.make([], "1f0c93aa-0000", "blue", "v3.31.7", NOW)

    def files():
        yield "gone", None
        yield "no snapshot", b"{}"
        yield "whole", content.render(whole)
        pytest.fail("an older file was asked for")

    found = first_readable(files())
    assert found and (found.name, found.snapshot) == ("whole", whole)
    assert first_readable([("gone", None)]) is None


def test_a_file_that_somebody_changed_is_no_reason_not_to_write_a_new_one(run, taken, tmp_path):
    folder = os.path.dirname(taken)
    with open(taken, "a", encoding="utf-8") as handle:
        handle.write("x")
    newer = os.path.basename(taken).replace("-20", "-30")
    os.symlink(tmp_path / "none", os.path.join(folder, newer))
    options = {"directory": folder, "cluster": "blue", "calico_version": "v3.31.7"}
    assert run(calico_snapshot, cluster(), check=True, **options)["changed"]
