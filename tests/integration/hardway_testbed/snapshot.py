# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots of everything that a run may change: API objects by resourceVersion, files on hosts by
content, mode, owner and mtime.
"""

from __future__ import annotations

import json

# Kinds that a run touches or could touch. Left out: nodes, leases, events and endpoints, which the
# cluster itself moves.
KINDS = (
    "secrets,configmaps,serviceaccounts,services,deployments.apps,daemonsets.apps,poddisruptionbudgets.policy,"
    "clusterroles,clusterrolebindings,customresourcedefinitions,certificatesigningrequests"
)
CALICO_KINDS = (
    "ippools.crd.projectcalico.org",
    "blockaffinities.crd.projectcalico.org",
    "felixconfigurations.crd.projectcalico.org",
    "kubecontrollersconfigurations.crd.projectcalico.org",
)

FOLDERS = (
    "/etc/cni",
    "/opt/cni",
    "/etc/calico",
    "/usr/local/bin",
    "/var/lib/hardway-calico",
    "/var/lib/calico",
)

LISTING = r"""
import hashlib, json, os, stat, sys
found = {}
for top in sys.argv[1:]:
    for folder, folders, files in os.walk(top):
        for name in folders + files + ["."]:
            path = os.path.normpath(os.path.join(folder, name))
            about = os.lstat(path)
            digest = hashlib.sha256(open(path, "rb").read()).hexdigest() if stat.S_ISREG(about.st_mode) else ""
            found[path] = [oct(about.st_mode), about.st_uid, about.st_gid, about.st_mtime_ns, about.st_ino, digest]
json.dump(found, sys.stdout)
"""


def api_snapshot(lab):
    """{kind/namespace/name: resourceVersion}."""
    installed = {crd["metadata"]["name"] for crd in lab.objects("customresourcedefinitions")}
    kinds = ",".join([KINDS] + [kind for kind in CALICO_KINDS if kind in installed])
    return {
        "/".join(
            (item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"])
        ): item["metadata"]["resourceVersion"]
        for item in lab.objects(kinds)
    }


def files(lab, host):
    """{path: [mode, uid, gid, mtime in ns, inode, sha256]} of the folders that a run writes to."""
    return json.loads(lab.exec(host, "/usr/bin/python3", "-c", LISTING, *FOLDERS))


def snapshot(lab):
    return {"api": api_snapshot(lab), **{host: files(lab, host) for host in lab.hosts}}


def difference(before, after):
    """What differs between two snapshots, as readable lines."""
    lines = []
    for place in before:
        for key in sorted(set(before[place]) | set(after[place])):
            old, new = before[place].get(key), after[place].get(key)
            if old != new:
                lines.append("%s %s: %s -> %s" % (place, key, old, new))
    return lines
