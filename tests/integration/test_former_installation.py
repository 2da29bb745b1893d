# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Today's site.yml over an installation that an earlier commit of this repository has made, literally.

In `make soak` only, since it needs the repository's history. Oracles: uids of pods, files on the hosts.
"""

from __future__ import annotations

import io
import json
import subprocess
import tarfile

import pytest
from hardway_testbed.ansible import play
from hardway_testbed.lab import ROOT
from hardway_testbed.snapshot import difference, snapshot

# The last commit before kube-controllers and etcd.
FORMER = "cbbeef1"
THEIRS = ("kube-controllers", "KubeControllersConfiguration")


def pods(lab):
    """{name: (uid, restarts)} of all pods in kube-system but kube-controllers'."""
    return {
        pod["metadata"]["name"]: (
            pod["metadata"]["uid"],
            [status["restartCount"] for status in pod["status"].get("containerStatuses", [])],
        )
        for pod in lab.objects("pods", "kube-system")
        if pod["metadata"]["labels"].get("k8s-app") != "calico-kube-controllers"
    }


@pytest.fixture(scope="module")
def installed(lab, tmp_path_factory):
    """What the former commit's code has installed: (snapshot, pods)."""
    folder = tmp_path_factory.mktemp("former")
    target = folder / "ansible_collections/hardway/calico"
    archive = subprocess.run(
        ["git", "archive", FORMER], cwd=ROOT, check=True, capture_output=True, timeout=60
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(target, filter="data")
    assert not (target / "roles/kube_controllers").exists()
    play(lab, ANSIBLE_COLLECTIONS_PATH=str(folder)).succeeded()
    found = snapshot(lab)
    assert not any(word in place for place in found["api"] for word in THEIRS)
    return found, pods(lab)


def test_one_run_brings_kube_controllers_and_restarts_nothing_else(lab, installed):
    before, running = installed
    assert {name.rpartition("-")[0].split("-")[1] for name in running} == {"typha", "node"}
    play(lab, "--diff").succeeded()
    (deployment,) = [
        item
        for item in lab.objects("deployments", "kube-system")
        if item["metadata"]["name"] == "calico-kube-controllers"
    ]
    assert deployment["status"]["availableReplicas"] == 1
    assert pods(lab) == running
    moved = [
        line
        for line in difference(before, snapshot(lab))
        if not any(word in line for word in THEIRS)
    ]
    assert moved == [], json.dumps(moved, indent=1)


def test_the_next_run_changes_nothing(lab, installed):
    before = snapshot(lab)
    run = play(lab).succeeded()
    assert set(run.changed.values()) == {0}, run.output
    assert difference(before, snapshot(lab)) == []
