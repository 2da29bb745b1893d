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
  - Creates what is missing and updates what differs in spec, labels, annotations or finalizers. It deletes nothing
    unless O(prune) is set.
  - Before anything is written, the API server checks each write in a dry run, also in check mode, so that an object
    that it refuses is known early.
  - ClusterInformation is created if it is missing but never changed, since calico/node keeps it. In etcd, the same
    holds for nodes and profiles, which Calico keeps too, and for NetworkPolicies C(knp.default.NAME), which
    kube-controllers make of Kubernetes' own.
  - Policies of the tier C(default) are compared by the name that users know. Calico stores C(foo) as C(default.foo)
    before 3.32 and as C(foo) since, and kube-controllers of 3.32 rename those that are there. A policy comes back under
    the name that the cluster has it by; where it is gone, under the one that the cluster's release gives it. Where two
    policies would get one name, nothing is written.
  - etcd checks nothing, and drops no field. There, a dry run only finds objects that somebody else changed.
    The options of access to the Kubernetes API are needed too, for the cluster's uid and its namespaces.
  - A snapshot goes back to the kind of datastore that it is from; the other one is refused, whatever O(other_cluster)
    says, since labels and annotations are elsewhere in it. A snapshot that does not tell its datastore, as the first
    ones, counts as one of the Kubernetes API.
  - Objects of a namespace that does not exist are left out with a warning.
extends_documentation_fragment:
  - hardway.calico.kubernetes
  - hardway.calico.datastore
  - hardway.calico.attributes
options:
  src:
    description: A file that M(hardway.calico.calico_snapshot) wrote, on the host where the module runs.
    type: path
    required: true
  ipam:
    description:
      - Whether to restore IPAM's blocks, handles and affinities too. They say which addresses are in use, and follow
        the pods. With an old copy, Calico gives out addresses that pods have got since, or keeps those of pods that
        are gone.
      - Only sensible for a cluster whose datastore was lost while its pods went on running, before any new pod gets
        an address.
    type: bool
    default: false
  prune:
    description:
      Whether to delete objects that the snapshot has not. IP pools, IPAM's objects, ClusterInformation and Calico's
      own tiers always stay.
    type: bool
    default: false
  unknown_fields:
    description:
      - What to do where the cluster's CRDs lack fields that the snapshot's objects have, so that the API server would
        silently drop them.
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

from ansible_collections.hardway.calico.plugins.module_utils._datastore.access import (
    DATASTORE_ARGS,
    datastore,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.cluster import (
    Cluster,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.restore.apply import (
    apply,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.restore.decide import (
    decide,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.restore.read import (
    read,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.restore.state import (
    Wanted,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.snapshot.folder import (
    load,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.access import (
    connect,
    show_public_parts,
)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **DATASTORE_ARGS,
            "src": {"type": "path", "required": True},
            "ipam": {"type": "bool", "default": False},
            "prune": {"type": "bool", "default": False},
            "unknown_fields": {"type": "str", "choices": ["refuse", "drop"], "default": "refuse"},
            "other_cluster": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    show_public_parts(module)
    params = module.params
    try:
        wanted = Wanted(
            load(params["src"]),
            ipam=params["ipam"],
            prune=params["prune"],
            unknown_fields=params["unknown_fields"],
            other_cluster=params["other_cluster"],
            datastore=params["datastore_type"],
        )
        api = connect(params)
        calico = datastore(params, api)
        plan, warnings = decide(wanted, read(calico, Cluster(api), wanted))
        if not module.check_mode:
            apply(plan, calico)
    except CalicoError as exc:
        module.fail_json(msg=str(exc))
    for warning in warnings:
        module.warn(warning)
    module.exit_json(changed=bool(plan), actions=plan.as_result(), diff=plan.diff())


if __name__ == "__main__":
    main()
