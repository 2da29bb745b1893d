#!/usr/bin/python
# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: calico_rollout
short_description: Wait until workloads, CRDs and nodes are ready, and say why they are not
version_added: 1.0.0
author:
  - hardway.calico founders (@hardway)
description:
  - Waits until Deployments and DaemonSets are rolled out, CustomResourceDefinitions are Established and nodes are
    Ready.
  - When the time is over it fails with what the cluster says, that is pod conditions, container states and events.
  - It changes nothing.
extends_documentation_fragment:
  - hardway.calico.kubernetes
  - hardway.calico.attributes.info
options:
  namespace:
    description: The namespace of the workloads.
    type: str
    default: kube-system
  workloads:
    description: The workloads to wait for.
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description: The workload's kind.
        type: str
        choices: [Deployment, DaemonSet]
        required: true
      name:
        description: The workload's name.
        type: str
        required: true
  crds:
    description: The names of the CustomResourceDefinitions to wait for.
    type: list
    elements: str
    default: []
  nodes_ready:
    description: Whether every node must be Ready.
    type: bool
    default: false
  timeout:
    description: How long to wait, in seconds.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Wait until calico/node runs everywhere and every node is Ready
  hardway.calico.calico_rollout:
    workloads:
      - kind: DaemonSet
        name: calico-node
    nodes_ready: true
    timeout: 300
"""

RETURN = r"""
waited:
  description: How long it took until everything was ready, in seconds.
  returned: success
  type: float
  sample: 12.3
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.access import (
    KUBERNETES_ARGS,
    NAMESPACE_ARGS,
    connect,
    show_public_parts,
)
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.paths import WORKLOADS
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.rollout.wait import Rollout


def main() -> None:
    workload = {
        "kind": {"type": "str", "choices": list(WORKLOADS), "required": True},
        "name": {"type": "str", "required": True},
    }
    module = AnsibleModule(
        argument_spec={
            **KUBERNETES_ARGS,
            **NAMESPACE_ARGS,
            "workloads": {"type": "list", "elements": "dict", "default": [], "options": workload},
            "crds": {"type": "list", "elements": "str", "default": []},
            "nodes_ready": {"type": "bool", "default": False},
            "timeout": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    show_public_parts(module)
    params = module.params
    try:
        rollout = Rollout(
            connect(params),
            params["namespace"],
            params["workloads"],
            params["crds"],
            params["nodes_ready"],
        )
        waited = rollout.wait(params["timeout"])
    except CalicoError as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(changed=False, waited=round(waited, 1))


if __name__ == "__main__":
    main()
