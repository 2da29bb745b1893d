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
  - Writes every object of the API group C(crd.projectcalico.org), whatever kinds the cluster has, to one file on the
    host where the module runs, with mode C(0600) and in one step. The file is a Kubernetes List that C(kubectl) reads
    too.
  - With O(datastore_type=etcdv3) it reads the same kinds from etcd, all as they were at one moment, with Calico's nodes
    and profiles, which are Kubernetes' own objects otherwise. WorkloadEndpoints follow the pods and are left out.
    The options of access to the Kubernetes API are needed too, since the cluster's uid is read there.
  - Its name shows the cluster, the release and the time, such as
    C(calico-192.0.2.11-1f0c93aa-v3.31.7-20261121T071000Z.json).
  - It holds which datastore it is of, since it can only be restored into the same one.
  - It writes nothing if the newest snapshot of the cluster in O(directory) holds the same.
  - Passwords of BGP peers are references to Secrets, in the cluster as in the file. Secrets are not in it.
extends_documentation_fragment:
  - hardway.calico.kubernetes
  - hardway.calico.datastore
  - hardway.calico.attributes
options:
  directory:
    description: Where the file is put. Made with mode C(0700) if missing.
    type: path
    default: ~/.local/state/hardway-calico/snapshots
  cluster:
    description:
      The cluster's name in the file's name. The API server's host if empty; the first part of the cluster's uid
      follows in any case.
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

- name: Save them where Calico keeps them in etcd
  hardway.calico.calico_snapshot:
    directory: /tmp/hardway-calico-snapshots
    cluster: blue-etcd
    datastore_type: etcdv3
    etcd_endpoints:
      - https://192.0.2.11:2379
      - https://192.0.2.12:2379
      - https://192.0.2.13:2379
    etcd_ca_cert: /etc/etcd/ca.crt
    etcd_cert: /etc/etcd/calico.crt
    etcd_key: /etc/etcd/calico.key
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
  sample:
    - action: create
      target: calico-192.0.2.11-1f0c93aa-v3.31.7-20261121T071000Z.json
      reason: there is no snapshot of this state
"""

import datetime

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardway.calico.plugins.module_utils._datastore.access import (
    DATASTORE_ARGS,
    datastore,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.cluster import (
    Cluster,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.snapshot.apply import (
    apply,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.snapshot.decide import (
    decide,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.snapshot.folder import (
    SnapshotFolder,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.snapshot.read import (
    read,
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
            "directory": {"type": "path", "default": "~/.local/state/hardway-calico/snapshots"},
            "cluster": {"type": "str", "default": ""},
            "calico_version": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    show_public_parts(module)
    params, now = module.params, datetime.datetime.now(datetime.timezone.utc)
    folder = SnapshotFolder(params["directory"])
    try:
        api = connect(params)
        state = read(datastore(params, api), Cluster(api), folder, params["cluster"])
        decision = decide(state, params["calico_version"], now, params["datastore_type"])
        if not module.check_mode:
            apply(decision.plan, folder)
    except CalicoError as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(
        changed=bool(decision.plan),
        actions=decision.plan.as_result(),
        diff=decision.plan.diff(),
        path=folder.path(decision.name),
        objects=decision.objects,
    )


if __name__ == "__main__":
    main()
