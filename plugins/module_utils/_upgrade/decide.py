# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides whether and how a running Calico becomes another release (pure).

State is read from the cluster and the nodes, so that a run that was broken off anywhere goes on in the next one.
Which jumps are refused: upstream keeps one stored version (v1) of every CRD from 3.26 to 3.32, Typha and Felix of different
minors talk to each other, and each release's CRDs have the earlier ones' fields but for five that v3.32 dropped (calico_crds
names the objects that hold one); so minors may be skipped on the way up. On the way down the API server would drop fields and
kinds that the newer release stored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._release.table import NEWEST, OLDEST
from ansible_collections.hardway.calico.plugins.module_utils._upgrade.roll.members import is_ready

# A suffix such as that of a rebuilt image (v3.31.7-1.fips) does not make it another release.
VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?:[-+].*)?\Z")
STAGES = ("typha", "nodes", "binaries", "finish")


@dataclass(frozen=True)
class Found:
    """What runs. Versions are "v3.31.7", or "" where they cannot be told.

    images: {"node", "typha"} of the workloads' templates. nodes: {node: version of its calico-node pod}; node_images: {node: image};
    typha: versions of Typha's template and pods; binaries: {host: version on disk}; strategy: the DaemonSet's. not_ready: names of
    nodes that are not Ready, none where no node is.
    """

    images: dict
    template: str
    nodes: dict
    node_images: dict
    typha: tuple
    typha_images: tuple
    binaries: dict
    strategy: str
    stored: str = ""
    not_ready: tuple = ()


def number(version):
    """(major, minor, patch) of a version or an image's tag, None if it is neither."""
    match = VERSION.match(version or "")
    return tuple(int(part) for part in match.groups()) if match else None


def image_version(image):
    """The release that an image's tag names: "v3.31.7", or ""."""
    found = number((image or "").split("@")[0].rpartition(":")[2])
    return "v%d.%d.%d" % found if found else ""


def understand(seen, hosts):
    """Found, of what read.look and the nodes told. hosts: {name: {"hostname", "version"}}.

    Raises CalicoError where there is no Calico of this collection's shape.
    """
    daemonset = seen["daemonset"]
    if daemonset is None:
        raise CalicoError(
            "There is no Calico to upgrade",
            expected="a DaemonSet calico-node",
            found="none in this namespace",
            remedy="install with the playbook hardway.calico.site, or name the namespace in calico_namespace",
        )
    container = _container(daemonset["spec"]["template"]["spec"], "calico-node")
    env = {entry["name"]: entry.get("value") for entry in container.get("env") or []}
    if env.get("DATASTORE_TYPE", "kubernetes") != "kubernetes" or env.get("ETCD_ENDPOINTS"):
        raise CalicoError(
            "This Calico keeps its data in etcd, which upgrade.yml does not handle",
            expected="DATASTORE_TYPE kubernetes",
            found="DATASTORE_TYPE %s" % env.get("DATASTORE_TYPE", "etcdv3"),
            remedy="upgrade it with its release's own instructions",
        )
    pods = [pod for pod in seen["pods"] if not pod["metadata"].get("deletionTimestamp")]
    running = {
        pod["spec"]["nodeName"]: _container(pod["spec"], "calico-node").get("image", "")
        for pod in pods
        if _app(pod) == "calico-node" and pod["spec"].get("nodeName")
    }
    typhas = [
        _container(pod["spec"], "calico-typha").get("image", "")
        for pod in pods
        if _app(pod) == "calico-typha"
    ]
    typha = _container(
        ((seen["typha"] or {}).get("spec") or {}).get("template", {}).get("spec", {}),
        "calico-typha",
    ).get("image", "")
    return Found(
        images={"node": container.get("image", ""), "typha": typha},
        template=image_version(container.get("image", "")),
        nodes={name: image_version(image) for name, image in sorted(running.items())},
        node_images=running,
        typha=tuple(image_version(image) for image in [typha, *typhas] if image),
        typha_images=tuple(typhas),
        binaries=_by_node(hosts, [node["metadata"]["name"] for node in seen["nodes"]]),
        strategy=daemonset["spec"].get("updateStrategy", {}).get("type", "RollingUpdate"),
        stored=((seen["cluster_information"] or {}).get("spec") or {}).get("calicoVersion", ""),
        not_ready=_not_ready(seen["nodes"]),
    )


