#!/usr/bin/python
# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cni_kubeconfig
short_description: Write the CNI user's kubeconfig on a node and prove it
version_added: 1.0.0
author:
  - hardway.calico founders (@hardway)
description:
  - Writes the kubeconfig of Calico's CNI plugin, in JSON, atomically.
  - Before that it asks the API server, from that very node and with that very credential, who it is. A credential
    that is refused, or that stands for another user, is not written. The proof is repeated on an unchanged run and in
    check mode.
  - Diffs and results show names, addresses and fingerprints, never the key. The key touches no other file.
extends_documentation_fragment:
  - hardway.calico.attributes
options:
  path:
    description: The file. Missing directories are created with mode C(0755).
    type: path
    default: /etc/cni/net.d/calico-kubeconfig
  server:
    description: URL of the API server as this node reaches it.
    type: str
    required: true
  cluster_ca:
    description: PEM of the CA that signed the API server's certificate.
    type: str
    required: true
  client_certificate:
    description:
      - PEM of the client certificate. Its common name must be O(user).
      - May be absent in check mode only, when the credential is not issued yet.
    type: str
  client_key:
    description: PEM of the client certificate's private key, not encrypted.
    type: str
  cluster_name:
    description: Name of the cluster entry.
    type: str
    default: kubernetes
  user:
    description: Name of the user entry, and the user that the API server must recognise.
    type: str
    default: calico-cni
  context:
    description: Name of the context, which is made the current one.
    type: str
    default: cni@kubernetes
  validate:
    description: Whether to prove the credential by a request to the API server.
    type: bool
    default: true
  timeout:
    description: How long to wait for the API server, in seconds, for the connection and for each read.
    type: int
    default: 15
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
notes:
  - The proof is a SelfSubjectReview (Kubernetes 1.28 and later), which is not stored. Older servers are asked for a
    list that the CNI user may not read, and the refusal names the user.
seealso:
  - module: hardway.calico.cni_credential
  - module: hardway.calico.cni_conflist
"""

EXAMPLES = r"""
- name: Write the CNI user's kubeconfig and prove it
  hardway.calico.cni_kubeconfig:
    server: https://10.0.0.11:6443
    cluster_ca: "{{ lookup('ansible.builtin.file', 'ca.crt') }}"
    client_certificate: "{{ cni_credential.client_certificate }}"
    client_key: "{{ cni_credential.client_key }}"
"""

RETURN = r"""
path:
  description: The file.
  returned: success
  type: str
  sample: /etc/cni/net.d/calico-kubeconfig
server:
  description: URL of the API server.
  returned: success
  type: str
  sample: https://10.0.0.11:6443
context:
  description: The current context.
  returned: success
  type: str
  sample: cni@kubernetes
user:
  description: The user.
  returned: success
  type: str
  sample: calico-cni
verified_as:
  description: The user that the API server recognised; none if it was not asked, or accepted the credential without
    naming the user.
  returned: success
  type: str
  sample: calico-cni
certificate_not_after:
  description: When the client certificate ends, in UTC; none if no certificate was given.
  returned: success
  type: str
  sample: '2027-11-21T03:00:00Z'
certificate_fingerprint:
  description: Hex SHA-256 of the client certificate in DER; none if no certificate was given.
  returned: success
  type: str
  sample: 8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4
actions:
  description: What was done, or would be done in check mode, and why.
  returned: success
  type: list
  elements: dict
  sample:
    - action: create
      target: /etc/cni/net.d/calico-kubeconfig
      reason: the file is missing
"""

import datetime
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardway.calico.plugins.module_utils._cni import defaults
from ansible_collections.hardway.calico.plugins.module_utils._cni.kubeconfig.decide import (
    decide,
    wanted_of,
)
from ansible_collections.hardway.calico.plugins.module_utils._cni.kubeconfig.probe import proven
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._host.single_file.apply import apply
from ansible_collections.hardway.calico.plugins.module_utils._host.single_file.read import (
    place_of,
    read,
)
from ansible_collections.hardway.calico.plugins.module_utils._pki.times import in_result


def run(params: dict[str, t.Any], check_mode: bool, now: datetime.datetime) -> dict[str, t.Any]:
    place = place_of(params)
    wanted = wanted_of(params, now, check_mode)
    leaf = wanted.credential
    verified = proven(params, wanted.address) if leaf else None
    plan = decide(place, wanted.config, read(place))
    if not check_mode:
        apply(plan)
    return {
        "changed": bool(plan),
        "actions": plan.as_result(),
        "diff": plan.diff(),
        "path": place.path,
        "server": params["server"],
        "context": params["context"],
        "user": params["user"],
        "verified_as": verified,
        "certificate_not_after": leaf and in_result(leaf.not_after),
        "certificate_fingerprint": leaf and leaf.fingerprint,
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "default": defaults.KUBECONFIG},
            "server": {"type": "str", "required": True},
            "cluster_ca": {"type": "str", "required": True},
            "client_certificate": {"type": "str"},
            "client_key": {"type": "str", "no_log": True},
            "cluster_name": {"type": "str", "default": "kubernetes"},
            "user": {"type": "str", "default": defaults.USER},
            "context": {"type": "str", "default": "cni@kubernetes"},
            "validate": {"type": "bool", "default": True},
            "timeout": {"type": "int", "default": 15},
            "owner": {"type": "str"},
            "group": {"type": "str"},
            "mode": {"type": "str", "default": "0600"},
        },
        required_together=[("client_certificate", "client_key")],
        supports_check_mode=True,
    )
    try:
        result = run(module.params, module.check_mode, datetime.datetime.now(datetime.timezone.utc))
    except CalicoError as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
