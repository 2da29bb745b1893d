#!/usr/bin/python
# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: calico_ippool
short_description: Declare Calico's IP pools
version_added: 1.0.0
author:
  - hardway.calico founders (@hardway)
description:
  - Creates, changes, enables, disables and removes IP pools, in the Kubernetes API or in etcd.
    Pools that are not listed are left alone.
  - With O(datastore_type=etcdv3) it needs no access to the Kubernetes API.
  - Checks everything that can be checked without traffic, for all pools, before it writes anything.
    The Kubernetes API checks almost nothing of them, etcd nothing at all.
  - Only fields that are set are compared. A new pool gets the defaults of C(calicoctl) for the others.
  - A pool's network and block size cannot be changed. It never deletes and creates a pool instead.
extends_documentation_fragment:
  - hardway.calico.kubernetes
  - hardway.calico.datastore
  - hardway.calico.attributes
options:
  pools:
    description: The pools.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The pool's name.
        type: str
        required: true
      state:
        description:
          - Whether the pool is there.
          - With V(absent) it is disabled first, its IPAM blocks and their affinities are released, then it is deleted.
            One with addresses in use is refused.
          - Absent pools go last, but first where a new pool takes their range.
        type: str
        choices: [present, absent]
        default: present
      cidr:
        description: The network. Required for a new pool.
        type: str
      ipip_mode:
        description: When packets are carried in IPIP.
        type: str
        choices: [Never, Always, CrossSubnet]
      vxlan_mode:
        description: When packets are carried in VXLAN.
        type: str
        choices: [Never, Always, CrossSubnet]
      nat_outgoing:
        description: Whether packets that leave the pools are given the node's address.
        type: bool
      disabled:
        description: Whether no more addresses are handed out. Addresses in use stay.
        type: bool
      disable_bgp_export:
        description: Whether the pool's routes are kept from BGP peers.
        type: bool
      block_size:
        description:
          Prefix length of the blocks that nodes claim; 20 to 32 for IPv4 (26), 116 to 128 for IPv6 (122).
        type: int
      node_selector:
        description: The nodes that use the pool, as a Calico selector over their labels.
        type: str
      namespace_selector:
        description: The namespaces that use the pool, as a Calico selector. Since Calico 3.31.
        type: str
      allowed_uses:
        description: What addresses are used for.
        type: list
        elements: str
        choices: [Workload, Tunnel, LoadBalancer]
      assignment_mode:
        description: Whether addresses are handed out to whom did not ask for this pool. Since Calico 3.30.
        type: str
        choices: [Automatic, Manual]
  calico_version:
    description: The Calico release; fields that it does not know are refused.
    type: str
    default: v3.32.1
  forbidden_networks:
    description: Networks that no listed pool may overlap, such as the service network and the nodes'.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What the network is, for the error.
        type: str
        required: true
      cidr:
        description: The network.
        type: str
        required: true
  force_delete:
    description:
      Whether to remove an absent pool even if addresses of it are in use. These stay assigned until their pods go.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Declare the guide's pools
  hardway.calico.calico_ippool:
    pools:
      - name: ipv4-ippool-1
        cidr: 10.244.0.0/18
        ipip_mode: Never
        nat_outgoing: true
      - name: ipv4-ippool-2
        cidr: 10.244.192.0/19
        ipip_mode: Never
        nat_outgoing: true
        disabled: true

- name: Enable the second pool
  hardway.calico.calico_ippool:
    pools:
      - name: ipv4-ippool-2
        disabled: false

- name: Remove it once nothing uses it
  hardway.calico.calico_ippool:
    pools:
      - name: ipv4-ippool-2
        state: absent

- name: Declare a pool where Calico keeps its objects in etcd
  hardway.calico.calico_ippool:
    datastore_type: etcdv3
    etcd_endpoints:
      - https://192.0.2.11:2379
      - https://192.0.2.12:2379
      - https://192.0.2.13:2379
    etcd_ca_cert: /etc/etcd/ca.crt
    etcd_cert: /etc/etcd/calico.crt
    etcd_key: /etc/etcd/calico.key
    pools:
      - name: ipv4-ippool-1
        cidr: 10.244.0.0/18
        ipip_mode: Always
"""

RETURN = r"""
actions:
  description: What was done, or would be done in check mode, and why.
  returned: success
  type: list
  elements: dict
  sample: [{action: update, target: IPPool ipv4-ippool-2, reason: disabled differs}]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardway.calico.plugins.module_utils._datastore.access import (
    DATASTORE_ARGS,
    datastore,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool.apply import apply
from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool.decide import (
    decide,
    require_installed,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool.fields import (
    POOL_OPTIONS,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool.read import read
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.access import (
    show_public_parts,
)
from ansible_collections.hardway.calico.plugins.module_utils._release import table

NETWORK_OPTIONS = {
    "name": {"type": "str", "required": True},
    "cidr": {"type": "str", "required": True},
}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **DATASTORE_ARGS,
            "pools": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": POOL_OPTIONS,
            },
            "calico_version": {"type": "str", "default": table.DEFAULT},
            "forbidden_networks": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": NETWORK_OPTIONS,
            },
            "force_delete": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    show_public_parts(module)
    wanted = module.params["pools"]
    try:
        calico = datastore(module.params)
        minor, _patch = table.parse(module.params["calico_version"])
        current = read(calico, wanted)
        if not module.check_mode:
            require_installed(current)
        plan = decide(
            wanted,
            current,
            minor,
            module.params["forbidden_networks"],
            module.params["force_delete"],
        )
        if not module.check_mode:
            apply(plan, calico)
    except CalicoError as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(changed=bool(plan), actions=plan.as_result(), diff=plan.diff())


if __name__ == "__main__":
    main()
