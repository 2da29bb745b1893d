# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs of Calico, out of what the Kubernetes API and the hosts told (pure)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._datastore.cluster_information import (
    calico_version,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.conditions import is_ready
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.pods import (
    container_of,
    image_of,
    pod_of,
)
from ansible_collections.hardway.calico.plugins.module_utils._upgrade.versions import image_version

NODE, TYPHA = "calico-node", "calico-typha"
KUBE_CONTROLLERS = "calico-kube-controllers"


class Seen(t.TypedDict):
    """Objects of the Kubernetes API; None for those that are not there, or are not asked for."""

    daemonset: dict[str, t.Any] | None
    typha: dict[str, t.Any] | None
    kube_controllers: dict[str, t.Any] | None
    pods: list[dict[str, t.Any]]
    nodes: list[dict[str, t.Any]]
    cluster_information: dict[str, t.Any] | None


class Images(t.TypedDict):
    """The images of the templates of calico/node, Typha and kube-controllers; "" where there is none."""

    node: str
    typha: str
    kube_controllers: str


@dataclass(frozen=True)
class Found:
    """What runs. Versions are "v3.31.7", or "" where they cannot be told.

    images: of the workloads' templates; template: the DaemonSet's version. nodes: {node: version of
    its calico-node pod}; node_images: {node: image}. typha: versions of Typha's template and pods;
    typha_images: the pods' images; kube_controllers, kube_controllers_images: likewise. binaries:
    {host: version on disk}. strategy: the DaemonSet's.
    stored: ClusterInformation's version. not_ready: names of nodes that are not Ready, none where no
    node is.
    """

    images: Images
    template: str
    nodes: dict[str, str]
    node_images: dict[str, str]
    typha: tuple[str, ...]
    typha_images: tuple[str, ...]
    kube_controllers: tuple[str, ...]
    kube_controllers_images: tuple[str, ...]
    binaries: dict[str, str]
    strategy: str
    stored: str
    not_ready: tuple[str, ...]

    @property
    def not_in_inventory(self) -> list[str]:
        """Nodes with calico/node whose binaries no host told of; none where no host told anything."""
        return sorted(set(self.nodes) - set(self.binaries)) if self.binaries else []

    @property
    def unknown(self) -> list[str]:
        """Nodes and hosts of which a version cannot be told."""
        told = (*self.nodes.items(), *self.binaries.items())
        return sorted({name for name, version in told if not version})


def understand(seen: Seen, hosts: dict[str, dict[str, t.Any]]) -> Found:
    """Found, of what read() and the hosts told. hosts: {name: {"hostname", "version"}}.

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
    _require_kubernetes_datastore(container_of(pod_of(daemonset), NODE))
    images = Images(
        node=image_of(pod_of(daemonset), NODE),
        typha=image_of(pod_of(seen["typha"]), TYPHA),
        kube_controllers=image_of(pod_of(seen["kube_controllers"]), KUBE_CONTROLLERS),
    )
    pods = [pod for pod in seen["pods"] if not pod["metadata"].get("deletionTimestamp")]
    running = {
        pod["spec"]["nodeName"]: image_of(pod["spec"], NODE)
        for pod in pods
        if _app(pod) == NODE and pod["spec"].get("nodeName")
    }
    typhas, controllers = (
        tuple(image_of(pod["spec"], app) for pod in pods if _app(pod) == app)
        for app in (TYPHA, KUBE_CONTROLLERS)
    )
    return Found(
        images=images,
        template=image_version(images["node"]),
        nodes={name: image_version(image) for name, image in sorted(running.items())},
        node_images=running,
        typha=_versions(images["typha"], *typhas),
        typha_images=typhas,
        kube_controllers=_versions(images["kube_controllers"], *controllers),
        kube_controllers_images=controllers,
        binaries=_by_node(hosts, [node["metadata"]["name"] for node in seen["nodes"]]),
        strategy=daemonset["spec"].get("updateStrategy", {}).get("type", "RollingUpdate"),
        stored=calico_version(seen["cluster_information"]),
        not_ready=_not_ready(seen["nodes"]),
    )


def _require_kubernetes_datastore(container: dict[str, t.Any]) -> None:
    env = {entry["name"]: entry.get("value") for entry in container.get("env") or []}
    # A variable whose value comes from a ConfigMap has none here.
    if env.get("DATASTORE_TYPE", "kubernetes") != "kubernetes" or "ETCD_ENDPOINTS" in env:
        raise CalicoError(
            "This Calico keeps its data in etcd, which upgrade.yml does not handle",
            expected="DATASTORE_TYPE kubernetes",
            found="DATASTORE_TYPE %s" % env.get("DATASTORE_TYPE", "etcdv3"),
            remedy="upgrade it with its release's own instructions",
        )


def _versions(*images: str) -> tuple[str, ...]:
    return tuple(image_version(image) for image in images if image)


def _not_ready(nodes: list[dict[str, t.Any]]) -> tuple[str, ...]:
    down = tuple(sorted(node["metadata"]["name"] for node in nodes if not is_ready(node)))
    return down if len(down) < len(nodes) else ()


def _by_node(hosts: dict[str, dict[str, t.Any]], nodes: list[str]) -> dict[str, str]:
    """{node: version}: an inventory's host is the node of its name or of its host name, else it stands for itself."""
    found = {}
    for name, told in hosts.items():
        hostname = told.get("hostname") or ""
        known = [each for each in (name, hostname, hostname.lower()) if each in nodes]
        found[known[0] if known else name] = image_version(":" + (told.get("version") or ""))
    return found


def _app(pod: dict[str, t.Any]) -> str | None:
    return (pod["metadata"].get("labels") or {}).get("k8s-app")
