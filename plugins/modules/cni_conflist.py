#!/usr/bin/python
# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cni_conflist
short_description: Write Calico's CNI network configuration on a node
version_added: 1.0.0
author:
  - hardway.calico founders (@hardway)
description:
  - Writes the network configuration list that makes the container runtime use Calico's CNI plugin, and the node Ready.
  - A file that means the same, however it is formatted, is left alone. The file is replaced atomically.
  - It warns about other configurations that the container runtime would prefer. It never deletes one.
  - Where Calico keeps its data in etcd, it also writes the files with which the plugin reaches etcd, mode C(0600),
    before the configuration that names them.
extends_documentation_fragment:
  - hardway.calico.attributes
options:
  path:
    description: The file. Missing directories are created with mode C(0755).
    type: path
    default: /etc/cni/net.d/10-calico.conflist
  name:
    description: Name of the network.
    type: str
    default: k8s-pod-network
  cni_version:
    description: Version of the CNI specification. Version V(1.0.0) needs containerd 1.6 or CRI-O 1.24.
    type: str
    choices: ['0.3.1', '0.4.0', '1.0.0']
    default: '0.3.1'
  mtu:
    description: MTU of pod interfaces. V(0) means the MTU that calico/node finds out and writes to
      C(/var/lib/calico/mtu).
    type: int
    default: 0
  kubeconfig:
    description: Path of the plugin's kubeconfig.
    type: path
    default: /etc/cni/net.d/calico-kubeconfig
  log_level:
    description: Log level of the plugin.
    type: str
    choices: [debug, info, warning, error]
    default: info
  log_file_path:
    description: Log file of the plugin, which logs to the container runtime only if this is not set.
    type: path
  nodename:
    description: Name of the node. If not set, the plugin takes what calico/node wrote to C(/var/lib/calico/nodename).
    type: str
  datastore_type:
    description: Calico's datastore. For V(etcdv3), either O(etcd_endpoints) or O(etcd_discovery_srv) is needed, or the
      C(etcd_*) keys in O(settings).
    type: str
    choices: [kubernetes, etcdv3]
    default: kubernetes
  etcd_endpoints:
    description: URLs of etcd's members.
    type: list
    elements: str
    default: []
  etcd_discovery_srv:
    description: The domain whose SRV records name etcd's members.
    type: str
  etcd_ca_content:
    description: PEM of the CAs that signed the members' certificates.
    type: str
  etcd_certificate_content:
    description: PEM of the plugin's client certificate. In check mode it may be missing, as long as it is not issued.
    type: str
  etcd_key_content:
    description: PEM of its private key.
    type: str
  etcd_tls_directory:
    description: The directory of the three files, C(etcd-ca), C(etcd-cert) and C(etcd-key). It is created with mode
      C(0700).
    type: path
    default: /etc/cni/net.d/calico-tls
  ipam:
    description:
      - Keys for Calico's IPAM plugin, such as C(assign_ipv4), C(assign_ipv6), C(ipv4_pools) and C(ipv6_pools).
      - Booleans are written as the strings that the plugin expects.
    type: dict
    default: {}
  settings:
    description: Further keys for the calico plugin. They win over those that the other options give.
    type: dict
    default: {}
  portmap:
    description: Whether to chain the portmap plugin, which hostPort needs.
    type: bool
    default: true
  bandwidth:
    description: Whether to chain the bandwidth plugin. Calico's own packages have not carried it since version 3.30.
    type: bool
    default: false
  plugins:
    description: Further plugins, at the end of the chain.
    type: list
    elements: dict
    default: []
  earlier_confs:
    description: What to do about a configuration in the same directory that sorts before this one, and therefore wins.
    type: str
    choices: [warn, fail]
    default: warn
  owner:
    description: Owner of the file, by name or number. The user that the module runs as, if not set.
    type: str
  group:
    description: Group of the file, by name or number. The group that the module runs as, if not set.
    type: str
  mode:
    description: Mode of the file, octal and quoted.
    type: str
    default: '0600'
seealso:
  - module: hardway.calico.cni_kubeconfig
  - module: hardway.calico.cni_binaries
"""

EXAMPLES = r"""
- name: Make Calico the node's network
  hardway.calico.cni_conflist:

- name: Refuse to go on when another network would win, and take addresses from one pool
  hardway.calico.cni_conflist:
    mtu: 1440
    earlier_confs: fail
    ipam:
      ipv4_pools:
        - ipv4-ippool-1

- name: Let the plugin keep its data in etcd
  hardway.calico.cni_conflist:
    datastore_type: etcdv3
    etcd_endpoints:
      - https://192.0.2.11:2379
      - https://192.0.2.12:2379
      - https://192.0.2.13:2379
    etcd_ca_content: "{{ lookup('ansible.builtin.file', '/etc/hardway/etcd-ca.pem') }}"
    etcd_certificate_content: "{{ lookup('ansible.builtin.file', '/etc/hardway/calico-cni.pem') }}"
    etcd_key_content: "{{ lookup('ansible.builtin.file', '/etc/hardway/calico-cni.key') }}"
