# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: reads every certificate of an installation, from the API and from what nodes handed in.

It decides nothing.
"""

from __future__ import annotations

import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.holder import Holder
from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.read import client_cas
from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.store import (
    CredentialStore,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.held import HandedIn
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.read import held_of
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.store import EtcdPkiStore
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.api import KubernetesApi
from ansible_collections.hardway.calico.plugins.module_utils._pki import x509
from ansible_collections.hardway.calico.plugins.module_utils._survey.seen import (
    Bundle,
    NodeFile,
    Seen,
    Wanted,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.material import Material
from ansible_collections.hardway.calico.plugins.module_utils._typha.objects import CA_SECRET
from ansible_collections.hardway.calico.plugins.module_utils._typha.store import TyphaPkiStore


def read(
    api: KubernetesApi, wanted: Wanted, cluster_ca: str, held: t.Iterable[dict[str, str]]
) -> Seen:
    """cluster_ca: PEM, "" if unknown; held: what cni_kubeconfig_info returned on each node.

    Raises CalicoError from the API, and for a cluster_ca or names that cannot be used.
    """
    typha = Material()
    if wanted.typha:
        typha = TyphaPkiStore(api, wanted.namespace, wanted.names).read()
    stored = _credentials(api, wanted) if wanted.cni else {}
    authorities = client_cas(api, cluster_ca)
    leaves = {party: x509.read_pair(*pems, typha.bundle) for party, pems in typha.leaves.items()}
    etcd = EtcdPkiStore(api, wanted.namespace, wanted.etcd).read()
    others = [*(key for _certificate, key in stored.values()), *(one.key for one in etcd.values())]
    keys = [*typha.private_keys(), *filter(None, others)]
    return Seen(
        published=_bundle(typha.bundle),
        ca=x509.read_pair(*typha.ca, typha.ca[0]) if CA_SECRET in wanted.names else None,
        leaves=leaves,
        credentials={who: x509.read_pair(*pems, authorities) for who, pems in stored.items()},
        judged=bool(authorities.strip()),
        cluster=_bundle(cluster_ca) if cluster_ca else None,
        files=tuple(_node_file(item) for item in held),
        private_keys=tuple(keys),
        etcd={who: held_of(triple, HandedIn(), True) for who, triple in etcd.items()},
    )


def _credentials(api: KubernetesApi, wanted: Wanted) -> dict[Holder, tuple[str, str]]:
    common = wanted.common
    store = CredentialStore(api, wanted.namespace, common.user, common.secret)
    return store.read(wanted.holders())


def _bundle(pem: str) -> Bundle:
    certificates, problem = x509.read_bundle(pem)
    return Bundle(tuple(certificates), problem)


def _node_file(item: dict[str, str]) -> NodeFile:
    certificate = _bundle(item["client_certificate"])
    return NodeFile(
        node=item["node"],
        path=item["path"],
        server=item["server"],
        certificate=certificate.certificates[0] if certificate.certificates else None,
        cas=_bundle(item["cluster_ca"]).certificates,
        problem=item["problem"] or certificate.problem,
    )
