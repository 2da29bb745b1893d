# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a look at the cluster means for an installation: decisions only, values in and values out."""

from __future__ import annotations

import ipaddress
import re

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError

NODES_PER_TYPHA = 200
MOST_TYPHAS = 20
VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?")
OTHER_NETWORKS = re.compile(
    r"(kube-flannel|cilium|weave-net|canal|antrea-agent|kube-router|ovnkube-node|kindnet|aws-node|azure-cni|romana-agent)(-|\Z)"
)


def kubernetes_verdict(release, server_version):
    """None if the release was tested with that Kubernetes version, else (CalicoError, whether it cannot work at all)."""
    tested = release["kubernetes"]
    found = _version(server_version)
    if found is None:
        return CalicoError(
            "the API server's version cannot be read",
            expected="something like v1.34.4",
            found=server_version,
            remedy="see what answers at that address, or accept it with calico_kubernetes_range: ignore",
        ), False
    found = found[:2]
    if _version(tested["min"])[:2] <= found <= _version(tested["max"])[:2]:
        return None
    broken = found < _version(tested["floor"])[:2]
    return CalicoError(
        "Calico %s %s Kubernetes %s"
        % (
            release["version"],
            "does not work with" if broken else "was not tested with",
            server_version,
        ),
        expected="Kubernetes %s to %s" % (tested["min"], tested["max"]),
        found=server_version,
        remedy="choose a Calico release that was tested with it in calico_version, or accept it with calico_kubernetes_range: ignore",
    ), broken


