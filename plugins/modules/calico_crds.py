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
  - Refuses, before it writes anything, CRDs of an older minor than those that are there, a CRD without a version that objects are
    stored in (C(status.storedVersions)), and a cluster whose Calico keeps its data in the API group C(projectcalico.org).
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
  description: The objects with fields that their CRD loses in this run, with these fields. A snapshot taken before has them.
  returned: success
  type: list
  elements: str
  sample: ["FelixConfiguration default: spec.iptablesLockTimeout"]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds import (
    decide as decisions,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds import (
    lost_fields as fields,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds import store
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.access import (
    KUBERNETES_ARGS,
    connect,
    show_public_parts,
)
from ansible_collections.hardway.calico.plugins.module_utils._release.table import release


def losing(api, plan, there):
    """Which objects lose which fields, as sentences. One LIST for each CRD that loses some, none otherwise."""
    current, found = {crd["metadata"]["name"]: crd for crd in there}, []
    for step in plan:
        crd = current.get(step.detail["metadata"]["name"])
        paths = fields.gone(crd, step.detail) if crd else []
        for item in store.objects(api, crd) if paths else []:
            held, place = fields.held(item, paths), item["metadata"].get("namespace")
            if held:
                name = "%s%s" % (place + "/" if place else "", item["metadata"]["name"])
                found.append("%s %s: %s" % (crd["spec"]["names"]["kind"], name, ", ".join(held)))
    return found


def bring(api, crds, version, params, check_mode):
    """(plan, names of dropped CRDs, objects that lose fields, newer patches' names) after the plan was carried out, or not in check mode."""
    there = store.read(api)
    newer = decisions.newer(there, version)
    if params["downgrade"] == "refuse":
        decisions.refuse_downgrade(newer, version)
    wanted = [
        crd for crd in decisions.marked(crds, version) if crd["metadata"]["name"] not in newer
    ]
    decisions.refuse(wanted, there, version)
    plan = decisions.decide(wanted, there, store.try_out(api, decisions.differing(wanted, there)))
    lost = losing(api, plan, there)
    if not check_mode:
        store.write(api, plan)
        if plan or not decisions.ready(wanted, there):
            store.wait(api, [crd["metadata"]["name"] for crd in wanted], params["timeout"])
    return (
        plan,
        decisions.dropped(crds, there, version),
        lost,
        decisions.newer_patches(there, version),
    )


def main():
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
        crds = decisions.complete(params["crds"])
        plan, dropped, lost, patches = bring(
            connect(params), crds, version, params, module.check_mode
        )
    except CalicoError as exc:
        module.fail_json(msg=str(exc))
    if plan and dropped:
        module.warn(
            "Calico %s has no %s. Such a CRD is kept, since deleting it deletes its objects: delete it yourself once nothing uses them."
            % (version, ", ".join(dropped))
        )
    if plan and patches:
        module.warn(
            "The CRDs of Calico %s are replaced by those of %s, which is older."
            % (", ".join(patches), version)
        )
    if lost:
        module.warn(
            "Calico %s no longer has these fields, and the API server drops them: %s"
            % (version, "; ".join(lost))
        )
    module.exit_json(
        changed=bool(plan),
        plan=plan.as_result(),
        dropped=dropped,
        lost_fields=lost,
        diff=plan.diff(),
    )


if __name__ == "__main__":
    main()
