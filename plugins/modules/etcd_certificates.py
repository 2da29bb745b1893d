#!/usr/bin/python
# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: etcd_certificates
short_description: Keep the client certificates of Calico's etcd valid
version_added: 1.0.0
author:
  - hardway.calico founders (@hardway)
description:
  - Keeps one client certificate for each client of the etcd that holds Calico's data, each in a Secret of its own
    under the keys of Calico's manifest, C(etcd-ca), C(etcd-cert) and C(etcd-key). So one client can be cut off, or
    get rights of its own by its CN, without the others.
  - A certificate that is missing, broken, of another name or kind than wanted, or about to end is issued anew from
    the CA in O(ca_content), or replaced by the one in O(certificates). Nothing else is written.
  - etcd reads the CAs by which it trusts clients at its start, and its members belong to their owner. So a
    certificate of another CA than the wanted one that still works is replaced only when every member takes
    certificates of the wanted one, which the module tries by a handshake with each of O(endpoints). Until then
    everybody keeps what works, see RV(rotation).
  - A Secret that somebody else filled, that is one without the label C(app.kubernetes.io/managed-by=hardway.calico), is
    taken over if it holds a client certificate with the wanted CN, its key and the CAs of etcd's servers, and refused
    otherwise. Of one that has ended the CN does not matter.
  - Two runs at once do no harm. The one that loses fails and says so.
  - Keys are made on the host that runs the module.
extends_documentation_fragment:
  - hardway.calico.kubernetes
  - hardway.calico.attributes
requirements:
  - cryptography >= 42.0.0
options:
  namespace:
    description: The namespace of the Secrets.
    type: str
    default: kube-system
  consumers:
    description: The clients that get a certificate. Secrets of others are left alone.
    type: list
    elements: str
    choices: [node, cni, kube_controllers, calicoctl, collection]
    default: [node, cni, kube_controllers, calicoctl, collection]
  secrets:
    description: The Secret of each client.
    type: dict
    default: {}
    suboptions:
      node:
        description: That of calico/node, which mounts it.
        type: str
        default: calico-etcd-secrets
      cni:
        description: That of the CNI plugin.
        type: str
        default: calico-etcd-cni
      kube_controllers:
        description: That of kube-controllers, which mounts it.
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
  common_names:
    description: The CN of each client's certificate, which is its user where etcd's auth is on.
    type: dict
    default: {}
    suboptions:
      node:
        description: That of calico/node.
        type: str
        default: calico-node
      cni:
        description: That of the CNI plugin.
        type: str
        default: calico-cni
      kube_controllers:
        description: That of kube-controllers.
        type: str
        default: calico-kube-controllers
      calicoctl:
        description: That of calicoctl.
        type: str
        default: calicoctl
      collection:
        description: That of this collection's own modules.
        type: str
        default: hardway-calico
  ca_content:
    description:
      - PEM of the CA by which etcd's members trust clients, followed by the CAs above it, if there are any.
      - Without it certificates stay whoever signed them, as long as they work.
    type: str
  ca_key_content:
    description: PEM of its unencrypted key. It is not stored. Without it nothing can be issued.
    type: str
  certificates:
    description: Certificates that are stored instead of issued ones, by client.
    type: dict
    suboptions:
      node:
        description: That of calico/node.
        type: dict
        suboptions:
          certificate_content:
            description: PEM of the certificate, followed by its intermediate CAs.
            type: str
            required: true
          key_content:
            description: PEM of its unencrypted key.
            type: str
            required: true
      cni:
        description: That of the CNI plugin.
        type: dict
        suboptions:
          certificate_content:
            description: PEM of the certificate, followed by its intermediate CAs.
            type: str
            required: true
          key_content:
            description: PEM of its unencrypted key.
            type: str
            required: true
      kube_controllers:
        description: That of kube-controllers.
        type: dict
        suboptions:
          certificate_content:
            description: PEM of the certificate, followed by its intermediate CAs.
            type: str
            required: true
          key_content:
            description: PEM of its unencrypted key.
            type: str
            required: true
      calicoctl:
        description: That of calicoctl.
        type: dict
        suboptions:
          certificate_content:
            description: PEM of the certificate, followed by its intermediate CAs.
            type: str
            required: true
          key_content:
            description: PEM of its unencrypted key.
            type: str
            required: true
      collection:
        description: That of this collection's own modules.
        type: dict
        suboptions:
          certificate_content:
            description: PEM of the certificate, followed by its intermediate CAs.
            type: str
            required: true
          key_content:
            description: PEM of its unencrypted key.
            type: str
            required: true
  server_ca_content:
    description:
      - PEM of the CAs by which clients trust etcd's servers; those of O(ca_content) if not set, and what is stored
        already if that is not set either.
      - What clients trust already stays beside them until it ends, or until O(drop_old_server_cas).
    type: str
  refused_ca_content:
    description: PEM of CAs that no certificate in O(certificates) and no CA in O(ca_content) may come from, such as
      the one of Kubernetes' own etcd, which would let every client in.
    type: str
  drop_old_server_cas:
    description: Whether clients trust the CAs in O(server_ca_content) alone from now on. Set it when every member
      shows a certificate of theirs.
    type: bool
    default: false
  endpoints:
    description: URLs of all members of etcd, which are asked whether they take certificates of the wanted CA, before
      one of another CA that works is replaced. It is not replaced without them, O(discovery_srv) or O(ca_is_trusted).
    type: list
    elements: str
    default: []
  discovery_srv:
    description: The domain whose SRV records name the members, instead of O(endpoints).
    type: str
  ca_is_trusted:
    description: Your word that every member takes certificates of the wanted CA; then none is asked.
    type: bool
    default: false
  key_type:
    description: The type of the keys. A certificate of another type is issued anew.
    type: str
    choices: [ECDSA, RSA]
    default: ECDSA
  key_size:
    description: The size of the keys in bits; 256 or 384 for ECDSA (256), 2048 to 8192 for RSA (4096).
    type: int
  leaf_lifetime_days:
    description: Lifetime of a new certificate, in days. It never outlives its CA.
    type: int
    default: 365
  renewal_days:
    description: How long before its end a certificate is renewed, in days; less than O(leaf_lifetime_days). More than
      a third of its lifetime counts as a third.
    type: int
    default: 30
  backdate_minutes:
    description: How far in the past the validity of new certificates starts, in minutes, for hosts whose clocks are
      behind.
    type: int
    default: 5
  force:
    description: Whether to issue anew what needs it not, as after a key got into wrong hands, and to replace what
      somebody else put into a Secret.
    type: bool
    default: false
  return_content:
    description: Whether to return certificates with their private keys, of the CNI plugin, calicoctl and the
      collection. Set C(no_log) on the task then.
    type: bool
    default: false
  trial:
    description: With O(return_content) in check mode, whether a client that would get another certificate, or other CAs
      of etcd's servers, is shown with them. Such a certificate ends after an hour and is stored nowhere. It is good
      for a look into etcd.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Keep the certificates valid, issued from the CA of clients
  hardway.calico.etcd_certificates:
    ca_content: "{{ lookup('ansible.builtin.file', '/etc/pki/company/issuing.pem') }}"
    ca_key_content: "{{ lookup('ansible.builtin.file', '/etc/pki/company/issuing.key') }}"
    server_ca_content: "{{ lookup('ansible.builtin.file', '/etc/pki/company/root.pem') }}"

