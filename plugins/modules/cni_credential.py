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
  - It is issued anew if it is missing, broken, of another user or another CA than the cluster's, or about to expire.
extends_documentation_fragment:
  - hardway.calico.kubernetes
  - hardway.calico.attributes
requirements:
  - cryptography >= 42.0.0
options:
  method:
    description:
      - Who signs. V(csr) is the Kubernetes CSR API, which needs no CA key.
      - V(ca) are the cluster's CA files, for clusters whose controller manager does not sign.
    type: str
    choices: [csr, ca]
    default: csr
  user:
    description: The user, that is the certificate's CN. It is in no group.
    type: str
    default: calico-cni
  namespace:
    description: The namespace of the Secret.
    type: str
    default: kube-system
  secret:
    description: The Secret that keeps the certificate and its key.
    type: str
    default: calico-cni-credential
  lifetime_days:
    description: Lifetime of the certificate, in days. The signer may shorten it.
    type: int
    default: 365
  renewal_days:
    description: How long before its end the certificate is renewed, in days; at most a third of its lifetime.
    type: int
    default: 30
  cluster_ca:
    description:
      - PEM of the cluster's CAs. A stored certificate of another CA is issued anew.
      - Where the API server publishes its CAs of client certificates (ConfigMap C(kube-system/extension-apiserver-authentication)) those are
        taken as well, since some distributions use one CA for servers and another one for clients.
    type: str
    required: true
  signer:
    description: The signer of the CSR API.
    type: str
    default: kubernetes.io/kube-apiserver-client
  timeout:
    description: How long to wait for the CSR API's certificate, in seconds.
    type: int
    default: 30
  ca_cert_content:
    description: PEM of the cluster's CA certificate, for the method V(ca).
    type: str
  ca_key_content:
    description: PEM of the cluster's CA key, for the method V(ca).
    type: str
  return_content:
    description: Whether to return the certificate and its private key. Set C(no_log) on the task then.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Keep the CNI user's certificate valid
  hardway.calico.cni_credential:
    cluster_ca: "{{ lookup('ansible.builtin.file', '/etc/kubernetes/pki/ca.crt') }}"
"""

RETURN = r"""
actions:
  description: What was done, or would be done in check mode, and why.
  returned: success
  type: list
  elements: dict
  sample: [{action: renew, target: client certificate of calico-cni, reason: "it expires in 12 days, the renewal window is 30 days"}]
certificate:
  description: The certificate that is in the Secret when the module ends.
  returned: when there is one
  type: dict
  sample: {subject: CN=calico-cni, issuer: CN=kubernetes, fingerprint: 3f2a, not_after: "2027-11-21T00:00:00Z"}
client_certificate:
  description: PEM of the certificate.
  returned: when O(return_content) is true and there is one
  type: str
  sample: "-----BEGIN CERTIFICATE-----"
client_key:
  description: PEM of the private key.
  returned: when O(return_content) is true and there is one
  type: str
  sample: a PEM
