# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order in which calico/node's pods are replaced.

And the module against a cluster that has a DaemonSet controller of its own.
"""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from recorded_api import RecordedApi

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._upgrade.roll import decide as planning
from ansible_collections.hardway.calico.plugins.module_utils._upgrade.roll import members
from ansible_collections.hardway.calico.plugins.module_utils._upgrade.roll.daemonset import (
    DaemonSet,
)
from ansible_collections.hardway.calico.plugins.modules import calico_node_roll

APPS, PODS = "/apis/apps/v1/namespaces/kube-system", "/api/v1/namespaces/kube-system/pods"


def member(node, revision="old", ready=True, node_ready=True, control_plane=False):
    return members.Member(
        node, "pod-" + node, "uid-" + node, revision, ready, node_ready, control_plane, False
    )


def order(present, canary=1, batch=1):
    roll = planning.decide(present, "new", canary, batch)
    with_canary = any(step.reason.startswith("canary;") for step in roll.plan)
    return roll.nodes, with_canary


FIVE = [member("m1", control_plane=True), member("w1"), member("w2"), member("w3"), member("w4")]
BATCHES = {
    "one by one, control planes last": (
        (FIVE, 1, 1),
        [["w1"], ["w2"], ["w3"], ["w4"], ["m1"]],
        True,
    ),
    "a share is rounded down": ((FIVE, 1, "50%"), [["w1"], ["w2", "w3"], ["w4", "m1"]], True),
    "a small share is one": ((FIVE, 1, "10%"), [["w1"], ["w2"], ["w3"], ["w4"], ["m1"]], True),
    "all at once after the canary": ((FIVE, 1, "100%"), [["w1"], ["w2", "w3", "w4", "m1"]], True),
    "two canaries": ((FIVE, 2, 2), [["w1", "w2"], ["w3", "w4"], ["m1"]], True),
    "no canary": ((FIVE, 0, 3), [["w1", "w2", "w3"], ["w4", "m1"]], False),
    "named canaries": ((FIVE, ["m1", "w3"], 2), [["w3", "m1"], ["w1", "w2"], ["w4"]], True),
    "the canary is done": (([member("w1", "new"), *FIVE[2:]], 1, 2), [["w2", "w3"], ["w4"]], False),
    "one of two canaries is done": (
        ([member("w1", "new"), *FIVE[2:]], 2, 3),
        [["w2"], ["w3", "w4"]],
        True,
    ),
    "a named canary is done": (
        ([member("w1", "new"), *FIVE[2:]], ["w1"], 3),
        [["w2", "w3", "w4"]],
        False,
    ),
    "nodes that are not Ready are last and apart": (
        ([member("w0", node_ready=False), *FIVE[1:]], 1, 5),
        [["w1"], ["w2", "w3", "w4"], ["w0"]],
        True,
    ),
    "a node that is not Ready is no canary": (
        ([member("w0", node_ready=False)], 1, 5),
        [["w0"]],
        False,
    ),
    "all is done": (([member("w1", "new"), member("w2", "new")], 1, 1), [], False),
    "no pod at all": (([], 1, 1), [], False),
}


@pytest.mark.parametrize("name", list(BATCHES))
def test_batches(name):
    arguments, wanted, with_canary = BATCHES[name]
    assert order(*arguments) == (wanted, with_canary)


def test_a_roll_as_a_value():
    sick = member("w3", node_ready=False)
    present = [member("m1", "new", ready=False), member("w1"), member("w2", revision=""), sick]
    roll = planning.decide(present, "new", ["w1"], 1)
    assert (roll.unwell, roll.not_waited_for) == (("m1",), ["w3"])
    assert roll.plan.as_result() == [
        {
            "action": "replace",
            "target": "pod pod-%s on %s" % (node, node),
            "reason": "%s; its template is revision %s" % (name, revision),
        }
        for node, name, revision in (
            ("w1", "canary", "old"),
            ("w2", "batch 1 of 2", "unknown"),
            ("w3", "batch 2 of 2", "old"),
        )
    ]
    first = roll.plan.steps[0]
    assert (first.before, first.after) == ({"revision": "old"}, {"revision": "new"})
    assert first.member == present[1]


@pytest.mark.parametrize("batch", ["0", 0, "0%", "-1", "some", "", "1.5"])
def test_a_batch_that_is_none(batch):
    with pytest.raises(CalicoError, match="cannot be read"):
        order(FIVE, batch=batch)


def test_a_canary_that_is_no_node():
    with pytest.raises(CalicoError, match="no pod to replace on the canary w9.*w1, w2"):
        order(FIVE, canary=["w9", "w1"])


def revision(name, number, owner="ds"):
    return {
        "metadata": {
            "name": name,
            "labels": {"controller-revision-hash": name},
            "ownerReferences": [{"uid": owner}],
        },
        "revision": number,
    }


def test_the_newest_template_is_the_highest_number_of_its_own():
    daemonset = {"metadata": {"name": "calico-node", "uid": "ds"}}
    revisions = [revision("a", 3), revision("b", 2), revision("other", 9, owner="another")]
    assert members.newest_revision(daemonset, revisions) == "a"
    with pytest.raises(CalicoError, match="no ControllerRevision"):
        members.newest_revision(daemonset, [revision("other", 9, owner="another")])


class Cluster(RecordedApi):
    """A DaemonSet with OnDelete whose controller replaces deleted pods at once.

    bad: nodes whose pods never become Ready. lost: nodes whose kubelet is gone, so that deleted pods stay on their way
    out. sick: nodes that are not Ready though their kubelet works.
    """

    def __init__(self, nodes, bad=(), revisions=None, lost=(), sick=()):
        super().__init__()
        self.bad, self.made, self.lost, self.sick = {*bad, *sick}, 0, set(lost), set(sick)
        daemonset = {
            "metadata": {"name": "calico-node", "uid": "ds", "generation": 2},
            "status": {"observedGeneration": 2},
            "spec": {"selector": {"matchLabels": {"k8s-app": "calico-node"}}},
        }
        self.objects[APPS + "/daemonsets/calico-node"] = daemonset
        for entry in (revision("old", 1), revision("new", 2)):
            self.objects[APPS + "/controllerrevisions/" + entry["metadata"]["name"]] = entry
        for node in nodes:
            self.objects["/api/v1/nodes/" + node] = {"metadata": {"name": node}}
            self.node(
                node,
                "Unknown" if node in self.lost else str(node not in self.sick),
                "2026-11-01T00:00:00Z",
            )
            self.pod(node, (revisions or {}).get(node, "old"))

    def node(self, name, status, since):
        self.objects["/api/v1/nodes/" + name]["status"] = {
            "conditions": [{"type": "Ready", "status": status, "lastTransitionTime": since}]
        }

    def pod(self, node, of):
        self.made += 1
        name = "calico-node-%d" % self.made
        bad = node in self.bad and of == "new"
        why = (
            {
                "reason": "ContainersNotReady",
                "message": "containers with unready status: [calico-node]",
            }
            if bad
            else {}
        )
        self.objects["%s/%s" % (PODS, name)] = {
            "metadata": {
                "name": name,
                "uid": "uid-" + name,
                "ownerReferences": [{"uid": "ds"}],
                "creationTimestamp": "2026-11-21T07:00:00Z",
                "labels": {"k8s-app": "calico-node", "controller-revision-hash": of},
            },
            "spec": {"nodeName": node},
            "status": {
                "phase": "Running",
                "conditions": [
                    {"type": "Initialized", "status": "True"},
                    {"type": "Ready", "status": str(not bad), **why},
                ],
                "containerStatuses": [
                    {"name": "calico-node", "ready": not bad, "state": {"running": {}}}
                ],
            },
        }

    def delete(self, path, uid=None, resource_version=None):
        assert uid, "a pod is deleted by uid only"
        if self.objects.get(path, {}).get("spec", {}).get("nodeName") in self.lost:
            self.requests.append(("DELETE", path))
            self.objects[path]["metadata"]["deletionTimestamp"] = "2026-11-21T08:00:00Z"
            return self.objects[path]
        gone = super().delete(path, uid, resource_version)
        if gone:
            self.pod(gone["spec"]["nodeName"], "new")
        return gone

    def pods(self):
        return {
            body["spec"]["nodeName"]: (
                body["metadata"]["name"],
                body["metadata"]["labels"]["controller-revision-hash"],
            )
            for path, body in self.objects.items()
            if path.startswith(PODS)
        }

    def text(self, path):
        return None


@pytest.fixture(name="roll")
def roll_fixture(capsys, monkeypatch):
    now = [0.0]

    def run(api, check=False, **options):
        warned = []
        monkeypatch.setattr(
            calico_node_roll.AnsibleModule, "warn", lambda self, text: warned.append(text)
        )
        monkeypatch.setattr(calico_node_roll, "connect", lambda params: api)
        monkeypatch.setattr(
            calico_node_roll,
            "DaemonSet",
            lambda *arguments: DaemonSet(
                *arguments,
                clock=lambda: now[0],
                pause=lambda seconds: now.__setitem__(0, now[0] + seconds),
            ),
        )
        with (
            patch_module_args({**options, "_ansible_check_mode": check, "_ansible_diff": True}),
            pytest.raises(SystemExit),
        ):
            calico_node_roll.main()
        return {**json.loads(capsys.readouterr().out), "warned": warned}

    return run


def test_all_are_replaced_in_order_and_a_second_run_does_nothing(roll):
    api = Cluster(["n1", "n2", "n3"])
    proposed = roll(api, check=True, batch=2)
    assert (
        proposed["changed"] and api.writes == [] and proposed["batches"] == [["n1"], ["n2", "n3"]]
    )
    done = roll(api, batch=2)
    assert done["actions"] == proposed["actions"] and done["diff"] == proposed["diff"]
    assert {of for _name, of in api.pods().values()} == {"new"} and len(api.writes) == 3
    api.requests.clear()
    assert roll(api)["changed"] is False and api.writes == []


def test_check_mode_with_a_template_to_come(roll):
    api = Cluster(["n1", "n2"], revisions={"n1": "new", "n2": "new"})
    assert roll(api, check=True)["changed"] is False
    assert (
        roll(api, check=True, template_changes=True)["batches"] == [["n1"], ["n2"]]
        and api.writes == []
    )


def test_a_bad_node_stops_the_roll_and_the_others_keep_their_pods(roll):
    api = Cluster(["n1", "n2", "n3", "n4"], bad=["n2"])
    before = api.pods()
    result = roll(api, timeout=5, remedy="to go on, run again")
    assert (
        result["failed"]
        and "not Ready on n2 after 5 s" in result["msg"]
        and "Ready False (ContainersNotReady" in result["msg"]
    )
    assert "readiness probe" in result["msg"] and result["msg"].endswith(
        "Remedy: to go on, run again."
    )
    assert [api.pods()[node] == before[node] for node in ("n3", "n4")] == [
        True,
        True,
    ] and api.pods()["n1"][1] == "new"
    # Not mended yet: it stops at the same node, and deletes nothing.
    api.requests.clear()
    assert "not Ready on n2" in roll(api, timeout=5)["msg"] and api.writes == []
    api.bad.clear()
    name = api.pods()["n2"][0]
    api.objects["%s/%s" % (PODS, name)]["status"]["conditions"][1]["status"] = "True"
    assert roll(api, timeout=5)["batches"] == [["n3"], ["n4"]]
    assert api.pods()["n2"][0] == name and {of for _name, of in api.pods().values()} == {"new"}


@pytest.mark.parametrize("how", ["lost", "sick"])
def test_a_node_that_was_not_ready_before_is_not_waited_for(roll, how):
    """Its pod is replaced as soon as its kubelet can, and holds up nobody: not in this run, and not in the next."""
    api = Cluster(["n1", "n2", "n3"], **{how: ["n2"]})
    result = roll(api, timeout=5)
    assert (result["batches"], result["not_waited_for"]) == ([["n1"], ["n3"], ["n2"]], ["n2"])
    assert "n2 was not Ready before" in result["warned"][0] and [
        api.pods()[node][1] for node in ("n1", "n3")
    ] == ["new", "new"]
    api.requests.clear()
    again = roll(api, timeout=5)
    assert again["changed"] is False and api.writes == []


def test_a_node_that_went_down_with_its_new_pod_is_waited_for(roll):
    api = Cluster(["n1", "n2"], bad=["n1"], revisions={"n1": "new"})
    api.node("n1", "False", "2026-11-21T07:00:30Z")
    assert "not Ready on n1" in roll(api, timeout=5)["msg"] and api.writes == []


def test_where_no_node_is_ready_each_is_waited_for(roll):
    api = Cluster(["n1", "n2"], sick=["n1", "n2"])
    assert "not Ready on n1" in roll(api, timeout=5)["msg"] and len(api.writes) == 1


def test_a_pod_that_somebody_else_has_replaced_is_left_alone(roll, monkeypatch):
    api = Cluster(["n1", "n2"])
    delete = DaemonSet.delete

    def overtaken(self, entry):
        if entry.node == "n2":
            api.delete("%s/%s" % (PODS, entry.pod), uid=entry.uid)
        return delete(self, entry)

    monkeypatch.setattr(DaemonSet, "delete", overtaken)
    assert (
        roll(api)["changed"]
        and {of for _name, of in api.pods().values()} == {"new"}
        and api.made == 4
    )


def test_a_controller_that_does_not_see_the_change(roll):
    api = Cluster(["n1"])
    api.objects[APPS + "/daemonsets/calico-node"]["metadata"]["generation"] = 3
    result = roll(api, timeout=3)
    assert "has not seen the last change" in result["msg"] and api.writes == []


def test_no_daemonset(roll):
    assert "does not exist" in roll(RecordedApi())["msg"]


@pytest.mark.parametrize("canary", ["many", -1, {"a": 1}])
def test_a_canary_that_cannot_be_read(roll, canary):
    api = Cluster(["n1"])
    assert "canary cannot be read" in roll(api, canary=canary)["msg"] and api.writes == []
