# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command that says what a new row of the version table lacks, on manifests made of release_rights' rows."""

from __future__ import annotations

import copy
import hashlib
import os
import pathlib
import subprocess
import sys

import comparison as plan
import manifests
import pytest
import release_rights
import yaml
from checkout import ROOT

from ansible_collections.hardway.calico.plugins.module_utils._datastore.kube_controllers import (
    fields,
)
from ansible_collections.hardway.calico.plugins.module_utils._release import minors as table
from ansible_collections.hardway.calico.plugins.module_utils._release.table import release

MINORS = {minor: row.latest for minor, row in table.MINORS.items()}
# Folders VERSION/{crds,calico-typha}.yaml with upstream's files, where somebody has them.
MANIFESTS = pathlib.Path(os.environ.get("CALICO_MANIFESTS") or ROOT / "no-such-folder")
CONFLIST = '{"cniVersion": "0.3.1", "plugins": [{"type": "calico", "mtu": __CNI_MTU__}, {"type": "portmap"}%s]}'

# As in calico-typha.yaml of v3.26.5 to v3.32.1.
CONTAINERS = {
    "calico-node": {
        "livenessProbe": {
            "exec": {"command": ["/bin/calico-node", "-felix-live", "-bird-live"]},
            "periodSeconds": 10,
        },
        "readinessProbe": {
            "exec": {"command": ["/bin/calico-node", "-felix-ready", "-bird-ready"]}
        },
        "lifecycle": {"preStop": {"exec": {"command": ["/bin/calico-node", "-shutdown"]}}},
        "volumeMounts": [{"mountPath": "/lib/modules"}, {"mountPath": "/var/run/calico"}],
    },
    "calico-typha": {
        "livenessProbe": {"httpGet": {"path": "/liveness", "port": 9098, "host": "localhost"}},
        "readinessProbe": {"httpGet": {"path": "/readiness", "port": 9098, "host": "localhost"}},
    },
    "calico-kube-controllers": {
        "livenessProbe": {"exec": {"command": ["/usr/bin/check-status", "-l"]}},
        "readinessProbe": {"exec": {"command": ["/usr/bin/check-status", "-r"]}},
    },
}


def cluster_role(name, granted):
    rules = [
        {
            "apiGroups": [group],
            "resources": [resource],
            "verbs": sorted(verbs),
            **({"resourceNames": list(names)} if names else {}),
        }
        for (group, resource, names), verbs in granted.items()
    ]
    return {"kind": "ClusterRole", "metadata": {"name": name}, "rules": rules}


def workload(kind, name, minor):
    registry = "docker.io/calico" if minor <= 30 else "quay.io/calico"
    environment = [
        {"name": each, "value": "x"}
        for each in manifests.ENVIRONMENT[name].split()
        if each != "ENABLED_CONTROLLERS"
    ]
    if name == "calico-kube-controllers":
        environment.append(
            {"name": "ENABLED_CONTROLLERS", "value": "node" if minor <= 29 else "node,loadbalancer"}
        )
    image = "%s/%s:v3.%d.0" % (registry, name.removeprefix("calico-"), minor)
    pod = {
        "containers": [
            {"name": name, "image": image, "env": environment, **copy.deepcopy(CONTAINERS[name])}
        ]
    }
    if minor >= 29:
        pod["securityContext"] = {"seccompProfile": {"type": "RuntimeDefault"}}
    if minor >= 29 and name == "calico-kube-controllers":
        pod["containers"][0]["securityContext"] = {"runAsNonRoot": True}
    return {"kind": kind, "metadata": {"name": name}, "spec": {"template": {"spec": pod}}}


# A schema of KubeControllersConfiguration as upstream nests it, of the fields that are known.
CONFIGURATION = "kubecontrollersconfigurations.crd.projectcalico.org"


