# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an upgrade may do and what it still has to.

Tables over clusters as they are before, in the middle of and after one.
"""

from __future__ import annotations

import json

import jinja2
import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from checkout import ROOT
from recorded_api import RecordedApi

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._upgrade import decide as planning
from ansible_collections.hardway.calico.plugins.module_utils._upgrade.found import understand
from ansible_collections.hardway.calico.plugins.module_utils._upgrade.versions import image_version
from ansible_collections.hardway.calico.plugins.modules import (
    calico_upgrade_info,
    cni_binaries_info,
)

OLD, NEW = "v3.31.7", "v3.32.1"
APPS, PODS = "/apis/apps/v1/namespaces/kube-system", "/api/v1/namespaces/kube-system/pods"
WITHOUT = {
    "node": "quay.io/calico/node:" + NEW,
    "typha": "quay.io/calico/typha:" + NEW,
    "kube_controllers": "",
}
IMAGES = {**WITHOUT, "kube_controllers": "quay.io/calico/kube-controllers:" + NEW}


def image(app, version):
    return (
        version
        if "/" in version
        else "quay.io/calico/%s:%s" % (app.removeprefix("calico-"), version)
    )


def pod(app, name, node, version, leaving=False):
    metadata = {
        "name": name,
        "labels": {"k8s-app": app},
        **({"deletionTimestamp": "x"} if leaving else {}),
    }
    return {
        "metadata": metadata,
        "spec": {"nodeName": node, "containers": [{"name": app, "image": image(app, version)}]},
    }


def workload(app, version, strategy=None, env=()):
    container = {
        "name": app,
        "image": image(app, version),
        "env": [{"name": name, "value": value} for name, value in env],
    }
    return {
        "metadata": {"name": app},
        "spec": {
            "template": {"spec": {"containers": [container]}},
            "updateStrategy": {"type": strategy or "RollingUpdate"},
        },
    }


def cluster(
    template=OLD,
    nodes=(OLD, OLD, OLD),
    typha=None,
    typhas=None,
    stored=None,
    strategy=None,
    env=(),
    controllers=None,
):
    """controllers: of kube-controllers; without, there are none."""
    names = ["cka%03d" % number for number in range(1, len(nodes) + 1)]
    typhas = [typha or template] if typhas is None else typhas
    return {
        "daemonset": workload("calico-node", template, strategy, env),
        "typha": workload("calico-typha", typha or template),
        "kube_controllers": workload("calico-kube-controllers", controllers)
        if controllers
        else None,
        "pods": [
            pod("calico-kube-controllers", "calico-kube-controllers-1", names[0], version)
            for version in (controllers,)
            if version
        ]
        + [
            pod("calico-node", "calico-node-" + name, name, version)
            for name, version in zip(names, nodes)
            if version
        ]
        + [
            pod("calico-typha", "calico-typha-%d" % number, names[0], version)
            for number, version in enumerate(typhas)
        ],
        "nodes": [{"metadata": {"name": name}} for name in names],
        "cluster_information": {"spec": {"calicoVersion": stored}} if stored else None,
    }


def hosts(*versions):
    return {
        "cka%03d" % number: {"hostname": "", "version": version}
        for number, version in enumerate(versions, 1)
    }


def judged(seen, binaries=(OLD, OLD, OLD), target=NEW, **options):
    return planning.judge(target, understand(seen, hosts(*binaries)), **options)


# Before, after each stage, and where each can be killed: (cluster, binaries, former, remaining).
RESUME = {
    "before": (cluster(), [OLD] * 3, [OLD], ["typha", "nodes", "binaries"]),
    "Typha's template only": (
        cluster(typha=NEW, typhas=[OLD]),
        [OLD] * 3,
        [OLD],
        ["typha", "nodes", "binaries"],
    ),
    "Typha is done": (cluster(typha=NEW), [OLD] * 3, [OLD], ["nodes", "binaries"]),
    "the DaemonSet's template only": (
        cluster(NEW, strategy="OnDelete"),
        [OLD] * 3,
        [OLD],
        ["nodes", "binaries", "finish"],
    ),
    "after the canary": (
        cluster(NEW, (OLD, NEW, OLD), strategy="OnDelete"),
        [OLD] * 3,
        [OLD],
        ["nodes", "binaries", "finish"],
    ),
    "a pod is just deleted": (
        cluster(NEW, (NEW, None, NEW), strategy="OnDelete"),
        [OLD] * 3,
        [OLD],
        ["binaries", "finish"],
    ),
    "the nodes are done": (
        cluster(NEW, (NEW,) * 3, strategy="OnDelete"),
        [OLD] * 3,
        [OLD],
        ["binaries", "finish"],
    ),
    "one host's binaries are done": (
        cluster(NEW, (NEW,) * 3, strategy="OnDelete"),
        [OLD, NEW, OLD],
        [OLD],
        ["binaries", "finish"],
    ),
    "the binaries are done": (
        cluster(NEW, (NEW,) * 3, strategy="OnDelete"),
        [NEW] * 3,
        [],
        ["finish"],
    ),
    "after": (cluster(NEW, (NEW,) * 3), [NEW] * 3, [], []),
    "a third release": (
        cluster(OLD, ("v3.30.7", OLD, OLD)),
        ["v3.30.7", OLD, OLD],
        ["v3.30.7", OLD],
        ["typha", "nodes", "binaries"],
    ),
    "binaries that say nothing": (cluster(NEW, (NEW,) * 3), ["", NEW, NEW], [], ["binaries"]),
    "binaries older than the table": (
        cluster(NEW, (NEW,) * 3),
        ["v3.20.5", NEW, NEW],
        [],
        ["binaries"],
    ),
}


@pytest.mark.parametrize("name", list(RESUME))
def test_what_remains(name):
    seen, binaries, former, remaining = RESUME[name]
    found = understand(seen, hosts(*binaries))
    assert planning.judge(NEW, found)[1] == former
    assert planning.remaining(found, NEW, WITHOUT) == remaining


@pytest.mark.parametrize(
    "minor", ["v3.26.5", "v3.27.5", "v3.28.5", "v3.29.7", "v3.30.7", "v3.31.7", "v3.32.0"]
)
def test_every_supported_release_is_upgraded_from(minor):
    installed, former, back, notes = judged(cluster(minor, (minor,) * 3), (minor,) * 3)
    assert (installed, former, back) == (minor, [minor], False)
    skipped = 32 - int(minor.split(".")[1]) - 1
    said = "%d minor%s skipped, which Calico supports" % (
        skipped,
        " is" if skipped == 1 else "s are",
    )
    assert [note for note in notes if "skipped" in note] == ([said] if skipped > 0 else [])


REFUSED = {
    "a downgrade": (
        cluster(NEW, (NEW,) * 3),
        [NEW] * 3,
        {"target": OLD},
        ["downgrade from v3.32.1", "nothing of v3.31.7 runs", "restore"],
    ),
    "a downgrade that is asked for": (
        cluster(NEW, (NEW,) * 3),
        [NEW] * 3,
        {"target": OLD, "back": True},
        ["downgrade", "nothing of v3.31.7 runs"],
    ),
    "back without asking": (
        cluster(NEW, (NEW, OLD, OLD)),
        [OLD] * 3,
        {"target": OLD},
        ["unfinished upgrade from v3.31.7", "upgrade_back=true"],
    ),
    "back to a third release": (
        cluster(NEW, (NEW, OLD, OLD)),
        [OLD] * 3,
        {"target": "v3.30.7", "back": True},
        ["downgrade", "nothing of v3.30.7"],
    ),
    "an old release": (
        cluster("v3.20.6", ("v3.20.6",) * 3),
        ["v3.20.5"] * 3,
        {},
        ["v3.20.6 cannot be upgraded from", "3.26 to 3."],
    ),
    "one old node": (
        cluster(OLD, (OLD, "v3.25.2", OLD)),
        [OLD] * 3,
        {},
        ["v3.25.2 cannot be upgraded from"],
    ),
    "a release to come": (
        cluster("v3.99.0", ("v3.99.0",) * 3),
        [OLD] * 3,
        {},
        ["v3.99.0 cannot be upgraded from"],
    ),
    "tags that say nothing": (
        cluster("a/node:blue", ("a/node:blue",) * 3, typha="a/typha:blue"),
        [OLD] * 3,
        {},
        ["cannot be told", "upgrade_from"],
    ),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_impossible_jumps(name):
    seen, binaries, options, words = REFUSED[name]
    with pytest.raises(CalicoError) as caught:
        judged(seen, binaries, **options)
    for word in [*words, "Expected", "Found", "Remedy"]:
        assert word in str(caught.value)


@pytest.mark.parametrize("said", ["blue", "v3.25.0", "v4.0.0"])
def test_the_release_that_is_said_to_run_must_be_in_the_table(said):
    with pytest.raises(CalicoError, match="Calico %s cannot be upgraded from" % said):
        judged(cluster("a/node:blue", typha="a/typha:blue"), from_version=said)


def test_the_way_back_of_an_unfinished_upgrade():
    installed, former, back, notes = judged(
        cluster(NEW, (NEW, OLD, OLD), strategy="OnDelete"), target=OLD, back=True
    )
    assert (installed, former, back) == (NEW, [NEW], True) and "the CRDs of v3.32.1 stay" in notes[
        0
    ]


def test_the_way_back_while_only_binaries_are_old():
    assert judged(cluster(NEW, (NEW,) * 3), [NEW, OLD, NEW], target=OLD, back=True)[2] is True


def test_an_older_patch_is_no_way_back():
    assert judged(cluster("v3.32.1", ("v3.32.1",) * 3), ["v3.32.1"] * 3, target="v3.32.0")[1:3] == (
        ["v3.32.1"],
        False,
    )


def test_where_the_tags_say_nothing_others_tell():
    seen = cluster("a/node:blue", ("a/node:blue",) * 3, typha="a/typha:blue", stored=OLD)
    assert judged(seen)[0] == OLD
    del seen["cluster_information"]["spec"]["calicoVersion"]
    installed, former, _back, notes = judged(seen, from_version="v3.30.7")
    assert (installed, former) == ("v3.30.7", ["v3.30.7", OLD])
    assert any("the release on cka001, cka002, cka003 cannot be told" in note for note in notes)


@pytest.mark.parametrize(
    ("reference", "version"),
    [
        ("quay.io/calico/node:v3.31.7", OLD),
        ("r.example:5000/calico/node:v3.31.7@sha256:abc", OLD),
        ("calico/node:v3.31.7-1.fips", OLD),
        ("r.example:5000/calico/node", ""),
        ("calico/node:latest", ""),
        ("calico/node@sha256:abc", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_the_release_of_an_image(reference, version):
    assert image_version(reference) == version


def test_no_calico_at_all():
    seen = cluster()
    seen["daemonset"] = None
    with pytest.raises(CalicoError, match="There is no Calico to upgrade.*hardway.calico.site"):
        judged(seen)


@pytest.mark.parametrize(
    "env",
    [
        [("DATASTORE_TYPE", "etcdv3")],
        [("ETCD_ENDPOINTS", "https://10.0.0.1:2379")],
        # As the manifest has it, from a ConfigMap.
        [("ETCD_ENDPOINTS", None)],
    ],
)
def test_a_calico_with_etcd(env):
    with pytest.raises(CalicoError, match="keeps its data in etcd"):
        judged(cluster(env=env))


def test_lines_host_by_host():
    found = understand(cluster(NEW, (OLD, NEW, OLD), typha=NEW), hosts(OLD, OLD, ""))
    assert planning.lines(found, NEW, WITHOUT) == [
        "calico-typha: v3.32.1",
        "cka001: calico-node v3.31.7 -> v3.32.1, binaries v3.31.7 -> v3.32.1",
        "cka002: calico-node v3.32.1, binaries v3.31.7 -> v3.32.1",
        "cka003: calico-node v3.31.7 -> v3.32.1, binaries unknown -> v3.32.1",
    ]


# kube-controllers: (cluster, former, remaining, line) with all nodes and binaries of the new release.
ALL_NEW = {"template": NEW, "nodes": (NEW,) * 3}
KUBE_CONTROLLERS = {
    "of the old release": (
        cluster(**ALL_NEW, controllers=OLD),
        [OLD],
        ["kube_controllers"],
        "calico-kube-controllers: v3.31.7 -> v3.32.1",
    ),
    "none, as in an installation of an earlier collection": (
        cluster(**ALL_NEW),
        [],
        ["kube_controllers"],
        "calico-kube-controllers: none -> v3.32.1",
    ),
    "done": (cluster(**ALL_NEW, controllers=NEW), [], [], "calico-kube-controllers: v3.32.1"),
    "an image that says nothing": (
        cluster(**ALL_NEW, controllers="a/kc:blue"),
        [],
        ["kube_controllers"],
        "calico-kube-controllers: unknown -> v3.32.1",
    ),
    "older than the table": (
        cluster(**ALL_NEW, controllers="v3.20.6"),
        [],
        ["kube_controllers"],
        "calico-kube-controllers: v3.20.6 -> v3.32.1",
    ),
}


@pytest.mark.parametrize("name", list(KUBE_CONTROLLERS))
def test_kube_controllers_are_a_stage(name):
    seen, former, remaining, line = KUBE_CONTROLLERS[name]
    found = understand(seen, hosts(NEW, NEW, NEW))
    assert planning.judge(NEW, found).former == former
    assert planning.remaining(found, NEW, IMAGES) == remaining
    assert planning.lines(found, NEW, IMAGES)[-1] == line


def test_a_pod_of_the_old_release_that_is_still_there():
    seen = cluster(**ALL_NEW, controllers=OLD)
    seen["kube_controllers"] = workload("calico-kube-controllers", NEW)
    found = understand(seen, hosts(NEW, NEW, NEW))
    assert planning.remaining(found, NEW, IMAGES) == ["kube_controllers"]


def test_kube_controllers_go_last_and_on_the_way_back_first():
    """Of 3.32 they rename policies into what older calicoctl does not find by name."""
    seen = cluster(OLD, (OLD, NEW, OLD), strategy="OnDelete", controllers=OLD)
    there = planning.decide(NEW, IMAGES, understand(seen, hosts(OLD, OLD, OLD)))
    assert there["remaining"] == ["typha", "nodes", "binaries", "kube_controllers", "finish"]
    assert there["lines"][-1].startswith("calico-kube-controllers: v3.31.7 -> v3.32.1")
    seen = cluster(NEW, (OLD, NEW, OLD), strategy="OnDelete", controllers=NEW)
    old = {name: image.replace(NEW, OLD) for name, image in IMAGES.items()}
    back = planning.decide(OLD, old, understand(seen, hosts(OLD, NEW, OLD)), back=True)
    assert back["remaining"] == ["kube_controllers", "typha", "nodes", "binaries", "finish"]
    assert back["lines"][0] == "calico-kube-controllers: v3.32.1 -> v3.31.7"


def test_the_way_back_while_only_kube_controllers_are_old():
    seen = cluster(**ALL_NEW, controllers=OLD)
    assert judged(seen, [NEW] * 3, target=OLD, back=True).back is True


# (cluster, target, whether it is told that policies may have been renamed).
RENAMED = {
    "back from 3.32": (cluster(**ALL_NEW, controllers=NEW), OLD, True),
    "back by several minors": (cluster(**ALL_NEW, controllers=NEW), "v3.28.5", True),
    "a pod of them is left": (
        {**cluster(**ALL_NEW, controllers=NEW), "kube_controllers": workload("kc", OLD)},
        OLD,
        True,
    ),
    "they are still old": (cluster(**ALL_NEW, controllers=OLD), OLD, False),
    "there are none": (cluster(**ALL_NEW), OLD, False),
    "their image says nothing": (cluster(**ALL_NEW, controllers="a/kc:blue"), OLD, False),
    "back below 3.32 from below": (
        cluster(OLD, (OLD,) * 3, controllers=OLD),
        "v3.30.7",
        False,
    ),
    "another patch": (cluster(**ALL_NEW, controllers=NEW), "v3.32.0", False),
    "the way up": (cluster(controllers=NEW), NEW, False),
}


@pytest.mark.parametrize("name", list(RENAMED))
def test_the_way_back_says_what_became_of_policies_names(name):
    seen, target, expected = RENAMED[name]
    notes = judged(seen, (target,) * 3, target=target, back=True).notes
    found = [note for note in notes if "may have renamed policies" in note]
    assert len(found) == expected, notes
    for note in found:
        assert note.startswith("kube-controllers v3.32.1 may have renamed policies")
        assert "%s enforces them" % target in note and "default.NAME" in note


@pytest.mark.parametrize(
    ("former", "expected"),
    [
        ([OLD], ["typha", "cni", "kube_controllers"]),
        # Killed after the last old part was gone. In the next run Typha's role and the CNI plugin's, which run always,
        # have granted exactly the release's rights by then; that of kube-controllers was skipped.
        ([], ["kube_controllers"]),
    ],
)
def test_whose_old_rights_are_taken_away_at_the_end(former, expected):
    tasks = yaml.safe_load((ROOT / "roles/upgrade/tasks/finish.yml").read_text(encoding="utf-8"))
    meant = jinja2.Environment(autoescape=True).compile_expression(tasks[0]["when"])
    given = {"upgrade_plan": {"former": former, "remaining": ["finish"]}}
    assert [role for role in tasks[0]["loop"] if meant(__upgrade_role=role, **given)] == expected


def test_hosts_are_nodes_by_name_or_host_name():
    told = {
        "first": {"hostname": "CKA001", "version": NEW},
        "cka002": {"hostname": "x", "version": OLD},
        "bastion": {"hostname": "b", "version": ""},
    }
    found = understand(cluster(), told)
    assert found.binaries == {"cka001": NEW, "cka002": OLD, "bastion": ""}
    assert any(
        note.startswith("cka003: not among the hosts") for note in planning.judge(NEW, found)[3]
    )


def test_nodes_that_are_not_ready_are_named():
    seen = cluster()
    for node, status in zip(seen["nodes"], ("True", "Unknown", "True")):
        node["status"] = {"conditions": [{"type": "Ready", "status": status}]}
    assert understand(seen, hosts(OLD, OLD, OLD)).not_ready == ("cka002",)
    assert any("cka002: not Ready" in note and "--limit" in note for note in judged(seen)[3])
    # A cluster without any Ready node has no better one to wait for.
    for node in seen["nodes"]:
        node["status"]["conditions"][0]["status"] = "False"
    assert understand(seen, hosts(OLD, OLD, OLD)).not_ready == ()


def test_pods_on_their_way_out_do_not_count():
    seen = cluster(NEW, (NEW,) * 3)
    seen["pods"].append(pod("calico-node", "old", "cka001", OLD, leaving=True))
    assert judged(seen, [NEW] * 3)[1] == []


@pytest.fixture(name="asked")
def asked_fixture(capsys, monkeypatch):
    """The module's result and the API that it asked, of a cluster before an upgrade."""
    seen = cluster(controllers=OLD)
    objects = {
        APPS + "/daemonsets/calico-node": seen["daemonset"],
        APPS + "/deployments/calico-typha": seen["typha"],
        APPS + "/deployments/calico-kube-controllers": seen["kube_controllers"],
    }
    objects.update({"%s/%s" % (PODS, entry["metadata"]["name"]): entry for entry in seen["pods"]})
    objects.update({"/api/v1/nodes/" + entry["metadata"]["name"]: entry for entry in seen["nodes"]})

    def ask(**options):
        api = RecordedApi(objects)
        monkeypatch.setattr(calico_upgrade_info, "connect", lambda params: api)
        given = {"calico_version": "3.32", "hosts": hosts(OLD, OLD, OLD), **options}
        with patch_module_args(given), pytest.raises(SystemExit):
            calico_upgrade_info.main()
        return json.loads(capsys.readouterr().out), api

    return ask


