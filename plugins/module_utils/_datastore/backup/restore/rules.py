# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How some kinds of objects are treated when a snapshot comes back (pure)."""

from __future__ import annotations

from ansible_collections.hardway.calico.plugins.module_utils._datastore import kinds
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import Manifest

# Addresses in use: they follow the pods. An old copy would give out addresses that pods have got since, or keep those
# that are free.
IPAM = (kinds.IPAM_BLOCK.name, kinds.IPAM_HANDLE.name, kinds.BLOCK_AFFINITY.name)
# Calico keeps them itself. An old ClusterInformation would name a release that does not run, or lock the datastore as a
# migration does; an old Node, in etcd, would take addresses and tunnels back that calico/node has set since; Profiles,
# in etcd, are namespaces and service accounts, whose pods would be cut off without them.
OWN = (kinds.CLUSTER_INFORMATION.name, kinds.NODE.name, kinds.PROFILE.name)
# How Kubernetes' own policies are named among Calico's (libcalico-go/lib/names/policy.go). kube-controllers write them
# into etcd (kube-controllers/pkg/converter/networkpolicy_converter.go) and keep them as Kubernetes has them. An old
# one would hold until they compare again, and without a deleted one its pods would be open until then.
MADE = {
    "NetworkPolicy": ("knp.default.",),
    "GlobalNetworkPolicy": ("kanp.adminnetworkpolicy.", "kbanp.baselineadminnetworkpolicy."),
}
# Other objects refer to these; the rest has no order.
FIRST = (
    kinds.CLUSTER_INFORMATION.name,
    kinds.TIER.name,
    kinds.IPPOOL.name,
    kinds.IP_RESERVATION.name,
    kinds.IPAM_CONFIG.name,
)
# Released with their blocks by hardway.calico.calico_ippool only.
NEVER_DELETED = (*OWN, kinds.IPPOOL.name, *IPAM)
# Made by Calico itself, which would fail without them.
STATIC_TIERS = (
    "default",
    "adminnetworkpolicy",
    "baselineadminnetworkpolicy",
    "kube-admin",
    "kube-baseline",
)


def is_own(item: Manifest) -> bool:
    """Whether Calico keeps the object itself: it is created where it is missing, and never changed or deleted."""
    return item["kind"] in OWN or item["metadata"]["name"].startswith(MADE.get(item["kind"], ()))