def schema(minor):
    """By hand: {"properties": {...}} of every known field."""
    spec = {"properties": {}}
    for field in fields.FIELDS:
        *sections, leaf = field.key.split(".")
        place = spec
        for section in sections:
            place = place["properties"].setdefault(section, {"properties": {}})
        if field.since <= minor:
            place["properties"][leaf] = {"type": "string"}
    whole = {"openAPIV3Schema": {"properties": {"spec": spec}}}
    return {"versions": [{"name": "v1", "schema": whole}]}


def documents(minor):
    """A release's objects as upstream has them, as far as the table speaks of them."""
    crds = [
        {
            "kind": "CustomResourceDefinition",
            "metadata": {"name": name},
            **({"spec": schema(minor)} if name == CONFIGURATION else {}),
        }
        for name in release("3.%d" % min(minor, max(MINORS)))["crds"]["names"]
    ]
    conflist = CONFLIST % (', {"type": "bandwidth"}' if minor <= 29 else "")
    return crds + [
        cluster_role("calico-node", release_rights.granted(release_rights.NODE, minor)),
        cluster_role("calico-cni-plugin", release_rights.granted(release_rights.CNI_PLUGIN, minor)),
        cluster_role(
            "calico-kube-controllers",
            release_rights.granted(release_rights.KUBE_CONTROLLERS, minor),
        ),
        workload("DaemonSet", "calico-node", minor),
        workload("Deployment", "calico-typha", minor),
        workload("Deployment", "calico-kube-controllers", minor),
        {
            "kind": "ConfigMap",
            "metadata": {"name": "calico-config"},
            "data": {"cni_network_config": conflist},
        },
    ]


def lacking(minor=32, patch=None, change=None, crds_sha256=None, sums=None):
    objects = copy.deepcopy(documents(minor))
    if change:
        change(objects)
    return plan.gaps(
        minor, MINORS.get(minor, 0) if patch is None else patch, objects, crds_sha256, sums or {}
    )[0]


def named(objects, kind, name):
    return next(
        each for each in objects if (each["kind"], each["metadata"]["name"]) == (kind, name)
    )


@pytest.mark.parametrize("minor", list(MINORS))
def test_the_rows_that_are_there_lack_nothing(minor):
    assert lacking(minor) == []


def test_what_differs_on_purpose_is_told_with_its_reason():
    purposely = "\n".join(plan.gaps(32, 1, documents(32), None, {})[1])
    assert (
        "NODE lacks create serviceaccounts/token [calico-cni-plugin]: CALICO_MANAGE_CNI=false"
        in purposely
    )
    assert (
        "CNI lacks create clusterinformations.crd.projectcalico.org" in purposely
        and "TYPHA lacks list endpoints, watch endpoints" in purposely
    )


def test_a_minor_without_a_row_is_compared_with_the_open_rows():
    assert lacking(99, crds_sha256="0" * 64) == [
        "MINORS has no row 99: add latest, kubernetes (the tested range) and the digests, crds.yaml's is "
        + "0" * 64,
    ]


def test_a_new_right_is_lacking_and_a_syncers_is_lacking_for_typha_too():
    def change(objects):
        named(objects, "ClusterRole", "calico-node")["rules"].append(
            {"apiGroups": ["new.io"], "resources": ["things"], "verbs": ["list", "create"]}
        )

    assert lacking(change=change) == [
        "NODE lacks create things.new.io of ClusterRole calico-node",
        "NODE lacks list things.new.io of ClusterRole calico-node",
        "TYPHA lacks list things.new.io of ClusterRole calico-node: see whether one of its syncers reads it",
    ]


def test_what_a_wildcard_grants_is_not_lacking_and_a_verb_more_of_that_group_is():
    """Upstream names the kinds of projectcalico.org beside "*"; the other group has fewer verbs there."""

    def change(objects):
        named(objects, "ClusterRole", "calico-kube-controllers")["rules"].append(
            {
                "apiGroups": ["projectcalico.org"],
                "resources": ["tiers"],
                "verbs": ["create", "deletecollection"],
            }
        )

    assert lacking(change=change) == [
        "KUBE_CONTROLLERS lacks deletecollection tiers.projectcalico.org of ClusterRole calico-kube-controllers"
    ]


