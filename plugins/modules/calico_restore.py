#!/usr/bin/python
# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: calico_restore
short_description: Bring Calico's objects back from a snapshot
version_added: 1.0.0
author:
  - hardway.calico founders (@hardway)
description:
  - Creates what is missing and updates what differs in spec, labels, annotations or finalizers. It deletes nothing unless O(prune) is set.
  - Before anything is written, the API server checks each write in a dry run, also in check mode, so that an object that it refuses is known early.
  - ClusterInformation is created if it is missing but never changed, since calico/node keeps it.
  - Objects of a namespace that does not exist are left out with a warning.
extends_documentation_fragment:
  - hardway.calico.kubernetes
  - hardway.calico.attributes
options:
  src:
    description: A file that M(hardway.calico.calico_snapshot) wrote, on the host where the module runs.
    type: path
    required: true
  ipam:
    description:
      - Whether to restore IPAM's blocks, handles and affinities too. They say which addresses are in use, and follow the pods. With an old copy,
        Calico gives out addresses that pods have got since, or keeps those of pods that are gone.
      - Only sensible for a cluster whose datastore was lost while its pods went on running, before any new pod gets an address.
    type: bool
    default: false
  prune:
    description: Whether to delete objects that the snapshot has not. IP pools, IPAM's objects, ClusterInformation and Calico's own tiers always stay.
    type: bool
    default: false
  unknown_fields:
    description:
      - What to do where the cluster's CRDs lack fields that the snapshot's objects have, so that the API server would silently drop them.
      - V(drop) restores the objects without them.
    type: str
    choices: [refuse, drop]
    default: refuse
  other_cluster:
    description: Whether the snapshot may be of another cluster.
    type: bool
    default: false
seealso:
  - module: hardway.calico.calico_snapshot
"""

EXAMPLES = r"""
- name: Save Calico's objects
  hardway.calico.calico_snapshot:
    directory: /tmp/hardway-calico-snapshots
  register: snapshot

- name: Bring them back
  hardway.calico.calico_restore:
    src: "{{ snapshot.path }}"
"""

RETURN = r"""
actions:
  description: What was done, or would be done in check mode, and why.
  returned: success
  type: list
  elements: dict
  sample: [{action: create, target: GlobalNetworkPolicy default.deny-all, reason: it is not in the cluster}]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup import (
    decide as planning,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.objects import (
    CalicoObjects,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.snapshot import (
    identity,
    parse,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._host.files import read_bytes
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.access import (
    KUBERNETES_ARGS,
    connect,
    show_public_parts,
)
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan


def decide(params, snapshot, objects):
    """(Plan, warnings). Dry runs of every write are part of it."""
    planning.require_cluster(snapshot, objects.cluster_uid(), params["other_cluster"])
    resources = objects.resources()
    items = planning.chosen(snapshot, params["ipam"])
    planning.require_kinds(items, resources)
    items, warnings = planning.without_namespace(items, objects.namespaces())
    kinds = resources if params["prune"] else {item["kind"] for item in items}
    there = objects.read(resources[kind] for kind in sorted(kinds))
    current, steps, lost = {identity(item): item for item in there}, [], {}
    for item in items:
        body = planning.proposal(item, current.get(identity(item)))
        if body is None:
            continue
        write = objects.create if identity(item) not in current else objects.replace
        answer = write(resources[item["kind"]], body, dry=True)
        steps.append(planning.step(item, current.get(identity(item)), answer))
        lost.update(
            {planning.title(item): paths for paths in [planning.lost(item, answer)] if paths}
        )
    if params["unknown_fields"] == "refuse":
        planning.require_fields(lost)
    warnings += [
        "%s comes back without %s, which the cluster's CRD does not know"
        % (name, ", ".join(sorted(set(lost[name]))))
        for name in sorted(lost)
    ]
    plan = Plan(entry for entry in steps if entry)
    if params["prune"]:
        gone, notes = planning.deletions(snapshot["items"], there)
        plan, warnings = plan + gone, warnings + notes
    return plan, warnings


def apply(plan, objects):
    resources = objects.resources()
    for step in plan:
        item, current = step.detail
        resource = resources[(item or current)["kind"]]
        if item is None:
            objects.delete(resource, current)
        elif current is None:
            objects.create(resource, item)
        else:
            objects.replace(resource, planning.proposal(item, current))


def main():
    module = AnsibleModule(
        argument_spec={
            **KUBERNETES_ARGS,
            "src": {"type": "path", "required": True},
            "ipam": {"type": "bool", "default": False},
            "prune": {"type": "bool", "default": False},
            "unknown_fields": {"type": "str", "choices": ["refuse", "drop"], "default": "refuse"},
            "other_cluster": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    show_public_parts(module)
    src = module.params["src"]
    try:
        content = read_bytes(src)
        if content is None:
            raise CalicoError(
                "%s does not exist" % src,
                expected="a snapshot on the API host",
                found="no file",
                remedy="name the file; upgrade.yml says where it put it",
            )
        objects = CalicoObjects(connect(module.params))
        plan, warnings = decide(module.params, parse(content, src), objects)
        if not module.check_mode:
            apply(plan, objects)
    except CalicoError as exc:
        module.fail_json(msg=str(exc))
    for warning in warnings:
        module.warn(warning)
    module.exit_json(changed=bool(plan), actions=plan.as_result(), diff=plan.diff())


if __name__ == "__main__":
    main()
