# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides what is wrong with each certificate of an installation, whatever the time is (pure)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace
from datetime import timedelta

from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.holder import KEYS
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.objects import (
    CERTIFICATE,
    CONSUMERS,
    SERVER_CAS,
    USAGE,
)
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import (
    MISSING,
    Certificate,
    LeafWanted,
    Pair,
    trouble,
    unusable,
)
from ansible_collections.hardway.calico.plugins.module_utils._survey.seen import (
    Seen,
    Wanted,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.objects import (
    BUNDLE_KEY,
    CA_CONFIGMAP,
    CA_PLACE,
    LEAF_PLACES,
    PARTIES,
    Place,
)

DAY = timedelta(days=1)
TITLES = {"server": "Typha server", "client": "calico/node client"}


@dataclass(frozen=True)
class Found:
    """One certificate that was looked for.

    what: its role; where: object and key, or host and file; used_by: its consumers. problem: what is
    wrong with it whatever the time is, in words, or None. A missing one has neither certificate nor
    other words than MISSING.
    """

    what: str
    where: str
    used_by: str
    certificate: Certificate | None = None
    problem: str | None = None


def decide(wanted: Wanted, seen: Seen) -> list[Found]:
    """A Found for each certificate that there is or should be."""
    founds = _typha(wanted, seen) if wanted.typha else []
    founds += _etcd(wanted, seen)
    if wanted.cni:
        credentials = _credentials(wanted, seen)
        founds += [*credentials.values(), *_on_nodes(wanted, seen, credentials)]
    if seen.cluster is not None:
        about = ("cluster CA", "kubeconfig", "API server, CNI credentials")
        founds += bundle(*about, seen.cluster.certificates, seen.cluster.problem)
    return founds


def _typha(wanted: Wanted, seen: Seen) -> list[Found]:
    def secret(place: Place) -> str:
        name = wanted.names[place.option]
        return "Secret %s/%s %s" % (wanted.namespace, name, place.keys[0])

    name = wanted.names[CA_CONFIGMAP]
    where = "ConfigMap %s/%s %s" % (wanted.namespace, name, BUNDLE_KEY)
    used_by = "Typha and calico/node, to trust each other"
    published = seen.published.certificates
    founds = bundle("Typha CA, published", where, used_by, published, seen.published.problem)
    if seen.ca is not None:
        about = ("Typha CA, signing", secret(CA_PLACE), "hardway.calico.typha_pki")
        founds.append(authority(*about, seen.ca, published))
    for name, party in PARTIES.items():
        used_by = "%s %s" % (party.kind, party.workload)
        about = (TITLES[name], secret(LEAF_PLACES[name]), used_by)
        founds.append(leaf(*about, seen.leaves[name], party.common_name, party.usage))
    return founds


def _etcd(wanted: Wanted, seen: Seen) -> list[Found]:
    """etcd's clients, and each CA by which they trust its servers once. Whoever signed them is trusted."""
    founds: list[Found] = []
    cas: dict[str, Found] = {}
    for name, held in seen.etcd.items():
        about = CONSUMERS[name]
        secret = "Secret %s/%s " % (wanted.namespace, wanted.etcd[name])
        own = held.pair.certificate.common_name if held.pair.certificate else ""
        one = ("etcd client %s" % name, secret + CERTIFICATE, about.used_by)
        founds.append(leaf(*one, held.pair, own, USAGE))
        trusted = ("CA of etcd's servers", secret + SERVER_CAS, "etcd's clients")
        if held.filled:
            for number, found in enumerate(bundle(*trusted, held.servers, held.problem)):
                print_of_ca = found.certificate.fingerprint if found.certificate else ""
                cas.setdefault(print_of_ca or "%s %d" % (name, number), found)
    return founds + list(cas.values())


def _credentials(wanted: Wanted, seen: Seen) -> dict[str, Found]:
    """The CNI user's, by node, "" for all nodes; of the other scope there are only stored ones."""
    expected = wanted.holders()
    founds: dict[str, Found] = {}
    for who, pair in seen.credentials.items():
        where = "Secret %s/%s %s" % (wanted.namespace, who.secret, KEYS[0])
        used_by = "CNI plugin on %s" % (who.node or "every node")
        judged = pair if seen.judged else trusting(pair)
        found = leaf("CNI user %s" % who.user, where, used_by, judged, who.user, "clientAuth")
        founds[who.node] = found if who in expected else leftover(found)
    return founds


def _on_nodes(wanted: Wanted, seen: Seen, credentials: dict[str, Found]) -> list[Found]:
    cluster = seen.cluster.certificates if seen.cluster else ()
    founds = []
    for file in sorted(seen.files, key=lambda one: one.node):
        problem = file.problem or strayed(file.server, file.cas, wanted.server, cluster)
        where = "%s %s" % (file.node, file.path)
        own = credentials.get(file.node if wanted.per_node else "")
        founds.append(on_node(file.node, where, file.certificate, problem, own))
    nobody_looked = set(wanted.nodes) - {file.node for file in seen.files}
    return founds + [unseen(node) for node in sorted(nobody_looked)]


def bundle(
    what: str,
    where: str,
    used_by: str,
    certificates: t.Sequence[Certificate],
    problem: str | None,
) -> list[Found]:
    """A Found for each CA of a bundle; one that tells the trouble if there is none."""
    if problem or not certificates:
        return [Found(what, where, used_by, None, problem or MISSING)]
    count = len(certificates)
    founds = []
    for number, ca in enumerate(certificates, 1):
        place = "%s, %d of %d" % (where, number, count) if count > 1 else where
        founds.append(
            Found(what, place, used_by, ca, None if ca.is_ca else "it is no CA's certificate")
        )
    return founds


def authority(
    what: str, where: str, used_by: str, pair: Pair, published: t.Iterable[Certificate]
) -> Found:
    """The CA that signs: its key must be its own, and the published bundle must hold it."""
    return Found(what, where, used_by, pair.certificate, _authority_problem(pair, published))


def _authority_problem(pair: Pair, published: t.Iterable[Certificate]) -> str | None:
    ca = pair.usable_certificate
    if ca is None:
        return unusable(pair)
    if not ca.is_ca:
        return "it is no CA's certificate"
    if ca.fingerprint not in {one.fingerprint for one in published}:
        return "the published bundle lacks it"
    return None


def leaf(what: str, where: str, used_by: str, pair: Pair, common_name: str, usage: str) -> Found:
    """A leaf with its key: what would make it unusable is a problem.

    Its time is not judged here, its key type and URI SANs not at all.
    """
    certificate, problem = pair.certificate, MISSING if pair.absent else pair.problem
    if certificate is not None and not problem:
        own = replace(certificate, uri_sans=())
        wanted = LeafWanted(common_name, usage, own.key_type, own.key_size, DAY, timedelta(0))
        # Half of its life is a moment at which nothing but its nature can be wrong.
        half = own.not_before + (own.not_after - own.not_before) / 2
        problem = trouble(replace(pair, certificate=own), wanted, half)
    return Found(what, where, used_by, certificate, problem)


def trusting(pair: Pair) -> Pair:
    """The Pair where no CA is known that could judge it."""
    return pair if pair.absent else replace(pair, trusted=True)


def leftover(found: Found) -> Found:
    """A credential that is stored and not wanted: it has rights until a run of site.yml retires it."""
    words = (
        "it is of the other cni_credential_scope or of a node that is gone: a full run retires it"
    )
    return replace(found, problem=found.problem or words)


def on_node(
    node: str,
    where: str,
    certificate: Certificate | None,
    problem: str | None,
    stored: Found | None,
) -> Found:
    """The certificate that a node holds.

    stored: the Found of the Secret that it should have come from, or None.
    """
    words = problem or _node_problem(certificate, stored)
    return Found("CNI user on %s" % node, where, "CNI plugin on %s" % node, certificate, words)


def _node_problem(certificate: Certificate | None, stored: Found | None) -> str | None:
    if certificate is None:
        return "it holds no client certificate"
    if stored is None or stored.certificate is None:
        return "there is no Secret that it came from"
    if certificate.fingerprint != stored.certificate.fingerprint:
        return "it is another one than the Secret's: this node was missed when it was issued"
    return stored.problem


def unseen(node: str) -> Found:
    """A node of the cluster that no host of the run stands for."""
    words = "nobody looked: no host of this run is that node, or it did not answer"
    return Found("CNI user on %s" % node, node, "CNI plugin on %s" % node, None, words)


def strayed(
    server: str,
    authorities: t.Iterable[Certificate],
    wanted_server: str,
    wanted_authorities: t.Iterable[Certificate],
) -> str | None:
    """Why a node's file leads to another API server than wanted, or None. Nothing wanted is not compared."""
    if wanted_server and server != wanted_server:
        words = "it names the API server %s, not %s: this node was missed when that changed"
        return words % (server or "(none)", wanted_server)
    lacks = {ca.fingerprint for ca in wanted_authorities} - {ca.fingerprint for ca in authorities}
    return "it lacks the cluster's CA: this node was missed when that changed" if lacks else None
