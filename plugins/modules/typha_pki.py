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
  - Keeps a CA of its own for the mutual TLS between Typha and its clients, a server certificate for Typha (CN C(calico-typha)) and a
    client certificate for calico/node (CN C(calico-node)), in the Kubernetes objects of the guide "Calico the Hard Way".
  - A leaf that is missing, broken, of another CA, of another kind than wanted, or about to expire is issued anew. Nothing else is written.
  - Keys are made on the host that runs the module and are never returned.
extends_documentation_fragment:
  - hardway.calico.kubernetes
  - hardway.calico.attributes
requirements:
  - cryptography >= 42.0.0
options:
  namespace:
    description: The namespace of the objects.
    type: str
    default: kube-system
  ca_configmap:
    description: The ConfigMap with the CA certificate under C(typhaca.crt).
    type: str
    default: calico-typha-ca
  ca_secret:
    description: The Secret with the CA's certificate and key under C(ca.crt) and C(ca.key). No pod needs it.
    type: str
    default: calico-typha-ca-key
  server_secret:
    description: The Secret with Typha's certificate and key under C(typha.crt) and C(typha.key).
    type: str
    default: calico-typha-certs
  client_secret:
    description: The Secret with calico/node's certificate and key under C(calico-node.crt) and C(calico-node.key).
    type: str
    default: calico-node-certs
  key_type:
    description: The type of the keys. A leaf of another type is issued anew; a CA is not.
    type: str
    choices: [ECDSA, RSA]
    default: ECDSA
  key_size:
    description: The size of the keys in bits; 256 or 384 for ECDSA (256), 2048 to 8192 for RSA (4096).
    type: int
  ca_lifetime_days:
    description: Lifetime of a new CA, in days.
    type: int
    default: 3650
  leaf_lifetime_days:
    description: Lifetime of a new leaf, in days. A leaf never outlives its CA.
    type: int
    default: 365
  renewal_days:
    description: How long before its end a leaf is renewed, in days; at most a third of its lifetime.
    type: int
    default: 30
  backdate_minutes:
    description: How far in the past the validity of new certificates starts, in minutes, for hosts whose clocks are behind.
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
  description: Hash of the public material that Typha mounts; empty while it is not usable. Put it on the pod template to roll Typha.
  returned: success
  type: str
  sample: 9b2d5a6f
client_hash:
  description: Hash of the public material that calico/node mounts; empty while it is not usable.
  returned: success
  type: str
  sample: 1c4e8d07
"""

import hashlib
from datetime import datetime, timedelta, timezone

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardway.calico.plugins.module_utils import _x509
from ansible_collections.hardway.calico.plugins.module_utils._certificate import MOST_DAYS, require_days
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes_api import KUBERNETES_ARGS, connect, show_public_parts
from ansible_collections.hardway.calico.plugins.module_utils._typha_pki_plan import CA_NAME, PARTIES, TyphaPki, decide, wanted_leaf
from ansible_collections.hardway.calico.plugins.module_utils._typha_pki_store import TyphaPkiStore

NAMES = {"ca_configmap": "calico-typha-ca", "ca_secret": "calico-typha-ca-key", "server_secret": "calico-typha-certs", "client_secret": "calico-node-certs"}


def current_state(content):
    """The TyphaPki of a store's content."""
    bundle, problem = _x509.read_bundle(content["bundle"])
    ca = _x509.read_pair(*content["ca_secret"], content["ca_secret"][0])
    # A lost or broken bundle is published again with the CA, so what the CA signed is no stranger meanwhile.
    anchors = [] if problem else [content["bundle"]]
    if ca.usable and ca.certificate.is_ca:
        anchors.append(content["ca_secret"][0])
    leaves = {party: _x509.read_pair(*content[party + "_secret"], joined(*anchors)) for party in PARTIES}
    return TyphaPki(ca, tuple(bundle), problem, leaves)


def joined(*pems):
    """One PEM of several, each on lines of its own."""
    return "".join(pem.strip() + "\n" for pem in pems if pem.strip())


