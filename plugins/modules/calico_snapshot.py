#!/usr/bin/python
# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: calico_snapshot
short_description: Save all of Calico's objects to a file
version_added: 1.0.0
author:
  - hardway.calico founders (@hardway)
description:
  - Writes every object of the API group C(crd.projectcalico.org), whatever kinds the cluster has, to one file on the host where the module runs,
    with mode C(0600) and in one step. The file is a Kubernetes List that C(kubectl) reads too.
  - Its name shows the cluster, the release and the time, such as C(calico-192.0.2.11-1f0c93aa-v3.31.7-20261121T071000Z.json).
  - It writes nothing if the newest snapshot of the cluster in O(directory) holds the same.
  - Passwords of BGP peers are references to Secrets, in the cluster as in the file. Secrets are not in it.
extends_documentation_fragment:
  - hardway.calico.kubernetes
  - hardway.calico.attributes
options:
  directory:
    description: Where the file is put. Made with mode C(0700) if missing.
    type: path
    default: ~/.local/state/hardway-calico/snapshots
  cluster:
    description: The cluster's name in the file's name. The API server's host if empty; the first part of the cluster's uid follows in any case.
    type: str
    default: ""
  calico_version:
    description: The release that the cluster runs, for the name.
    type: str
    default: ""
seealso:
  - module: hardway.calico.calico_restore
"""

EXAMPLES = r"""
- name: Save Calico's objects
  hardway.calico.calico_snapshot:
    directory: /tmp/hardway-calico-snapshots
    cluster: blue
    calico_version: v3.31.7
  register: snapshot
"""

RETURN = r"""
path:
  description: The file. In check mode, where it would be.
  returned: success
  type: str
  sample: /root/.local/state/hardway-calico/snapshots/calico-192.0.2.11-1f0c93aa-v3.31.7-20261121T071000Z.json
objects:
  description: How many objects of each kind it holds.
  returned: success
  type: dict
  sample: {IPPool: 2, GlobalNetworkPolicy: 14}
actions:
  description: What was done, or would be done in check mode, and why.
  returned: success
  type: list
  elements: dict
  sample: [{action: create, target: calico-192.0.2.11-1f0c93aa-v3.31.7-20261121T071000Z.json, reason: there is no snapshot of this state}]
"""

import collections
import datetime
import os

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup import (
    snapshot as content,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.objects import (
    CalicoObjects,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._host.files import (
    make_directory,
    read_bytes,
)
from ansible_collections.hardway.calico.plugins.module_utils._host.staged import atomic_write
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.access import (
    KUBERNETES_ARGS,
    connect,
    show_public_parts,
)
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan, Step


def newest(directory, stem):
    """(path, snapshot) of the newest readable snapshot whose name begins with stem, or (None, None). Names end with the time."""
    names = (
        [name for name in os.listdir(directory) if name.startswith(stem)]
        if os.path.isdir(directory)
        else []
    )
    for name in sorted(names, key=lambda name: name.rpartition("-")[2], reverse=True):
        path = os.path.join(directory, name)
        try:
            return path, content.parse(read_bytes(path), path)
        except CalicoError:
            # A file that somebody changed is no reason not to write a new one.
            continue
    return None, None


def run(params, objects, now, check_mode):
    directory = params["directory"]
    cluster, uid = params["cluster"] or objects.host(), objects.cluster_uid()
    snapshot = content.make(
        objects.read(objects.resources().values()), uid, cluster, params["calico_version"], now
    )
    path, earlier = newest(directory, content.stem(cluster, uid))
    plan, kinds = (
        Plan(),
        dict(sorted(collections.Counter(item["kind"] for item in snapshot["items"]).items())),
    )
    if earlier is None or not content.alike(snapshot, earlier):
        name = content.file_name(snapshot)
        path = os.path.join(directory, name)
        plan = Plan(
            [
                Step(
                    "create",
                    name,
                    "there is no snapshot of this state",
                    after={"objects": kinds, "mode": "0600"},
                )
            ]
        )
    if plan and not check_mode:
        make_directory(directory, 0o700)
        atomic_write(path, content.render(snapshot), 0o600, os.geteuid(), os.getegid())
    return plan, {"path": path, "objects": kinds}


def main():
    module = AnsibleModule(
        argument_spec={
            **KUBERNETES_ARGS,
            "directory": {"type": "path", "default": "~/.local/state/hardway-calico/snapshots"},
            "cluster": {"type": "str", "default": ""},
            "calico_version": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    show_public_parts(module)
    try:
        plan, result = run(
            module.params,
            CalicoObjects(connect(module.params)),
            datetime.datetime.now(datetime.timezone.utc),
            module.check_mode,
        )
    except CalicoError as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(changed=bool(plan), actions=plan.as_result(), diff=plan.diff(), **result)


if __name__ == "__main__":
    main()
