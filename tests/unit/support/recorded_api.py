# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for the Kubernetes API, in memory, with the methods of KubernetesApi; it records every request."""

from __future__ import annotations

import copy
import itertools

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError

DRY_RUN = "?dryRun=All"


class RecordedApi:
    """objects: {path of the object: object}. Lists are the objects one level below a path; served:
    collections that exist.
    """

    server = "https://stand-in:6443"

    def __init__(self, objects=None, served=None, version="v1.34.4", die_after_writes=None):
        self._versions = itertools.count(100)
        self.objects = {path: self._stored(body) for path, body in (objects or {}).items()}
        self.served = served
        self.requests = []
        self._version = version
        self._die_after_writes = die_after_writes

    @property
    def writes(self):
        return [
            request
            for request in self.requests
            if request[0] not in ("GET", "LIST") and not request[1].endswith(DRY_RUN)
        ]

    def get(self, path):
        self.requests.append(("GET", path))
        return copy.deepcopy(self.objects.get(path))

    def exists(self, path):
        return self.get(path) is not None

    def list_or_none(self, path):
        self.requests.append(("LIST", path))
        if self.served is not None and path.split("?")[0] not in self.served:
            return None
        prefix = path.split("?")[0] + "/"
        return [
            copy.deepcopy(body)
            for key, body in sorted(self.objects.items())
            if key.startswith(prefix) and "/" not in key[len(prefix) :]
        ]

    def list(self, path):
        found = self.list_or_none(path)
        if found is None:
            raise CalicoError("The API server refused GET %s" % path, found="404", status=404)
        return found

    def create(self, path, body):
        name = path.split("?")[0] + "/" + body["metadata"]["name"]
        if name in self.objects:
            raise CalicoError(
                "The API server refused POST %s" % path,
                found="409, already exists",
                remedy="run again",
                status=409,
            )
        return self._write("POST", path, name, body)

    def replace(self, path, body):
        name = path.split("?")[0]
        there = self.objects.get(name)
        if (
            there is None
            or body["metadata"].get("resourceVersion", there["metadata"]["resourceVersion"])
            != there["metadata"]["resourceVersion"]
        ):
            raise CalicoError(
                "The API server refused PUT %s" % path,
                found="409, conflict",
                remedy="run again",
                status=409,
            )
        return self._write("PUT", path, name, body)

    def merge_patch(self, path, body):
        version = self.objects[path]["metadata"]["resourceVersion"]
        if body.get("metadata", {}).get("resourceVersion", version) != version:
            raise CalicoError(
                "The API server refused PATCH %s" % path,
                found="409, conflict",
                remedy="run again",
                status=409,
            )
        return self._write("PATCH", path, path, _merged(self.objects[path], body))

    def apply(self, path, body, force=False, dry_run=False):
        if dry_run:
            self.requests.append(("GET", path + "?dryRun=All"))
            return _merged(self.objects.get(path, {}), body)
        return self._write("PATCH", path, path, _merged(self.objects.get(path, {}), body))

    def delete(self, path, uid=None, resource_version=None):
        there = self.objects.get(path, {}).get("metadata", {})
        if uid not in (None, there.get("uid", uid)) or resource_version not in (
            None,
            there.get("resourceVersion", resource_version),
        ):
            raise CalicoError(
                "The API server refused DELETE %s" % path,
                found="409, conflict",
                remedy="run again",
                status=409,
            )
        self.requests.append(("DELETE", path))
        return self.objects.pop(path, None)

    def version(self):
        self.requests.append(("GET", "/version"))
        return self._version

    def _write(self, verb, path, key, body):
        if self._die_after_writes is not None and len(self.writes) >= self._die_after_writes:
            raise KeyboardInterrupt("killed")
        self.requests.append((verb, path))
        if path.endswith(DRY_RUN):
            return copy.deepcopy(body)
        self.objects[key] = self._stored(body)
        return copy.deepcopy(self.objects[key])

    def _stored(self, body):
        stored = copy.deepcopy(body)
        stored.setdefault("metadata", {})["resourceVersion"] = str(next(self._versions))
        return stored


def _merged(base, patch):
    if not isinstance(patch, dict) or not isinstance(base, dict):
        return copy.deepcopy(patch)
    result = copy.deepcopy(base)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = (
                _merged(result.get(key, {}), value)
                if isinstance(value, dict)
                else copy.deepcopy(value)
            )
    return result
