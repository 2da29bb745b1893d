# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the CNI user's credentials live: Secrets of type kubernetes.io/tls, through the Kubernetes API. It decides nothing."""

from __future__ import annotations

import base64

from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.decide import Holder
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._pki import x509

KEYS = ("tls.crt", "tls.key")
CREDENTIAL, NODE = "hardway.calico/credential", "hardway.calico/node"
CLIENT_CA_CONFIGMAP = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"


class CredentialStore:
    """One Secret a Holder. A write is one request that holds both halves, bound to what was read."""

    def __init__(self, api, namespace, user, secret):
        self.api, self.namespace, self.user, self.secret = api, namespace, user, secret
        self.collection = "/api/v1/namespaces/%s/secrets" % namespace
        self.found = {}

    def read(self, wanted):
        """{Holder: (certificate PEM, key PEM)} of all that is stored, and of the wanted ones ("", "") where nothing is.

        A GET of the common Secret and a LIST of the nodes' by their label; a wanted one that the LIST lacks is asked for by name.
        """
        everybody = Holder(self.user, self.secret)
        self.found = {everybody: self._get(everybody)}
        for item in self.api.list(
            "%s?labelSelector=%s%%3D%s"
            % (self.collection, CREDENTIAL.replace("/", "%2F"), self.secret)
        ):
            labels = item["metadata"].get("labels") or {}
            node = labels.get(NODE)
            if node and labels.get(CREDENTIAL) == self.secret:
                self.found[Holder("%s:%s" % (self.user, node), item["metadata"]["name"], node)] = (
                    item
                )
        for who in wanted:
            if who not in self.found:
                self.found[who] = self._get(who)
        return {
            who: pair_of(item)
            for who, item in self.found.items()
            if item is not None or who in wanted
        }

    def write(self, who, certificate_pem, key_pem):
        data = {
            key: base64.b64encode(pem.encode()).decode()
            for key, pem in zip(KEYS, (certificate_pem, key_pem))
        }
        typed, there = {"apiVersion": "v1", "kind": "Secret"}, self.found[who]
        labels = {
            "app.kubernetes.io/managed-by": "hardway.calico",
            **({CREDENTIAL: self.secret, NODE: who.node} if who.node else {}),
        }
        if there is None:
            metadata = {"name": who.secret, "namespace": self.namespace, "labels": labels}
            self._send(
                who,
                self.api.create,
                self.collection,
                {**typed, "metadata": metadata, "type": "kubernetes.io/tls", "data": data},
            )
        else:
            metadata = {
                **there["metadata"],
                "labels": {**(there["metadata"].get("labels") or {}), **labels},
            }
            self._send(
                who,
                self.api.replace,
                self._path(who),
                {
                    **there,
                    **typed,
                    "metadata": metadata,
                    "data": {**(there.get("data") or {}), **data},
                },
            )

    def delete(self, who):
        metadata = self.found[who]["metadata"]
        self._send(
            who,
            self.api.delete,
            self._path(who),
            metadata.get("uid"),
            metadata.get("resourceVersion"),
        )

    def _send(self, who, request, *arguments):
        try:
            request(*arguments)
        except CalicoError as exc:
            if exc.status != 409:
                raise
            raise CalicoError(
                "The Secret %s/%s was written by another run or person meanwhile"
                % (self.namespace, who.secret),
                expected="the Secret as it was read a moment ago",
                found=exc.found,
                remedy="run again when the other run has ended; its credential was left as it is",
            ) from exc

    def _get(self, who):
        return self.api.get(self._path(who))

    def _path(self, who):
        return "%s/%s" % (self.collection, who.secret)


def pair_of(secret, keys=KEYS):
    """(certificate PEM, key PEM) of a Secret, "" where absent; what is no text becomes garbage PEM."""
    data = (secret or {}).get("data") or {}
    return tuple(base64.b64decode(data.get(key) or "").decode(errors="replace") for key in keys)


def client_cas(api, cluster_ca):
    """PEM of the CAs that the API server takes clients from: what it publishes, and what the user names."""
    problem = x509.read_bundle(cluster_ca)[1]
    if problem:
        raise CalicoError(
            "cluster_ca cannot be read: %s" % problem,
            expected="PEM of certificates",
            remedy="hand in the content of the CA's file",
        )
    try:
        published = api.get(CLIENT_CA_CONFIGMAP) or {}
    except CalicoError:
        # An account may be allowed the Secret and not this; a server that is down is named by the next request.
        published = {}
    return "%s\n%s" % (cluster_ca, (published.get("data") or {}).get("client-ca-file") or "")
