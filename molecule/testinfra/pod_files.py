# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a container of a workload would find at a path: followed through volumeMounts and volumes to
the Secret or ConfigMap.
"""

from __future__ import annotations

import posixpath


class Container:
    """The first container of a Deployment's or DaemonSet's pods."""

    def __init__(self, cluster, plural, name):
        self.cluster = cluster
        self.pod = cluster.workload(plural, name)["spec"]["template"]["spec"]
        self.about = self.pod["containers"][0]
        self.env = {entry["name"]: entry.get("value") for entry in self.about["env"]}

    def file(self, path):
        """The content of a file, as bytes."""
        folder, name = posixpath.split(path)
        mounted = [
            mount["name"]
            for mount in self.about["volumeMounts"]
            if mount["mountPath"].rstrip("/") == folder
        ]
        assert mounted, "%s: nothing is mounted at %s" % (self.about["name"], folder)
        volume = next(volume for volume in self.pod["volumes"] if volume["name"] == mounted[0])
        if "secret" in volume:
            return self.cluster.key("Secret", volume["secret"]["secretName"], name)
        return self.cluster.key("ConfigMap", volume["configMap"]["name"], name)

    def file_named_by(self, variable):
        assert self.env.get(variable), "%s: %s is not set" % (self.about["name"], variable)
        return self.file(self.env[variable])