def test_a_right_that_upstream_no_longer_grants_is_in_excess():
    def change(objects):
        role = named(objects, "ClusterRole", "calico-cni-plugin")
        role["rules"] = [rule for rule in role["rules"] if rule["resources"] != ["pods/status"]]

    assert lacking(change=change) == [
        "CNI has patch pods/status in excess of ClusterRole calico-cni-plugin"
    ]


def test_crds_that_come_and_go():
    def change(objects):
        named(objects, "CustomResourceDefinition", "tiers.crd.projectcalico.org")["metadata"][
            "name"
        ] = "layers.crd.projectcalico.org"

    assert lacking(change=change) == [
        "CRD layers.crd.projectcalico.org is new: add it to ROWS with since 32",
        "CRD tiers.crd.projectcalico.org is gone: close its row with until 31",
    ]


def test_new_roles_and_workloads():
    def change(objects):
        objects.append(cluster_role("calico-tier-getter", {}))
        objects.append(cluster_role("calico-webhooks", {}))
        objects.append({"kind": "Deployment", "metadata": {"name": "calico-webhooks"}})

    assert lacking(change=change) == [
        "ClusterRole calico-webhooks is new: see who needs it",
        "Deployment calico-webhooks is new: see who needs it",
    ]


def test_fields_of_the_configuration():
    def change(objects):
        spec = named(objects, "CustomResourceDefinition", CONFIGURATION)["spec"]["versions"][0][
            "schema"
        ]["openAPIV3Schema"]["properties"]["spec"]["properties"]
        spec["controllers"]["properties"]["node"]["properties"]["gracePeriod"] = {"type": "string"}
        del spec["healthChecks"]

    assert lacking(change=change) == [
        "KubeControllersConfiguration has controllers.node.gracePeriod: add it to FIELDS with since=%d"
        % max(MINORS),
        "KubeControllersConfiguration has no healthChecks",
    ]


def test_workloads_and_conflist():
    def change(objects):
        for name, kind in (("calico-node", "DaemonSet"), ("calico-typha", "Deployment")):
            pod = named(objects, kind, name)["spec"]["template"]["spec"]
            pod["containers"][0]["image"] = "ghcr.io/calico/%s:v1" % name
            del pod["securityContext"]
        environment = named(objects, "Deployment", "calico-kube-controllers")["spec"]["template"][
            "spec"
        ]["containers"][0]["env"]
        environment[:] = [each for each in environment if each["name"] != "DATASTORE_TYPE"] + [
            {"name": "NEW", "value": "1"}
        ]
        del named(objects, "Deployment", "calico-kube-controllers")["spec"]["template"]["spec"][
            "containers"
        ][0]["securityContext"]
        named(objects, "ConfigMap", "calico-config")["data"]["cni_network_config"] = (
            CONFLIST % ', {"type": "bandwidth"}, {"type": "tuning"}'
        )

    found = "\n".join(lacking(change=change))
    for words in (
        "CHANGES['registry'] says 'quay.io/calico' of 3.32, and calico-node says 'ghcr.io/calico'",
        "CHANGES['typha.seccomp_profile'] says True",
        "calico-kube-controllers has the new variable NEW",
        "calico-kube-controllers no longer has the variable DATASTORE_TYPE",
        "CHANGES['cni.bandwidth'] says False",
        "the conflist chains the new plugin tuning",
    ):
        assert words in found


