# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What upstream's manifests grant, read from them at each tag and written down apart from the version table.

One line is "API group | resource | verbs by minor": g get, l list, w watch, c create, u update, p patch, d delete.
TYPHA comes from the code of its four syncers and, for globalfelixconfigs, from refusals that a real v3.31.7 Typha
logged; CNI_NEEDS from the plugin's.
"""

from __future__ import annotations

import re

NODE = """
core | configmaps | g (all)
core | endpoints | glw (all)
core | namespaces | glw (all)
core | nodes | glw (all)
core | nodes/status | up (all)
core | pods | glw (all)
core | pods/status | p (all)
core | serviceaccounts | lw (all)
core | serviceaccounts/token [resourceNames: calico-cni-plugin] | c (3.26+)
core | serviceaccounts/token [resourceNames: calico-node] | c (3.23-3.25)
core | services | glw (all)
apps | daemonsets | g (all)
crd.projectcalico.org | bgpconfigurations | glwcu (all)
crd.projectcalico.org | bgpfilters | glw (3.26+)
crd.projectcalico.org | bgppeers | glwcu (all)
crd.projectcalico.org | blockaffinities | glwcud (all)
crd.projectcalico.org | caliconodestatuses | glwu (3.21+)
crd.projectcalico.org | clusterinformations | glwcu (all)
crd.projectcalico.org | felixconfigurations | glwcu (all)
crd.projectcalico.org | globalbgpconfigs | glw (all)
crd.projectcalico.org | globalfelixconfigs | glw (all)
crd.projectcalico.org | globalnetworkpolicies | glw (all)
crd.projectcalico.org | globalnetworksets | glw (all)
crd.projectcalico.org | hostendpoints | glw (all)
crd.projectcalico.org | ipamblocks | glwcud (all)
crd.projectcalico.org | ipamconfigs | g (3.20-3.23); gc (3.24+)
crd.projectcalico.org | ipamconfigurations | gc (3.32+)
crd.projectcalico.org | ipamhandles | glcud (all)
crd.projectcalico.org | ippools | glwcu (all)
crd.projectcalico.org | ipreservations | glw (3.21+)
crd.projectcalico.org | networkpolicies | glw (all)
crd.projectcalico.org | networksets | glw (all)
crd.projectcalico.org | stagedglobalnetworkpolicies | glw (3.30+)
crd.projectcalico.org | stagedkubernetesnetworkpolicies | glw (3.30+)
crd.projectcalico.org | stagednetworkpolicies | glw (3.30+)
crd.projectcalico.org | tiers | glwc (3.29+)
discovery.k8s.io | endpointslices | lw (all)
kubevirt.io | virtualmachineinstancemigrations | glw (3.32+)
networking.k8s.io | networkpolicies | lw (all)
policy.networking.k8s.io | adminnetworkpolicies | lw (3.29-3.31)
policy.networking.k8s.io | baselineadminnetworkpolicies | lw (3.30-3.31)
policy.networking.k8s.io | clusternetworkpolicies | lw (3.32+)
"""

CNI_PLUGIN = """
core | namespaces | g (3.26+)
core | nodes | g (3.26+)
core | pods | g (3.26+)
core | pods/status | p (3.26+)
crd.projectcalico.org | blockaffinities | glcud (3.26+)
crd.projectcalico.org | clusterinformations | glcud (3.26+)
crd.projectcalico.org | ipamblocks | glcud (3.26+)
crd.projectcalico.org | ipamconfigs | glcud (3.26+)
crd.projectcalico.org | ipamconfigurations | glcud (3.32+)
crd.projectcalico.org | ipamhandles | glcud (3.26+)
crd.projectcalico.org | ippools | glcud (3.26+)
crd.projectcalico.org | ipreservations | glcud (3.26+)
kubevirt.io | virtualmachineinstances | g (3.32+)
kubevirt.io | virtualmachines | g (3.32+)
"""

KUBE_CONTROLLERS = """
core | namespaces | glw (3.31+)
core | nodes | glw (all)
core | pods | glw (all)
core | services | glwu (3.30+)
core | services/status | glwu (3.30+)
apiextensions.k8s.io | customresourcedefinitions | glwd (3.32+)
apiregistration.k8s.io | apiservices | glwcd (3.32+)
apps | daemonsets | glw (3.32+)
apps | deployments | glw (3.32+)
crd.projectcalico.org | * | glw (3.32+)
crd.projectcalico.org | blockaffinities | glwcud (all)
crd.projectcalico.org | clusterinformations | gcu (3.20-3.22); glwcu (3.23+)
crd.projectcalico.org | globalnetworkpolicies | glwcud (3.32+)
crd.projectcalico.org | hostendpoints | glcud (3.20-3.29); glwcud (3.30+)
crd.projectcalico.org | ipamblocks | glwcud (all)
crd.projectcalico.org | ipamconfigs | glwcud (3.30+)
crd.projectcalico.org | ipamconfigurations | glwcud (3.32+)
crd.projectcalico.org | ipamhandles | glwcud (all)
crd.projectcalico.org | ippools | l (3.20-3.22); lw (3.23+)
crd.projectcalico.org | ipreservations | l (3.21+)
crd.projectcalico.org | kubecontrollersconfigurations | gwcu (3.20-3.27); glwcu (3.28+)
crd.projectcalico.org | kubecontrollersconfigurations/status | gu (3.32+)
crd.projectcalico.org | networkpolicies | glwcud (3.32+)
crd.projectcalico.org | stagedglobalnetworkpolicies | glwcud (3.32+)
crd.projectcalico.org | stagednetworkpolicies | glwcud (3.32+)
crd.projectcalico.org | tiers | glwcud (3.29+)
kubevirt.io | virtualmachineinstances | glw (3.32+)
kubevirt.io | virtualmachines | glw (3.32+)
migration.projectcalico.org | datastoremigrations | glwcup (3.32+)
migration.projectcalico.org | datastoremigrations/status | glwcup (3.32+)
projectcalico.org | * | glwcupd (3.32+)
"""

TYPHA = """
core | nodes | lw (all)
core | pods | lw (all)
core | namespaces | lw (all)
core | serviceaccounts | lw (all)
core | services | lw (3.23+)
core | endpoints | g (3.20-3.30)
discovery.k8s.io | endpointslices | lw (3.21+)
networking.k8s.io | networkpolicies | lw (all)
crd.projectcalico.org | globalfelixconfigs | g (3.20-3.31)
crd.projectcalico.org | felixconfigurations | glw (all)
crd.projectcalico.org | globalnetworkpolicies | glw (all)
crd.projectcalico.org | globalnetworksets | glw (all)
crd.projectcalico.org | networkpolicies | glw (all)
crd.projectcalico.org | networksets | glw (all)
crd.projectcalico.org | hostendpoints | glw (all)
crd.projectcalico.org | ippools | glw (all)
crd.projectcalico.org | bgpconfigurations | glw (all)
crd.projectcalico.org | ipamblocks | glw (all)
crd.projectcalico.org | bgppeers | glw (all)
crd.projectcalico.org | blockaffinities | glw (all)
crd.projectcalico.org | clusterinformations | glwcu (all)
crd.projectcalico.org | caliconodestatuses | glw (3.21+)
crd.projectcalico.org | bgpfilters | glw (3.26+)
crd.projectcalico.org | tiers | glw (3.29+)
policy.networking.k8s.io | adminnetworkpolicies | lw (3.29-3.31)
crd.projectcalico.org | stagednetworkpolicies | glw (3.30+)
crd.projectcalico.org | stagedglobalnetworkpolicies | glw (3.30+)
crd.projectcalico.org | stagedkubernetesnetworkpolicies | glw (3.30+)
policy.networking.k8s.io | baselineadminnetworkpolicies | lw (3.30-3.31)
policy.networking.k8s.io | clusternetworkpolicies | lw (3.32+)
kubevirt.io | virtualmachineinstancemigrations | glw (3.32+)
"""

CNI_NEEDS = """
core | namespaces | g (all)
core | nodes | g (all)
core | pods | g (all)
core | pods/status | p (all)
crd.projectcalico.org | clusterinformations | g (all)
crd.projectcalico.org | ippools | gl (all)
crd.projectcalico.org | ipreservations | gl (3.21+)
crd.projectcalico.org | ipamconfigs | gc (3.24+)
crd.projectcalico.org | blockaffinities | glcud (all)
crd.projectcalico.org | ipamblocks | glcud (all)
crd.projectcalico.org | ipamhandles | glcud (all)
kubevirt.io | virtualmachineinstances | g (3.32+)
kubevirt.io | virtualmachines | g (3.32+)
"""

# With the data in etcd (manifests/calico-etcd.yaml).
ETCD_NODE = """
core | configmaps | g (all)
core | endpoints | lw (all)
core | namespaces | g (all)
core | nodes | g (all)
core | nodes/status | p (all)
core | pods | g (all)
core | serviceaccounts/token [resourceNames: calico-cni-plugin] | c (3.26+)
core | services | lw (all)
discovery.k8s.io | endpointslices | lw (all)
"""

# What of it serves install-cni and the CNI token refresher.
ETCD_NODE_TOKEN = """
core | serviceaccounts/token [resourceNames: calico-cni-plugin] | c (3.26+)
"""

ETCD_CNI_PLUGIN = """
core | namespaces | g (3.26+)
core | nodes | g (3.26+)
core | pods | g (3.26+)
"""

ETCD_KUBE_CONTROLLERS = """
core | namespaces | glw (all)
core | nodes | glw (all)
core | pods | glw (all)
core | serviceaccounts | glw (all)
core | services | glwu (3.30+)
core | services/status | glwu (3.30+)
apps | daemonsets | glw (3.32+)
apps | deployments | glw (3.32+)
crd.projectcalico.org | globalnetworkpolicies | glwcud (3.32+)
crd.projectcalico.org | networkpolicies | glwcud (3.32+)
crd.projectcalico.org | stagedglobalnetworkpolicies | glwcud (3.32+)
crd.projectcalico.org | stagednetworkpolicies | glwcud (3.32+)
networking.k8s.io | networkpolicies | lw (all)
"""

VERBS = {
    "g": "get",
    "l": "list",
    "w": "watch",
    "c": "create",
    "u": "update",
    "p": "patch",
    "d": "delete",
}
SPAN = re.compile(r"([glwcupd]+) \((all|3\.(\d+)\+|3\.(\d+)-3\.(\d+))\)")


def granted(text, minor):
    """{(group, resource, names)} to the set of verbs, for one minor."""
    found = {}
    for line in text.strip().splitlines():
        group, resource, spans = (part.strip() for part in line.split("|"))
        resource, _bracket, names = resource.partition(" [resourceNames: ")
        key = ("" if group == "core" else group, resource, tuple(names.rstrip("]").split()))
        for letters, span, since, first, last in SPAN.findall(spans):
            if (
                span == "all"
                or (since and minor >= int(since))
                or (first and int(first) <= minor <= int(last))
            ):
                found.setdefault(key, set()).update(VERBS[letter] for letter in letters)
    return found
