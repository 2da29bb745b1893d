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
  - Keeps a client certificate for the CNI user in a Secret of type C(kubernetes.io/tls), so that any controller can deliver it to nodes.
  - With O(nodes) it keeps one for each node instead, so that one node can be cut off without the others.
  - A certificate is issued anew if it is missing, broken, of another user, of another CA than the cluster's, of another key type than
    wanted, or about to expire. Nothing else is written, and every step tells its reason.
  - Kubernetes cannot revoke a certificate. What revokes a credential is the loss of its rights, so bind roles to RV(users) and not to a
    group, from which RBAC can take no single member.
extends_documentation_fragment:
  - hardway.calico.kubernetes
  - hardway.calico.attributes
requirements:
  - cryptography >= 42.0.0
options:
  state:
    description:
      - V(absent) removes the Secret, or those of O(nodes). The certificates stay valid until they end; take their rights away as well.
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
      - Nodes that keep a credential beside those in O(nodes), as it is. The Secrets of all other nodes, which are gone or revoked, are removed.
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
      - Where the API server publishes its CAs of client certificates (ConfigMap C(kube-system/extension-apiserver-authentication)) those are
        taken as well, since some distributions use one CA for servers and another one for clients.
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
  sample: [{action: renew, target: client certificate of calico-cni, reason: "it expires in 12 days, the renewal window is 30 days"}]
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
  description: For each node of O(nodes) the user, RV(certificate), RV(client_certificate) and RV(client_key), the latter two with O(return_content).
  returned: with O(nodes)
  type: dict
  sample: {cka001: {user: "calico-cni:cka001", certificate: {subject: "CN=calico-cni:cka001"}}}
"""

from datetime import datetime, timezone

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardway.calico.plugins.module_utils._cni.credential import (
    decide as planning,
)
from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.issue import (
    CaIssuer,
    CsrIssuer,
)
from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.store import (
    CredentialStore,
    client_cas,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.access import (
    KUBERNETES_ARGS,
    connect,
    show_public_parts,
)
from ansible_collections.hardway.calico.plugins.module_utils._pki import x509
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import trouble


def issuer(params, api):
    """The issuer that the method names, made before anything is written."""
    if params["method"] == "csr":
        return CsrIssuer(api, params["signer"], params["secret"], params["timeout"])
    return CaIssuer(params["ca_cert_content"], params["ca_key_content"])


def apply(plan, store, signs, wanted, authorities, now):
    """Carry the plan out: all certificates are issued and looked at before the first is stored. Returns {Holder: (certificate, key) PEM}."""
    keys = {
        step.detail: x509.make_key(wanted[step.detail].key_type, wanted[step.detail].key_size)
        for step in plan
        if step.action != "delete"
    }
    issued = {}
    if keys:
        lifetime = next(iter(wanted.values())).lifetime
        issued = {
            who: (certificate, keys[who])
            for who, certificate in signs.issue(keys, now, lifetime).items()
        }
    for who, material in issued.items():
        pair = x509.read_pair(*material, authorities)
        planning.require_usable(
            who.user, pair.problem or trouble(pair, wanted[who], pair.certificate.not_before)
        )
    for who, material in issued.items():
        store.write(who, *material)
    for step in plan:
        if step.action == "delete":
            store.delete(step.detail)
    return issued


def returned(who, material, authorities, content):
    """What the result says of one credential."""
    pair = x509.read_pair(*material, authorities)
    if pair.certificate is None:
        return {}
    found = {"certificate": pair.certificate.as_result()}
    return (
        {**found, "client_certificate": material[0], "client_key": material[1]}
        if content
        else found
    )


def run(module):
    params, present = module.params, module.params["state"] == "present"
    holders = (
        [planning.holder(params)]
        if params["nodes"] is None
        else [planning.holder(params, node) for node in sorted(set(params["nodes"]))]
    )
    kept = (
        None
        if params["kept_nodes"] is None
        else [planning.holder(params, node) for node in params["kept_nodes"]]
    )
    wanted = {who: planning.wanted_leaf(params, who.user) for who in holders} if present else {}
    api = connect(params)
    signs = issuer(params, api) if present else None
    now = datetime.now(timezone.utc).replace(microsecond=0)
    store = CredentialStore(api, params["namespace"], params["user"], params["secret"])
    material = store.read(wanted)
    if not params["return_content"]:
        module.no_log_values.update(key for _certificate, key in material.values() if key)
    authorities = client_cas(api, params["cluster_ca"]) if present else ""
    found = {who: x509.read_pair(*pems, authorities) for who, pems in material.items()}
    stored = [who for who, item in store.found.items() if item is not None]
    if present:
        leaving = planning.unwanted(stored, wanted, None if kept is None else params["kept_nodes"])
    else:
        leaving = [(who, "state is absent") for who in holders if who in stored]
    plan = planning.decide(wanted, found, now, leaving, params["force"])
    if plan and not module.check_mode:
        material.update(apply(plan, store, signs, wanted, authorities, now))
    gone = [who for who, _reason in leaving]
    there = [who for who in {**dict.fromkeys(stored), **wanted} if who not in gone]
    result = {
        "changed": bool(plan),
        "actions": plan.as_result(),
        "diff": plan.diff(),
        "users": planning.users(wanted, kept or [], stored, gone),
        "shared": any(not who.node for who in there),
        "stored_nodes": sorted(who.node for who in there if who.node),
    }
    shown = {
        who: returned(who, material[who], authorities, params["return_content"]) for who in wanted
    }
    if params["nodes"] is None:
        return {**result, **next(iter(shown.values()), {})}
    return {
        **result,
        "credentials": {who.node: {"user": who.user, **about} for who, about in shown.items()},
    }


def main():
    module = AnsibleModule(
        argument_spec={
            **KUBERNETES_ARGS,
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "method": {"type": "str", "choices": ["csr", "ca"], "default": "csr"},
            "user": {"type": "str", "default": "calico-cni"},
            "namespace": {"type": "str", "default": "kube-system"},
            "secret": {"type": "str", "default": "calico-cni-credential", "no_log": False},
            "nodes": {"type": "list", "elements": "str"},
            "kept_nodes": {"type": "list", "elements": "str"},
            "key_type": {"type": "str", "choices": ["ECDSA", "RSA"], "default": "ECDSA"},
            "key_size": {"type": "int"},
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