def test_another_program_in_the_containers():
    """As upstream's branch for v3.33 has it: one image for all but calico/node, whose program takes other words."""

    def change(objects):
        typha = named(objects, "Deployment", "calico-typha")["spec"]["template"]["spec"][
            "containers"
        ][0]
        typha.update(image="quay.io/calico/calico:v3.33.0", args=["component", "typha"])
        node = named(objects, "DaemonSet", "calico-node")["spec"]["template"]["spec"]["containers"][
            0
        ]
        node["livenessProbe"]["exec"]["command"] = [
            "calico",
            "component",
            "node",
            "health",
            "--felix-live",
        ]
        node["volumeMounts"].append({"mountPath": "/sys/new"})
        del node["lifecycle"]

    assert lacking(change=change) == [
        "calico-node has the livenessProbe calico component node health --felix-live, where the releases so far have"
        " /bin/calico-node -felix-live -bird-live: the role's template must follow",
        "calico-node has the preStop none, where the releases so far have /bin/calico-node -shutdown:"
        " the role's template must follow",
        "calico-node mounts /sys/new, which no release so far does: see what it is for",
        "calico-typha has the image calico, where the releases so far have typha: the role's template must follow",
        "calico-typha has the args component typha, where the releases so far have none:"
        " the role's template must follow",
    ]


def test_digests():
    known, to_come = MINORS[32], MINORS[32] + 1
    assert lacking(patch=to_come, crds_sha256="1" * 64) == [
        "MINORS[32].latest is %d: raise it to %d" % (known, to_come),
        "MINORS[32].crds_sha256 has nothing for patch %d: the file's is %s" % (to_come, "1" * 64),
    ]
    known = release("v3.31.7")["calicoctl"]["sha256"]["amd64"]
    sums = {
        "calicoctl-linux-amd64": known,
        "calicoctl-linux-arm64": "2" * 64,
        "calicoctl-linux-s390x": "3" * 64,
    }
    found = lacking(31, crds_sha256=release("v3.31.7")["crds"]["sha256"], sums=sums)
    assert [sentence.rpartition(" ")[2] for sentence in found] == [
        "2" * 64,
        "3" * 64,
    ] and "nothing for s390x of patch 7" in found[1]


@pytest.mark.parametrize(
    "left_out", ["ClusterRole", "DaemonSet", "ConfigMap", "CustomResourceDefinition"]
)
def test_a_file_without_what_is_looked_for_is_not_taken_for_complete(left_out):
    def change(objects):
        objects[:] = [each for each in objects if each["kind"] != left_out]

    assert any("nothing is known" in sentence for sentence in lacking(change=change))


def run(*arguments):
    return subprocess.run(
        [sys.executable, ROOT / "scripts/release_gaps.py", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_command(tmp_path):
    (tmp_path / "manifests").mkdir()
    crds = yaml.safe_dump_all(
        each for each in documents(32) if each["kind"] == "CustomResourceDefinition"
    )
    (tmp_path / "manifests/crds.yaml").write_text(crds, encoding="utf-8")
    (tmp_path / "manifests/calico-typha.yaml").write_text(
        yaml.safe_dump_all(documents(32)), encoding="utf-8"
    )
    known, to_come = MINORS[32], MINORS[32] + 1
    done = run("v3.32.%d" % to_come, tmp_path)
    assert done.returncode == 1 and done.stdout.splitlines()[-3:-1] == [
        "lacking: MINORS[32].latest is %d: raise it to %d" % (known, to_come),
        "lacking: MINORS[32].crds_sha256 has nothing for patch %d: the file's is %s"
        % (to_come, hashlib.sha256(crds.encode()).hexdigest()),
    ]
    (tmp_path / "manifests/crds.yaml").unlink()
    assert "there are no CRDs among the files" in run("v3.32.1", tmp_path).stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("3.32", "/"), "expected a release"), (("v3.32.1", "/proc/self/fd"), "neither crds.yaml")],
)
def test_command_refuses_what_it_cannot_use(arguments, words):
    done = run(*arguments)
    assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("minor", list(MINORS))
def test_upstreams_own_files_lack_nothing(minor):
    folder = MANIFESTS / ("v3.%d.%d" % (minor, MINORS[minor]))
    if not folder.exists():
        pytest.skip(
            "upstream's manifests are not on this machine"
            " (CALICO_MANIFESTS names a folder of VERSION/calico-typha.yaml)"
        )
    done = run(folder.name, folder)
    assert done.returncode == 0, done.stdout
