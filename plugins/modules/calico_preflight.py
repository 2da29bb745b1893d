#!/usr/bin/python
# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: calico_preflight
short_description: Look at a cluster before Calico is installed
version_added: 1.0.0
author:
  - hardway.calico founders (@hardway)
description:
  - Reads the cluster's version, nodes, networks, any Calico or other pod network and any kube-controllers that are
    there, with eleven requests, and one for each of O(image_pull_secrets) and each ConfigMap that tells where
    calico/node keeps its data.
  - Fails where an installation must not begin, that is for a release that the collection does not know, for nodes of an
    architecture that the release is not built for, for a downgrade to an older minor, where one of
    O(image_pull_secrets) is missing, and where Canal or a Calico of the Tigera operator's is there.
  - It changes nothing.
extends_documentation_fragment:
  - hardway.calico.kubernetes
  - hardway.calico.attributes.info
options:
  calico_version:
    description: The wanted release, for example V(v3.32.1), or a minor for the newest patch that the collection knows.
    type: str
    required: true
  kubernetes_range:
    description:
      - What to do about a Kubernetes version outside the range that the release was tested with.
      - A version that the release cannot work with is an error unless this is V(ignore).
    type: str
    choices: [warn, fail, ignore]
    default: warn
  downgrade:
    description:
      - What to do about a cluster with a newer minor than O(calico_version).
      - V(allow) is for the way back of an unfinished upgrade, while the older release still runs beside the newer one.
    type: str
    choices: [refuse, allow]
    default: refuse
  upgrade:
    description:
      - What to do about a cluster with an older minor than O(calico_version).
      - V(allow) is for the playbook that upgrades it.
    type: str
    choices: [warn, allow]
    default: warn
  image_pull_secrets:
    description: Secrets that must be in O(namespace). Only whether they are there is asked for, not what they hold;
      where the account may not know, that is a warning.
    type: list
    elements: str
    default: []
  datastore:
    description:
      - Where Calico's data is meant to be. A calico/node that is there already in O(namespace) and keeps it elsewhere
        is an error, by C(CALICO_DATASTORE_TYPE), C(DATASTORE_TYPE) and C(ETCD_ENDPOINTS) as Calico itself reads them.
      - Where that cannot be told, as with a value from a Secret, it is a warning.
    type: str
    choices: [kubernetes, etcd]
    default: kubernetes
  namespace:
    description: The namespace that Calico is meant for.
    type: str
    default: kube-system
"""

EXAMPLES = r"""
- name: Look at the cluster
  hardway.calico.calico_preflight:
    calico_version: v3.32.1
    kubernetes_range: fail
  register: cluster

- name: Show how many replicas of Typha fit
  ansible.builtin.debug:
    var: cluster.typha_replicas
"""

RETURN = r"""
kubernetes_version:
  description: The API server's version.
  returned: success
  type: str
  sample: v1.34.4
release:
  description: What the version table says about the release, without the lists; the lookup
    P(hardway.calico.release#lookup) has all.
  returned: success
  type: dict
  sample:
    version: v3.32.1
    minor: "3.32"
    registry: quay.io/calico
    kubernetes: {min: "1.34", max: "1.36", floor: "1.21"}
    architectures: [amd64]
installed_version:
  description: The Calico that is there, by the image of calico-node or the datastore's ClusterInformation; empty if
    there is none.
  returned: success
  type: str
  sample: v3.31.7
nodes:
  description: The cluster's nodes, by name. C(control_plane) are those with the label
    C(node-role.kubernetes.io/control-plane).
  returned: success
  type: list
  elements: dict
  sample:
    - name: worker1
      internal_ips: [192.0.2.21]
      architecture: amd64
      operating_system: linux
      schedulable: true
      control_plane: false
architectures:
  description: The architectures among the nodes.
  returned: success
  type: list
  elements: str
  sample: [amd64]
schedulable_nodes:
  description: The number of Linux nodes that are not cordoned. Taints do not count, since Typha tolerates them.
  returned: success
  type: int
  sample: 3
typha_replicas:
  description: Typha's replicas by the Tigera operator's formula, fewer than there are schedulable nodes where that is
    possible.
  returned: success
  type: int
  sample: 2
pod_networks:
  description: The pod networks that kubeadm was given; empty where kubeadm did not make the cluster.
  returned: success
  type: list
  elements: str
  sample: [10.244.0.0/16]
service_networks:
  description: The service networks, from kubeadm's configuration and the API's ServiceCIDR objects.
  returned: success
  type: list
  elements: str
  sample: [10.96.0.0/12]
node_networks:
  description: The nodes' internal addresses as networks of one host.
  returned: success
  type: list
  elements: str
  sample: [192.0.2.21/32]
forbidden_networks:
  description: The networks that no IP pool may overlap, that is RV(service_networks) and RV(node_networks), for
    M(hardway.calico.calico_ippool).
  returned: success
  type: list
  elements: dict
  sample: [{name: the service network, cidr: 10.96.0.0/12}]
foreign_kube_controllers:
  description:
    - The kinds of the Deployment, PodDisruptionBudget, ServiceAccount, ClusterRole and ClusterRoleBinding
      C(calico-kube-controllers) that are there, in O(namespace) where they are in one, and that the collection did not
      make, that is without the label C(app.kubernetes.io/managed-by=hardway.calico).
    - C(selector) and C(strategy) (its type) are the Deployment's; empty for other kinds.
  returned: success
  type: list
  elements: dict
  sample: [{kind: Deployment, selector: {matchLabels: {k8s-app: calico-kube-controllers}}, strategy: Recreate}]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.access import (
    KUBERNETES_ARGS,
    NAMESPACE_ARGS,
    connect,
    show_public_parts,
)
from ansible_collections.hardway.calico.plugins.module_utils._preflight.decide import decide
from ansible_collections.hardway.calico.plugins.module_utils._preflight.read import read
from ansible_collections.hardway.calico.plugins.module_utils._release.table import release


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **KUBERNETES_ARGS,
            "calico_version": {"type": "str", "required": True},
            "kubernetes_range": {
                "type": "str",
                "choices": ["warn", "fail", "ignore"],
                "default": "warn",
            },
            "downgrade": {"type": "str", "choices": ["refuse", "allow"], "default": "refuse"},
            "upgrade": {"type": "str", "choices": ["warn", "allow"], "default": "warn"},
            "datastore": {
                "type": "str",
                "choices": ["kubernetes", "etcd"],
                "default": "kubernetes",
            },
            # Names: Ansible would take "secret" in an option's name for one that carries it.
            "image_pull_secrets": {
                "type": "list",
                "elements": "str",
                "default": [],
                "no_log": False,
            },
            **NAMESPACE_ARGS,
        },
        supports_check_mode=True,
    )
    show_public_parts(module)
    params = module.params
    try:
        about = release(params["calico_version"])
        found = decide(
            about,
            read(connect(params), params["namespace"], params["image_pull_secrets"]),
            params["kubernetes_range"],
            params["namespace"],
            downgrade_allowed=params["downgrade"] == "allow",
            upgrade_allowed=params["upgrade"] == "allow",
            datastore=params["datastore"],
        )
    except CalicoError as exc:
        module.fail_json(msg=str(exc))
    for warning in found.warnings:
        module.warn(warning)
    module.exit_json(changed=False, **found.facts)


if __name__ == "__main__":
    main()
