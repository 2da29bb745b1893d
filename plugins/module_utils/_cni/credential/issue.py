# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: signs the CNI user's certificates, with the Kubernetes CSR API, or with the cluster's CA files."""

from __future__ import annotations

import base64
import json
import time
from datetime import timedelta

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._pki import x509

CSRS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
LABEL = "hardway.calico/credential"
POLL_SECONDS = 0.5
TYPED = {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest"}


class CsrIssuer:
    """The Kubernetes CSR API: create, approve, wait, fetch and remove; needs no CA key.

    Remains of killed runs are removed first. Needs the rights to create, approve and delete requests of the signer.
    """

    def __init__(self, api, signer, secret, timeout):
        self.api = api
        self.signer = signer
        self.secret = secret
        self.timeout = timeout

    def issue(self, keys, now, lifetime, clock=time.monotonic, pause=time.sleep):
        """{Holder: PEM} for {Holder: key PEM}; all requests wait at once.

        Raises CalicoError with a request's conditions if its certificate does not come in time.
        """
        for left in self.api.list("%s?labelSelector=%s%%3D%s" % (CSRS, LABEL, self.secret)):
            self.api.delete("%s/%s" % (CSRS, left["metadata"]["name"]))
        # The time makes names unique among runs; two runs in one second collide, and one of them is told so.
        names = {who: "%s-%s" % (who.secret, now.strftime("%Y%m%d%H%M%S")) for who in keys}
        made = []
        try:
            for who, key in keys.items():
                self._request(who, names[who], key, lifetime, made)
            deadline = clock() + self.timeout
            return {who: self._wait(names[who], deadline, clock, pause) for who in keys}
        finally:
            for name in made:
                self.api.delete("%s/%s" % (CSRS, name))

    def _request(self, who, name, key_pem, lifetime, made):
        request = base64.b64encode(x509.make_csr(who.user, key_pem).encode()).decode()
        spec = {
            "request": request,
            "signerName": self.signer,
            "usages": ["client auth"],
            "expirationSeconds": int(lifetime.total_seconds()),
        }
        created = self.api.create(
            CSRS,
            {**TYPED, "metadata": {"name": name, "labels": {LABEL: self.secret}}, "spec": spec},
        )
        made.append(name)
        approved = {
            "type": "Approved",
            "status": "True",
            "reason": "HardwayCalico",
            "message": "the CNI user %s of hardway.calico" % who.user,
        }
        try:
            self.api.replace(
                "%s/%s/approval" % (CSRS, name),
                {**created, **TYPED, "status": {"conditions": [approved]}},
            )
        except CalicoError as exc:
            if exc.status == 404:
                raise _removed(name) from exc
            raise

    def _wait(self, name, deadline, clock, pause):
        while True:
            found = self.api.get("%s/%s" % (CSRS, name))
            if found is None:
                raise _removed(name)
            status = found.get("status") or {}
            if status.get("certificate"):
                return base64.b64decode(status["certificate"]).decode()
            conditions = status.get("conditions") or []
            refused = [
                condition for condition in conditions if condition["type"] in ("Denied", "Failed")
            ]
            if refused or clock() >= deadline:
                raise CalicoError(
                    "The certificate signing request %s of signer %s got no certificate"
                    % (name, self.signer),
                    expected="a certificate within %d s of its approval" % self.timeout,
                    found="conditions %s"
                    % json.dumps(
                        [
                            {key: condition.get(key) for key in ("type", "reason", "message")}
                            for condition in conditions
                        ]
                    ),
                    remedy="let kube-controller-manager sign (--cluster-signing-cert-file), or use the method ca (cni_credential_method: ca)",
                )
            pause(POLL_SECONDS)


def _removed(name):
    return CalicoError(
        "The certificate signing request %s was removed while it waited for its certificate" % name,
        expected="one run at a time",
        found="nothing under its name: another run issues the same credential",
        remedy="run again when that run has ended",
    )


class CaIssuer:
    """The cluster's CA files. Raises CalicoError at once if they do not fit each other."""

    def __init__(self, ca_pem, ca_key_pem):
        pair = x509.read_pair(ca_pem, ca_key_pem, ca_pem)
        if not pair.usable or not pair.certificate.is_ca:
            raise CalicoError(
                "The cluster's CA files cannot be used",
                expected="a CA certificate and its unencrypted private key, in PEM",
                found=pair.problem
                or (
                    "a certificate that is not a CA's"
                    if pair.usable
                    else "a key of another certificate"
                ),
                remedy="hand in the pair that kubeadm keeps as /etc/kubernetes/pki/ca.crt and ca.key, or use the method csr",
            )
        self.ca_pem = ca_pem
        self.ca_key_pem = ca_key_pem

    def issue(self, keys, now, lifetime):
        """{Holder: PEM} for {Holder: key PEM}."""
        start, end = now - timedelta(minutes=5), now + lifetime
        return {
            who: x509.issue_leaf(
                who.user, "clientAuth", key, self.ca_pem, self.ca_key_pem, start, end
            )
            for who, key in keys.items()
        }
