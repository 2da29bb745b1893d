# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kinds of Calico's objects that the collection knows by name (pure).

One row each, so that none has to be discovered.
"""

from __future__ import annotations

from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import Kind

BLOCK_AFFINITY = Kind("BlockAffinity", "blockaffinities")
CLUSTER_INFORMATION = Kind("ClusterInformation", "clusterinformations")
IPAM_BLOCK = Kind("IPAMBlock", "ipamblocks")
IPAM_CONFIG = Kind("IPAMConfig", "ipamconfigs")
IPAM_HANDLE = Kind("IPAMHandle", "ipamhandles")
IPPOOL = Kind("IPPool", "ippools")
IP_RESERVATION = Kind("IPReservation", "ipreservations")
KUBE_CONTROLLERS_CONFIGURATION = Kind(
    "KubeControllersConfiguration", "kubecontrollersconfigurations"
)
# In etcd only; with the Kubernetes API they are nodes, and namespaces and service accounts.
NODE = Kind("Node", "nodes")
PROFILE = Kind("Profile", "profiles")
TIER = Kind("Tier", "tiers")
