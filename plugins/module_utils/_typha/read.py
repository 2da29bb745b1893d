# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: what is stored of Typha's PKI, as PEM and as the values that are decided on. It decides nothing."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from datetime import datetime

from ansible_collections.hardway.calico.plugins.module_utils._pki import x509
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import Pair
from ansible_collections.hardway.calico.plugins.module_utils._typha.material import (
    NOTHING,
    HandedIn,
    Material,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.rotation import phase
from ansible_collections.hardway.calico.plugins.module_utils._typha.state import (
    CaPolicy,
    TyphaPki,
    Workload,
)

Workloads = dict[str, t.Optional[Workload]]


class Store(t.Protocol):
    """Where the PKI is read from."""

    def read(self) -> Material: ...

    def read_workloads(self) -> Workloads: ...


def read(store: Store, handed_in: HandedIn | None = None) -> Material:
    """What is stored, with an external CA in place of one of ours."""
    material = store.read()
    if handed_in is None:
        return material
    return replace(material, ca=handed_in.issuing, previous=NOTHING)


def state_of(material: Material, handed_in: HandedIn | None = None) -> TyphaPki:
    """The TyphaPki of what is stored, without its workloads."""
    bundle, problem = x509.read_bundle(material.bundle)
    roots = handed_in.bundle if handed_in else ""
    # The wanted CAs come first: a leaf is theirs if it can be. A lost bundle is published again with
    # CA and previous CA, hence they count.
    own = () if handed_in else (material.ca[0], material.previous[0])
    cas = x509.joined(*x509.by_fingerprint(*own).values())
    trusted = x509.joined(roots, cas, *x509.by_fingerprint(material.bundle).values())
    ca, previous = (
        x509.read_pair(*pems, roots or pems[0]) for pems in (material.ca, material.previous)
    )
    copied = ca.usable and previous.usable and ca.certificate == previous.certificate
    leaves = {party: x509.read_pair(*pems, trusted) for party, pems in material.leaves.items()}
    return TyphaPki(
        ca, Pair() if copied else previous, tuple(bundle), problem, leaves, copied=copied
    )


def with_workloads(
    policy: CaPolicy, state: TyphaPki, now: datetime, read_workloads: t.Callable[[], Workloads]
) -> TyphaPki:
    """The state with its workloads, which are read only while a change of the CA is under way."""
    if phase(policy, state, now) == "none":
        return state
    return replace(state, workloads=read_workloads())
