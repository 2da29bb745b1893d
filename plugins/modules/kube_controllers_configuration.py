#!/usr/bin/python
# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kube_controllers_configuration
short_description: Declare how Calico's kube-controllers work
version_added: 1.0.0
author:
  - hardway.calico founders (@hardway)
description:
  - Sets fields of Calico's object KubeControllersConfiguration C(default). Fields that are not declared stay as they
    are.
  - kube-controllers makes this object at its start where there is none. Where it has not yet, this module makes the
    same object, with the declared fields in it.
  - Fields and values that the release does not know are refused before anything is written. Its CRD checks almost
    nothing, and kube-controllers does not start with values that it refuses.
  - kube-controllers restarts its controllers, inside its pod, when the object changes.
extends_documentation_fragment:
  - hardway.calico.kubernetes
  - hardway.calico.datastore
  - hardway.calico.attributes
options:
  spec:
    description:
      - The fields of the object's C(spec), in Calico's own names and nesting.
      - The role C(hardway.calico.kube_controllers) has them all in its README.
      - Environment variables of kube-controllers are stronger than these fields.
    type: dict
    required: true
  calico_version:
    description: The Calico release; fields that it does not know are refused.
    type: str
    default: v3.32.1
"""

EXAMPLES = r"""
- name: Release addresses that leaked after an hour, and make host endpoints for all nodes
  hardway.calico.kube_controllers_configuration:
    spec:
      controllers:
        node:
          leakGracePeriod: 1h
          hostEndpoint:
            autoCreate: Enabled

- name: Give addresses to services that ask for one only
  hardway.calico.kube_controllers_configuration:
    spec:
      controllers:
        loadBalancer:
          assignIPs: RequestedServicesOnly
"""

RETURN = r"""
actions:
  description: What was done, or would be done in check mode, and why.
  returned: success
  type: list
  elements: dict
  sample:
    - action: update
      target: KubeControllersConfiguration default
      reason: controllers.node.leakGracePeriod differs
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardway.calico.plugins.module_utils._datastore.access import (
    DATASTORE_ARGS,
    datastore,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.kube_controllers.apply import (
    apply,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.kube_controllers.decide import (
    decide,
    require_installed,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.kube_controllers.read import (
    read,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.kube_controllers.steps import (
    ConfigurationStep,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import Datastore
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.access import (
    show_public_parts,
)
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan
from ansible_collections.hardway.calico.plugins.module_utils._release import table

# kube-controllers makes the object and writes its status into it, so that another writer in between is
# no surprise; it writes once for each change of ours.
ATTEMPTS = 5
CONFLICT = 409


def run(
    calico: Datastore, spec: dict[str, t.Any], minor: int, check_mode: bool
) -> Plan[ConfigurationStep]:
    """The plan that was carried out, or would be. Raises CalicoError."""
    for attempt in range(1, ATTEMPTS + 1):
        current = read(calico)
        plan = decide(spec, current, minor)
        if check_mode:
            return plan
        require_installed(current)
        try:
            apply(plan, calico)
            return plan
        except CalicoError as exc:
            if exc.status != CONFLICT or attempt == ATTEMPTS:
                raise
    raise AssertionError("the last attempt returns or raises")


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **DATASTORE_ARGS,
            "spec": {"type": "dict", "required": True},
            "calico_version": {"type": "str", "default": table.DEFAULT},
        },
        supports_check_mode=True,
    )
    show_public_parts(module)
    try:
        minor, _patch = table.parse(module.params["calico_version"])
        plan = run(datastore(module.params), module.params["spec"], minor, module.check_mode)
    except CalicoError as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(changed=bool(plan), actions=plan.as_result(), diff=plan.diff())


if __name__ == "__main__":
    main()
