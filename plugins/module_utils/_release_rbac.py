# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The RBAC rows of the version table.

Sources: the ClusterRoles of manifests/calico-typha.yaml at each release's tag for calico-node and
calico-kube-controllers; for Typha its four syncers (libcalico-go/lib/backend/syncersv1) and typha/pkg/k8s/lookup.go;
for the CNI plugin the calls of cni-plugin/pkg and libcalico-go/lib/ipam.
A missing list or watch does not fail, it hangs: Typha and Felix retry the 403 for ever and never become Ready.
"""

from __future__ import annotations

from dataclasses import dataclass

CORE = ""
CRD = "crd.projectcalico.org"
ANP = "policy.networking.k8s.io"

GET = "get"
READ = "get list watch"
FOLLOW = "list watch"
WRITE = "get list watch create update delete"
OWN = "get list create update delete"
# The order in which Kubernetes' documentation names them.
VERBS = ("get", "list", "watch", "create", "update", "patch", "delete")


@dataclass(frozen=True)
class Rule:
    """Verbs on resources of one API group in the minors since..until (inclusive; of Calico 3; None is open).

    Rows add up: two rows about one resource give the union of their verbs. names: resourceNames.
    """

    group: str
    resources: str
    verbs: str
    since: int | None = None
    until: int | None = None
    names: tuple = ()

    def holds(self, minor):
        return (self.since is None or minor >= self.since) and (self.until is None or minor <= self.until)


# Without serviceaccounts/token: it serves calico/node's CNI token refresher only, which CALICO_MANAGE_CNI=false turns off.
NODE = (
    Rule(CORE, "configmaps", GET),
    Rule(CORE, "endpoints namespaces nodes pods services", READ),
    Rule(CORE, "serviceaccounts", FOLLOW),
    Rule(CORE, "nodes/status", "update patch"),
    Rule(CORE, "pods/status", "patch"),
    Rule("apps", "daemonsets", GET),
    Rule("discovery.k8s.io", "endpointslices", FOLLOW),
    Rule("networking.k8s.io", "networkpolicies", FOLLOW),
    # v3.32 ends at start-up when it cannot create BGPConfiguration "default" (node/pkg/lifecycle/startup/startup.go).
    Rule(CRD, "bgpconfigurations bgppeers", READ + " create update"),
    Rule(CRD, "clusterinformations felixconfigurations ippools", READ + " create update"),
    Rule(CRD, "blockaffinities ipamblocks", WRITE),
    Rule(CRD, "ipamhandles", OWN),
    Rule(CRD, "ipamconfigs", "get create"),
    Rule(CRD, "ipamconfigurations", "get create", since=32),
    Rule(CRD, "caliconodestatuses", READ + " update"),
    Rule(CRD, "bgpfilters ipreservations", READ),
    Rule(CRD, "globalbgpconfigs globalfelixconfigs", READ),
    Rule(CRD, "globalnetworkpolicies globalnetworksets hostendpoints networkpolicies networksets", READ),
    Rule(CRD, "tiers", READ + " create", since=29),
    Rule(CRD, "stagedglobalnetworkpolicies stagedkubernetesnetworkpolicies stagednetworkpolicies", READ, since=30),
    Rule(ANP, "adminnetworkpolicies", FOLLOW, since=29, until=31),
    Rule(ANP, "baselineadminnetworkpolicies", FOLLOW, since=30, until=31),
    Rule(ANP, "clusternetworkpolicies", FOLLOW, since=32),
    # Needed where KubeVirt is absent too: the API server answers 403, which is retried for ever, before it answers 404.
    Rule("kubevirt.io", "virtualmachineinstancemigrations", READ, since=32),
)

# Without create on tiers: Typha tolerates that answer, and calico/node creates them.
TYPHA = (
    Rule(CORE, "namespaces nodes pods serviceaccounts services", FOLLOW),
    Rule(CORE, "endpoints", GET, until=30),
    Rule("discovery.k8s.io", "endpointslices", FOLLOW),
    Rule("networking.k8s.io", "networkpolicies", FOLLOW),
    Rule(CRD, "felixconfigurations globalnetworkpolicies globalnetworksets networkpolicies networksets hostendpoints", READ),
    Rule(CRD, "ippools bgpconfigurations ipamblocks", READ),
    Rule(CRD, "bgppeers blockaffinities bgpfilters caliconodestatuses", READ),
    # Typha does not start before it has made sure that ClusterInformation "default" exists.
    Rule(CRD, "clusterinformations", READ + " create update"),
    Rule(CRD, "tiers", READ, since=29),
    Rule(CRD, "stagedglobalnetworkpolicies stagedkubernetesnetworkpolicies stagednetworkpolicies", READ, since=30),
    Rule(ANP, "adminnetworkpolicies", FOLLOW, since=29, until=31),
    Rule(ANP, "baselineadminnetworkpolicies", FOLLOW, since=30, until=31),
    Rule(ANP, "clusternetworkpolicies", FOLLOW, since=32),
    Rule("kubevirt.io", "virtualmachineinstancemigrations", READ, since=32),
)

# What the plugin calls; upstream's calico-cni-plugin may write pools, reservations and ClusterInformation besides.
CNI = (
    Rule(CORE, "namespaces nodes pods", GET),
    Rule(CORE, "pods/status", "patch"),
    Rule(CRD, "clusterinformations", GET),
    Rule(CRD, "ippools ipreservations", "get list"),
    Rule(CRD, "ipamconfigs", "get create"),
    Rule(CRD, "blockaffinities ipamblocks ipamhandles", OWN),
    # For pods of virtual machines only.
    Rule("kubevirt.io", "virtualmachineinstances virtualmachines", GET, since=32),
)

KUBE_CONTROLLERS = (
    Rule(CORE, "nodes pods", READ),
    Rule(CORE, "namespaces", READ, since=31),
    Rule(CORE, "services services/status", READ + " update", since=30),
    Rule("apps", "daemonsets deployments", READ, since=32),
    Rule(CRD, "*", READ, since=32),
    Rule(CRD, "blockaffinities ipamblocks ipamhandles", WRITE),
    Rule(CRD, "clusterinformations", READ + " create update"),
    Rule(CRD, "hostendpoints", OWN),
    Rule(CRD, "hostendpoints", WRITE, since=30),
    Rule(CRD, "ipamconfigs", WRITE, since=30),
    Rule(CRD, "ipamconfigurations", WRITE, since=32),
    Rule(CRD, "ippools", FOLLOW),
    Rule(CRD, "ipreservations", "list"),
    Rule(CRD, "kubecontrollersconfigurations", "get watch create update"),
    Rule(CRD, "kubecontrollersconfigurations", "list", since=28),
    Rule(CRD, "kubecontrollersconfigurations/status", "get update", since=32),
    Rule(CRD, "tiers", WRITE, since=29),
    Rule(CRD, "globalnetworkpolicies networkpolicies stagedglobalnetworkpolicies stagednetworkpolicies", WRITE, since=32),
    Rule("kubevirt.io", "virtualmachineinstances virtualmachines", READ, since=32),
    # For the migration controller of the v3 API group.
    Rule("apiextensions.k8s.io", "customresourcedefinitions", READ + " delete", since=32),
    Rule("apiregistration.k8s.io", "apiservices", READ + " create delete", since=32),
    Rule("migration.projectcalico.org", "datastoremigrations datastoremigrations/status", READ + " create update patch", since=32),
)

ROLES = {"node": NODE, "typha": TYPHA, "cni": CNI, "kube_controllers": KUBE_CONTROLLERS}


def rules(rows, minor):
    """The `rules` of a ClusterRole for one minor: grouped by API group, verbs and names, in a fixed order."""
    verbs = {}
    for row in rows:
        if row.holds(minor):
            for resource in row.resources.split():
                verbs.setdefault((row.group, row.names, resource), set()).update(row.verbs.split())
    grouped = {}
    for (group, names, resource), granted in verbs.items():
        grouped.setdefault((group, names, tuple(verb for verb in VERBS if verb in granted)), []).append(resource)
    ordered = sorted((group, sorted(resources), names, granted) for (group, names, granted), resources in grouped.items())
    return [_rule(*entry) for entry in ordered]


def _rule(group, resources, names, verbs):
    rule = {"apiGroups": [group], "resources": resources, "verbs": list(verbs)}
    if names:
        rule["resourceNames"] = list(names)
    return rule