- name: Look whether those that are there can stay
  hardway.calico.etcd_certificates:

- name: Get what calicoctl needs on its hosts
  hardway.calico.etcd_certificates:
    consumers: [calicoctl]
    return_content: true
  no_log: true
  register: etcd
"""

RETURN = r"""
actions:
  description: What was done, or would be done in check mode, and why.
  returned: success
  type: list
  elements: dict
  sample:
    - action: renew
      target: client certificate of cni
      reason: it expires in 12 days, the renewal window is 30 days
renewed:
  description: The clients that got another certificate, or would get one in check mode.
  returned: success
  type: list
  elements: str
  sample: [cni]
certificates:
  description: The certificates that are in the Secrets when the module ends, by client.
  returned: success
  type: dict
  sample:
    cni:
      secret: calico-etcd-cni
      subject: CN=calico-cni
      issuer: CN=etcd-ca
      fingerprint: 3f2a
      not_after: "2027-11-21T00:00:00Z"
hashes:
  description:
    - Hash of what each client holds, that of the CAs of servers and that of the certificate, joined by C(-); empty
      while it is not usable.
    - Calico reads the CAs at its start, so put the part before the C(-) on a pod template. It reads the certificate
      at each connection, which therefore needs no new pod.
  returned: success
  type: dict
  sample: {node: 9b2d5a6f01c3e4d7-3f2a90b1c2d3e4f5}
rotation:
  description:
    - How far the replacement of the CA of clients has come when the module ends. Its C(phase) is V(none),
      V(introduce) while certificates of another CA stay until every member of etcd takes those of the wanted one, or
      V(switch) when such were replaced by this run. When all clients have them, members can forget the old CA; pods
      see a new Secret within minutes, hosts when a role brings it there.
    - C(waiting) are the clients that keep a certificate of another CA; C(client_cas) the CAs by which members must
      trust clients, with the clients that need it, C(fingerprint) being empty for a CA that was not handed in;
      C(refused_by) says which members do not take certificates of the wanted CA, and why.
    - C(old_server_cas) are those that clients trust beside O(server_ca_content), see O(drop_old_server_cas).
  returned: success
  type: dict
  sample:
    phase: introduce
    waiting: [cni]
    client_cas:
      - {subject: CN=etcd-ca, fingerprint: 8f43, consumers: []}
      - {subject: CN=etcd-ca, fingerprint: '', consumers: [cni]}
    refused_by: {"https://10.0.0.11:2379": "it refused the certificate: TLSV1_ALERT_UNKNOWN_CA"}
    old_server_cas: []
