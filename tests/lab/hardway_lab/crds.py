# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CRDs for the stand-in release: the real ones if they are at hand, else open schemas under the real names."""

from __future__ import annotations

import json
import os
import pathlib

CALICO, POLICY = "crd.projectcalico.org", "policy.networking.k8s.io"
# (plural, kind, group, version, first minor of Calico 3, last minor or None); the scope is Cluster but for NAMESPACED.
KINDS = (
    *(
        (plural, kind, CALICO, "v1", since, None)
        for plural, kind, since in (
            ("bgpconfigurations", "BGPConfiguration", 20),
            ("bgpfilters", "BGPFilter", 26),
            ("bgppeers", "BGPPeer", 20),
            ("blockaffinities", "BlockAffinity", 20),
            ("caliconodestatuses", "CalicoNodeStatus", 21),
            ("clusterinformations", "ClusterInformation", 20),
            ("felixconfigurations", "FelixConfiguration", 20),
            ("globalnetworkpolicies", "GlobalNetworkPolicy", 20),
            ("globalnetworksets", "GlobalNetworkSet", 20),
            ("hostendpoints", "HostEndpoint", 20),
            ("ipamblocks", "IPAMBlock", 20),
            ("ipamconfigs", "IPAMConfig", 20),
            ("ipamhandles", "IPAMHandle", 20),
            ("ippools", "IPPool", 20),
            ("ipreservations", "IPReservation", 21),
            ("kubecontrollersconfigurations", "KubeControllersConfiguration", 20),
            ("networkpolicies", "NetworkPolicy", 20),
            ("networksets", "NetworkSet", 20),
            ("stagedglobalnetworkpolicies", "StagedGlobalNetworkPolicy", 30),
            ("stagedkubernetesnetworkpolicies", "StagedKubernetesNetworkPolicy", 30),
            ("stagednetworkpolicies", "StagedNetworkPolicy", 30),
            ("tiers", "Tier", 29),
        )
    ),
    ("adminnetworkpolicies", "AdminNetworkPolicy", POLICY, "v1alpha1", 29, 31),
    ("baselineadminnetworkpolicies", "BaselineAdminNetworkPolicy", POLICY, "v1alpha1", 30, 31),
    ("clusternetworkpolicies", "ClusterNetworkPolicy", POLICY, "v1alpha2", 32, None),
)
NAMESPACED = (
    "networkpolicies",
    "networksets",
    "stagednetworkpolicies",
    "stagedkubernetesnetworkpolicies",
)
SHARED = pathlib.Path(__file__).resolve().parents[4] / "shared/calico/crds"


def crds_yaml(version):
    """(content, what it is) of crds.yaml for a release. HARDWAY_CALICO_CRDS names another folder
    with VERSION.yaml files.
    """
    path = pathlib.Path(os.environ.get("HARDWAY_CALICO_CRDS") or SHARED) / (version + ".yaml")
    if path.exists():
        return path.read_bytes(), "real"
    minor = int(version.split(".")[1])
    wanted = [row for row in KINDS if row[4] <= minor and (row[5] is None or minor <= row[5])]
    # JSON is YAML.
    return "".join(
        "---\n%s\n" % json.dumps(_open_crd(*row[:4])) for row in wanted
    ).encode(), "stand-ins with open schemas"


def _open_crd(plural, kind, group, version):
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    # The API server asks for this annotation in groups of k8s.io.
    annotations = (
        {"api-approved.kubernetes.io": "unapproved, a stand-in"} if group == POLICY else {}
    )
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "%s.%s" % (plural, group), "annotations": annotations},
        "spec": {
            "group": group,
            "names": {
                "kind": kind,
                "listKind": kind + "List",
                "plural": plural,
                "singular": kind.lower(),
            },
            "scope": "Namespaced" if plural in NAMESPACED else "Cluster",
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                }
            ],
        },
    }
