# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the calico/node that is there keeps its data, and whether a run may work on it (pure)."""

from __future__ import annotations

import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.pods import (
    container_of,
    pod_of,
)
from ansible_collections.hardway.calico.plugins.module_utils._preflight.cluster import NODE

# Which variables decide: that with the prefix goes before the other, even if it is empty (libcalico-go's
# lib/apiconfig/load.go, github.com/kelseyhightower/envconfig).
TYPE = ("CALICO_DATASTORE_TYPE", "DATASTORE_TYPE")
ENDPOINTS = ("CALICO_ETCD_ENDPOINTS", "ETCD_ENDPOINTS")
DATASTORES = {"etcdv3": "etcd", "kubernetes": "kubernetes"}
OPERATOR = "operator.tigera.io/"
FLANNEL = "kube-flannel"

# {name: its data, or None for one that is not there or may not be read}.
ConfigMaps = t.Mapping[str, t.Optional[dict[str, str]]]


def refuse_foreign(daemonsets: list[dict[str, t.Any]]) -> None:
    """Raise CalicoError if Canal is there, or a calico/node of the Tigera operator's, in any namespace.

    The operator undoes what others change, and its ClusterRoles and bindings have the names of the collection's.
    Canal's pods have addresses that Calico's IPAM does not know.
    """
    for daemonset in daemonsets:
        metadata, pod = daemonset["metadata"], pod_of(daemonset)
        place = "DaemonSet %s/%s" % (metadata.get("namespace", "?"), metadata["name"])
        owners = [
            owner
            for owner in metadata.get("ownerReferences") or []
            if owner.get("apiVersion", "").startswith(OPERATOR)
        ]
        if metadata["name"] == NODE and owners:
            raise CalicoError(
                "Calico of this cluster belongs to the Tigera operator, which undoes what others change",
                expected="no calico-node, or one that the operator does not own",
                found="%s of %s %s" % (place, owners[0].get("kind"), owners[0].get("name")),
                remedy="go on with the operator; or remove its Calico and the operator first",
            )
        canal = metadata["name"] == "canal" or container_of(pod, FLANNEL)
        if canal and container_of(pod, NODE):
            raise CalicoError(
                "Canal is this cluster's network, and runs a calico/node of its own on each node",
                expected="no other calico/node, and no pods with addresses that Calico does not know",
                found=place,
                remedy="remove canal first",
            )


def refuse_other_datastore(
    daemonsets: list[dict[str, t.Any]], configmaps: ConfigMaps, namespace: str, datastore: str
) -> str | None:
    """Raise CalicoError if the calico/node that is there keeps its data elsewhere than is wanted now.

    datastore: "kubernetes" or "etcd". With the other one calico/node would find no pools, addresses and policies, and
    give out addresses that are in use. A warning where it cannot be told, else None.
    """
    for container in _containers(daemonsets, namespace):
        found = _datastore_of(_environment(container, configmaps))
        if found is None:
            return (
                "Whether DaemonSet %s/%s keeps its data where calico_datastore %s has them cannot be told: %s is not"
                " there to read, or has another value than etcdv3 and kubernetes."
                % (namespace, NODE, datastore, " or ".join(TYPE))
            )
        if found != datastore:
            raise CalicoError(
                "Calico of this cluster keeps its data elsewhere",
                expected="calico_datastore %s, as its calico-node has it" % found,
                found=datastore,
                remedy="correct calico_datastore. Nothing moves the data from one to the other: for that, Calico is"
                " removed and installed anew",
            )
    return None


def configmaps_of(daemonsets: list[dict[str, t.Any]], namespace: str) -> list[str]:
    """The ConfigMaps that tell where calico/node keeps its data, each once."""
    names = []
    for container in _containers(daemonsets, namespace):
        names += [source["name"] for source, _prefix in _whole_configmaps(container)]
        names += [
            _reference(entry)["name"]
            for entry in container.get("env") or []
            if entry["name"] in TYPE + ENDPOINTS and _reference(entry)
        ]
    return list(dict.fromkeys(names))


def _containers(daemonsets: list[dict[str, t.Any]], namespace: str) -> list[dict[str, t.Any]]:
    """The container calico-node of the DaemonSet calico-node of that namespace."""
    return [
        container_of(pod_of(each), NODE)
        for each in daemonsets
        if each["metadata"]["name"] == NODE and each["metadata"].get("namespace") == namespace
    ]


def _environment(container: dict[str, t.Any], configmaps: ConfigMaps) -> dict[str, str | None]:
    """{variable: its value}, as the kubelet gives it: None where that cannot be told."""
    found: dict[str, str | None] = {}
    for source, prefix in _whole_configmaps(container):
        data = configmaps.get(source["name"]) or {}
        found.update({prefix + key: value for key, value in data.items()})
    for entry in container.get("env") or []:
        reference = _reference(entry)
        if reference:
            data = configmaps.get(reference["name"]) or {}
            value = data.get(reference["key"])
            if value is None and reference.get("optional"):
                continue
        elif entry.get("valueFrom"):
            value = None
        else:
            value = entry.get("value") or ""
        # $(NAME) is replaced by another variable's value.
        found[entry["name"]] = None if value and "$(" in value else value
    return found


def _whole_configmaps(container: dict[str, t.Any]) -> list[tuple[dict[str, t.Any], str]]:
    """[(reference, what is put before each name)] of ConfigMaps of which each key is a variable."""
    return [
        (entry["configMapRef"], entry.get("prefix") or "")
        for entry in container.get("envFrom") or []
        if (entry.get("configMapRef") or {}).get("name")
    ]


def _reference(entry: dict[str, t.Any]) -> dict[str, t.Any]:
    """The key of a ConfigMap that a variable's value comes from; empty if it comes from elsewhere."""
    found = (entry.get("valueFrom") or {}).get("configMapKeyRef") or {}
    return found if found.get("name") and found.get("key") else {}


def _datastore_of(environment: dict[str, str | None]) -> str | None:
    """ "etcd" or "kubernetes", None if that cannot be told. Endpoints of which only the value is unknown count."""
    kind = _first(TYPE, environment)
    if kind == "":
        return "kubernetes" if _first(ENDPOINTS, environment) == "" else "etcd"
    return DATASTORES.get(kind or "")


def _first(names: tuple[str, ...], environment: dict[str, str | None]) -> str | None:
    """The value of the first variable that is set, "" if none is."""
    return next((environment[name] for name in names if name in environment), "")