def test_the_module(asked):
    result, api = asked()
    assert (result["version"], result["former"]) == (NEW, [OLD])
    assert result["remaining"] == ["typha", "nodes", "binaries", "kube_controllers"]
    assert set(yaml.safe_load(calico_upgrade_info.RETURN)) == set(result) - {
        "changed",
        "invocation",
        "warnings",
    }
    assert result["template_changes"] is True and result["changed"] is False
    assert api.writes == [] and len(api.requests) == 6


def test_the_module_without_kube_controllers(asked):
    result, api = asked(kube_controllers=False)
    assert result["remaining"] == ["typha", "nodes", "binaries"]
    assert not any("kube-controllers" in line for line in result["lines"])
    assert len(api.requests) == 5
    assert not any("kube-controllers" in path for _verb, path in api.requests)


def test_an_image_of_ones_own(asked):
    own = "quay.io/calico/kube-controllers:" + OLD
    result, _api = asked(kube_controllers_image=own)
    assert result["remaining"] == ["typha", "nodes", "binaries"]


@pytest.mark.parametrize(
    ("script", "version"),
    [
        ("echo v3.31.7", OLD),
        ("echo calico v3.31.7-dirty", "v3.31.7-dirty"),
        ("exit 0", ""),
        ("echo v3.31.7; exit 1", ""),
        (None, ""),
        ("\0", ""),
    ],
)
def test_the_binary_is_asked(tmp_path, capsys, script, version):
    path = tmp_path / "calico"
    if script:
        path.write_text(
            script if script == "\0" else '#!/bin/sh\n[ "$1" = -v ] || exit 2\n%s\n' % script
        )
        path.chmod(0o755)
    with patch_module_args({"path": str(path)}), pytest.raises(SystemExit):
        cni_binaries_info.main()
    assert json.loads(capsys.readouterr().out)["version"] == version


def test_a_binary_that_hangs(tmp_path, capsys):
    path = tmp_path / "calico"
    path.write_text("#!/bin/sh\nexec sleep 20\n")
    path.chmod(0o755)
    with patch_module_args({"path": str(path), "timeout": 1}), pytest.raises(SystemExit):
        cni_binaries_info.main()
    assert "-v does not end" in json.loads(capsys.readouterr().out)["msg"]
