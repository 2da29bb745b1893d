#!/usr/bin/python
# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: calico_rights
short_description: Check that an account may do all that Calico needs
version_added: 1.0.0
author:
  - hardway.calico founders (@hardway)
description:
  - Asks the API server whether an account has every right that a part of a Calico release needs, and fails with the
    name of each right that is missing and what breaks without it.
  - Typha and calico/node do not fail without a right to list or watch, they try again for ever. So the check comes
    between applying
    RBAC and waiting for a rollout.
  - It sends one request where nothing is missing, and needs the right to impersonate the account or to create
    C(subjectaccessreviews).
  - It changes nothing.
extends_documentation_fragment:
  - hardway.calico.kubernetes
  - hardway.calico.attributes.info
options:
  calico_version:
    description: The release, for example V(v3.32.1), or a minor.
    type: str
    required: true
  role:
    description:
      - Whose needs they are, as in C(rbac) of P(hardway.calico.release#lookup).
      - Those with C(etcd) in front are for an installation that keeps its data in etcd.
      - V(etcd_node_token) is what calico/node needs besides where install-cni puts the CNI plugin on nodes.
    type: str
    choices: [node, typha, cni, kube_controllers, etcd_node, etcd_node_token, etcd_cni, etcd_kube_controllers]
    required: true
  service_account:
    description: The ServiceAccount that must have them. Exactly one of O(service_account) and O(user) is needed.
    type: str
  namespace:
    description: The namespace of O(service_account).
    type: str
    default: kube-system
  user:
    description: The user that must have them.
    type: str
  in_namespace:
    description: The namespace in which the rights are needed, where a Role grants them; all namespaces if not set.
    type: str
  timeout:
    description: How long rights that were just granted may take to reach the API server's authorizer, in seconds.
    type: int
    default: 10
"""

EXAMPLES = r"""
- name: Require the rights that Typha needs
  hardway.calico.calico_rights:
    calico_version: v3.32.1
    role: typha
    service_account: calico-typha

- name: Require the rights that the CNI plugin needs
  hardway.calico.calico_rights:
    calico_version: v3.32.1
    role: cni
    user: calico-cni
"""

RETURN = r"""
user:
  description: The account as the API server names it.
  returned: success
  type: str
  sample: system:serviceaccount:kube-system:calico-typha
rights:
  description: How many rights were checked.
  returned: success
  type: int
  sample: 76
missing:
  description: The rights that the account lacks.
  returned: on failure because of them
  type: list
  elements: dict
  sample: [{group: crd.projectcalico.org, resource: tiers, verb: list, names: [], without: Typha never becomes Ready}]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.access import (
    KUBERNETES_ARGS,
    NAMESPACE_ARGS,
    connect,
    show_public_parts,
)
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.rights.decide import (
    PROGRAMS,
    decide,
    user_name,
)
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.rights.read import read
from ansible_collections.hardway.calico.plugins.module_utils._release.table import needs, release


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **KUBERNETES_ARGS,
            "calico_version": {"type": "str", "required": True},
            "role": {"type": "str", "choices": list(PROGRAMS), "required": True},
            "service_account": {"type": "str"},
            **NAMESPACE_ARGS,
            "user": {"type": "str"},
            "in_namespace": {"type": "str"},
            "timeout": {"type": "int", "default": 10},
        },
        mutually_exclusive=[("service_account", "user")],
        required_one_of=[("service_account", "user")],
        supports_check_mode=True,
    )
    show_public_parts(module)
    params = module.params
    user = params["user"] or user_name(params["service_account"], params["namespace"])
    try:
        version = release(params["calico_version"])["version"]
        wanted = needs(version, params["role"])
        within = params["in_namespace"] or ""
        missing = read(connect(params), user, wanted, params["timeout"], namespace=within)
    except CalicoError as exc:
        module.fail_json(msg=str(exc))
    problem = decide(user, params["role"], version, missing)
    if problem:
        module.fail_json(msg=str(problem), missing=missing)
    module.exit_json(changed=False, user=user, rights=len(wanted))


if __name__ == "__main__":
    main()
