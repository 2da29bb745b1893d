# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the datastore holds about IP pools, as the decision sees it (pure)."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import dataclass, field

from ansible_collections.hardway.calico.plugins.module_utils._datastore.fields import Options, Spec
from ansible_collections.hardway.calico.plugins.module_utils._datastore.networks import (
    Network,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import Manifest
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError


@dataclass(frozen=True)
class Block:
    """An IPAM block, or an affinity to one: its network and how many of its addresses are in use."""

    network: Network
    in_use: int
    manifest: Manifest

    @classmethod
    def of(cls, manifest: Manifest) -> Block:
        spec = manifest["spec"]
        in_use = sum(index is not None for index in spec.get("allocations") or [])
        return cls(ipaddress.ip_network(spec["cidr"], strict=False), in_use, manifest)


@dataclass(frozen=True)
class State:
    """pools: the manifests by name. blocks: empty unless needs_blocks().

    missing: what to tell where the datastore cannot hold pools at all.
    """

    pools: dict[str, Manifest] = field(default_factory=dict)
    blocks: tuple[Block, ...] = ()
    missing: CalicoError | None = None

    @property
    def specs(self) -> dict[str, Spec]:
        return {name: spec_of(pool) for name, pool in self.pools.items()}


def spec_of(pool: Manifest) -> Spec:
    return dict(pool.get("spec") or {})


def needs_blocks(wanted: list[Options], names: t.Collection[str]) -> bool:
    """Whether the decision needs the IPAM blocks: only for new and removed pools.

    names: of the pools that are there.
    """
    return any((pool["name"] in names) == (pool["state"] == "absent") for pool in wanted)
