# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter to the Kubernetes API: raw requests, typed errors, bounded waits. It decides nothing."""

from __future__ import annotations

import json
import time
import typing as t
from urllib.parse import quote

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError

if t.TYPE_CHECKING:
    import urllib3

FIELD_MANAGER = "hardway.calico"
# The labels of all objects that the collection makes.
LABELS = {"app.kubernetes.io/managed-by": FIELD_MANAGER}
CONNECT_SECONDS = 10
READ_SECONDS = 30
# How long a server that answers 429 is asked again: it does so for a moment after a CRD is Established.
BUSY_SECONDS = 30
JSON = "application/json"
# https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches
METADATA_ALONE = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
REMEDIES = {
    401: "use credentials that this API server accepts",
    403: "use an account that may do this, such as the cluster's admin",
    404: "install what serves this path first; CRDs come from the role hardway.calico.datastore",
    409: "another run or person changed the object meanwhile: run again",
    429: "the API server is overloaded or starting: run again later",
}

# An API object as JSON has it. In a class with a method `list`, its annotations need the second name.
Manifest = dict[str, t.Any]
Manifests = list[Manifest]


class KubernetesApi:
    """Raw requests on API paths such as /api/v1/nodes. Each raises CalicoError; a refusal carries its `status`."""

    def __init__(
        self, server: str, pool: urllib3.PoolManager, headers: urllib3.HTTPHeaderDict
    ) -> None:
        self.server = server
        self._pool = pool
        self._headers = headers

    def acting_as(self, user: str) -> KubernetesApi:
        """This API as another user sees it, by impersonation; the API server adds the user's groups."""
        headers = self._headers.copy()
        headers.pop("Impersonate-Group", None)
        headers["Impersonate-User"] = user
        return KubernetesApi(self.server, self._pool, headers)

    def get(self, path: str) -> Manifest | None:
        """The object, or None if it does not exist."""
        return self._request("GET", path, absent_is_none=True)

    def exists(self, path: str) -> bool:
        """Whether an object is there. Its content is not asked for, so of a Secret nothing secret arrives."""
        return self._request("GET", path, absent_is_none=True, accept=METADATA_ALONE) is not None

    def list(self, path: str) -> Manifests:
        """The items of a list. An API group that is not served (a missing CRD) raises; see list_or_none()."""
        found = self._request("GET", path)
        kind = found.get("kind", "List").removesuffix("List")
        # Items of a list carry neither kind nor apiVersion.
        return [
            {"apiVersion": found.get("apiVersion"), "kind": kind, **item}
            for item in found.get("items") or []
        ]

    def list_or_none(self, path: str) -> Manifests | None:
        """The items of a list, or None if the resource is not served."""
        found = self._request("GET", path, absent_is_none=True)
        return None if found is None else found.get("items") or []

    def text(self, path: str) -> str | None:
        """A plain-text answer such as a pod's log, or None if there is none."""
        return self._request("GET", path, absent_is_none=True, accept="*/*")

    def create(self, path: str, body: Manifest) -> Manifest:
        return self._request("POST", path, body)

    def replace(self, path: str, body: Manifest) -> Manifest:
        """PUT; body carries the resourceVersion that it was decided on."""
        return self._request("PUT", path, body)

    def merge_patch(self, path: str, body: Manifest) -> Manifest:
        return self._request("PATCH", path, body, "application/merge-patch+json")

    def apply(
        self, path: str, body: Manifest, force: bool = False, dry_run: bool = False
    ) -> Manifest:
        """Server-side apply with the collection's field manager; a dry run returns what would come of it."""
        query = "?fieldManager=%s%s%s" % (
            quote(FIELD_MANAGER),
            "&force=true" if force else "",
            "&dryRun=All" if dry_run else "",
        )
        return self._request("PATCH", path + query, body, "application/apply-patch+yaml")

    def delete(
        self, path: str, uid: str | None = None, resource_version: str | None = None
    ) -> Manifest | None:
        """Delete, only the object with that uid and resourceVersion if given; one that is gone already is None."""
        given = {"uid": uid, "resourceVersion": resource_version}
        wanted = {key: value for key, value in given.items() if value}
        body = {"preconditions": wanted} if wanted else None
        return self._request("DELETE", path, body, absent_is_none=True)

    def version(self) -> str:
        """The server's version, such as "v1.34.4"."""
        return self._request("GET", "/version")["gitVersion"]

    def _request(
        self,
        method: str,
        path: str,
        body: Manifest | None = None,
        content_type: str = JSON,
        absent_is_none: bool = False,
        accept: str = JSON,
    ) -> t.Any:
        """The answer: JSON, or text where that is accepted; None for a 404 where that is asked for."""
        headers = self._headers.copy()
        headers.update({"Accept": accept, "User-Agent": FIELD_MANAGER})
        if body is not None:
            headers["Content-Type"] = content_type
        answer = self._send(method, path, headers, body)
        if answer.status == 404 and absent_is_none:
            return None
        if not 200 <= answer.status < 300:
            raise self._refusal(method, path, answer)
        if not accept.startswith(JSON):
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

    def _send(
        self, method: str, path: str, headers: urllib3.HTTPHeaderDict, body: Manifest | None
    ) -> urllib3.BaseHTTPResponse:
        """The answer, also a refusal; a busy server is asked again for BUSY_SECONDS."""
        import urllib3

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
                    return answer
                asked = answer.headers.get("Retry-After", "")
                time.sleep(min(int(asked), 5) if asked.isdigit() else 1)
        except (urllib3.exceptions.HTTPError, OSError) as exc:
            raise CalicoError(
                "The API server %s cannot be reached" % self.server,
                expected="an answer to %s %s" % (method, path),
                found=exc,
                remedy="check the address, the firewall and the certificate in the kubeconfig,"
                " and that the API server runs",
            ) from exc

    def _refusal(self, method: str, path: str, answer: urllib3.BaseHTTPResponse) -> CalicoError:
        try:
            message = json.loads(answer.data)["message"] or answer.reason
        except (ValueError, TypeError, KeyError):
            message = answer.data.decode(errors="replace")[:500] or answer.reason
        return CalicoError(
            "The API server %s refused %s %s" % (self.server, method, path),
            found="%d, %s" % (answer.status, message),
            remedy=REMEDIES.get(answer.status, "correct what the message names"),
            status=answer.status,
        )
