# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of Typha's PKI: what is in the cluster, who has loaded what, and how far a change of the CA has come (pure)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import timedelta

from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import Pair


@dataclass(frozen=True)
class CaPolicy:
    """Where the CA is kept and how long it lives.

    storage: "secret", "directory" or "external". rotate_before: how long before its end a CA of ours is replaced. For an external
    CA: anchors, the fingerprints of its roots, and handed, {party: Pair} of leaves that were handed in. expiring: when to warn of these.
    """

    storage: str = "secret"
    lifetime: timedelta = timedelta(days=3650)
    rotate_before: timedelta = timedelta(days=395)
    key_type: str = "ECDSA"
    key_size: int = 256
    anchors: tuple = ()
    handed: dict = field(default_factory=dict)
    expiring: timedelta = timedelta(days=30)


@dataclass(frozen=True)
class Workload:
    """Who mounts a party's material. loaded: the hash on its pod template; pending: what its rollout lacks, in words, or None.

    on_delete: whether its pods are replaced by somebody else, as by an upgrade that goes node by node: then nobody rolls it here.
    """

    kind: str
    name: str
    loaded: str
    pending: str | None = None
    on_delete: bool = False


@dataclass(frozen=True)
class TyphaPki:
    """What is there.

    ca: the CA that is to sign, with its key; previous: the one before, while a change of the CA is under way; bundle: the published CAs;
    bundle_problem: words or None; leaves: {party: Pair}; workloads: {party: Workload, or None if there is none}. copied: whether the CA
    is kept as the previous one as well, as a run leaves it that was killed before it had written the new one.
    """

    ca: Pair
    previous: Pair
    bundle: tuple
    bundle_problem: str | None
    leaves: dict
    workloads: dict = field(default_factory=dict)
    copied: bool = False


def works(pair, now):
    """Whether a peer that trusts the end of its chain takes the leaf now."""
    if not pair.usable or not pair.chain:
        return False
    return all(
        one.not_before <= now < one.not_after for one in (pair.certificate, *pair.chain)
    ) and all(ca.is_ca for ca in pair.chain)


def ca_works(pair, now):
    """Whether a CA can sign now."""
    return (
        pair.usable
        and pair.certificate.is_ca
        and pair.certificate.not_before <= now < pair.certificate.not_after
    )


def strangers(state, anchors, now):
    """The parties whose working leaf is of a CA other than the wanted ones."""
    return [
        party
        for party, pair in state.leaves.items()
        if works(pair, now) and pair.chain[-1].fingerprint not in anchors
    ]


def extras(state, anchors):
    """The published CAs that are not wanted any more."""
    return [ca for ca in state.bundle if ca.fingerprint not in anchors]


def wanted_anchors(policy, state):
    """Fingerprints of the CAs that the bundle holds in the end; without a key, those that the leaves lead to."""
    if policy.anchors or state.ca.usable:
        return policy.anchors or (state.ca.certificate.fingerprint,)
    return tuple(
        dict.fromkeys(pair.chain[-1].fingerprint for pair in state.leaves.values() if pair.chain)
    )


def phase(policy, state, now):
    """How far a change of the CA has come, read from the objects alone.

    "introduce": the new CA is being published, old leaves are in use; "switch": leaves of the new CA are being loaded; else "none".
    """
    anchors = wanted_anchors(policy, state)
    if strangers(state, anchors, now):
        return "introduce"
    known = policy.anchors or state.ca.usable
    return "switch" if not state.previous.absent or (known and extras(state, anchors)) else "none"


def with_workloads(policy, state, now, read):
    """The state with its workloads, which are read only while a change of the CA is under way. read: returns {party: Workload or None}."""
    return state if phase(policy, state, now) == "none" else replace(state, workloads=read())


def bundle_hash(bundle):
    return hashlib.sha256("\n".join(sorted(ca.fingerprint for ca in bundle)).encode()).hexdigest()[
        :16
    ]


def material_hash(state, party):
    """A hash of what a party mounts, that of the bundle and that of its leaf joined by "-"; "" if the party could not work with it."""
    if not state.bundle or not state.leaves[party].usable:
        return ""
    return "%s-%s" % (bundle_hash(state.bundle), state.leaves[party].certificate.fingerprint[:16])


def behind(state, party, whole):
    """Why a party may not have loaded what is there now, in words, or None. whole: its leaf as well as the bundle."""
    workload = state.workloads.get(party)
    if workload is None:
        return None
    wanted = material_hash(state, party) if whole else bundle_hash(state.bundle)
    if not wanted or (workload.loaded if whole else workload.loaded.split("-")[0]) != wanted:
        why = (
            " (its update strategy is OnDelete, as during an upgrade)" if workload.on_delete else ""
        )
        return "%s %s was not rolled since the change%s" % (workload.kind, workload.name, why)
    return workload.pending


def all_behind(state, whole):
    """The sentences of behind() for all parties."""
    return [words for party in state.leaves if (words := behind(state, party, whole))]


def rolls(state):
    """[{kind, name, hash}] of the workloads that must be rolled or are rolling, Typha before calico/node."""
    return [
        {
            "kind": state.workloads[party].kind,
            "name": state.workloads[party].name,
            "hash": material_hash(state, party),
        }
        for party in state.leaves
        if behind(state, party, True)
        and material_hash(state, party)
        and not state.workloads[party].on_delete
    ]
