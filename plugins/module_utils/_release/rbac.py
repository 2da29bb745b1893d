# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The RBAC rows of the version table (pure).

Sources: the ClusterRoles of manifests/calico-typha.yaml at each release's tag for calico-node and
calico-kube-controllers; for Typha its four syncers (libcalico-go/lib/backend/syncersv1),
typha/pkg/k8s/lookup.go and typha/pkg/daemon; for the CNI plugin the calls of cni-plugin/pkg and
libcalico-go/lib/ipam.
A missing list or watch does not fail, it hangs: Typha and Felix retry the 403 for ever and never
become Ready.
"""

from __future__ import annotations

from ansible_collections.hardway.calico.plugins.module_utils._release.crds import CALICO as CRD
from ansible_collections.hardway.calico.plugins.module_utils._release.crds import (
    NETWORK_POLICY as ANP,
)
from ansible_collections.hardway.calico.plugins.module_utils._release.rules import Rule

CORE = ""

GET = "get"
READ = "get list watch"
FOLLOW = "list watch"
WRITE = "get list watch create update delete"
OWN = "get list create update delete"

# What breaks, where several rows say the same.
UNREAD = "calico/node that reads the cluster without Typha never gets in sync"
UNSYNCED = (
    "Typha retries the refusal for ever and never becomes Ready, so that no calico/node comes up"
)
NO_POD = "no pod gets an address"
NO_LEAK_CARE = "the addresses of nodes and pods that are gone are never released"
UNRENAMED = "policies keep the names that releases before 3.32 stored them under"
MIGRATION = "the migration to the API group projectcalico.org/v3 cannot run"

# Without serviceaccounts/token: it serves calico/node's CNI token refresher only, which
# CALICO_MANAGE_CNI=false turns off.
NODE = (
    Rule(CORE, "configmaps", GET, "calico/node cannot see which pod network kubeadm was given"),
    Rule(CORE, "endpoints", READ, "up to v3.30 calico/node does not find Typha and does not start"),
    Rule(CORE, "nodes", READ, "calico/node cannot read its own Node and does not start"),
    Rule(CORE, "namespaces pods services", READ, UNREAD),
    Rule(CORE, "serviceaccounts", FOLLOW, UNREAD),
    Rule(
        CORE,
        "nodes/status",
        "update patch",
        "the Node keeps the condition NetworkUnavailable with its taint, and lacks its addresses in annotations",
    ),
    Rule(
        CORE,
        "pods/status",
        "patch",
        "a CNI plugin with calico/node's account cannot note a pod's addresses at the pod",
    ),
    Rule(
        "apps", "daemonsets", GET, "upgrade-ipam cannot see whether an older Calico is still there"
    ),
    Rule(
        "discovery.k8s.io",
        "endpointslices",
        FOLLOW,
        "from v3.31 calico/node does not find Typha and does not start",
    ),
    Rule("networking.k8s.io", "networkpolicies", FOLLOW, UNREAD),
    # v3.32 ends at start-up when it cannot create BGPConfiguration "default" (node/pkg/lifecycle/startup/startup.go).
    Rule(
        CRD,
        "bgpconfigurations bgppeers",
        READ + " create update",
        "from v3.32 calico/node ends at its start, and BGP has no configuration",
    ),
    Rule(
        CRD,
        "clusterinformations felixconfigurations ippools",
        READ + " create update",
        "calico/node ends at its start",
    ),
    Rule(CRD, "blockaffinities ipamblocks", WRITE, "the node's tunnels get no address"),
    Rule(CRD, "ipamhandles", OWN, "the node's tunnels get no address"),
    Rule(CRD, "ipamconfigs", "get create", "the node's tunnels get no address"),
    Rule(
        CRD,
        "ipamconfigurations",
        "get create",
        "the node's tunnels get no address where the API group is projectcalico.org/v3",
        since=32,
    ),
    Rule(CRD, "caliconodestatuses", READ + " update", "CalicoNodeStatus objects stay empty"),
    Rule(CRD, "bgpfilters", READ, UNREAD),
    Rule(CRD, "ipreservations", READ, "the node's tunnels get no address"),
    Rule(
        CRD,
        "globalbgpconfigs globalfelixconfigs",
        READ,
        "the configuration of Calico 2 cannot be taken over",
    ),
    Rule(
        CRD,
        "globalnetworkpolicies globalnetworksets hostendpoints networkpolicies networksets",
        READ,
        UNREAD,
    ),
    Rule(CRD, "tiers", READ + " create", "nobody makes the tiers that policies are in", since=29),
    Rule(
        CRD,
        "stagedglobalnetworkpolicies stagedkubernetesnetworkpolicies stagednetworkpolicies",
        READ,
        UNREAD,
        since=30,
    ),
    Rule(ANP, "adminnetworkpolicies", FOLLOW, UNREAD, since=29, until=31),
    Rule(ANP, "baselineadminnetworkpolicies", FOLLOW, UNREAD, since=30, until=31),
    Rule(ANP, "clusternetworkpolicies", FOLLOW, UNREAD, since=32),
    # Needed where KubeVirt is absent too: the API server answers 403, which is retried for ever, before it answers 404.
    Rule("kubevirt.io", "virtualmachineinstancemigrations", READ, UNREAD, since=32),
)

# Without create on tiers: Typha tolerates that answer, and calico/node creates them.
TYPHA = (
    Rule(CORE, "namespaces nodes pods serviceaccounts services", FOLLOW, UNSYNCED),
    Rule(
        CORE,
        "endpoints",
        GET,
        "Typha cannot count its peers and does not balance connections",
        until=30,
    ),
    Rule("discovery.k8s.io", "endpointslices", FOLLOW, UNSYNCED),
    Rule("networking.k8s.io", "networkpolicies", FOLLOW, UNSYNCED),
    Rule(
        CRD,
        "felixconfigurations globalnetworkpolicies globalnetworksets networkpolicies networksets hostendpoints",
        READ,
        UNSYNCED,
    ),
    Rule(CRD, "ippools bgpconfigurations ipamblocks", READ, UNSYNCED),
    Rule(CRD, "bgppeers blockaffinities bgpfilters caliconodestatuses", READ, UNSYNCED),
    Rule(
        CRD,
        "clusterinformations",
        READ + " create update",
        'Typha does not start before it has made sure that ClusterInformation "default" exists,'
        " so that no calico/node comes up",
    ),
    # No CRD and no syncer of it, and yet: where no ClusterInformation has a version, as before the
    # first calico/node, Typha looks for the configuration of Calico 2 (ShouldMigrate in
    # libcalico-go/lib/upgrade/migrator). Without the right it gets 403 in place of 404.
    Rule(
        CRD,
        "globalfelixconfigs",
        GET,
        "Typha does not start on a new cluster, since it cannot see whether Calico 2 was there",
        until=31,
    ),
    Rule(CRD, "tiers", READ, UNSYNCED, since=29),
    Rule(
        CRD,
        "stagedglobalnetworkpolicies stagedkubernetesnetworkpolicies stagednetworkpolicies",
        READ,
        UNSYNCED,
        since=30,
    ),
    Rule(ANP, "adminnetworkpolicies", FOLLOW, UNSYNCED, since=29, until=31),
    Rule(ANP, "baselineadminnetworkpolicies", FOLLOW, UNSYNCED, since=30, until=31),
    Rule(ANP, "clusternetworkpolicies", FOLLOW, UNSYNCED, since=32),
    Rule("kubevirt.io", "virtualmachineinstancemigrations", READ, UNSYNCED, since=32),
)

# What the plugin calls; upstream's calico-cni-plugin may write pools, reservations and ClusterInformation besides.
CNI = (
    Rule(
        CORE,
        "namespaces",
        GET,
        "from v3.31 adding any pod fails, before that pods of namespaces with pools of their own",
    ),
    Rule(CORE, "nodes pods", GET, "adding a pod fails"),
    Rule(
        CORE, "pods/status", "patch", "adding a pod fails when its addresses are noted at the pod"
    ),
    Rule(
        CRD,
        "clusterinformations",
        GET,
        "adding and removing a pod fails, since the plugin cannot see whether the datastore is ready",
    ),
    Rule(CRD, "ippools ipreservations", "get list", NO_POD),
    Rule(CRD, "ipamconfigs", "get create", NO_POD),
    Rule(CRD, "blockaffinities ipamblocks ipamhandles", OWN, NO_POD),
    Rule(
        "kubevirt.io",
        "virtualmachineinstances virtualmachines",
        GET,
        "pods of virtual machines get no address",
        since=32,
    ),
)

KUBE_CONTROLLERS = (
    Rule(CORE, "nodes pods", READ, NO_LEAK_CARE),
    Rule(
        CORE,
        "namespaces",
        READ,
        "addresses of services of type LoadBalancer are not assigned by namespace",
        since=31,
    ),
    Rule(
        CORE,
        "services services/status",
        READ + " update",
        "services of type LoadBalancer get no address",
        since=30,
    ),
    # Renaming waits for calico/node's rollout (kube-controllers/pkg/controllers/networkpolicy/policy_name_migrator.go).
    Rule("apps", "daemonsets", READ, UNRENAMED, since=32),
    Rule("apps", "deployments", READ, MIGRATION, since=32),
    Rule(CRD, "*", READ, MIGRATION, since=32),
    Rule(CRD, "blockaffinities ipamblocks ipamhandles", WRITE, NO_LEAK_CARE),
    Rule(CRD, "clusterinformations", READ + " create update", "kube-controllers does not start"),
    Rule(CRD, "hostendpoints", OWN, "host endpoints are not made for nodes"),
    Rule(CRD, "hostendpoints", WRITE, "host endpoints are not made for nodes", since=30),
    Rule(CRD, "ipamconfigs", WRITE, "services of type LoadBalancer get no address", since=30),
    Rule(
        CRD,
        "ipamconfigurations",
        WRITE,
        "services of type LoadBalancer get no address where the API group is projectcalico.org/v3",
        since=32,
    ),
    Rule(CRD, "ippools", FOLLOW, NO_LEAK_CARE),
    Rule(CRD, "ipreservations", "list", "services of type LoadBalancer get no address"),
    Rule(
        CRD,
        "kubecontrollersconfigurations",
        "get watch create update",
        "kube-controllers does not start",
    ),
    Rule(CRD, "kubecontrollersconfigurations", "list", "kube-controllers does not start", since=28),
    Rule(
        CRD,
        "kubecontrollersconfigurations/status",
        "get update",
        "the running configuration is not reported",
        since=32,
    ),
    Rule(CRD, "tiers", WRITE, "nobody makes the tiers that policies are in", since=29),
    Rule(
        CRD,
        "globalnetworkpolicies networkpolicies stagedglobalnetworkpolicies stagednetworkpolicies",
        WRITE,
        UNRENAMED,
        since=32,
    ),
    Rule(
        "kubevirt.io",
        "virtualmachineinstances virtualmachines",
        READ,
        "addresses of virtual machines that are gone are never released",
        since=32,
    ),
    Rule(
        "apiextensions.k8s.io", "customresourcedefinitions", READ + " delete", MIGRATION, since=32
    ),
    Rule("apiregistration.k8s.io", "apiservices", READ + " create delete", MIGRATION, since=32),
    Rule(
        "migration.projectcalico.org",
        "datastoremigrations datastoremigrations/status",
        READ + " create update patch",
        MIGRATION,
        since=32,
    ),
    # The migration writes objects of every kind there, after it has unregistered Calico's API server; without the right
    # it is stuck then (kube-controllers/pkg/controllers/migration/controller.go).
    Rule("projectcalico.org", "*", READ + " create update patch delete", MIGRATION, since=32),
)

ROLES = {"node": NODE, "typha": TYPHA, "cni": CNI, "kube_controllers": KUBE_CONTROLLERS}