def typha_replicas(schedulable):
    """Typha's replicas for a number of schedulable nodes.

    The operator's formula (tigera/operator pkg/common/autoscale.go): one to 200 nodes and one more, at least 3 from 5
    nodes on; below, fewer than there are nodes, or else a rolling update on host ports stalls. At most 20, as
    the documentation for on-premises installations says.
    """
    if schedulable <= 2:
        return 1
    if schedulable <= 4:
        return 2
    return min(MOST_TYPHAS, max(3, schedulable // NODES_PER_TYPHA + 2))


def describe_node(node):
    """{name, internal_ips, architecture, operating_system, schedulable} of a Node object."""
    info = node.get("status", {}).get("nodeInfo", {})
    labels = node["metadata"].get("labels") or {}
    return {
        "name": node["metadata"]["name"],
        "internal_ips": [
            entry["address"]
            for entry in node.get("status", {}).get("addresses") or []
            if entry.get("type") == "InternalIP"
        ],
        "architecture": labels.get("kubernetes.io/arch") or info.get("architecture", ""),
        "operating_system": labels.get("kubernetes.io/os") or info.get("operatingSystem", ""),
        "schedulable": not node.get("spec", {}).get("unschedulable", False),
    }


def check_architectures(release, nodes):
    """Raise CalicoError if a Linux node's architecture is one that the release is not built for."""
    odd = [
        "%s (%s)" % (node["name"], node["architecture"])
        for node in nodes
        if node["operating_system"] == "linux"
        and node["architecture"]
        and node["architecture"] not in release["architectures"]
    ]
    if odd:
        raise CalicoError(
            "Calico %s has no binaries and images for the architecture of %d nodes"
            % (release["version"], len(odd)),
            expected=", ".join(release["architectures"]),
            found=", ".join(odd[:10]),
            remedy="remove those nodes from the cluster, or choose a release that is built for them",
        )


def installed_version(daemonsets, cluster_information):
    """(version, where it was read) of the Calico that is there, or ("", "").

    The newer one counts where calico/node's image and the datastore's ClusterInformation differ, as in an upgrade that
    was broken off.
    """
    found = []
    for daemonset in daemonsets:
        if daemonset["metadata"]["name"] == "calico-node":
            place = "the image of DaemonSet %s/calico-node" % daemonset["metadata"].get(
                "namespace", "?"
            )
            for container in (
                daemonset.get("spec", {}).get("template", {}).get("spec", {}).get("containers")
                or []
            ):
                if container.get("name") == "calico-node":
                    found.append(
                        (container.get("image", "").split("@")[0].rpartition(":")[2], place)
                    )
    stored = ((cluster_information or {}).get("spec") or {}).get("calicoVersion", "")
    found.append((stored, "ClusterInformation default"))
    known = [(_version(version), version, place) for version, place in found if _version(version)]
    if not known:
        return "", ""
    newest = max(known, key=lambda entry: entry[0])
    return newest[1], newest[2]


def refuse_downgrade(release, installed, place, allowed=False):
    """Raise CalicoError if a newer minor is installed, unless allowed; return a warning about any newer release, else None."""
    there, wanted = _version(installed), _version(release["version"])
    if there is None or there <= wanted:
        return None
    if allowed and there[:2] != wanted[:2]:
        return "Calico %s (%s) is newer than the wanted %s, and going back is allowed." % (
            installed,
            place,
            release["version"],
        )
    if there[:2] == wanted[:2]:
        return (
            "Calico %s (%s) is newer than the wanted %s. Both are of one minor, so the run goes on."
            % (installed, place, release["version"])
        )
    raise CalicoError(
        "Calico %s would be a downgrade: older CRDs drop the fields and kinds that the newer release stored"
        % release["version"],
        expected="%s or newer" % installed,
        found="%s in %s" % (installed, place),
        remedy="set calico_version to %s or newer; to go back, restore a snapshot taken before the upgrade"
        % installed,
    )


def upgrade_warning(release, installed, place):
    """A sentence if an older minor is installed, else None: an ordinary run replaces it without the care of an upgrade."""
    there, wanted = _version(installed), _version(release["version"])
    if there is None or there[:2] >= wanted[:2]:
        return None
    return (
        "Calico %s (%s) runs here, and this run is for %s. The playbook hardway.calico.upgrade goes from one to the other with a snapshot, canary first"
        " and with the rights of both; an ordinary run replaces it without these."
        % (installed, place, release["version"])
    )


def other_networks(daemonsets, namespace):
    """Warnings about DaemonSets of other networks, and about a calico-node in another namespace."""
    warnings = []
    for daemonset in daemonsets:
        name, where = daemonset["metadata"]["name"], daemonset["metadata"].get("namespace", "")
        if OTHER_NETWORKS.match(name):
            warnings.append(
                "DaemonSet %s/%s looks like another pod network. Two networks on one node fight over pods: remove one of them."
                % (where, name)
            )
        if name == "calico-node" and where != namespace:
            warnings.append(
                "DaemonSet %s/calico-node is a Calico that something else installed. Remove that first, or set calico_namespace."
                % where
            )
    return warnings


def networks(kubeadm, service_cidrs):
    """(pod networks, service networks): of kubeadm's ClusterConfiguration and of the API's ServiceCIDRs, without repeats."""
    networking = (kubeadm or {}).get("networking") or {}
    pods = _split(networking.get("podSubnet"))
    services = _split(networking.get("serviceSubnet"))
    for entry in service_cidrs or []:
        services += (entry.get("spec") or {}).get("cidrs") or []
    return list(dict.fromkeys(pods)), list(dict.fromkeys(services))


def preflight(
    release, seen, kubernetes_range, namespace, downgrade_allowed=False, upgrade_allowed=False
):
    """(result, warnings) of a look at the cluster; raises CalicoError where an installation must not begin.

    seen: {"version", "nodes", "daemonsets", "kubeadm", "service_cidrs", "cluster_information"}, API objects as they are.
    """
    warnings = []
    verdict = kubernetes_verdict(release, seen["version"])
    if verdict and kubernetes_range != "ignore":
        problem, broken = verdict
        if broken or kubernetes_range == "fail":
            raise problem
        warnings.append(str(problem))
    nodes = sorted((describe_node(node) for node in seen["nodes"]), key=lambda node: node["name"])
    check_architectures(release, nodes)
    installed, place = installed_version(seen["daemonsets"], seen["cluster_information"])
    warnings += [
        warning
        for warning in [refuse_downgrade(release, installed, place, downgrade_allowed)]
        if warning
    ]
    if not upgrade_allowed:
        warnings += [warning for warning in [upgrade_warning(release, installed, place)] if warning]
    warnings += other_networks(seen["daemonsets"], namespace)
    schedulable = [
        node for node in nodes if node["schedulable"] and node["operating_system"] == "linux"
    ]
    if not schedulable:
        warnings.append(
            "No Linux node is schedulable: Typha will stay Pending. Uncordon or join a node."
        )
    pods, services = networks(seen["kubeadm"], seen["service_cidrs"])
    addresses = [
        (node["name"], _host_network(address)) for node in nodes for address in node["internal_ips"]
    ]
    return {
        "kubernetes_version": seen["version"],
        "release": {
            key: release[key]
            for key in ("version", "minor", "registry", "kubernetes", "architectures")
        },
        "installed_version": installed,
        "nodes": nodes,
        "architectures": sorted({node["architecture"] for node in nodes if node["architecture"]}),
        "schedulable_nodes": len(schedulable),
        "typha_replicas": typha_replicas(len(schedulable)),
        "pod_networks": pods,
        "service_networks": services,
        "node_networks": [cidr for _name, cidr in addresses],
        "forbidden_networks": [{"name": "the service network", "cidr": cidr} for cidr in services]
        + [{"name": "the address of node %s" % name, "cidr": cidr} for name, cidr in addresses],
    }, warnings


def _version(text):
    match = VERSION.match(str(text or ""))
    return tuple(int(part or 0) for part in match.groups()) if match else None


def _split(text):
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _host_network(address):
    return str(ipaddress.ip_network(address))
