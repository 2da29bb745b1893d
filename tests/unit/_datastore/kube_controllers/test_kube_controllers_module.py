# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module kube_controllers_configuration as Ansible runs it, against an API server on a socket."""

from __future__ import annotations

import pytest
from api_server import serve
from node_side import run_module, undocumented
from recorded_api import RecordedApi

GROUP = "/apis/crd.projectcalico.org/v1/kubecontrollersconfigurations"
DEFAULT = GROUP + "/default"
LONGER = {"controllers": {"node": {"leakGracePeriod": "1h"}}}


@pytest.fixture(name="cluster")
def cluster_fixture():
    with serve(RecordedApi(served=[GROUP])) as wire:
        yield wire


def declare(wire, spec, check_mode=False, **options):
    wire.seen.clear()
    return run_module(
        "kube_controllers_configuration",
        check_mode=check_mode,
        host=wire.url,
        api_key="token",
        spec=spec,
        **options,
    )


def spec_of(wire):
    return wire.api.objects[DEFAULT]["spec"]


def test_the_contributing_sequence(cluster):
    """kubernetes.core, CONTRIBUTING: create and modify in check mode, for real, and both again."""
    for wanted, verb in ((LONGER, "POST"), ({"logSeverityScreen": "Debug"}, "PATCH")):
        proposed = declare(cluster, wanted, check_mode=True)
        assert proposed["changed"] and cluster.writes == []
        done = declare(cluster, wanted)
        assert done["changed"] and [write[0] for write in cluster.writes] == [verb]
        assert (proposed["actions"], proposed["diff"]) == (done["actions"], done["diff"])
        assert undocumented("kube_controllers_configuration", done) == set()
        for check_mode in (True, False):
            again = declare(cluster, wanted, check_mode=check_mode)
            assert (again["changed"], again["actions"], cluster.writes) == (False, [], [])
    stored = spec_of(cluster)
    assert (stored["logSeverityScreen"], stored["controllers"]["node"]["leakGracePeriod"]) == (
        "Debug",
        "1h",
    )
    assert stored["controllers"]["loadBalancer"] == {"assignIPs": "AllServices"}


def test_what_nobody_declared_stays(cluster):
    declare(cluster, LONGER)
    there = cluster.api.objects[DEFAULT]
    there["spec"]["controllers"]["node"]["syncLabels"] = "Disabled"
    there["status"] = {"environmentVars": {"ENABLED_CONTROLLERS": "node"}}
    declare(cluster, {"healthChecks": "Disabled"})
    assert spec_of(cluster)["controllers"]["node"]["syncLabels"] == "Disabled"
    assert there["status"] == cluster.api.objects[DEFAULT]["status"]
    assert cluster.seen[-1][3] == {
        "metadata": {"resourceVersion": there["metadata"]["resourceVersion"]},
        "spec": {"healthChecks": "Disabled"},
    }


def kube_controllers_writes(cluster, monkeypatch, times, object_of=None):
    """It writes between our reading and our writing, so many times."""
    left = [times]
    listed = cluster.api.list_or_none

    def list_and_be_overtaken(path):
        found = listed(path)
        if left[0]:
            left[0] -= 1
            there = object_of or cluster.api.objects[DEFAULT]
            cluster.api.objects[DEFAULT] = cluster.api._stored(there)
        return found

    monkeypatch.setattr(cluster.api, "list_or_none", list_and_be_overtaken)


def test_the_object_that_kube_controllers_makes_in_between(cluster, monkeypatch):
    made = {"metadata": {"name": "default"}, "spec": {"controllers": {"node": {}}}}
    kube_controllers_writes(cluster, monkeypatch, 1, made)
    done = declare(cluster, LONGER)
    assert done["changed"] and [step["action"] for step in done["actions"]] == ["update"]
    assert [write[0] for write in cluster.writes] == ["POST", "PATCH"]
    assert spec_of(cluster) == LONGER


def test_the_status_that_kube_controllers_writes_in_between(cluster, monkeypatch):
    declare(cluster, {"logSeverityScreen": "Info"})
    kube_controllers_writes(cluster, monkeypatch, 2)
    assert declare(cluster, LONGER)["changed"]
    assert [write[0] for write in cluster.writes] == ["PATCH"] * 3
    assert spec_of(cluster)["controllers"]["node"]["leakGracePeriod"] == "1h"


def test_somebody_who_never_stops_writing(cluster, monkeypatch):
    declare(cluster, {"logSeverityScreen": "Info"})
    kube_controllers_writes(cluster, monkeypatch, 99)
    refused = declare(cluster, LONGER)
    assert refused["failed"] and "409" in refused["msg"] and len(cluster.writes) == 5


def test_without_the_crd():
    with serve(RecordedApi(served=[])) as wire:
        assert declare(wire, LONGER, check_mode=True)["changed"]
        refused = declare(wire, LONGER)
        assert refused["failed"] and wire.writes == []
        assert "run the role hardway.calico.datastore first" in refused["msg"]


def test_a_refusal_writes_nothing(cluster):
    refused = declare(cluster, {"healthChecks": "on"})
    assert refused["failed"] and "healthChecks: expected one of Enabled" in refused["msg"]
    old = declare(
        cluster,
        {"controllers": {"policyMigration": {"enabled": "Disabled"}}},
        calico_version="v3.31.7",
    )
    assert "came with 3.32" in old["msg"] and cluster.writes == []


def test_nothing_declared_changes_nothing(cluster):
    assert declare(cluster, {})["changed"] is False and cluster.writes == []
