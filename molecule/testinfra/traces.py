# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that a run could have moved: the resourceVersion of every object of every kind, and
every file of the nodes.
"""

from __future__ import annotations

import concurrent.futures

from hardway_testbed.snapshot import files

# What a cluster at rest moves by itself.
RESTLESS = {
    "events",
    "leases",
    "nodes",
    "endpoints",
    "endpointslices",
    "componentstatuses",
    "apiservices",
    "pods",
}


def kinds(cluster):
    """Paths of all lists that the API server has, by discovery."""
    groups = [group["preferredVersion"]["groupVersion"] for group in cluster.get("/apis")["groups"]]
    for place in ["/api/v1"] + ["/apis/" + group for group in groups]:
        for resource in cluster.get(place)["resources"]:
            if "list" in resource["verbs"] and resource["name"] not in RESTLESS:
                yield "%s/%s" % (place, resource["name"])


def objects(cluster):
    return {
        "%s/%s/%s" % (place, item["metadata"].get("namespace", ""), item["metadata"]["name"]): item[
            "metadata"
        ]["resourceVersion"]
        for place in kinds(cluster)
        for item in cluster.items(place)
    }


def traces(cluster):
    with concurrent.futures.ThreadPoolExecutor(len(cluster.hosts)) as threads:
        on_hosts = dict(
            zip(cluster.hosts, threads.map(lambda host: files(cluster, host), cluster.hosts))
        )
    return {"api": objects(cluster), **on_hosts}
