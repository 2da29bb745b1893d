# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a decision about a restore is made from (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.snapshot.content import (
    Identity,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import (
    Manifest,
    Manifests,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd.arguments import KUBERNETES


@dataclass(frozen=True)
class Wanted:
    """A snapshot and how it is to come back; the rest are options of calico_restore.

    unknown_fields: "refuse" or "drop". datastore: the one to be written, as in datastore_type.
    """

    snapshot: Manifest
    ipam: bool = False
    prune: bool = False
    unknown_fields: str = "refuse"
    other_cluster: bool = False
    datastore: str = KUBERNETES


@dataclass(frozen=True)
class Tried:
    """An object of the snapshot, what would be written for it, and what the API server says it would store then."""

    item: Manifest
    body: Manifest
    answer: Manifest


@dataclass(frozen=True)
class State:
    """there: the cluster's objects of the kinds concerned. tried: the writes that may be needed, in their order.

    without_namespace: titles of the snapshot's objects that cannot be restored, by the namespace that is not there.
    taken: the identities that the snapshot's objects have in the cluster, see policy_names.py.
    """

    there: Manifests
    tried: list[Tried]
    without_namespace: dict[str, list[str]]
    taken: frozenset[Identity] = frozenset()
