# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The IP pools of the Kubernetes datastore: crd.projectcalico.org/v1 objects. It decides nothing.

Another datastore is another class with the methods names, read, create, update, disable and delete.
"""

from __future__ import annotations

import ipaddress
import time

from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool.decide import (
    Block,
    Datastore,
    blocks_of,
    in_use_problem,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError

GROUP = "/apis/crd.projectcalico.org/v1"
# As long as calicoctl waits for the nodes' CNI plugins to see that a pool is disabled (calicoctl/commands/crud).
SETTLE_SECONDS = 0.5
TYPED = {"apiVersion": "crd.projectcalico.org/v1", "kind": "IPPool"}


class CrdIpPoolStore:
    """Round trips: one LIST of pools, one LIST of blocks if asked for, one write per created, updated or disabled pool.

    A deleted pool takes a LIST of blocks and one of affinities, and a write for each block and affinity of it and for itself.
    """

    def __init__(self, api):
        self.api = api
        self.found = {}

    def names(self):
        """The names of the pools, or None if the CRD is not installed."""
        pools = self.api.list_or_none(GROUP + "/ippools")
        self.found = {pool["metadata"]["name"]: pool for pool in pools or []}
        return None if pools is None else list(self.found)

    def read(self, with_blocks):
        """The Datastore, after names()."""
        blocks = self.api.list_or_none(GROUP + "/ipamblocks") or [] if with_blocks else []
        return Datastore(
            {name: dict(pool.get("spec") or {}) for name, pool in self.found.items()},
            tuple(_block(block) for block in blocks),
        )

    def create(self, name, spec):
        # No annotation projectcalico.org/metadata: its readers do without it, and calicoctl adds it at its first update.
        self.api.create(GROUP + "/ippools", {**TYPED, "metadata": {"name": name}, "spec": spec})

    def update(self, name, change):
        """Change fields of the pool as it was read; another writer in between is a conflict, not lost."""
        body = {
            "metadata": {"resourceVersion": self.found[name]["metadata"]["resourceVersion"]},
            "spec": change,
        }
        self.found[name] = self.api.merge_patch("%s/ippools/%s" % (GROUP, name), body)

    def disable(self, name, change):
        self.update(name, change)
        time.sleep(SETTLE_SECONDS)

    def delete(self, name, cidr, force):
        """Release the pool's blocks and their affinities, then delete it, as libcalico-go's releaseBlockAffinity does.

        The blocks are read again: an address may have been taken since the plan was made. Each write carries the
        resourceVersion that was read, so a block that takes an address meanwhile is a conflict, not a lost address.
        Raises CalicoError if addresses are in use and force is not set; nothing is released then.
        """
        found = {
            item["metadata"]["name"]: item
            for item in self.api.list_or_none(GROUP + "/ipamblocks") or []
        }
        blocks = blocks_of({"cidr": cidr}, [_block(item) for item in found.values()])
        used = [block for block in blocks if block.in_use]
        if used and not force:
            raise CalicoError(
                in_use_problem(name, sum(block.in_use for block in used), len(used)),
                found="addresses taken since the pool was read",
                remedy="the pool is disabled now and stays so: move those pods and run again",
            )
        for block in blocks:
            path, seen = (
                "%s/ipamblocks/%s" % (GROUP, block.name),
                found[block.name]["metadata"].get("resourceVersion"),
            )
            if not block.in_use:
                self.api.delete(path, resource_version=seen)
            elif found[block.name]["spec"].get("affinity"):
                self.api.merge_patch(
                    path, {"metadata": {"resourceVersion": seen}, "spec": {"affinity": None}}
                )
        affinities = [
            _affinity(item) for item in self.api.list_or_none(GROUP + "/blockaffinities") or []
        ]
        for affinity in blocks_of({"cidr": cidr}, affinities):
            self.api.delete("%s/blockaffinities/%s" % (GROUP, affinity.name))
        self.api.delete(
            "%s/ippools/%s" % (GROUP, name), uid=self.found[name]["metadata"].get("uid")
        )


def require_crd(names):
    """Raises CalicoError if the CRD is not there."""
    if names is None:
        raise CalicoError(
            "The CRD ippools.crd.projectcalico.org is not installed",
            expected="Calico's CRDs",
            found="no such resource in the API",
            remedy="run the role hardway.calico.datastore first",
        )


def _block(item):
    spec = item["spec"]
    in_use = sum(index is not None for index in spec.get("allocations") or [])
    return Block(item["metadata"]["name"], ipaddress.ip_network(spec["cidr"], strict=False), in_use)


def _affinity(item):
    return Block(
        item["metadata"]["name"], ipaddress.ip_network(item["spec"]["cidr"], strict=False), 0
    )
