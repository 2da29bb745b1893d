#!/usr/bin/python
# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: typha_pki
short_description: Keep the certificates of Typha and calico/node valid
version_added: 1.0.0
author:
  - hardway.calico founders (@hardway)
description:
  - Keeps a CA of its own for the mutual TLS between Typha and its clients, a server certificate for Typha (CN
    C(calico-typha)) and a client certificate for calico/node (CN C(calico-node)), in the Kubernetes objects of
    the guide "Calico the Hard Way".
  - A leaf that is missing, broken, of another CA, of another kind than wanted, or about to expire is issued
    anew. Nothing else is written.
  - A CA is replaced while it can still sign leaves of full lifetime, in steps between which Typha and
    calico/node must be rolled, see RV(rotation). The module takes the next step only when it sees from the pod
    templates' annotation C(hardway.calico/typha-certificates) and the rollouts of the Deployment
    C(calico-typha) and the DaemonSet C(calico-node) that all have loaded the last one, so no handshake between
    an old and a new party fails. The role hardway.calico.typha does it all.
  - Two runs at once do no harm. The one that loses fails and says so.
  - Keys are made on the host that runs the module and are never returned.
extends_documentation_fragment:
  - hardway.calico.kubernetes
  - hardway.calico.attributes
requirements:
  - cryptography >= 42.0.0
options:
  state:
    description:
      - V(present) keeps the certificates valid.
      - V(absent) deletes the objects, and the CA's files in O(ca_directory).
    type: str
    choices: [present, absent]
    default: present
  force:
    description:
      - Renew without need. V(leaf) issues both leaves anew; V(ca) begins to replace the CA, unless that is
        already under way.
      - With O(ca_storage=directory), V(ca) also accepts a directory whose CA the cluster does not know.
    type: list
    elements: str
    choices: [leaf, ca]
    default: []
  namespace:
    description: The namespace of the objects.
    type: str
    default: kube-system
  ca_configmap:
    description: The ConfigMap with the trusted CA certificates under C(typhaca.crt), two of them while the CA
      is replaced.
    type: str
    default: calico-typha-ca
  ca_storage:
    description:
      - Where the CA's key is kept. V(secret) is O(ca_secret), so that any API host can do the next run.
      - V(directory) is O(ca_directory) on the host that runs the module.
      - V(external) is nowhere; the CA is not ours. Hand in O(ca_bundle_content) and either an issuing CA or
        both leaves.
    type: str
    choices: [secret, directory, external]
    default: secret
  ca_secret:
    description:
      - The Secret with the CA's certificate and key under C(ca.crt) and C(ca.key). No pod needs it.
      - While the CA is replaced, the one before is under C(previous-ca.crt) and C(previous-ca.key).
    type: str
    default: calico-typha-ca-key
  ca_directory:
    description:
      - The directory with C(ca.pem), the CA's certificate and key in one file of mode 0600, and
        C(previous-ca.pem) while the CA is replaced.
      - It is made, with mode 0700, if it is missing.
    type: path
  ca_bundle_content:
    description: PEM of the external CA's roots.
    type: str
  issuing_ca_content:
    description: PEM of a CA that issues the leaves, followed by the intermediate CAs up to a root. Leaves are
      stored with this chain.
    type: str
  issuing_ca_key_content:
    description: PEM of its unencrypted key. It is not stored.
    type: str
  server_certificate_content:
    description: PEM of Typha's certificate, followed by its intermediate CAs.
    type: str
  server_key_content:
    description: PEM of its unencrypted key.
    type: str
  client_certificate_content:
    description: PEM of calico/node's certificate, followed by its intermediate CAs.
    type: str
  client_key_content:
    description: PEM of its unencrypted key.
    type: str
  server_secret:
    description: The Secret with Typha's certificate and key under C(typha.crt) and C(typha.key).
    type: str
    default: calico-typha-certs
  client_secret:
    description: The Secret with calico/node's certificate and key under C(calico-node.crt) and C(calico-node.key).
    type: str
    default: calico-node-certs
  server_uri_san:
    description: A URI as subject alternative name of Typha's certificate, such as a SPIFFE ID; calico/node
      checks it as FELIX_TYPHAURISAN.
    type: str
  client_uri_san:
    description: A URI as subject alternative name of calico/node's certificate; Typha checks it as TYPHA_CLIENTURISAN.
    type: str
  key_type:
    description: The type of the keys. A leaf of another type is issued anew; a CA is not.
    type: str
    choices: [ECDSA, RSA]
    default: ECDSA
  key_size:
    description: The size of the keys in bits; 256 or 384 for ECDSA (256), 2048 to 8192 for RSA (4096).
    type: int
  ca_lifetime_days:
    description:
      - Lifetime of a new CA, in days.
      - The CA is replaced when less than O(leaf_lifetime_days) and O(renewal_days) together are left of it, or
        half of its lifetime.
    type: int
    default: 3650
  leaf_lifetime_days:
    description: Lifetime of a new leaf, in days. A leaf never outlives its CA.
    type: int
    default: 365
  renewal_days:
    description: How long before its end a leaf is renewed, in days; less than O(leaf_lifetime_days). More than
      a third of its lifetime counts as a third.
    type: int
    default: 30
  backdate_minutes:
    description: How far in the past the validity of new certificates starts, in minutes, for hosts whose clocks
      are behind.
    type: int
    default: 5
