# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Upgrades on a lab, to the newest release, from the oldest in `make soak`: refused, proposed, killed at each
stage, stopped at a bad node, gone back, restored.

The tests of this file build on each other in their order: each hop begins where the one before ended.
Oracles: pods' uids and images and objects read by kubectl, SubjectAccessReviews, files on the hosts.
"""

from __future__ import annotations

import json
import os
import stat

import pytest
from hardway_testbed.ansible import play, play_and_kill
from hardway_testbed.releases import UPGRADED as CHAIN
from hardway_testbed.rights import can_i
from hardway_testbed.snapshot import difference, snapshot

from ansible_collections.hardway.calico.plugins.module_utils._release import table as releases

LAB_SHAPE = {"releases": CHAIN}
UPGRADE, RESTORE = "hardway.calico.upgrade", "hardway.calico.restore"
BAD_NODE = "cka003"
BACK = "v3.30.7"
# Of the declared objects, from the first release on.
UIDS = set()

OBJECTS = [
    {
        "kind": "BGPConfiguration",
        "metadata": {"name": "default", "labels": {"team": "net"}},
        "spec": {"asNumber": 64512, "nodeToNodeMeshEnabled": True},
    },
    {
        "kind": "GlobalNetworkPolicy",
        "metadata": {"name": "deny-telnet", "annotations": {"example.com/why": "old protocol"}},
        "spec": {
            "selector": "all()",
            "order": 10,
            "types": ["Ingress"],
            "ingress": [{"action": "Deny", "protocol": "TCP", "destination": {"ports": [23]}}],
        },
    },
    {
        "kind": "NetworkPolicy",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "selector": "app == 'web'",
            "types": ["Ingress"],
            "ingress": [{"action": "Allow", "source": {"selector": "app == 'lb'"}}],
        },
    },
]
KINDS = ("ippools", "bgpconfigurations", "globalnetworkpolicies", "networkpolicies")
# Filled in by the newer CRDs (bgpconfigurations of v3.31, these and others of v3.32) where nothing
# is said; it is what no value meant before.
DEFAULTS = {
    "assignmentMode": "Automatic",
    "serviceLoadBalancerAggregation": "Enabled",
    "logSeverityScreen": "Info",
    "tier": "default",
}


def declared(lab):
    """{kind and name: (spec, labels, annotations)} of what users declare."""
    found = {}
    for kind in KINDS:
        for item in lab.objects(kind + ".crd.projectcalico.org"):
            metadata = item["metadata"]
            spec = {key: value for key, value in item["spec"].items() if DEFAULTS.get(key) != value}
            found[kind, metadata.get("namespace"), metadata["name"]] = (
                spec,
                metadata.get("labels"),
                metadata.get("annotations"),
            )
    return found


def uids(lab):
    """Whether they are the same objects, and not new ones with the same names."""
    return {
        item["metadata"]["uid"]
        for kind in KINDS
        for item in lab.objects(kind + ".crd.projectcalico.org")
    }


def pods(lab, app="calico-node"):
    """{node: (uid, version of the image)} of the pods that are there to stay."""
    found = json.loads(
        lab.kubectl("get", "pods", "-n", "kube-system", "-l", "k8s-app=" + app, "-o", "json")
    )["items"]
    return {
        pod["spec"]["nodeName"]: (
            pod["metadata"]["uid"],
            pod["spec"]["containers"][0]["image"].rpartition(":")[2],
        )
        for pod in found
        if not pod["metadata"].get("deletionTimestamp")
    }


def versions(lab):
    """Everything that has a release: pods of the workloads, binaries on the hosts."""
    found = {("calico-node", node): version for node, (_uid, version) in pods(lab).items()}
    for app in ("calico-typha", "calico-kube-controllers"):
        found.update({(app, node): version for node, (_uid, version) in pods(lab, app).items()})
    found.update(
        {
            ("binaries", host): lab.exec(host, "/opt/cni/bin/calico", "-v").strip()
            for host in lab.hosts
        }
    )
    return found


def rules(lab, role):
    return json.loads(lab.kubectl("get", "clusterrole", "calico-" + role, "-o", "json"))["rules"]


def require_done(lab, version, before):
    """The end state of an upgrade, however often it was broken off: that of an installation, with
    the objects untouched.
    """
    found = versions(lab)
    assert set(found.values()) == {version} and {
        node for app, node in found if app == "calico-node"
    } == set(lab.hosts)
    daemonset = json.loads(
        lab.kubectl("get", "daemonset", "-n", "kube-system", "calico-node", "-o", "json")
    )
    assert daemonset["spec"]["updateStrategy"]["type"] == "RollingUpdate" and daemonset["status"][
        "numberReady"
    ] == len(lab.hosts)
    assert [app for app, _node in found].count("calico-kube-controllers") == 1
    for role in ("node", "typha", "cni", "kube-controllers"):
        wanted = releases.release(version)["rbac"][role.replace("-", "_")]
        assert rules(lab, role) == wanted, role
    assert declared(lab) == before and uids(lab) == UIDS
    # site.yml refuses the way back's end, where the newer CRDs stay.
    newer = {"calico_downgrade": "allow"} if version == BACK else {}
    again = play(lab, "-e", json.dumps({"calico_version": version, **newer})).succeeded()
    assert set(again.changed.values()) == {0}, again.output


@pytest.fixture(scope="module", name="folder")
def folder_fixture(tmp_path_factory):
    return tmp_path_factory.mktemp("snapshots")


@pytest.fixture(name="upgrade")
def upgrade_fixture(lab, folder):
    """Arguments of a run to a version."""

    def arguments(version, *more):
        variables = {
            "calico_version": version,
            "upgrade_snapshot_directory": str(folder),
            "upgrade_node_timeout": 60,
        }
        return ["-e", json.dumps(variables), *more]

    return arguments


@pytest.fixture(scope="module", name="before")
def before_fixture(lab):
    """The oldest release, with objects of users; what they hold."""
    play(lab, "-e", "calico_version=" + CHAIN[0]).succeeded()
    for item in OBJECTS:
        lab.kubectl(
            "create",
            "-f",
            "-",
            stdin=json.dumps({"apiVersion": "crd.projectcalico.org/v1", **item}),
        )
    found = declared(lab)
    assert len(found) == 5
    UIDS.update(uids(lab))
    return found


def test_check_mode_says_what_would_be_done_host_by_host(lab, before, upgrade, folder):
    state = snapshot(lab)
    run = play(lab, *upgrade(CHAIN[1], "--check", "--diff"), playbook=UPGRADE).succeeded()
    hop = "%s -> %s" % CHAIN[:2]
    for host in lab.hosts:
        assert "%s: calico-node %s, binaries %s" % (host, hop, hop) in run.output
    assert "calico-typha: " + hop in run.output
    assert "calico-kube-controllers: " + hop in run.output
    # One step of the roll for each node, the canary a worker.
    assert run.output.count("its template is revision") >= len(lab.hosts)
    assert difference(state, snapshot(lab)) == [] and list(folder.iterdir()) == []


def test_the_way_down_and_unknown_releases_are_refused(lab, before, upgrade):
    lab.kubectl("label", "node", lab.hosts[0], "unrelated=x")
    state = snapshot(lab)
    run = play(lab, *upgrade("v3.20.6"), playbook=UPGRADE)
    assert run.returncode != 0 and "3.20" in run.output and "Remedy" in run.output
    assert difference(state, snapshot(lab)) == []


# Hop: where it is killed, one run after the other, as (task, seconds into it).
KILLED = {
    "v3.28.5": [("Apply the CRDs", 1.0), ("Apply Typha's Deployment", 0.5)],
    "v3.29.7": [
        ("Save Calico's objects", 0.3),
        ("Apply calico/node's DaemonSet", 1.2),
        ("Install the CNI binaries", 0.4),
    ],
    "v3.30.7": [
        ("Replace the pods, canary first", 1.5),
        ("Apply kube-controllers' RBAC, Deployment", 0.7),
        ("Leave exactly the release's rights and", 0.1),
    ],
}


# None where the chain begins after them.
HOPS = [version for version in KILLED if version in CHAIN[1:]]
if HOPS:

    @pytest.mark.parametrize("version", HOPS)
    def test_a_killed_upgrade_goes_on(lab, before, upgrade, version):
        for task, delay in KILLED[version]:
            play_and_kill(lab, task, *upgrade(version), playbook=UPGRADE, delay=delay)
            assert declared(lab) == before
        play(lab, *upgrade(version), playbook=UPGRADE).succeeded()
        require_done(lab, version, before)


def stopped(lab, version, former, upgrade):
    """An upgrade with a node that does not become Ready; the pods before and after it. A canary and
    that node are all it touches.
    """
    state = pods(lab)
    lab.hold(BAD_NODE)
    run = play(lab, *upgrade(version, "-e", "upgrade_node_timeout=6"), playbook=UPGRADE)
    assert run.returncode != 0
    message = run.output[run.output.index("fatal:") :]
    back = "calico_version=%s -e upgrade_back=true" % former
    for word in (
        BAD_NODE,
        "Ready False",
        "ContainersNotReady",
        "Expected",
        "Found",
        "Remedy",
        "to go on",
        back,
    ):
        assert word in message, "%r is missing in:\n%s" % (word, message)
    now = pods(lab)
    assert now["cka001"] == state["cka001"], "a node after the bad one was touched"
    assert (now["cka002"][1], now[BAD_NODE][1]) == (version, version)
    assert {lab.exec(host, "/opt/cni/bin/calico", "-v").strip() for host in lab.hosts} == {former}
    controllers = pods(lab, "calico-kube-controllers").values()
    assert [image for _uid, image in controllers] == [former], "they come after all nodes"
    lab.hold()
    return now


def test_a_bad_node_stops_the_upgrade_and_the_way_back_touches_only_what_was_changed(
    lab, before, upgrade
):
    state = stopped(lab, "v3.31.7", BACK, upgrade)
    assert declared(lab) == before
    play(lab, *upgrade(BACK, "-e", "upgrade_back=true"), playbook=UPGRADE).succeeded()
    require_done(lab, BACK, before)
    assert pods(lab)["cka001"] == state["cka001"]


def test_after_the_way_back_the_same_upgrade_succeeds(lab, before, upgrade):
    """Killed once more: in `make test` the other killed ones are left out."""
    play_and_kill(
        lab, "Replace the pods, canary first", *upgrade("v3.31.7"), playbook=UPGRADE, delay=1.5
    )
    assert declared(lab) == before
    play(lab, *upgrade("v3.31.7"), playbook=UPGRADE).succeeded()
    require_done(lab, "v3.31.7", before)


# Granted by one of the two releases alone, by hand from the facts on each.
OLD_ONLY, NEW_ONLY = (
    "list adminnetworkpolicies.policy.networking.k8s.io",
    "list clusternetworkpolicies.policy.networking.k8s.io",
)
TYPHA = "system:serviceaccount:kube-system:calico-typha"
NODE = "system:serviceaccount:kube-system:calico-node"
DROPPED = {
    "adminnetworkpolicies.policy.networking.k8s.io",
    "baselineadminnetworkpolicies.policy.networking.k8s.io",
}


def test_a_healed_upgrade_goes_on_with_the_rights_of_both_releases_until_its_end(
    lab, before, upgrade
):
    state = stopped(lab, "v3.32.1", "v3.31.7", upgrade)
    assert [can_i(lab, who, what) for who in (TYPHA, NODE) for what in (OLD_ONLY, NEW_ONLY)] == [
        "yes"
    ] * 4
    play(lab, *upgrade("v3.32.1"), playbook=UPGRADE).succeeded()
    assert [can_i(lab, who, what) for who in (TYPHA, NODE) for what in (OLD_ONLY, NEW_ONLY)] == [
        "no",
        "yes",
    ] * 2
    require_done(lab, "v3.32.1", before)
    assert {node: pod for node, pod in pods(lab).items() if node != "cka001"} == {
        node: pod for node, pod in state.items() if node != "cka001"
    }
    assert {crd["metadata"]["name"] for crd in lab.objects("customresourcedefinitions")} >= DROPPED


def test_another_run_changes_nothing(lab, before, upgrade, folder):
    """Nor does site.yml, which require_done runs."""
    state, files = snapshot(lab), sorted(folder.iterdir())
    run = play(lab, *upgrade("v3.32.1"), playbook=UPGRADE).succeeded()
    assert set(run.changed.values()) == {0}, run.output
    assert difference(state, snapshot(lab)) == [] and sorted(folder.iterdir()) == files


def test_a_finished_upgrade_has_no_way_back(lab, before, upgrade):
    state = snapshot(lab)
    run = play(lab, *upgrade("v3.31.7", "-e", "upgrade_back=true"), playbook=UPGRADE)
    assert run.returncode != 0 and "would be a downgrade from v3.32.1" in run.output
    assert difference(state, snapshot(lab)) == []


def newest_snapshot(folder):
    return max(folder.iterdir(), key=lambda path: path.name.rpartition("-")[2])


def test_snapshots_are_private_and_readable_by_kubectl(lab, before, folder):
    taken = sorted(folder.iterdir())
    for version in CHAIN[:-1]:
        assert any("-%s-" % version in path.name for path in taken), version
    assert {stat.S_IMODE(os.stat(path).st_mode) for path in taken} == {0o600}
    listed = lab.kubectl(
        "create", "--dry-run=client", "-o", "name", "-f", str(newest_snapshot(folder))
    ).split()
    assert {
        "ippool.crd.projectcalico.org/ipv4-ippool-1",
        "globalnetworkpolicy.crd.projectcalico.org/deny-telnet",
        "networkpolicy.crd.projectcalico.org/web",
    } <= set(listed)


def test_restore_brings_back_what_was_deleted_and_changed(lab, before, folder):
    arguments = ["-e", "calico_snapshot_file=%s" % newest_snapshot(folder)]
    lab.kubectl("delete", "globalnetworkpolicies.crd.projectcalico.org", "deny-telnet")
    lab.kubectl("delete", "networkpolicies.crd.projectcalico.org", "-n", "default", "web")
    lab.kubectl(
        "patch",
        "bgpconfigurations.crd.projectcalico.org",
        "default",
        "--type",
        "merge",
        "-p",
        json.dumps({"spec": {"asNumber": 65000}}),
    )
    lab.kubectl("label", "bgpconfigurations.crd.projectcalico.org", "default", "team-")
    changed = declared(lab)
    run = play(lab, *arguments, "--check", "--diff", playbook=RESTORE).succeeded()
    assert "deny-telnet" in run.output and "65000" in run.output and max(run.changed.values()) == 1
    assert declared(lab) == changed != before
    play(lab, *arguments, playbook=RESTORE).succeeded()
    assert declared(lab) == before
    assert set(play(lab, *arguments, playbook=RESTORE).succeeded().changed.values()) == {0}
