# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of Typha's PKI: what is wanted of the CA, what is in the cluster, and who has loaded what (pure)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import (
    Certificate,
    Pair,
)


@dataclass(frozen=True)
class CaPolicy:
    """Where the CA is kept and how long it lives.

    storage: "secret", "directory" or "external". rotate_before: how long before its end a CA of ours
    is replaced. For an external CA: anchors, the fingerprints of its roots, and handed, the leaves by
    party that were handed in. expiring: when to warn of these.
    """

    storage: str = "secret"
    lifetime: timedelta = timedelta(days=3650)
    rotate_before: timedelta = timedelta(days=395)
    key_type: str = "ECDSA"
    key_size: int = 256
    anchors: tuple[str, ...] = ()
    handed: dict[str, Pair] = field(default_factory=dict)
    expiring: timedelta = timedelta(days=30)


@dataclass(frozen=True)
class Workload:
    """Who mounts a party's material.

    loaded: the hash on its pod template; pending: what its rollout lacks, in words, or None.
    on_delete: whether its pods are replaced by somebody else, as by an upgrade that goes node by node:
    then nobody rolls it here.
    """

    kind: str
    name: str
    loaded: str
    pending: str | None = None
    on_delete: bool = False


@dataclass(frozen=True)
class TyphaPki:
    """What is there.

    ca: the CA that is to sign, with its key; previous: the one before, while a change of the CA is
    under way; bundle: the published CAs; bundle_problem: words or None; leaves: by party; workloads:
    by party, None where there is none. copied: whether the CA is kept as the previous one as well, as
    a run leaves it that was killed before it had written the new one.
    """

    ca: Pair
    previous: Pair
    bundle: tuple[Certificate, ...]
    bundle_problem: str | None
    leaves: dict[str, Pair]
    workloads: dict[str, Workload | None] = field(default_factory=dict)
    copied: bool = False


def works(pair: Pair, now: datetime) -> bool:
    """Whether a peer that trusts the end of its chain takes the leaf now."""
    leaf = pair.usable_certificate
    if leaf is None or not pair.chain:
        return False
    valid = all(one.not_before <= now < one.not_after for one in (leaf, *pair.chain))
    return valid and all(ca.is_ca for ca in pair.chain)


def ca_works(pair: Pair, now: datetime) -> bool:
    """Whether a CA can sign now."""
    ca = pair.usable_certificate
    return ca is not None and ca.is_ca and ca.not_before <= now < ca.not_after


def root_of(pair: Pair) -> str:
    """The fingerprint of the CA of the bundle that a trusted leaf leads to."""
    return pair.chain[-1].fingerprint


def of_another_ca(state: TyphaPki, anchors: tuple[str, ...], now: datetime) -> list[str]:
    """The parties whose working leaf leads to a CA other than the wanted ones."""
    return [
        party
        for party, pair in state.leaves.items()
        if works(pair, now) and root_of(pair) not in anchors
    ]


def unwanted_cas(state: TyphaPki, anchors: tuple[str, ...]) -> list[Certificate]:
    """The published CAs that are not wanted any more."""
    return [ca for ca in state.bundle if ca.fingerprint not in anchors]


def wanted_anchors(policy: CaPolicy, state: TyphaPki) -> tuple[str, ...]:
    """Fingerprints of the CAs that the bundle holds in the end; without a key, those that leaves lead to."""
    if policy.anchors:
        return policy.anchors
    ca = state.ca.usable_certificate
    if ca is not None:
        return (ca.fingerprint,)
    return tuple(dict.fromkeys(root_of(pair) for pair in state.leaves.values() if pair.chain))
