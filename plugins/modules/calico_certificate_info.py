#!/usr/bin/python
# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: calico_certificate_info
short_description: Report every certificate of an installation of Calico
version_added: 1.0.0
author:
  - hardway.calico founders (@hardway)
description:
  - Reads the certificates between Typha and calico/node, their CA, those of etcd's clients, the CNI user's
    credentials and the cluster's CA, and tells of each who uses it, when it ends and what is wrong with it. What is
    missing or broken is a line of the report, not a failure.
  - With O(held) it also judges what the nodes really hold, so that a node shows that was missed when a
    credential was renewed.
  - It changes nothing. Keys are tried against their certificates and not returned.
extends_documentation_fragment:
  - hardway.calico.kubernetes
  - hardway.calico.attributes.info
requirements:
  - cryptography >= 42.0.0
options:
  least_days:
    description: A certificate with fewer days left is in trouble. Expired ones are in any case.
    type: int
    default: 0
  namespace:
    description: The namespace of the objects.
    type: str
    default: kube-system
  ca_configmap:
    description: The ConfigMap with the CAs of Typha and calico/node under C(typhaca.crt).
    type: str
    default: calico-typha-ca
  ca_secret:
    description: The Secret with that CA's certificate and key. Empty to leave it out, where the CA's key is
      kept elsewhere.
    type: str
    default: calico-typha-ca-key
  server_secret:
    description: The Secret with Typha's certificate and key.
    type: str
    default: calico-typha-certs
  client_secret:
    description: The Secret with calico/node's certificate and key.
    type: str
    default: calico-node-certs
  typha:
    description: Whether there is Typha, which an installation with etcd has not.
    type: bool
    default: true
  etcd_consumers:
    description: The clients of Calico's etcd that must have a certificate, as
      O(hardway.calico.etcd_certificates#module:consumers).
    type: list
    elements: str
    choices: [node, cni, kube_controllers, calicoctl, collection]
    default: []
  etcd_secrets:
    description: The Secret of each, as O(hardway.calico.etcd_certificates#module:secrets).
    type: dict
    default: {}
    suboptions:
      node:
        description: That of calico/node.
        type: str
        default: calico-etcd-secrets
      cni:
        description: That of the CNI plugin.
        type: str
        default: calico-etcd-cni
      kube_controllers:
        description: That of kube-controllers.
        type: str
        default: calico-etcd-kube-controllers
      calicoctl:
        description: That of calicoctl.
        type: str
        default: calico-etcd-calicoctl
      collection:
        description: That of this collection's own modules.
        type: str
        default: calico-etcd-collection
  cni:
    description: Whether there is a CNI user with a credential. There is none where install-cni puts the CNI plugin on
      nodes, which have a token then that lasts a day.
    type: bool
    default: true
  cni_user:
    description: The CNI user, as O(hardway.calico.cni_credential#module:user).
    type: str
    default: calico-cni
  cni_secret:
    description: The Secret with its credential, as O(hardway.calico.cni_credential#module:secret).
    type: str
    default: calico-cni-credential
  cni_scope:
    description: Whether the CNI user has one credential for all nodes or one a node.
    type: str
    choices: [cluster, node]
    default: cluster
  nodes:
    description: Nodes that must hold a credential. One that O(held) lacks is in trouble, and with
      O(cni_scope=node) so is one without a Secret.
    type: list
    elements: str
    default: []
  held:
    description: What nodes hold, as M(hardway.calico.cni_kubeconfig_info) returned it on each.
    type: list
    elements: dict
    default: []
    suboptions:
      node:
        description: The node's name.
        type: str
        required: true
      path:
        description: The file.
        type: str
        default: ''
      problem:
        description: Why it cannot serve.
        type: str
        default: ''
      server:
        description: The API server that it names.
        type: str
        default: ''
      cluster_ca:
        description: PEM of the API server's CAs that it holds.
        type: str
        default: ''
      client_certificate:
        description: PEM of the client certificate that it holds.
        type: str
        default: ''
  cluster_ca:
    description: PEM of the cluster's CAs, which are reported, and which client certificates and the nodes' own
      copies are compared with.
    type: str
    default: ''
  server:
    description: URL of the API server that the nodes' files must name; not compared if empty.
    type: str
    default: ''
"""

EXAMPLES = r"""
- name: Look at every certificate
  hardway.calico.calico_certificate_info:
    least_days: 21
  register: found

- name: Show them
  ansible.builtin.debug:
    var: found.table
"""

RETURN = r"""
certificates:
  description:
    - Every certificate that there is or should be. Its C(status) is V(ok), V(ending), V(expired), V(missing) or
      V(broken).
    - Days are whole and negative after the end; V(null) where there is no certificate.
  returned: success
  type: list
  elements: dict
  sample:
    - what: Typha server
      where: Secret kube-system/calico-typha-certs typha.crt
      used_by: Deployment calico-typha
      status: ok
      trouble: ''
      subject: CN=calico-typha
      issuer: CN=Calico Typha CA
      serial: 5A3C
      fingerprint: 8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4
      not_before: '2026-11-21T03:00:00Z'
      not_after: '2027-11-21T03:00:00Z'
      key_type: ECDSA
      key_size: 256
      days_left: 364
troubled:
  description: Those of RV(certificates) that are not V(ok).
  returned: success
  type: list
  elements: dict
  sample: []
days_left:
  description: The days of the certificate that ends first; none if there is none.
  returned: success
  type: int
  sample: 364
table:
  description: The report as lines of text, for people.
  returned: success
  type: list
  elements: str
  sample: ["Typha server  364  2027-11-21  ok  8f434346648f  Secret kube-system/calico-typha-certs typha.crt"]
"""

import typing as t
from datetime import datetime, timezone

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardway.calico.plugins.module_utils._cni import defaults
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.objects import (
    CONSUMERS,
    by_consumer,
)
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.access import (
    KUBERNETES_ARGS,
    NAMESPACE_ARGS,
    connect,
    show_public_parts,
)
from ansible_collections.hardway.calico.plugins.module_utils._pki import x509
from ansible_collections.hardway.calico.plugins.module_utils._survey.decide import decide
from ansible_collections.hardway.calico.plugins.module_utils._survey.read import read
from ansible_collections.hardway.calico.plugins.module_utils._survey.report import report
from ansible_collections.hardway.calico.plugins.module_utils._survey.seen import wanted_of
from ansible_collections.hardway.calico.plugins.module_utils._typha.objects import name_args

HELD: dict[str, dict[str, t.Any]] = {
    "node": {"type": "str", "required": True},
    **{
        name: {"type": "str", "default": ""}
        for name in ("path", "problem", "server", "cluster_ca", "client_certificate")
    },
}
ARGS: dict[str, dict[str, t.Any]] = {
    **KUBERNETES_ARGS,
    **name_args(),
    "least_days": {"type": "int", "default": 0},
    "typha": {"type": "bool", "default": True},
    "etcd_consumers": {
        "type": "list",
        "elements": "str",
        "choices": list(CONSUMERS),
        "default": [],
    },
    "etcd_secrets": by_consumer("secret"),
    **NAMESPACE_ARGS,
    "cni": {"type": "bool", "default": True},
    "cni_user": {"type": "str", "default": defaults.USER},
    "cni_secret": {"type": "str", "default": defaults.SECRET, "no_log": False},
    "cni_scope": {"type": "str", "choices": ["cluster", "node"], "default": "cluster"},
    "nodes": {"type": "list", "elements": "str", "default": []},
    "held": {"type": "list", "elements": "dict", "default": [], "options": HELD},
    "cluster_ca": {"type": "str", "default": ""},
    "server": {"type": "str", "default": ""},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGS, supports_check_mode=True)
    show_public_parts(module)
    params = module.params
    try:
        x509.require()
        wanted = wanted_of(params)
        seen = read(connect(params), wanted, params["cluster_ca"], params["held"])
    except CalicoError as exc:
        module.fail_json(msg=str(exc))
    # Keys are in no result; should one get into a message, Ansible masks it.
    module.no_log_values.update(seen.private_keys)
    founds = decide(wanted, seen)
    module.exit_json(
        changed=False, **report(founds, datetime.now(timezone.utc), params["least_days"])
    )


if __name__ == "__main__":
    main()