"""

import base64
from datetime import datetime, timedelta, timezone

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardway.calico.plugins.module_utils import _x509
from ansible_collections.hardway.calico.plugins.module_utils._certificate import MOST_DAYS, LeafWanted, require_days, trouble
from ansible_collections.hardway.calico.plugins.module_utils._cni_credential_issuer import CaIssuer, CsrIssuer
from ansible_collections.hardway.calico.plugins.module_utils._cni_credential_plan import decide
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes_api import KUBERNETES_ARGS, connect, show_public_parts

CLIENT_CA_CONFIGMAP = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"


class CredentialStore:
    """The Secret: one GET to read, one request to write both halves."""

    KEYS = ("tls.crt", "tls.key")

    def __init__(self, api, namespace, name):
        self.api, self.collection, self.name, self.namespace = api, "/api/v1/namespaces/%s/secrets" % namespace, name, namespace
        self.found = None

    def read(self):
        """(certificate PEM, key PEM), "" where absent."""
        self.found = self.api.get("%s/%s" % (self.collection, self.name))
        data = (self.found or {}).get("data") or {}
        return tuple(base64.b64decode(data.get(key, "")).decode(errors="replace") for key in self.KEYS)

    def write(self, certificate_pem, key_pem):
        data = {key: base64.b64encode(pem.encode()).decode() for key, pem in zip(self.KEYS, (certificate_pem, key_pem))}
        typed = {"apiVersion": "v1", "kind": "Secret"}
        if self.found is None:
            metadata = {"name": self.name, "namespace": self.namespace, "labels": {"app.kubernetes.io/managed-by": "hardway.calico"}}
            self.api.create(self.collection, {**typed, "metadata": metadata, "type": "kubernetes.io/tls", "data": data})
        else:
            self.api.replace("%s/%s" % (self.collection, self.name), {**self.found, **typed, "data": data})


def client_cas(api, cluster_ca):
    """PEM of the CAs that the API server takes clients from: what it publishes, and what the user names."""
    problem = _x509.read_bundle(cluster_ca)[1]
    if problem:
        raise CalicoError("cluster_ca cannot be read: %s" % problem, expected="PEM of certificates", remedy="hand in the content of the CA's file")
    try:
        published = api.get(CLIENT_CA_CONFIGMAP) or {}
    except CalicoError:
        # An account may be allowed the Secret and not this; a server that is down is named by the next request.
        published = {}
    return "%s\n%s" % (cluster_ca, (published.get("data") or {}).get("client-ca-file") or "")


def require_sane(params):
    """Raises CalicoError for options that make no certificate."""
    require_days(params, "lifetime_days")
    for option, least in (("renewal_days", 0), ("timeout", 1)):
        if params[option] < least:
            raise CalicoError("%s is out of range" % option, expected="at least %d" % least, found=params[option], remedy="correct it or leave it out")
    if params["renewal_days"] > MOST_DAYS:
        raise CalicoError("renewal_days is out of range", expected="at most %d" % MOST_DAYS, found=params["renewal_days"], remedy="correct it")
    # RFC 5280, appendix A.1: ub-common-name.
    if not 1 <= len(params["user"]) <= 64:
        raise CalicoError("The user %s cannot be a certificate's CN" % params["user"], expected="1 to 64 characters", found=len(params["user"]),
                          remedy="choose another name")


def require_usable(wanted, pair):
    """Raises CalicoError if a certificate that was just issued is not what was asked for, whatever its lifetime."""
    reason = pair.problem or trouble(pair, wanted, pair.certificate.not_before)
    if reason:
        raise CalicoError(
            "The certificate that was issued for %s cannot be used" % wanted.common_name, expected="a client certificate of the API server's CA for clients",
            found=reason, remedy="compare cluster_ca and the signer's CA with the API server's --client-ca-file; nothing was stored",
        )


def issuer(params, api):
    """The issuer that the method names, made before anything is written."""
    if params["method"] == "csr":
        return CsrIssuer(api, params["signer"], params["secret"], params["timeout"])
    return CaIssuer(params["ca_cert_content"], params["ca_key_content"])


def main():
    module = AnsibleModule(
        argument_spec={
            **KUBERNETES_ARGS,
            "method": {"type": "str", "choices": ["csr", "ca"], "default": "csr"},
            "user": {"type": "str", "default": "calico-cni"},
            "namespace": {"type": "str", "default": "kube-system"},
            "secret": {"type": "str", "default": "calico-cni-credential", "no_log": False},
            "lifetime_days": {"type": "int", "default": 365},
            "renewal_days": {"type": "int", "default": 30},
            "cluster_ca": {"type": "str", "required": True},
            "signer": {"type": "str", "default": "kubernetes.io/kube-apiserver-client"},
            "timeout": {"type": "int", "default": 30},
            "ca_cert_content": {"type": "str"},
            "ca_key_content": {"type": "str", "no_log": True},
            "return_content": {"type": "bool", "default": False},
        },
        required_if=[("method", "ca", ("ca_cert_content", "ca_key_content"))],
        supports_check_mode=True,
    )
    show_public_parts(module)
    params = module.params
    try:
        _x509.require()
        require_sane(params)
        api = connect(params)
        signs = issuer(params, api)
        lifetime = timedelta(days=params["lifetime_days"])
        wanted = LeafWanted(params["user"], "clientAuth", "ECDSA", 256, lifetime, timedelta(days=params["renewal_days"]))
        now = datetime.now(timezone.utc).replace(microsecond=0)
        store = CredentialStore(api, params["namespace"], params["secret"])
        material = store.read()
        if material[1] and not params["return_content"]:
            module.no_log_values.add(material[1])
        authorities = client_cas(api, params["cluster_ca"])
        pair = _x509.read_pair(*material, authorities)
        plan = decide(wanted, pair, now)
        if plan and not module.check_mode:
            key = _x509.make_key(wanted.key_type, wanted.key_size)
            material = (signs.issue(wanted.common_name, key, now, lifetime), key)
            pair = _x509.read_pair(*material, authorities)
            require_usable(wanted, pair)
            store.write(*material)
    except CalicoError as exc:
        module.fail_json(msg=str(exc))
    result = {"changed": bool(plan), "actions": plan.as_result(), "diff": plan.diff()}
    if pair.certificate is not None:
        result["certificate"] = pair.certificate.as_result()
        if params["return_content"]:
            result.update(client_certificate=material[0], client_key=material[1])
    module.exit_json(**result)


if __name__ == "__main__":
    main()