def judge(target, found, back=False, from_version=""):
    """(installed, former, going back, notes), or CalicoError for a jump that is impossible.

    installed: the release to name in a snapshot; former: releases other than the target that are still somewhere and whose rights
    must stay; going back: whether the target is older and still runs beside a newer one, in an upgrade that was not finished.
    """
    wanted = number(target)
    workloads = {
        version
        for version in (found.template, *found.nodes.values(), *found.typha, from_version)
        if version
    }
    if not workloads:
        workloads = {version for version in (found.stored,) if number(version)}
    if not workloads:
        raise CalicoError(
            "It cannot be told which release runs: the images' tags are no versions, and ClusterInformation has none",
            expected="a tag such as v3.31.7",
            found=found.images["node"],
            remedy="say it in upgrade_from",
        )
    unsupported = sorted(
        version
        for version in workloads
        if not OLDEST <= number(version)[1] <= NEWEST or number(version)[0] != 3
    )
    if unsupported:
        raise CalicoError(
            "Calico %s cannot be upgraded from: its rights and manifests are not in the version table"
            % unsupported[0],
            expected="3.%d to 3.%d" % (OLDEST, NEWEST),
            found=", ".join(unsupported),
            remedy="upgrade to 3.%d with that release's own instructions first" % OLDEST,
        )
    present = workloads | {version for version in found.binaries.values() if number(version)}
    newest = max(workloads, key=number)
    notes, going_back = [], number(newest)[:2] > wanted[:2]
    if going_back:
        _require_way_back(target, newest, target in present, back)
        notes.append(
            "going back to %s; the CRDs of %s stay, since older ones would drop what it stored"
            % (target, newest)
        )
    skipped = wanted[1] - min(number(version)[1] for version in workloads) - 1
    if skipped > 0:
        notes.append(
            "%d minor%s skipped, which Calico supports"
            % (skipped, " is" if skipped == 1 else "s are")
        )
    unknown = sorted(
        {
            name
            for told in (found.nodes, found.binaries)
            for name, version in told.items()
            if not version
        }
    )
    if unknown:
        notes.append(
            "the release on %s cannot be told and counts as another one" % ", ".join(unknown)
        )
    strangers = sorted(set(found.nodes) - set(found.binaries)) if found.binaries else []
    if strangers:
        notes.append(
            "%s: not among the hosts of the inventory, so the binaries there stay as they are"
            % ", ".join(strangers)
        )
    if found.not_ready:
        notes.append(
            "%s: not Ready, so nothing waits for calico-node there; a host that Ansible cannot reach is left out with --limit"
            % ", ".join(found.not_ready)
        )
    former = [
        version
        for version in present
        if version != target and number(version)[0] == 3 and OLDEST <= number(version)[1] <= NEWEST
    ]
    return from_version or found.template or newest, sorted(former, key=number), going_back, notes


def remaining(found, target, images):
    """The stages of STAGES that have something to do, in their order. images: the wanted {"node", "typha"}."""
    work = {
        "typha": {found.images["typha"], *found.typha_images} - {images["typha"]},
        "nodes": {found.images["node"], *found.node_images.values()} - {images["node"]},
        "binaries": {version for version in found.binaries.values() if version != target},
        "finish": found.strategy != "RollingUpdate",
    }
    return [stage for stage in STAGES if work[stage]]


def lines(found, target):
    """What would happen, host by host: "cka002: calico-node v3.31.7 -> v3.32.1, binaries v3.31.7 -> v3.32.1"."""
    told = ["calico-typha: %s" % _change(_one(found.typha), target)]
    for name in sorted({*found.nodes, *found.binaries}):
        parts = []
        if name in found.nodes:
            parts.append("calico-node %s" % _change(found.nodes[name], target))
        if name in found.binaries:
            parts.append("binaries %s" % _change(found.binaries[name], target))
        told.append("%s: %s" % (name, ", ".join(parts)))
    return told


def _require_way_back(target, newest, still_there, back):
    if back and still_there:
        return
    reason = (
        "Calico %s would be a downgrade from %s: older CRDs drop the fields and kinds that the newer release stored"
        % (target, newest)
    )
    if still_there:
        raise CalicoError(
            reason,
            expected="%s or newer" % newest,
            found="an unfinished upgrade from %s to %s" % (target, newest),
            remedy="finish it with -e calico_version=%s, or go back with -e calico_version=%s -e upgrade_back=true"
            % (newest, target),
        )
    raise CalicoError(
        reason,
        expected="%s or newer" % newest,
        found="nothing of %s runs any more" % target,
        remedy="set calico_version to %s or newer; declared objects come back from a snapshot with hardway.calico.restore"
        % newest,
    )


def _change(version, target):
    return target if version == target else "%s -> %s" % (version or "unknown", target)


def _one(versions):
    """One of several versions: the oldest, which has the longest way to go."""
    return min((version for version in versions if version), key=number, default="")


def _not_ready(nodes):
    down = tuple(sorted(node["metadata"]["name"] for node in nodes if not is_ready(node)))
    return down if len(down) < len(nodes) else ()


def _by_node(hosts, nodes):
    """{node: version}: an inventory's host is the node of its name or of its host name, else it stands for itself."""
    found = {}
    for name, told in hosts.items():
        hostname = told.get("hostname") or ""
        known = [
            candidate for candidate in (name, hostname, hostname.lower()) if candidate in nodes
        ]
        found[known[0] if known else name] = image_version(":" + (told.get("version") or ""))
    return found


def _container(pod_spec, name):
    return next(
        (entry for entry in pod_spec.get("containers") or [] if entry.get("name") == name), {}
    )


def _app(pod):
    return (pod["metadata"].get("labels") or {}).get("k8s-app")
