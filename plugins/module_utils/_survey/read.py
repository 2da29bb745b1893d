# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: reads every certificate of an installation, from the API and from what nodes handed in, for decide.report."""

from __future__ import annotations

from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.decide import holder
from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.store import (
    CredentialStore,
    client_cas,
    pair_of,
)
from ansible_collections.hardway.calico.plugins.module_utils._pki import x509
from ansible_collections.hardway.calico.plugins.module_utils._survey import decide as reporting

BUNDLE_KEY = "typhaca.crt"
# A leaf's Secret: its keys, what it is, the CN that its peers ask for (facts on Typha's mutual TLS), its usage, its consumer.
LEAVES = {
    "server_secret": (
        ("typha.crt", "typha.key"),
        "Typha server",
        "calico-typha",
        "serverAuth",
        "Deployment calico-typha",
    ),
    "client_secret": (
        ("calico-node.crt", "calico-node.key"),
        "calico/node client",
        "calico-node",
        "clientAuth",
        "DaemonSet calico-node",
    ),
}


def look(api, params):
    """([Found], [private keys]). params: the options of calico_certificate_info. Raises CalicoError from the API."""
    typha, keys = _typha(api, params)
    cluster, problem = x509.read_bundle(params["cluster_ca"])
    credentials, more = _credentials(api, params)
    founds = typha + list(credentials.values()) + _held(params, credentials, cluster)
    if params["cluster_ca"]:
        founds += reporting.bundle(
            "cluster CA", "kubeconfig", "API server, CNI credentials", cluster, problem
        )
    return founds, [key for key in keys + more if key]


def _typha(api, params):
    def secret(option, names):
        return pair_of(
            api.get("/api/v1/namespaces/%s/secrets/%s" % (params["namespace"], params[option])),
            names,
        )

    def place(option, key):
        return "Secret %s/%s %s" % (params["namespace"], params[option], key)

    configmap = api.get(
        "/api/v1/namespaces/%s/configmaps/%s" % (params["namespace"], params["ca_configmap"])
    )
    bundle_pem = ((configmap or {}).get("data") or {}).get(BUNDLE_KEY) or ""
    published, problem = x509.read_bundle(bundle_pem)
    where = "ConfigMap %s/%s %s" % (params["namespace"], params["ca_configmap"], BUNDLE_KEY)
    founds = reporting.bundle(
        "Typha CA, published",
        where,
        "Typha and calico/node, to trust each other",
        published,
        problem,
    )
    keys = []
    if params["ca_secret"]:
        material = secret("ca_secret", ("ca.crt", "ca.key"))
        keys.append(material[1])
        pair = x509.read_pair(*material, material[0])
        founds.append(
            reporting.authority(
                "Typha CA, signing",
                place("ca_secret", "ca.crt"),
                "hardway.calico.typha_pki",
                pair,
                published,
            )
        )
    for option, (names, what, common_name, usage, used_by) in LEAVES.items():
        material = secret(option, names)
        keys.append(material[1])
        pair = x509.read_pair(*material, bundle_pem)
        founds.append(
            reporting.leaf(what, place(option, names[0]), used_by, pair, common_name, usage)
        )
    return founds, keys


def _credentials(api, params):
    """({node or "": Found}, keys) of the CNI user's credentials; those of the other scope only if they are there."""
    store = CredentialStore(api, params["namespace"], params["cni_user"], params["cni_secret"])
    names = {"user": params["cni_user"], "secret": params["cni_secret"]}
    expected = (
        [holder(names)]
        if params["cni_scope"] == "cluster"
        else [holder(names, node) for node in sorted(params["nodes"])]
    )
    material = store.read(expected)
    authorities = client_cas(api, params["cluster_ca"])
    founds = {}
    for who, pems in material.items():
        pair = x509.read_pair(*pems, authorities)
        if not authorities.strip():
            pair = reporting.trusting(pair)
        where = "Secret %s/%s tls.crt" % (params["namespace"], who.secret)
        used_by = "CNI plugin on %s" % (who.node or "every node")
        found = reporting.leaf(
            "CNI user %s" % who.user, where, used_by, pair, who.user, "clientAuth"
        )
        founds[who.node] = found if who in expected else reporting.leftover(found)
    return founds, [key for _certificate, key in material.values()]


def _held(params, credentials, cluster):
    founds = []
    for item in sorted(params["held"], key=lambda entry: entry["node"]):
        found, problem = x509.read_bundle(item["client_certificate"])
        ca, _problem = x509.read_bundle(item["cluster_ca"])
        stored = credentials.get("" if params["cni_scope"] == "cluster" else item["node"])
        founds.append(
            reporting.on_node(
                item["node"],
                "%s %s" % (item["node"], item["path"]),
                found[0] if found else None,
                item["problem"]
                or problem
                or reporting.strayed(item["server"], ca, params["server"], cluster),
                stored,
            )
        )
    seen = {item["node"] for item in params["held"]}
    return founds + [reporting.unseen(node) for node in sorted(set(params["nodes"]) - seen)]
