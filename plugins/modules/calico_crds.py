#!/usr/bin/python
# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: calico_crds
short_description: Bring Calico's CustomResourceDefinitions to a release
version_added: 1.0.0
author:
  - hardway.calico founders (@hardway)
description:
  - Applies a release's CRDs server-side and waits until they are Established. What is there already is left alone.
  - Refuses, before it writes anything, CRDs of an older minor than those that are there, a CRD without a version
    that objects are stored in (C(status.storedVersions)), and a cluster whose Calico keeps its data in the API group
    C(projectcalico.org).
  - CRDs that the release no longer has are named and never deleted, since their objects would go with them.
  - Objects with fields that the release's CRDs no longer have are named in a warning before they lose them.
extends_documentation_fragment:
  - hardway.calico.kubernetes
  - hardway.calico.attributes
options:
  calico_version:
    description: The release that the CRDs are from. They carry it in the annotation C(hardway.calico/release).
    type: str
    required: true
  crds:
    description: The CRDs, as RV(hardway.calico.calico_release#module:crds).
    type: list
    elements: dict
    required: true
  downgrade:
    description:
      - What to do about CRDs that came from a newer minor than O(calico_version).
      - V(leave) leaves those as they are. It is for the way back of an unfinished upgrade.
    type: str
    choices: [refuse, leave]
    default: refuse
  timeout:
    description: How long to wait until they are Established, in seconds.
    type: int
    default: 60
"""

EXAMPLES = r"""
- name: Get the release
  hardway.calico.calico_release:
    version: v3.32.1
    mirror: https://mirror.example.com/calico
  register: release

- name: Have its CRDs
  hardway.calico.calico_crds:
    calico_version: "{{ release.version }}"
    crds: "{{ release.crds }}"
"""

RETURN = r"""
plan:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: dict
  sample: [{action: create, target: CRD tiers.crd.projectcalico.org, reason: the cluster does not have it}]
dropped:
  description: The CRDs of the cluster that an earlier release brought and this one does not have.
  returned: success
  type: list
  elements: str
  sample: [adminnetworkpolicies.policy.networking.k8s.io]
lost_fields:
  description:
    The objects with fields that their CRD loses in this run, with these fields. A snapshot taken before has them.
  returned: success
  type: list
  elements: str
  sample: ["FelixConfiguration default: spec.iptablesLockTimeout"]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.apply import apply
from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.decide import (
    awaited,
    decide,
    warnings,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.lost_fields import lost
from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.origin import (
    dropped,
    newer_patches,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.read import read
from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.store import CrdStore
from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.wanted import complete
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.access import (
    KUBERNETES_ARGS,
    connect,
    show_public_parts,
)
from ansible_collections.hardway.calico.plugins.module_utils._release.table import release


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **KUBERNETES_ARGS,
            "calico_version": {"type": "str", "required": True},
            "crds": {"type": "list", "elements": "dict", "required": True},
            "downgrade": {"type": "str", "choices": ["refuse", "leave"], "default": "refuse"},
            "timeout": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    show_public_parts(module)
    params = module.params
    try:
        version = release(params["calico_version"])["version"]
        crds = complete(params["crds"])
        store = CrdStore(connect(params))
        state = read(store, crds, version, leave_newer=params["downgrade"] == "leave")
        plan = decide(state)
        if not module.check_mode:
            apply(plan, store, awaited(plan, state), params["timeout"])
    except CalicoError as exc:
        module.fail_json(msg=str(exc))
    result = {"dropped": dropped(crds, state.there, version), "lost_fields": lost(state)}
    patches = newer_patches(state.there, version)
    for warning in warnings(plan, version, result["dropped"], patches, result["lost_fields"]):
        module.warn(warning)
    module.exit_json(changed=bool(plan), plan=plan.as_result(), diff=plan.diff(), **result)


if __name__ == "__main__":
    main()
