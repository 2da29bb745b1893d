# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom an API server takes the holder of a credential for: what to ask it, what the answer means (pure).

SelfSubjectReview (authentication.k8s.io/v1, Kubernetes 1.28) answers with the user's name and writes
nothing. An older server answers 404; then a list that the CNI user must not read gives the name in
its refusal.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError

REVIEWS = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
REVIEW = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
OTHER = "/api/v1/persistentvolumes?limit=1"
REFUSED_USER = re.compile(r'User "([^"]+)"')


def require_identity(url: str, user: str, status: int, body: dict[str, t.Any]) -> str | None:
    """The user name that the API server at `url` confirms, None if it accepts the credential without telling.

    Raises CalicoError for every other answer.
    """
    name = identity(status, body)
    if status == 401:
        raise CalicoError(
            "the API server at %s refuses the client certificate of %s" % (url, user),
            expected="user %s" % user,
            found="401 %s" % (body.get("message") or "Unauthorized"),
            remedy="check that the certificate is signed by the CA of the API server's "
            "--client-ca-file, and compare `date -u` here and on the control plane: "
            "the certificate must have begun and not have ended there",
        )
    if status not in (200, 201, 403):
        raise CalicoError(
            "the API server at %s does not answer who %s is" % (url, user),
            expected="200, 201 or 403",
            found="%d %s" % (status, body.get("message") or ""),
            remedy="check that the address is an API server's and that it is healthy",
        )
    if name is not None and name != user:
        raise CalicoError(
            "the API server at %s takes the credential for another user" % url,
            expected=user,
            found=name,
            remedy="check that the API server, or the proxy before it, accepts client certificates "
            "of the cluster's CA",
        )
    return name


def identity(status: int, body: dict[str, t.Any]) -> str | None:
    """The user name in an answer: that of a review, or that of a 403's message; None if there is none."""
    if status in (200, 201):
        return ((body.get("status") or {}).get("userInfo") or {}).get("username")
    if status == 403:
        match = REFUSED_USER.search(str(body.get("message") or ""))
        return match.group(1) if match else None
    return None
