# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: signs the CNI user's certificates, with the Kubernetes CSR API, or with the cluster's CA files."""

from __future__ import annotations

import base64
import json
import time
import typing as t
from datetime import datetime, timedelta

from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.holder import (
    OF_SECRET,
    Holder,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.api import KubernetesApi
from ansible_collections.hardway.calico.plugins.module_utils._pki import x509

CSRS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
POLL_SECONDS = 0.5
TYPED = {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest"}


class Issuer(t.Protocol):
    """Who signs certificates for clients of the API server."""

    def issue(
        self, keys: t.Mapping[Holder, str], now: datetime, lifetime: timedelta
    ) -> dict[Holder, str]:
        """{Holder: certificate PEM} for {Holder: key PEM}. The signer may shorten the lifetime."""


def issuer_of(params: dict[str, t.Any], api: KubernetesApi) -> Issuer:
    """The issuer that the option method names. Raises CalicoError if it cannot sign, before anything is written."""
    if params["method"] == "csr":
        return CsrIssuer(api, params["signer"], params["secret"], params["timeout"])
    return CaIssuer(params["ca_cert_content"], params["ca_key_content"])


class CsrIssuer:
    """The Kubernetes CSR API: create, approve, wait, fetch and remove; needs no CA key.

    Remains of killed runs are removed first. Needs the rights to create, approve and delete requests of the signer.
    """

    def __init__(self, api: KubernetesApi, signer: str, secret: str, timeout: int) -> None:
        self.api = api
        self.signer = signer
        self.secret = secret
        self.timeout = timeout

    def issue(
        self,
        keys: t.Mapping[Holder, str],
        now: datetime,
        lifetime: timedelta,
        clock: t.Callable[[], float] = time.monotonic,
        pause: t.Callable[[float], None] = time.sleep,
    ) -> dict[Holder, str]:
        """{Holder: certificate PEM} for {Holder: key PEM}; all requests wait at once.

        Raises CalicoError with a request's conditions if its certificate does not come in time.
        """
        for left in self.api.list("%s?labelSelector=%s%%3D%s" % (CSRS, OF_SECRET, self.secret)):
            self.api.delete("%s/%s" % (CSRS, left["metadata"]["name"]))
        # The time makes names unique among runs; two runs in one second collide, and one of them is told so.
        names = {who: "%s-%s" % (who.secret, now.strftime("%Y%m%d%H%M%S")) for who in keys}
        made: list[str] = []
        try:
            for who, key in keys.items():
                self._request(who, names[who], key, lifetime, made)
            deadline = clock() + self.timeout
            return {who: self._wait(names[who], deadline, clock, pause) for who in keys}
        finally:
            for name in made:
                self.api.delete("%s/%s" % (CSRS, name))

    def _request(
        self, who: Holder, name: str, key_pem: str, lifetime: timedelta, made: list[str]
    ) -> None:
        """Create and approve a request. made: gets its name, so that it is removed whatever follows."""
        request = base64.b64encode(x509.make_csr(who.user, key_pem).encode()).decode()
        spec = {
            "request": request,
            "signerName": self.signer,
            "usages": ["client auth"],
            "expirationSeconds": int(lifetime.total_seconds()),
        }
        metadata = {"name": name, "labels": {OF_SECRET: self.secret}}
        created = self.api.create(CSRS, {**TYPED, "metadata": metadata, "spec": spec})
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

    def _wait(
        self,
        name: str,
        deadline: float,
        clock: t.Callable[[], float],
        pause: t.Callable[[float], None],
    ) -> str:
        while True:
            found = self.api.get("%s/%s" % (CSRS, name))
            if found is None:
                raise _removed(name)
            status = found.get("status") or {}
            if status.get("certificate"):
                return base64.b64decode(status["certificate"]).decode()
            conditions = status.get("conditions") or []
            refused = any(condition["type"] in ("Denied", "Failed") for condition in conditions)
            if refused or clock() >= deadline:
                raise self._unsigned(name, conditions)
            pause(POLL_SECONDS)

    def _unsigned(self, name: str, conditions: list[dict[str, t.Any]]) -> CalicoError:
        told = ("type", "reason", "message")
        found = [{key: condition.get(key) for key in told} for condition in conditions]
        return CalicoError(
            "The certificate signing request %s of signer %s got no certificate"
            % (name, self.signer),
            expected="a certificate within %d s of its approval" % self.timeout,
            found="conditions %s" % json.dumps(found),
            remedy="let kube-controller-manager sign (--cluster-signing-cert-file), "
            "or use the method ca (cni_credential_method: ca)",
        )


def _removed(name: str) -> CalicoError:
    return CalicoError(
        "The certificate signing request %s was removed while it waited for its certificate" % name,
        expected="one run at a time",
        found="nothing under its name: another run issues the same credential",
        remedy="run again when that run has ended",
    )


class CaIssuer:
    """The cluster's CA files. Raises CalicoError at once if they do not fit each other."""

    def __init__(self, ca_pem: str, ca_key_pem: str) -> None:
        pair = x509.read_pair(ca_pem, ca_key_pem, ca_pem)
        problem = pair.problem
        if not pair.usable:
            problem = problem or "a key of another certificate"
        elif pair.certificate and not pair.certificate.is_ca:
            problem = "a certificate that is not a CA's"
        if problem:
            raise CalicoError(
                "The cluster's CA files cannot be used",
                expected="a CA certificate and its unencrypted private key, in PEM",
                found=problem,
                remedy="hand in the pair that kubeadm keeps as /etc/kubernetes/pki/ca.crt and "
                "ca.key, or use the method csr",
            )
        self.ca_pem = ca_pem
        self.ca_key_pem = ca_key_pem

    def issue(
        self, keys: t.Mapping[Holder, str], now: datetime, lifetime: timedelta
    ) -> dict[Holder, str]:
        """{Holder: certificate PEM} for {Holder: key PEM}."""
        start, end = now - timedelta(minutes=5), now + lifetime
        return {
            who: x509.issue_leaf(
                who.user, "clientAuth", key, self.ca_pem, self.ca_key_pem, start, end
            )
            for who, key in keys.items()
        }
