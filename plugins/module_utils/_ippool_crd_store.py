# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The IP pools of the Kubernetes datastore: crd.projectcalico.org/v1 objects. It decides nothing.

Another datastore is another class with the methods read, create, update and delete.
"""

from __future__ import annotations

import ipaddress

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._ippool_plan import Block, Datastore

GROUP = "/apis/crd.projectcalico.org/v1"
TYPED = {"apiVersion": "crd.projectcalico.org/v1", "kind": "IPPool"}


class CrdIpPoolStore:
    """Round trips: one LIST of pools, one LIST of blocks if asked for, one write per created or updated pool."""

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
        return Datastore({name: dict(pool.get("spec") or {}) for name, pool in self.found.items()}, tuple(_block(block) for block in blocks))

    def create(self, name, spec):
        # No annotation projectcalico.org/metadata: its readers do without it, and calicoctl adds it at its first update.
        self.api.create(GROUP + "/ippools", {**TYPED, "metadata": {"name": name}, "spec": spec})

    def update(self, name, change):
        """Change fields of the pool as it was read; another writer in between is a conflict, not lost."""
        body = {"metadata": {"resourceVersion": self.found[name]["metadata"]["resourceVersion"]}, "spec": change}
        self.found[name] = self.api.merge_patch("%s/ippools/%s" % (GROUP, name), body)

    def delete(self, name, cidr, empty_blocks):
        """Release the pool's block affinities and empty blocks, then delete it, as calicoctl's ReleasePoolAffinities does."""
        network = ipaddress.ip_network(cidr)
        for affinity in self.api.list_or_none(GROUP + "/blockaffinities") or []:
            claimed = ipaddress.ip_network(affinity["spec"]["cidr"])
            if claimed.version == network.version and claimed.subnet_of(network):
                self.api.delete("%s/blockaffinities/%s" % (GROUP, affinity["metadata"]["name"]))
        for block in empty_blocks:
            self.api.delete("%s/ipamblocks/%s" % (GROUP, block))
        self.api.delete("%s/ippools/%s" % (GROUP, name), uid=self.found[name]["metadata"].get("uid"))


def require_crd(names):
    """Raises CalicoError if the CRD is not there."""
    if names is None:
        raise CalicoError("The CRD ippools.crd.projectcalico.org is not installed", expected="Calico's CRDs", found="no such resource in the API",
                          remedy="run the role hardway.calico.datastore first")


def _block(item):
    spec = item["spec"]
    in_use = sum(index is not None for index in spec.get("allocations") or [])
    return Block(item["metadata"]["name"], ipaddress.ip_network(spec["cidr"]), in_use)
