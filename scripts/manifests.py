# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What upstream's manifests of the supported releases hold, as far as the version table does not say it.

The roles' templates rest on it. Where a new release differs, the template follows, and then this.
"""

from __future__ import annotations

import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._release.crds import CALICO as CRD

# Upstream's ClusterRoles. Typha has none: its Deployment runs under calico-node's account.
CLUSTER_ROLES = {
    "node": "calico-node",
    "typha": "calico-node",
    "cni": "calico-cni-plugin",
    "kube_controllers": "calico-kube-controllers",
}
# Lets kube-controller-manager see tiers where the API group projectcalico.org is served, since v3.29.
OTHER_CLUSTER_ROLES = ("calico-tier-getter",)
# The workloads, and what the table calls them.
SUBJECTS = {
    "calico-node": "node",
    "calico-typha": "typha",
    "calico-kube-controllers": "kube_controllers",
}

# Typha's role is made of what its syncers read, so only these of calico-node's verbs say anything about it.
SYNCERS = ("list", "watch")
ANY = None


class Exemption(t.NamedTuple):
    """Rights of upstream's ClusterRoles that the table leaves out on purpose, and why. ANY: whichever."""

    role: str | None
    group: str
    resources: str | None
    verbs: str | None
    why: str


ON_PURPOSE = (
    *(
        Exemption(
            role, "projectcalico.org", ANY, ANY, "the CRDs are those of crd.projectcalico.org"
        )
        for role in ("node", "typha", "cni")
    ),
    Exemption(
        "node",
        "",
        "serviceaccounts/token",
        "create",
        "CALICO_MANAGE_CNI=false turns the token refresher off",
    ),
    Exemption(
        "typha",
        CRD,
        "globalbgpconfigs ipamhandles ipreservations",
        ANY,
        "no syncer of Typha reads it",
    ),
    Exemption(
        "typha",
        CRD,
        "globalfelixconfigs",
        "list watch",
        "Typha reads one by name, up to v3.31",
    ),
    Exemption(
        "typha",
        "",
        "endpoints",
        "list watch",
        "Typha reads endpoints by name only, and none from v3.31 on",
    ),
    Exemption(
        "cni",
        CRD,
        "clusterinformations",
        "list create update delete",
        "the plugin only reads it",
    ),
    Exemption(
        "cni", CRD, "ippools ipreservations", "create update delete", "the plugin only reads it"
    ),
    Exemption(
        "cni",
        CRD,
        "ipamconfigs",
        "list update delete",
        "the plugin makes it where it is missing",
    ),
    Exemption("cni", CRD, "ipamconfigurations", ANY, "the name in the API group projectcalico.org"),
)

# Variables that upstream's manifests set in every supported release.
ENVIRONMENT = {
    "calico-node": """
        CALICO_DISABLE_FILE_LOGGING CALICO_IPV4POOL_IPIP CALICO_IPV4POOL_VXLAN CALICO_IPV6POOL_VXLAN
        CALICO_NETWORKING_BACKEND CLUSTER_TYPE DATASTORE_TYPE FELIX_DEFAULTENDPOINTTOHOSTACTION
        FELIX_HEALTHENABLED FELIX_IPINIPMTU FELIX_IPV6SUPPORT FELIX_TYPHAK8SSERVICENAME FELIX_VXLANMTU
        FELIX_WIREGUARDMTU IP NODENAME WAIT_FOR_DATASTORE
    """,
    "calico-typha": """
        TYPHA_CONNECTIONREBALANCINGMODE TYPHA_DATASTORETYPE TYPHA_HEALTHENABLED TYPHA_LOGFILEPATH
        TYPHA_LOGSEVERITYSCREEN TYPHA_LOGSEVERITYSYS TYPHA_SHUTDOWNTIMEOUTSECS
    """,
    "calico-kube-controllers": "DATASTORE_TYPE ENABLED_CONTROLLERS",
}
# What the containers run in every supported release.
PROGRAMS = {
    "calico-node": {
        "image": "node",
        "livenessProbe": "/bin/calico-node -felix-live -bird-live",
        "readinessProbe": "/bin/calico-node -felix-ready -bird-ready",
        "preStop": "/bin/calico-node -shutdown",
    },
    "calico-typha": {
        "image": "typha",
        "livenessProbe": "localhost:9098/liveness",
        "readinessProbe": "localhost:9098/readiness",
    },
    "calico-kube-controllers": {
        "image": "kube-controllers",
        "livenessProbe": "/usr/bin/check-status -l",
        "readinessProbe": "/usr/bin/check-status -r",
    },
}
# Mounts of calico/node; /sys/kernel/security in v3.31 only.
MOUNTS = """
    /host/etc/cni/net.d /lib/modules /run/xtables.lock /sys/fs/bpf /sys/kernel/security /var/lib/calico
    /var/log/calico/cni /var/run/calico /var/run/nodeagent
"""
# What the conflist chains, bandwidth in the releases that the table names.
CHAINED = ("calico", "portmap", "bandwidth")
