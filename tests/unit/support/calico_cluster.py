# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster with some of Calico's objects, behind a stand-in API that records every request."""

from __future__ import annotations

import copy

from recorded_api import RecordedApi

GROUP, CRDS = (
    "/apis/crd.projectcalico.org/v1",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
)
KINDS = {
    "IPPool": ("ippools", False),
    "BGPConfiguration": ("bgpconfigurations", False),
    "BGPPeer": ("bgppeers", False),
    "Tier": ("tiers", False),
    "GlobalNetworkPolicy": ("globalnetworkpolicies", False),
    "NetworkPolicy": ("networkpolicies", True),
    "IPAMBlock": ("ipamblocks", False),
    "IPAMHandle": ("ipamhandles", False),
    "BlockAffinity": ("blockaffinities", False),
    "ClusterInformation": ("clusterinformations", False),
}


def path(kind, name, namespace=None):
    plural, namespaced = KINDS[kind]
    return "%s/%s%s/%s" % (GROUP, "namespaces/%s/" % namespace if namespaced else "", plural, name)


def stored(kind, name, spec, namespace=None, **metadata):
    given = {
        "name": name,
        "uid": "uid-" + name,
        "generation": 3,
        "creationTimestamp": "2026-01-01T00:00:00Z",
        **metadata,
    }
    return {
        path(kind, name, namespace): {
            "metadata": {**given, **({"namespace": namespace} if namespace else {})},
            "spec": spec,
        }
    }


OBJECTS = {
    **stored(
        "IPPool",
        "pool1",
        {"cidr": "10.244.0.0/18", "natOutgoing": True},
        annotations={"projectcalico.org/metadata": "{}"},
    ),
    **stored("BGPConfiguration", "default", {"asNumber": 64512}, labels={"team": "net"}),
    **stored(
        "BGPPeer",
        "tor",
        {"peerIP": "192.0.2.1", "password": {"secretKeyRef": {"name": "bgp", "key": "tor"}}},
    ),
    **stored("GlobalNetworkPolicy", "default.deny", {"selector": "all()", "types": ["Ingress"]}),
    **stored("NetworkPolicy", "default.web", {"selector": "app == 'web'"}, namespace="shop"),
    **stored("IPAMBlock", "10-244-0-0-26", {"cidr": "10.244.0.0/26", "allocations": [0, None]}),
    **stored("BlockAffinity", "n1-10-244-0-0-26", {"cidr": "10.244.0.0/26", "node": "n1"}),
    **stored("ClusterInformation", "default", {"calicoVersion": "v3.31.7", "datastoreReady": True}),
}


class Cluster(RecordedApi):
    """Lists of a namespaced kind go over all namespaces, as in the real API."""

    def list_or_none(self, path):
        found = super().list_or_none(path)
        tail = "/" + path.rpartition("/")[2] + "/"
        return found + [
            copy.deepcopy(body)
            for key, body in sorted(self.objects.items())
            if key.startswith(GROUP + "/namespaces/") and tail in key and path.startswith(GROUP)
        ]


def crd(kind):
    plural, namespaced = KINDS[kind]
    spec = {
        "group": "crd.projectcalico.org",
        "names": {"kind": kind, "plural": plural},
        "scope": "Namespaced" if namespaced else "Cluster",
        "versions": [{"name": "v1", "storage": True}],
    }
    return {
        "%s/%s.crd.projectcalico.org" % (CRDS, plural): {
            "metadata": {"name": plural + ".crd.projectcalico.org"},
            "spec": spec,
        }
    }


def cluster(
    objects=None, uid="1f0c93aa-0000", namespaces=("kube-system", "shop"), kinds=tuple(KINDS)
):
    everything = {
        "/api/v1/namespaces/" + name: {"metadata": {"name": name, "uid": uid}}
        for name in namespaces
    }
    for kind in kinds:
        everything.update(crd(kind))
    everything[CRDS + "/other"] = {
        "metadata": {"name": "other"},
        "spec": {"group": "example.com", "names": {}, "scope": "Cluster", "versions": []},
    }
    return Cluster({**everything, **copy.deepcopy(OBJECTS if objects is None else objects)})