def apply(plan, store, content, wanted, params, now):
    """Carry the plan out; returns the new content. The CA's Secret comes first: nothing refers to a key that is not kept."""
    content = dict(content)
    size = key_size(params)
    start = now - timedelta(minutes=params["backdate_minutes"])
    for step in plan:
        if step.action == "create":
            key = _x509.make_key(params["key_type"], size)
            content["ca_secret"] = (_x509.make_ca(CA_NAME, key, start, now + timedelta(days=params["ca_lifetime_days"])), key)
            store.write_pair("ca_secret", *content["ca_secret"])
        elif step.action == "publish":
            kept = content["bundle"] if _x509.read_bundle(content["bundle"])[0] else ""
            content["bundle"] = joined(content["ca_secret"][0], kept)
            store.write_bundle(content["bundle"])
        else:
            leaf = wanted[step.detail]
            key = _x509.make_key(leaf.key_type, leaf.key_size)
            certificate = _x509.issue_leaf(leaf.common_name, leaf.usage, key, *content["ca_secret"], start, now + leaf.lifetime)
            content[step.detail + "_secret"] = (certificate, key)
            store.write_pair(step.detail + "_secret", certificate, key)
    return content


def key_size(params):
    """The wanted key size. Raises CalicoError for one that the type does not have."""
    size = params["key_size"] or _x509.DEFAULT_SIZES[params["key_type"]]
    fits = size in (256, 384) if params["key_type"] == "ECDSA" else 2048 <= size <= 8192
    if not fits:
        raise CalicoError("key_size %d does not fit key_type %s" % (size, params["key_type"]), expected="256 or 384 for ECDSA, 2048 to 8192 for RSA",
                          found=size, remedy="leave key_size out for the default")
    return size


def require_sane(params):
    """Raises CalicoError for numbers that make no certificate."""
    require_days(params, "ca_lifetime_days", "leaf_lifetime_days")
    for option, most in (("renewal_days", MOST_DAYS), ("backdate_minutes", 1440)):
        if not 0 <= params[option] <= most:
            raise CalicoError("%s is out of range" % option, expected="0 to %d" % most, found=params[option], remedy="correct it or leave it out")


def material_hash(state, party):
    """A hash of what a party mounts: the bundle's and its own fingerprints; "" if that cannot work."""
    if not state.bundle or not state.leaves[party].usable:
        return ""
    prints = sorted(ca.fingerprint for ca in state.bundle) + [state.leaves[party].certificate.fingerprint]
    return hashlib.sha256("\n".join(prints).encode()).hexdigest()[:32]


def result(state):
    pairs = {"ca": state.ca, **state.leaves}
    certificates = {name: pair.certificate.as_result() for name, pair in pairs.items() if pair.certificate is not None}
    return {"certificates": certificates, "server_hash": material_hash(state, "server"), "client_hash": material_hash(state, "client")}


def main():
    module = AnsibleModule(
        argument_spec={
            **KUBERNETES_ARGS,
            "namespace": {"type": "str", "default": "kube-system"},
            "ca_configmap": {"type": "str", "default": NAMES["ca_configmap"]},
            "ca_secret": {"type": "str", "default": NAMES["ca_secret"], "no_log": False},
            "server_secret": {"type": "str", "default": NAMES["server_secret"], "no_log": False},
            "client_secret": {"type": "str", "default": NAMES["client_secret"], "no_log": False},
            "key_type": {"type": "str", "choices": ["ECDSA", "RSA"], "default": "ECDSA"},
            "key_size": {"type": "int"},
            "ca_lifetime_days": {"type": "int", "default": 3650},
            "leaf_lifetime_days": {"type": "int", "default": 365},
            "renewal_days": {"type": "int", "default": 30},
            "backdate_minutes": {"type": "int", "default": 5},
        },
        supports_check_mode=True,
    )
    show_public_parts(module)
    params = module.params
    try:
        _x509.require()
        require_sane(params)
        lifetime, window = timedelta(days=params["leaf_lifetime_days"]), timedelta(days=params["renewal_days"])
        wanted = {party: wanted_leaf(party, params["key_type"], key_size(params), lifetime, window) for party in PARTIES}
        now = datetime.now(timezone.utc).replace(microsecond=0)
        store = TyphaPkiStore(connect(params), params["namespace"], {name: params[name] for name in NAMES})
        content = store.read()
        # Keys are in no result; should one get into a message, Ansible masks it.
        module.no_log_values.update(content[name][1] for name in content if name != "bundle" and content[name][1])
        state = current_state(content)
        plan, warnings = decide(wanted, state, now)
        if plan and not module.check_mode:
            state = current_state(apply(plan, store, content, wanted, params, now))
    except CalicoError as exc:
        module.fail_json(msg=str(exc))
    for warning in warnings:
        module.warn(warning)
    module.exit_json(changed=bool(plan), actions=plan.as_result(), diff=plan.diff(), **result(state))


if __name__ == "__main__":
    main()