content:
  description: PEM of what goes to hosts, by client. C(server_ca) are the CAs of etcd's servers, C(client_certificate)
    and C(client_key) its own.
  returned: when O(return_content) is true
  type: dict
  sample: {cni: {server_ca: a PEM, client_certificate: a PEM, client_key: a PEM}}
"""

import typing as t
from datetime import datetime, timezone

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.apply import (
    Making,
    apply,
    trials,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.decide import decide
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.objects import (
    CONSUMERS,
    DELIVERED,
    by_consumer,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.probe import ask
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.read import (
    handed_in_of,
    held_of,
    read_offer,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.report import (
    content_result,
    held_result,
    rotation_result,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.store import EtcdPkiStore
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.wanted import wanted_of
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.access import (
    KUBERNETES_ARGS,
    NAMESPACE_ARGS,
    connect,
    show_public_parts,
)
from ansible_collections.hardway.calico.plugins.module_utils._pki import x509
from ansible_collections.hardway.calico.plugins.module_utils._pki.options import KEY_ARGS

HANDED_IN: dict[str, dict[str, t.Any]] = {
    "certificate_content": {"type": "str", "required": True},
    "key_content": {"type": "str", "required": True, "no_log": True},
}
ARGS: dict[str, dict[str, t.Any]] = {
    **KUBERNETES_ARGS,
    **NAMESPACE_ARGS,
    **KEY_ARGS,
    "consumers": {
        "type": "list",
        "elements": "str",
        "choices": list(CONSUMERS),
        "default": list(CONSUMERS),
    },
    "secrets": by_consumer("secret"),
    "common_names": by_consumer("common_name"),
    "ca_content": {"type": "str"},
    "ca_key_content": {"type": "str", "no_log": True},
    "certificates": {
        "type": "dict",
        # As a whole: under a misspelt name a key would be shown with what was given.
        "no_log": True,
        "options": {name: {"type": "dict", "options": HANDED_IN} for name in CONSUMERS},
    },
    "server_ca_content": {"type": "str"},
    "refused_ca_content": {"type": "str"},
    "drop_old_server_cas": {"type": "bool", "default": False},
    "endpoints": {"type": "list", "elements": "str", "default": []},
    "discovery_srv": {"type": "str"},
    "ca_is_trusted": {"type": "bool", "default": False},
    "leaf_lifetime_days": {"type": "int", "default": 365},
    "renewal_days": {"type": "int", "default": 30},
    "backdate_minutes": {"type": "int", "default": 5},
    "force": {"type": "bool", "default": False},
    "return_content": {"type": "bool", "default": False},
    "trial": {"type": "bool", "default": False},
}


def run(module: AnsibleModule) -> dict[str, t.Any]:
    params, now = module.params, datetime.now(timezone.utc).replace(microsecond=0)
    wanted, handed_in = wanted_of(params), handed_in_of(params)
    offer = read_offer(handed_in, wanted, now)
    store = EtcdPkiStore(connect(params), params["namespace"], wanted.secrets)
    material = store.read()
    # Keys are in no result but where they are asked for; should one get into a message, Ansible masks it.
    shown = DELIVERED if params["return_content"] else ()
    secret = (triple.key for who, triple in material.items() if who not in shown)
    module.no_log_values.update(key for key in secret if key)
    held = {
        who: held_of(triple, handed_in, store.ours(who), store.others(who))
        for who, triple in material.items()
    }
    making = Making(wanted.leaves, handed_in, now, wanted.backdate)
    members = ask(wanted, offer, held, material, making)
    decision = decide(wanted, offer, held, members, now)
    if not module.check_mode:
        material = apply(decision.plan, store, material, making)
        held = {who: held_of(triple, handed_in, True) for who, triple in material.items()}
    looks = params["trial"] and module.check_mode
    tried = trials(decision.plan, material, making) if looks else {}
    for warning in decision.warnings:
        module.warn(warning)
    return {
        "changed": bool(decision.plan),
        "actions": decision.plan.as_result(),
        "diff": decision.plan.diff(),
        **held_result(held, wanted.secrets),
        **rotation_result(decision, held, offer, members, now),
        **(content_result(material, held, tried) if params["return_content"] else {}),
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGS,
        required_by={"ca_key_content": ("ca_content",)},
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