"""

EXAMPLES = r"""
- name: Keep the certificates valid, with the guide's key type
  hardway.calico.typha_pki:
    key_type: RSA
    key_size: 4096

- name: Renew leaves two months before they end
  hardway.calico.typha_pki:
    leaf_lifetime_days: 180
    renewal_days: 60

- name: Keep the CA's key out of the cluster
  hardway.calico.typha_pki:
    namespace: default
    ca_storage: directory
    ca_directory: /etc/hardway/typha-ca

- name: Remove all that
  hardway.calico.typha_pki:
    namespace: default
    ca_storage: directory
    ca_directory: /etc/hardway/typha-ca
    state: absent

- name: Let an issuing CA of the company sign the leaves
  hardway.calico.typha_pki:
    namespace: default
    ca_storage: external
    ca_bundle_content: "{{ lookup('ansible.builtin.file', '/etc/pki/company/root.pem') }}"
    issuing_ca_content: "{{ lookup('ansible.builtin.file', '/etc/pki/company/issuing.pem') }}"
    issuing_ca_key_content: "{{ lookup('ansible.builtin.file', '/etc/pki/company/issuing.key') }}"
"""

RETURN = r"""
actions:
  description: What was done, or would be done in check mode, and why.
  returned: success
  type: list
  elements: dict
  sample: [{action: renew, target: server, reason: "it expires in 12 days, the renewal window is 30 days"}]
certificates:
  description: The certificates that are in the cluster when the module ends, by C(ca), C(server) and C(client).
  returned: success
  type: dict
  sample:
    server: {subject: CN=calico-typha, issuer: CN=Calico Typha CA, fingerprint: 3f2a, not_after: "2027-11-21T00:00:00Z"}
server_hash:
  description: Hash of the public material that Typha mounts; empty while it is not usable. Put it on the pod
    template to roll Typha.
  returned: success
  type: str
  sample: 9b2d5a6f01c3e4d7-3f2a90b1c2d3e4f5
client_hash:
  description: Hash of the public material that calico/node mounts; empty while it is not usable.
  returned: success
  type: str
  sample: 9b2d5a6f01c3e4d7-77aa90b1c2d3e4f5
rotation:
  description:
    - How far the replacement of the CA has come when the module ends. Its C(phase) is C(none), C(introduce)
      while old and new CA are being published and old leaves are in use, or C(switch) while leaves of the new
      CA are being loaded.
    - C(rolls) are the workloads to roll, in this order, before the module is run again for the next phase.
  returned: when O(state=present)
  type: dict
  sample: {phase: introduce, rolls: [{kind: Deployment, name: calico-typha, hash: 9b2d5a6f01c3e4d7-3f2a90b1c2d3e4f5}]}
"""

import typing as t
from datetime import datetime, timedelta, timezone

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.access import (
    KUBERNETES_ARGS,
    NAMESPACE_ARGS,
    connect,
    show_public_parts,
)
from ansible_collections.hardway.calico.plugins.module_utils._pki import x509
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import LeafWanted
from ansible_collections.hardway.calico.plugins.module_utils._pki.options import KEY_ARGS
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan
from ansible_collections.hardway.calico.plugins.module_utils._typha.apply import (
    Making,
    apply,
    remove,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.decide import (
    decide,
    decide_removal,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.objects import name_args
from ansible_collections.hardway.calico.plugins.module_utils._typha.options import (
    ca_policy,
    wanted_leaves,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.read import (
    read,
    state_of,
    with_workloads,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.report import (
    material_of,
    nothing_left,
    rotation_of,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.store import (
    TyphaPkiStore,
    opened,
)

TEXT: dict[str, t.Any] = {"type": "str"}
KEY: dict[str, t.Any] = {"type": "str", "no_log": True}
HANDED_IN: dict[str, dict[str, t.Any]] = {
    "server_certificate_content": TEXT,
    "server_key_content": KEY,
    "client_certificate_content": TEXT,
    "client_key_content": KEY,
}
ARGS: dict[str, dict[str, t.Any]] = {
    **KUBERNETES_ARGS,
    **name_args(),
    **KEY_ARGS,
    **HANDED_IN,
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "force": {"type": "list", "elements": "str", "choices": ["leaf", "ca"], "default": []},
    **NAMESPACE_ARGS,
    "ca_storage": {
        "type": "str",
        "choices": ["secret", "directory", "external"],
        "default": "secret",
    },
    "ca_directory": {"type": "path"},
    "ca_bundle_content": TEXT,
    "issuing_ca_content": TEXT,
    "issuing_ca_key_content": KEY,
    "server_uri_san": TEXT,
    "client_uri_san": TEXT,
    "ca_lifetime_days": {"type": "int", "default": 3650},
    "leaf_lifetime_days": {"type": "int", "default": 365},
    "renewal_days": {"type": "int", "default": 30},
    "backdate_minutes": {"type": "int", "default": 5},
}
Result = dict[str, t.Any]


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGS,
        required_together=[("issuing_ca_content", "issuing_ca_key_content"), list(HANDED_IN)],
        mutually_exclusive=[("issuing_ca_content", "server_certificate_content")],
        required_if=[("ca_storage", "directory", ("ca_directory",))],
        supports_check_mode=True,
    )
    show_public_parts(module)
    params = module.params
    try:
        x509.require()
        wanted = wanted_leaves(params)
        with opened(connect(params), params, module.check_mode) as store:
            if params["state"] == "absent":
                plan, result = _absent(module, store)
            else:
                plan, result = _present(module, store, wanted)
    except CalicoError as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(changed=bool(plan), actions=plan.as_result(), diff=plan.diff(), **result)


def _present(
    module: AnsibleModule, store: TyphaPkiStore, wanted: dict[str, LeafWanted]
) -> tuple[Plan[t.Any], Result]:
    now = datetime.now(timezone.utc).replace(microsecond=0)
    policy, handed_in = ca_policy(module.params, wanted, now)
    material = read(store, handed_in)
    # Keys are in no result; should one get into a message, Ansible masks it.
    module.no_log_values.update(material.private_keys())
    current = state_of(material, handed_in)
    current = with_workloads(policy, current, now, store.read_workloads)
    plan, warnings = decide(wanted, policy, current, now, module.params["force"])
    if plan and not module.check_mode:
        backdate = timedelta(minutes=module.params["backdate_minutes"])
        making = Making(wanted, policy, handed_in, now, backdate)
        current = state_of(apply(plan, store, material, making), handed_in)
        current = with_workloads(policy, current, now, store.read_workloads)
    for warning in warnings:
        module.warn(warning)
    return plan, {**material_of(current), **rotation_of(policy, current, now)}


def _absent(module: AnsibleModule, store: TyphaPkiStore) -> tuple[Plan[t.Any], Result]:
    read(store)
    plan = decide_removal(store.existing())
    if not module.check_mode:
        remove(plan, store)
    return plan, nothing_left()


if __name__ == "__main__":
    main()
