# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CRDs for the stand-in release: the real ones if they are at hand, else open schemas under the real names."""

from __future__ import annotations

import json
import os
import pathlib

# Kinds of crd.projectcalico.org by plural; the scope is Cluster but for the four below.
KINDS = {
    "bgpconfigurations": "BGPConfiguration", "bgpfilters": "BGPFilter", "bgppeers": "BGPPeer", "blockaffinities": "BlockAffinity",
    "caliconodestatuses": "CalicoNodeStatus", "clusterinformations": "ClusterInformation", "felixconfigurations": "FelixConfiguration",
    "globalnetworkpolicies": "GlobalNetworkPolicy", "globalnetworksets": "GlobalNetworkSet", "hostendpoints": "HostEndpoint",
    "ipamblocks": "IPAMBlock", "ipamconfigs": "IPAMConfig", "ipamhandles": "IPAMHandle", "ippools": "IPPool", "ipreservations": "IPReservation",
    "kubecontrollersconfigurations": "KubeControllersConfiguration", "networkpolicies": "NetworkPolicy", "networksets": "NetworkSet",
    "stagedglobalnetworkpolicies": "StagedGlobalNetworkPolicy", "stagedkubernetesnetworkpolicies": "StagedKubernetesNetworkPolicy",
    "stagednetworkpolicies": "StagedNetworkPolicy", "tiers": "Tier",
}
NAMESPACED = ("networkpolicies", "networksets", "stagednetworkpolicies", "stagedkubernetesnetworkpolicies")
SHARED = pathlib.Path(__file__).resolve().parents[4] / "shared/calico/crds"


def crds_yaml(version):
    """(content, what it is) of crds.yaml for a release. HARDWAY_CALICO_CRDS names another folder with VERSION.yaml files."""
    path = pathlib.Path(os.environ.get("HARDWAY_CALICO_CRDS") or SHARED) / (version + ".yaml")
    if path.exists():
        return path.read_bytes(), "real"
    # JSON is YAML.
    return "".join("---\n%s\n" % json.dumps(_open_crd(plural, kind)) for plural, kind in sorted(KINDS.items())).encode(), "stand-ins with open schemas"


def _open_crd(plural, kind):
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": plural + ".crd.projectcalico.org"},
        "spec": {
            "group": "crd.projectcalico.org",
            "names": {"kind": kind, "listKind": kind + "List", "plural": plural, "singular": kind.lower()},
            "scope": "Namespaced" if plural in NAMESPACED else "Cluster",
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }
