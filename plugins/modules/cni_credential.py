#!/usr/bin/python
# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cni_credential
short_description: Keep the client certificate of Calico's CNI plugin valid
version_added: 1.0.0
author:
  - hardway.calico founders (@hardway)
description:
  - Keeps a client certificate for the CNI user in a Secret of type C(kubernetes.io/tls), so that any controller can
    deliver it to nodes.
  - With O(nodes) it keeps one for each node instead, so that one node can be cut off without the others.
  - A certificate is issued anew if it is missing, broken, of another user, of another CA than the cluster's, of
    another key type than wanted, or about to expire. Nothing else is written, and every step tells its reason.
  - Kubernetes cannot revoke a certificate. What revokes a credential is the loss of its rights, so bind roles to
    RV(users) and not to a group, from which RBAC can take no single member.
extends_documentation_fragment:
  - hardway.calico.kubernetes
  - hardway.calico.attributes
requirements:
  - cryptography >= 42.0.0
options:
  state:
    description:
      - V(absent) removes the Secret, or those of O(nodes). The certificates stay valid until they end; take their
        rights away as well.
    type: str
    choices: [present, absent]
    default: present
  method:
    description:
      - Who signs. V(csr) is the Kubernetes CSR API, which needs no CA key.
      - V(ca) are the cluster's CA files, for clusters whose controller manager does not sign.
    type: str
    choices: [csr, ca]
    default: csr
  user:
    description: The user, that is the certificate's CN; a node's is C(USER:NODE). It is in no group.
    type: str
    default: calico-cni
  namespace:
    description: The namespace of the Secrets.
    type: str
    default: kube-system
  secret:
    description: The Secret that keeps the certificate and its key; a node's is C(SECRET-NODE).
    type: str
    default: calico-cni-credential
  nodes:
    description: Names of the nodes that get a credential each. One credential for all nodes if not set.
    type: list
    elements: str
  kept_nodes:
    description:
      - Nodes that keep a credential beside those in O(nodes), as it is. The Secrets of all other nodes, which are
        gone or revoked, are removed.
      - Nothing is removed if it is not set.
    type: list
    elements: str
  key_type:
    description: The type of the key.
    type: str
    choices: [ECDSA, RSA]
    default: ECDSA
  key_size:
    description: The size of the key in bits; 256 or 384 for ECDSA (256), 2048 to 8192 for RSA (4096).
    type: int
  lifetime_days:
    description: Lifetime of the certificate, in days. The signer may shorten it.
    type: int
    default: 365
  renewal_days:
    description:
      - How long before its end the certificate is renewed, in days; less than O(lifetime_days).
      - More than a third of the lifetime that the signer granted counts as a third.
    type: int
    default: 30
  force:
    description: Whether to issue anew what needs it not, as after a key got into wrong hands.
    type: bool
    default: false
  cluster_ca:
    description:
      - PEM of the cluster's CAs. A stored certificate of another CA is issued anew. Required for O(state=present).
      - Where the API server publishes its CAs of client certificates (ConfigMap
        C(kube-system/extension-apiserver-authentication)) those are taken as well, since some distributions use one
        CA for servers and another one for clients.
    type: str
  signer:
    description: The signer of the CSR API.
    type: str
    default: kubernetes.io/kube-apiserver-client
  timeout:
    description: How long to wait for the CSR API's certificates, in seconds.
    type: int
    default: 30
  ca_cert_content:
    description: PEM of the cluster's CA certificate, for the method V(ca).
    type: str
  ca_key_content:
    description: PEM of the cluster's CA key, for the method V(ca).
    type: str
  return_content:
    description: Whether to return certificates with their private keys. Set C(no_log) on the task then.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Keep the CNI user's certificate valid
  hardway.calico.cni_credential:
    cluster_ca: "{{ lookup('ansible.builtin.file', '/etc/kubernetes/pki/ca.crt') }}"

- name: Keep a certificate of its own valid for each node
  hardway.calico.cni_credential:
    cluster_ca: "{{ lookup('ansible.builtin.file', '/etc/kubernetes/pki/ca.crt') }}"
    nodes: [cka001, cka002]
    renewal_days: 60

- name: Remove one node's
  hardway.calico.cni_credential:
    nodes: [cka002]
    state: absent
"""

RETURN = r"""
actions:
  description: What was done, or would be done in check mode, and why.
  returned: success
  type: list
  elements: dict
  sample:
    - action: renew
      target: client certificate of calico-cni
      reason: it expires in 12 days, the renewal window is 30 days
users:
  description: The users that RBAC has to know, which are those with a credential and those of O(kept_nodes).
  returned: success
  type: list
  elements: str
  sample: [calico-cni]
shared:
  description: Whether the credential for all nodes is stored when the module ends.
  returned: success
  type: bool
  sample: true
stored_nodes:
  description: The nodes with a stored credential of their own when the module ends.
  returned: success
  type: list
  elements: str
  sample: []
certificate:
  description: The certificate that is in the Secret when the module ends.
  returned: when there is one, without O(nodes)
  type: dict
  sample: {subject: CN=calico-cni, issuer: CN=kubernetes, fingerprint: 3f2a, not_after: "2027-11-21T00:00:00Z"}
client_certificate:
  description: PEM of the certificate.
  returned: when O(return_content) is true and there is one, without O(nodes)
  type: str
  sample: "-----BEGIN CERTIFICATE-----"
client_key:
  description: PEM of the private key.
  returned: when O(return_content) is true and there is one, without O(nodes)
  type: str
  sample: a PEM
credentials:
  description: For each node of O(nodes) the user, RV(certificate), RV(client_certificate) and RV(client_key), the
    latter two with O(return_content).
  returned: with O(nodes)
  type: dict
  sample: {cka001: {user: "calico-cni:cka001", certificate: {subject: "CN=calico-cni:cka001"}}}
"""

import typing as t
from datetime import datetime, timezone

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardway.calico.plugins.module_utils._cni import defaults
from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.apply import apply
from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.decide import (
    decide,
    leaving,
    wanted_of,
)
from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.issue import issuer_of
from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.read import read
from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.report import (
    credentials_result,
    holders_result,
)
from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.store import (
    CredentialStore,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.access import (
    KUBERNETES_ARGS,
    NAMESPACE_ARGS,
    connect,
    show_public_parts,
)
from ansible_collections.hardway.calico.plugins.module_utils._pki import x509
from ansible_collections.hardway.calico.plugins.module_utils._pki.options import KEY_ARGS


def run(module: AnsibleModule) -> dict[str, t.Any]:
    params, now = module.params, datetime.now(timezone.utc).replace(microsecond=0)
    wanted = wanted_of(params)
    api = connect(params)
    issuer = issuer_of(params, api) if wanted.present else None
    store = CredentialStore(api, params["namespace"], params["user"], params["secret"])
    current = read(store, wanted, params["cluster_ca"])
    if not params["return_content"]:
        module.no_log_values.update(current.keys)
    unwanted = leaving(wanted, current.stored)
    plan = decide(wanted.leaves, current.pairs, now, unwanted, params["force"])
    credentials = current.credentials
    if not module.check_mode:
        credentials = {**credentials, **apply(plan, store, issuer, current.authorities, now)}
    gone = [who for who, _reason in unwanted]
    by_node, content = params["nodes"] is not None, params["return_content"]
    return {
        "changed": bool(plan),
        "actions": plan.as_result(),
        "diff": plan.diff(),
        **holders_result(current.stored, wanted.leaves, wanted.kept or (), gone),
        **credentials_result(wanted, credentials, by_node, content),
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **KUBERNETES_ARGS,
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "method": {"type": "str", "choices": ["csr", "ca"], "default": "csr"},
            "user": {"type": "str", "default": defaults.USER},
            **NAMESPACE_ARGS,
            "secret": {"type": "str", "default": defaults.SECRET, "no_log": False},
            "nodes": {"type": "list", "elements": "str"},
            "kept_nodes": {"type": "list", "elements": "str"},
            **KEY_ARGS,
            "lifetime_days": {"type": "int", "default": 365},
            "renewal_days": {"type": "int", "default": 30},
            "force": {"type": "bool", "default": False},
            "cluster_ca": {"type": "str"},
            "signer": {"type": "str", "default": "kubernetes.io/kube-apiserver-client"},
            "timeout": {"type": "int", "default": 30},
            "ca_cert_content": {"type": "str"},
            "ca_key_content": {"type": "str", "no_log": True},
            "return_content": {"type": "bool", "default": False},
        },
        required_if=[
            ("method", "ca", ("ca_cert_content", "ca_key_content")),
            ("state", "present", ("cluster_ca",)),
        ],
        supports_check_mode=True,
    )
    show_public_parts(module)
    try:
        x509.require()
        result = run(module)
    except CalicoError as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
