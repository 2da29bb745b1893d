# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads all of Calico's objects, and the newest snapshot of them."""

from __future__ import annotations

from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.cluster import (
    Cluster,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.snapshot.content import (
    stem,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.snapshot.earlier import (
    first_readable,
    newest_first,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.snapshot.folder import (
    SnapshotFolder,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.snapshot.state import (
    State,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import Datastore


def read(datastore: Datastore, cluster: Cluster, folder: SnapshotFolder, name: str) -> State:
    """The State; name: what the user calls the cluster, "" for the API server's host.

    One GET for the cluster, one LIST for the kinds, and one for each kind.
    """
    datastore = datastore.at_one_moment()
    name, uid = name or cluster.host(), cluster.uid()
    found = [datastore.list(kind) for kind in datastore.kinds().values()]
    objects = [item for items in found for item in items or []]
    names = newest_first(folder.names(), stem(name, uid))
    earlier = first_readable((each, folder.content(each)) for each in names)
    return State(name, uid, objects, earlier)
