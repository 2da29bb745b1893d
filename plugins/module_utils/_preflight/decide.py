# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides whether an installation may begin, and tells what it must know of the cluster (pure)."""

from __future__ import annotations

import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._preflight.cluster import (
    Foreign,
    Network,
    Node,
    describe_node,
    made_by_others,
    networks,
    node_networks,
    other_networks,
    typha_replicas,
)
from ansible_collections.hardway.calico.plugins.module_utils._preflight.compatibility import (
    check_architectures,
    installed_version,
    kubernetes_verdict,
    refuse_downgrade,
    upgrade_warning,
)
from ansible_collections.hardway.calico.plugins.module_utils._preflight.datastore import (
    ConfigMaps,
    refuse_foreign,
    refuse_other_datastore,
)

# What the result tells about the release.
ABOUT = ("version", "minor", "registry", "kubernetes", "architectures")


class Seen(t.TypedDict):
    """A look at the cluster: API objects as they are.

    configmaps: those that tell where calico/node keeps its data; kubeadm: its ClusterConfiguration, or None on clusters
    of other making; service_cidrs: None before Kubernetes 1.33; kube_controllers: objects of their names by kind;
    pull_secrets: whether each is there, None where that cannot be told.
    """

    version: str
    nodes: list[dict[str, t.Any]]
    daemonsets: list[dict[str, t.Any]]
    configmaps: ConfigMaps
    kubeadm: dict[str, t.Any] | None
    service_cidrs: list[dict[str, t.Any]] | None
    cluster_information: dict[str, t.Any] | None
    kube_controllers: dict[str, dict[str, t.Any] | None]
    pull_secrets: dict[str, bool | None]


class Facts(t.TypedDict):
    """The module's result; see its RETURN."""

    kubernetes_version: str
    release: dict[str, t.Any]
    installed_version: str
    nodes: list[Node]
    architectures: list[str]
    schedulable_nodes: int
    typha_replicas: int
    pod_networks: list[str]
    service_networks: list[str]
    node_networks: list[str]
    forbidden_networks: list[Network]
    foreign_kube_controllers: list[Foreign]


class Preflight(t.NamedTuple):
    """warnings: sentences about what does not stop an installation."""

    facts: Facts
    warnings: list[str]


def decide(
    about: dict[str, t.Any],
    seen: Seen,
    kubernetes_range: str,
    namespace: str,
    downgrade_allowed: bool = False,
    upgrade_allowed: bool = False,
    datastore: str = "kubernetes",
) -> Preflight:
    """What an installation of a release must know of the cluster.

    about: the release, of _release.table.release(). kubernetes_range: "warn", "fail" or "ignore", about a version that
    the release was not tested with. datastore: "kubernetes" or "etcd". Raises CalicoError where the installation must
    not begin.
    """
    nodes = sorted((describe_node(node) for node in seen["nodes"]), key=lambda node: node["name"])
    linux = [node for node in nodes if node["operating_system"] == "linux"]
    schedulable = [node for node in linux if node["schedulable"]]
    installed, place = installed_version(seen["daemonsets"], seen["cluster_information"])

    said = [_about_kubernetes(about, seen["version"], kubernetes_range)]
    check_architectures(about, nodes)
    refuse_foreign(seen["daemonsets"])
    said.append(
        refuse_other_datastore(seen["daemonsets"], seen["configmaps"], namespace, datastore)
    )
    said.append(refuse_downgrade(about, installed, place, downgrade_allowed))
    if not upgrade_allowed:
        said.append(upgrade_warning(about, installed, place))
    said += other_networks(seen["daemonsets"], namespace)
    said.append(_about_pull_secrets(seen["pull_secrets"], namespace))
    if not schedulable:
        said.append(
            "No Linux node is schedulable: Typha will stay Pending. Uncordon or join a node."
        )

    pods, services = networks(seen["kubeadm"], seen["service_cidrs"])
    hosts = node_networks(nodes)
    taken: list[Network] = [{"name": "the service network", "cidr": cidr} for cidr in services]
    facts: Facts = {
        "kubernetes_version": seen["version"],
        "release": {key: about[key] for key in ABOUT},
        "installed_version": installed,
        "nodes": nodes,
        "architectures": sorted({node["architecture"] for node in nodes if node["architecture"]}),
        "schedulable_nodes": len(schedulable),
        "typha_replicas": typha_replicas(len(schedulable)),
        "pod_networks": pods,
        "service_networks": services,
        "node_networks": [network["cidr"] for network in hosts],
        "forbidden_networks": taken + hosts,
        "foreign_kube_controllers": made_by_others(seen["kube_controllers"]),
    }
    return Preflight(facts, [warning for warning in said if warning])


def _about_pull_secrets(found: dict[str, bool | None], namespace: str) -> str | None:
    """A warning about Secrets that cannot be looked for. Raises CalicoError where one is not there.

    The kubelet goes on without it, and a rollout then hangs in ImagePullBackOff.
    """
    missing = [name for name, there in found.items() if there is False]
    if missing:
        raise CalicoError(
            "Pods cannot pull their images with a Secret that is not there",
            expected="the Secrets of calico_image_pull_secrets in namespace %s" % namespace,
            found="no Secret %s" % ", ".join(missing),
            remedy="make it, as with kubectl create secret docker-registry %s --namespace %s,"
            " or correct calico_image_pull_secrets" % (missing[0], namespace),
        )
    unknown = [name for name, there in found.items() if there is None]
    if not unknown:
        return None
    return (
        "Whether the Secrets %s are in namespace %s cannot be told, since this account may not get them."
        % (", ".join(unknown), namespace)
    )


def _about_kubernetes(about: dict[str, t.Any], version: str, wish: str) -> str | None:
    """A warning, or None if all is well or nobody wants to know. Raises CalicoError."""
    verdict = None if wish == "ignore" else kubernetes_verdict(about, version)
    if verdict is None:
        return None
    problem, broken = verdict
    if broken or wish == "fail":
        raise problem
    return str(problem)
