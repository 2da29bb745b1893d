# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter to the Kubernetes API: raw requests, typed errors, bounded waits. It decides nothing."""

from __future__ import annotations

import json
import time
from urllib.parse import quote

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError

FIELD_MANAGER = "hardway.calico"
CONNECT_SECONDS = 10
READ_SECONDS = 30
# How long a server that answers 429 is asked again: it does so for a moment after a CRD is Established.
BUSY_SECONDS = 30


class KubernetesApi:
    """Raw requests on API paths such as /api/v1/nodes. Objects are dicts."""

    def __init__(self, server, pool, headers):
        self.server = server
        self._pool = pool
        self._headers = headers

    def acting_as(self, user):
        """This API as another user sees it, by impersonation; the API server adds the user's groups."""
        headers = self._headers.copy()
        headers.pop("Impersonate-Group", None)
        headers["Impersonate-User"] = user
        return KubernetesApi(self.server, self._pool, headers)

    def get(self, path):
        """The object, or None if it does not exist."""
        return self._request("GET", path, absent_is_none=True)

    def list(self, path):
        """The items of a list. An API group that is not served (a missing CRD) raises CalicoError; see served()."""
        found = self._request("GET", path)
        kind = found.get("kind", "List").removesuffix("List")
        # Items of a list carry neither kind nor apiVersion.
        return [
            {"apiVersion": found.get("apiVersion"), "kind": kind, **item}
            for item in found.get("items") or []
        ]

    def list_or_none(self, path):
        """The items of a list, or None if the resource is not served."""
        found = self._request("GET", path, absent_is_none=True)
        return None if found is None else found.get("items") or []

    def text(self, path):
        """A plain-text answer such as a pod's log, or None if there is none."""
        return self._request("GET", path, absent_is_none=True, accept="*/*")

    def create(self, path, body):
        return self._request("POST", path, body)

    def replace(self, path, body):
        """PUT; body carries the resourceVersion that it was decided on."""
        return self._request("PUT", path, body)

    def merge_patch(self, path, body):
        return self._request("PATCH", path, body, "application/merge-patch+json")

    def apply(self, path, body, force=False, dry_run=False):
        """Server-side apply with the collection's field manager; a dry run returns what would come of it."""
        query = "?fieldManager=%s%s%s" % (
            quote(FIELD_MANAGER),
            "&force=true" if force else "",
            "&dryRun=All" if dry_run else "",
        )
        return self._request("PATCH", path + query, body, "application/apply-patch+yaml")

    def delete(self, path, uid=None, resource_version=None):
        """Delete, only the object with that uid and resourceVersion if given; one that is gone already is None."""
        wanted = {
            key: value
            for key, value in (("uid", uid), ("resourceVersion", resource_version))
            if value
        }
        body = {"preconditions": wanted} if wanted else None
        return self._request("DELETE", path, body, absent_is_none=True)

    def version(self):
        """The server's version, such as "v1.34.4"."""
        return self._request("GET", "/version")["gitVersion"]

    def _request(
        self,
        method,
        path,
        body=None,
        content_type="application/json",
        absent_is_none=False,
        accept="application/json",
    ):
        import urllib3

        headers = self._headers.copy()
        headers.update({"Accept": accept, "User-Agent": FIELD_MANAGER})
        if body is not None:
            headers["Content-Type"] = content_type
        deadline = time.monotonic() + BUSY_SECONDS
        try:
            while True:
                answer = self._pool.request(
                    method,
                    self.server + path,
                    headers=headers,
                    body=None if body is None else json.dumps(body).encode(),
                    timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
                    retries=False,
                )
                if answer.status != 429 or time.monotonic() >= deadline:
                    break
                asked = answer.headers.get("Retry-After", "")
                time.sleep(min(int(asked), 5) if asked.isdigit() else 1)
        except (urllib3.exceptions.HTTPError, OSError) as exc:
            raise CalicoError(
                "The API server %s cannot be reached" % self.server,
                expected="an answer to %s %s" % (method, path),
                found=exc,
                remedy="check the address, the firewall and the certificate in the kubeconfig, and that the API server runs",
            ) from exc
        if answer.status == 404 and absent_is_none:
            return None
        if not 200 <= answer.status < 300:
            raise self._refusal(method, path, answer)
        if accept != "application/json":
            return answer.data.decode(errors="replace")
        try:
            return json.loads(answer.data) if answer.data else {}
        except ValueError as exc:
            raise CalicoError(
                "%s answered %s %s with something that is no JSON" % (self.server, method, path),
                expected="the Kubernetes API",
                found=answer.data.decode(errors="replace")[:200],
                remedy="correct host, server or proxy: something else listens there",
            ) from exc

    def _refusal(self, method, path, answer):
        try:
            message = json.loads(answer.data)["message"] or answer.reason
        except (ValueError, TypeError, KeyError):
            message = answer.data.decode(errors="replace")[:500] or answer.reason
        remedy = {
            401: "use credentials that this API server accepts",
            403: "use an account that may do this, such as the cluster's admin",
            404: "install what serves this path first; CRDs come from the role hardway.calico.datastore",
            429: "the API server is overloaded or starting: run again later",
            409: "another run or person changed the object meanwhile: run again",
        }.get(answer.status, "correct what the message names")
        what = "The API server %s refused %s %s" % (self.server, method, path)
        return CalicoError(
            what, found="%d, %s" % (answer.status, message), remedy=remedy, status=answer.status
        )
