# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: the CNI user's credentials as they are stored, judged by the CAs that the API server takes clients from."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.decide import Wanted
from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.holder import (
    Credential,
    Holder,
)
from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.store import (
    CredentialStore,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.api import KubernetesApi
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.paths import (
    KUBE_SYSTEM,
    configmaps,
)
from ansible_collections.hardway.calico.plugins.module_utils._pki import x509
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import Pair

CLIENT_CA_CONFIGMAP = configmaps(KUBE_SYSTEM) + "/extension-apiserver-authentication"


@dataclass(frozen=True)
class Current:
    """What is there. credentials: of all that is stored and of all that is wanted. authorities: PEM."""

    credentials: dict[Holder, Credential]
    stored: list[Holder]
    authorities: str

    @property
    def pairs(self) -> dict[Holder, Pair]:
        return {who: credential.pair for who, credential in self.credentials.items()}

    @property
    def keys(self) -> list[str]:
        """The private keys, which nobody may see."""
        found = self.credentials.values()
        return [credential.key_pem for credential in found if credential.key_pem]


def read(store: CredentialStore, wanted: Wanted, cluster_ca: str) -> Current:
    """What is there. cluster_ca: PEM; not asked for when no certificate is wanted."""
    material = store.read(wanted.leaves)
    authorities = client_cas(store.api, cluster_ca) if wanted.present else ""
    credentials = {
        who: Credential(*pems, x509.read_pair(*pems, authorities)) for who, pems in material.items()
    }
    return Current(credentials, store.stored, authorities)


def client_cas(api: KubernetesApi, cluster_ca: str) -> str:
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
