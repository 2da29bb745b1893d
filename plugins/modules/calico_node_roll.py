#!/usr/bin/python
# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: calico_node_roll
short_description: Replace the pods of calico/node in order, canary first
version_added: 1.0.0
author:
  - hardway.calico founders (@hardway)
description:
  - Deletes the pods of a DaemonSet that are of an older template, batch by batch, and waits after each batch until
    the new ones are Ready.
  - It stops at the first batch with a pod that does not become Ready and says what the cluster says about it. Further
    nodes are not touched.
  - Nodes that were not Ready before their pod is replaced are last and are not waited for, unless no node is Ready.
    They are named in a warning.
  - It begins with waiting for pods of the newest template that are not Ready, so that a run after a failed one stops
    at the same node until it is mended.
  - It is meant for a DaemonSet with the update strategy V(OnDelete). What is done already it learns from the pods, so
    that a killed run goes on.
extends_documentation_fragment:
  - hardway.calico.kubernetes
  - hardway.calico.attributes
options:
  namespace:
    description: The DaemonSet's namespace.
    type: str
    default: kube-system
  name:
    description: The DaemonSet's name.
    type: str
    default: calico-node
  canary:
    description:
      - The nodes that go first and together, as a list of names, or their number.
      - A number counts nodes that have the newest template already. Workers go before control planes, nodes that are
        not Ready go last.
    type: raw
    default: 1
  batch:
    description: How many nodes at once after the canary, as a number, or as a share such as V(10%), rounded down but
      at least one.
    type: raw
    default: 1
  timeout:
    description: How long a batch may take to become Ready, in seconds.
    type: int
    default: 300
  remedy:
    description: What to do after a stop, as the end of the message.
    type: str
    default: mend what is named and run again, which goes on at this node
  template_changes:
    description: Whether the template is about to change, which check mode cannot see. Then all pods count as being of
      an older one. Ignored otherwise.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Replace what is of an older template, one node first and then a tenth of the nodes at a time
  hardway.calico.calico_node_roll:
    canary: 1
    batch: 10%
    timeout: 120
"""

RETURN = r"""
actions:
  description: What was done, or would be done in check mode, and why.
  returned: success
  type: list
  elements: dict
  sample: [{action: replace, target: pod calico-node-7xkq2 on cka002,
    reason: canary; its template is revision 5588c8fc49}]
batches:
  description: The nodes in the order in which they were replaced.
  returned: success
  type: list
  elements: list
  sample: [[cka002], [cka003, cka001]]
not_waited_for:
  description: Nodes whose pod is replaced without waiting for the new one, since they were not Ready before.
  returned: success
  type: list
  elements: str
  sample: [cka003]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.access import (
    KUBERNETES_ARGS,
    NAMESPACE_ARGS,
    connect,
    show_public_parts,
)
from ansible_collections.hardway.calico.plugins.module_utils._upgrade.found import NODE
from ansible_collections.hardway.calico.plugins.module_utils._upgrade.roll.apply import (
    Patience,
    apply,
)
from ansible_collections.hardway.calico.plugins.module_utils._upgrade.roll.daemonset import (
    DaemonSet,
)
from ansible_collections.hardway.calico.plugins.module_utils._upgrade.roll.decide import (
    TO_COME,
    RollPlan,
    decide,
)
from ansible_collections.hardway.calico.plugins.module_utils._upgrade.roll.read import read


def run(params: dict[str, t.Any], daemonset: DaemonSet, check_mode: bool) -> RollPlan:
    """The roll, carried out unless in check mode."""
    found = read(daemonset, params["timeout"])
    revision = TO_COME if check_mode and params["template_changes"] else found.revision
    roll = decide(found.members, revision, params["canary"], params["batch"])
    if not check_mode:
        apply(roll, daemonset, found, Patience(params["timeout"], params["remedy"]))
    return roll


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **KUBERNETES_ARGS,
            **NAMESPACE_ARGS,
            "name": {"type": "str", "default": NODE},
            "canary": {"type": "raw", "default": 1},
            "batch": {"type": "raw", "default": 1},
            "timeout": {"type": "int", "default": 300},
            "remedy": {
                "type": "str",
                "default": "mend what is named and run again, which goes on at this node",
            },
            "template_changes": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    show_public_parts(module)
    params = module.params
    try:
        daemonset = DaemonSet(connect(params), params["namespace"], params["name"])
        roll = run(params, daemonset, module.check_mode)
    except CalicoError as exc:
        module.fail_json(msg=str(exc))
    if roll.not_waited_for:
        module.warn(
            "%s was not Ready before: its pod is replaced as soon as its kubelet can, and nothing waits for that."
            % ", ".join(roll.not_waited_for)
        )
    module.exit_json(
        changed=bool(roll.plan),
        actions=roll.plan.as_result(),
        diff=roll.plan.diff(),
        batches=roll.nodes,
        not_waited_for=roll.not_waited_for,
    )


if __name__ == "__main__":
    main()