"""

RETURN = r"""
path:
  description: The file.
  returned: success
  type: str
  sample: /etc/cni/net.d/10-calico.conflist
actions:
  description: What was done, or would be done in check mode, and why.
  returned: success
  type: list
  elements: dict
  sample:
    - action: create
      target: /etc/cni/net.d/10-calico.conflist
      reason: the file is missing
conflist:
  description: The configuration.
  returned: success
  type: dict
  sample:
    name: k8s-pod-network
    cniVersion: 0.3.1
    plugins:
      - type: calico
earlier_confs:
  description: Names of configurations in the same directory that the container runtime prefers to this one.
  returned: success
  type: list
  elements: str
  sample: []
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardway.calico.plugins.module_utils._cni import defaults
from ansible_collections.hardway.calico.plugins.module_utils._cni.conflist.decide import (
    conflist,
    decide,
    earlier_message,
    earlier_of,
)
from ansible_collections.hardway.calico.plugins.module_utils._cni.etcd_tls import (
    decide as etcd_tls,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._host.attributes import (
    Place,
    absolute_path,
)
from ansible_collections.hardway.calico.plugins.module_utils._host.files import (
    list_directory,
    make_directory,
)
from ansible_collections.hardway.calico.plugins.module_utils._host.single_file.apply import apply
from ansible_collections.hardway.calico.plugins.module_utils._host.single_file.decide import (
    FileStep,
)
from ansible_collections.hardway.calico.plugins.module_utils._host.single_file.read import (
    place_of,
    read,
)
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan


def run(module: AnsibleModule) -> dict[str, t.Any]:
    params = module.params
    place, wanted = place_of(params), conflist(params)
    names = list_directory(os.path.dirname(place.path))
    earlier = earlier_of(place, names, params["earlier_confs"])
    plan = etcd_files(module, place) + decide(place, wanted, read(place))
    if not module.check_mode:
        if any(step.target.startswith(params["etcd_tls_directory"]) for step in plan):
            make_directory(os.path.dirname(place.path))
            make_directory(params["etcd_tls_directory"], 0o700)
        apply(plan)
    if earlier:
        module.warn(str(earlier_message(place.path, earlier)))
    return {
        "changed": bool(plan),
        "path": place.path,
        "actions": plan.as_result(),
        "conflist": wanted,
        "earlier_confs": earlier,
        "diff": plan.diff(),
    }


def etcd_files(module: AnsibleModule, beside: Place) -> Plan[FileStep]:
    """Plan for the plugin's files for etcd, none without etcd."""
    if not etcd_tls.wanted(module.params):
        return Plan()
    content = etcd_tls.contents(module.params, module.check_mode)
    directory = module.params["etcd_tls_directory"]
    places = {
        name: Place(
            absolute_path("etcd_tls_directory", os.path.join(directory, name)),
            etcd_tls.MODE,
            beside.uid,
            beside.gid,
        )
        for name in content
    }
    return etcd_tls.decide(places, content, {name: read(places[name]) for name in places})


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "default": defaults.CONFLIST},
            "name": {"type": "str", "default": "k8s-pod-network"},
            "cni_version": {
                "type": "str",
                "choices": ["0.3.1", "0.4.0", "1.0.0"],
                "default": "0.3.1",
            },
            "mtu": {"type": "int", "default": 0},
            "kubeconfig": {"type": "path", "default": defaults.KUBECONFIG},
            "log_level": {
                "type": "str",
                "choices": ["debug", "info", "warning", "error"],
                "default": "info",
            },
            "log_file_path": {"type": "path"},
            "nodename": {"type": "str"},
            "datastore_type": {
                "type": "str",
                "choices": ["kubernetes", "etcdv3"],
                "default": "kubernetes",
            },
            "etcd_endpoints": {"type": "list", "elements": "str", "default": []},
            "etcd_discovery_srv": {"type": "str"},
            "etcd_ca_content": {"type": "str"},
            "etcd_certificate_content": {"type": "str"},
            "etcd_key_content": {"type": "str", "no_log": True},
            "etcd_tls_directory": {"type": "path", "default": defaults.ETCD_TLS},
            "ipam": {"type": "dict", "default": {}},
            "settings": {"type": "dict", "default": {}},
            "portmap": {"type": "bool", "default": True},
            "bandwidth": {"type": "bool", "default": False},
            "plugins": {"type": "list", "elements": "dict", "default": []},
            "earlier_confs": {"type": "str", "choices": ["warn", "fail"], "default": "warn"},
            "owner": {"type": "str"},
            "group": {"type": "str"},
            "mode": {"type": "str", "default": "0600"},
        },
        mutually_exclusive=[("etcd_endpoints", "etcd_discovery_srv")],
        supports_check_mode=True,
    )
    try:
        result = run(module)
    except CalicoError as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
