# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The RBAC rows of the version table where Calico keeps its data in etcd (pure).

Source: the ClusterRoles of manifests/calico-etcd.yaml at each release's tag. Calico's own objects are in etcd, so
that little is asked of the Kubernetes API. serviceaccounts/token has a row of its own, since only install-cni and the
refresher of its token need it (cni-plugin/pkg/install, node/pkg/cni): they ask for a token of one account in their own
namespace, so that a Role there is enough.
"""

from __future__ import annotations

from ansible_collections.hardway.calico.plugins.module_utils._release.crds import CALICO as CRD
from ansible_collections.hardway.calico.plugins.module_utils._release.rules import Rule

CORE = ""

UNSTARTED = "calico/node ends at its start"
# confd renders nothing before each of its sources is in sync, and its lists are retried for ever.
UNRENDERED = "BIRD gets no configuration, so that calico/node never becomes Ready"

NODE = (
    Rule(CORE, "configmaps", "get", "calico/node cannot see which pod network kubeadm was given"),
    Rule(CORE, "nodes", "get", UNSTARTED),
    Rule(
        CORE,
        "namespaces pods",
        "get",
        "a CNI plugin with calico/node's account cannot add a pod",
    ),
    Rule(CORE, "nodes/status", "patch", "the Node keeps the condition NetworkUnavailable"),
    Rule(CORE, "endpoints services", "list watch", UNRENDERED),
    Rule("discovery.k8s.io", "endpointslices", "list watch", UNRENDERED),
)

NODE_TOKEN = (
    Rule(
        CORE,
        "serviceaccounts/token",
        "create",
        "install-cni ends, so that calico/node does not start",
        names=("calico-cni-plugin",),
    ),
)

CNI = (Rule(CORE, "namespaces nodes pods", "get", "adding a pod fails"),)

KUBE_CONTROLLERS = (
    Rule(
        CORE,
        "nodes pods",
        "get list watch",
        "the addresses of nodes and pods that are gone are never released",
    ),
    Rule(
        CORE,
        "namespaces serviceaccounts",
        "get list watch",
        "policies do not see the labels of namespaces and accounts",
    ),
    Rule("networking.k8s.io", "networkpolicies", "list watch", "NetworkPolicies have no effect"),
    Rule(
        CORE,
        "services services/status",
        "get list watch update",
        "services of type LoadBalancer get no address",
        since=30,
    ),
    Rule(
        CRD,
        "globalnetworkpolicies networkpolicies stagedglobalnetworkpolicies stagednetworkpolicies",
        "get list watch create update delete",
        "the policy name migrator cannot run",
        since=32,
    ),
    Rule(
        "apps",
        "daemonsets deployments",
        "get list watch",
        "the migration to the API group projectcalico.org/v3 cannot run",
        since=32,
    ),
)

ROLES = {
    "etcd_node": NODE,
    "etcd_node_token": NODE_TOKEN,
    "etcd_cni": CNI,
    "etcd_kube_controllers": KUBE_CONTROLLERS,
}
