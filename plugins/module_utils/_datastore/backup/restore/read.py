# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads what the cluster has of a snapshot's objects, and asks the API server about each write that may be needed."""

from __future__ import annotations

from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.cluster import (
    Cluster,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.restore.policy_names import (
    KINDS as POLICIES,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.restore.policy_names import (
    as_stored,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.restore.selection import (
    chosen,
    proposal,
    require_cluster,
    require_datastore,
    without_namespace,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.restore.state import (
    State,
    Tried,
    Wanted,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.snapshot.content import (
    identity,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.cluster_information import (
    NAME as CLUSTER,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.cluster_information import (
    calico_version,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.kinds import (
    CLUSTER_INFORMATION,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import (
    Datastore,
    Kind,
    Manifests,
)


def read(datastore: Datastore, cluster: Cluster, wanted: Wanted) -> State:
    """The State for a snapshot. Raises CalicoError, and asks no more, where it may not come back: selection.py.

    One request for the cluster, the kinds, the namespaces, the release, each kind concerned and the dry run of each
    write.
    """
    require_datastore(wanted.snapshot, wanted.datastore)
    require_cluster(wanted.snapshot, cluster.uid(), wanted.other_cluster)
    datastore = datastore.at_one_moment()
    kinds = datastore.kinds()
    items = chosen(wanted.snapshot, wanted.ipam)
    lacking = {item["kind"] for item in items} - set(kinds)
    if lacking:
        raise datastore.lacking(lacking)
    absent = without_namespace(items, cluster.namespaces())
    items = [item for item in items if item["metadata"].get("namespace") not in absent]
    concerned = set(kinds) if wanted.prune else {item["kind"] for item in items}
    there: Manifests = []
    for name in sorted(concerned):
        there += datastore.list(kinds[name]) or []
    items = as_stored(items, there, _release(datastore, items), wanted.datastore)
    taken = frozenset(identity(item) for item in items)
    return State(there, _tried(datastore, kinds, items, there), absent, taken)


def _release(datastore: Datastore, items: Manifests) -> str:
    """The release that the cluster runs, "" if nothing tells; asked for where it tells how policies are named."""
    if not any(item["kind"] in POLICIES for item in items):
        return ""
    return calico_version(datastore.get(CLUSTER_INFORMATION, CLUSTER))


def _tried(
    datastore: Datastore, kinds: dict[str, Kind], items: Manifests, there: Manifests
) -> list[Tried]:
    """Dry runs, so that an object that the API server refuses is known before anything is written."""
    current = {identity(item): item for item in there}
    found = []
    for item in items:
        body = proposal(item, current.get(identity(item)))
        if body is not None:
            write = datastore.replace if identity(item) in current else datastore.create
            found.append(Tried(item, body, write(kinds[item["kind"]], body, dry_run=True)))
    return found
