# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: asks the API server what an account may do.

One SelfSubjectRulesReview as that account is one request for all of its rights, where a SubjectAccessReview for each
would be more than a hundred. It is no verdict, though: authorizers that cannot list rules (webhooks, the Node
authorizer) leave it incomplete. So what it does not show is asked for right by right before it is called missing, and
everything is where this caller may not impersonate.
"""

from __future__ import annotations

import time
import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.rights.decide import (
    Need,
    access_review,
    not_among,
)

RULES_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
ACCESS_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
# A namespace without Roles, so that only rights in all namespaces count; it need not exist.
NO_NAMESPACE = "hardway-calico-nowhere"
AT_ONCE = 8
POLL_SECONDS = 0.5


class Authorizer(t.Protocol):
    """What is needed of a KubernetesApi."""

    def acting_as(self, user: str) -> Authorizer: ...

    def create(self, path: str, body: dict[str, t.Any]) -> dict[str, t.Any]: ...


def read(
    api: Authorizer,
    user: str,
    needs: list[Need],
    timeout: float,
    clock: t.Callable[[], float] = time.monotonic,
    pause: t.Callable[[float], None] = time.sleep,
    namespace: str = "",
) -> list[Need]:
    """The needs that the account lacks. One request if it lacks none; raises CalicoError from the API.

    timeout: how long, in seconds, what was just granted may take to reach the API server's authorizer, which reads RBAC
    objects from a cache. namespace: where the rights are needed, "" for all namespaces.
    """
    started = clock()
    unsure = _not_listed(api, user, needs, namespace)
    while unsure:
        unsure = _refused(api, user, unsure, namespace)
        if clock() - started >= timeout:
            break
        if unsure:
            pause(POLL_SECONDS)
    return unsure


def _not_listed(api: Authorizer, user: str, needs: list[Need], namespace: str) -> list[Need]:
    spec = {"namespace": namespace or NO_NAMESPACE}
    try:
        review = api.acting_as(user).create(RULES_REVIEWS, {"spec": spec})
    except CalicoError as exc:
        if exc.status == 403:
            return needs
        raise
    return not_among(needs, review["status"].get("resourceRules") or [])


def _refused(api: Authorizer, user: str, needs: list[Need], namespace: str) -> list[Need]:
    def allowed(need: Need) -> bool:
        review = access_review(user, need, namespace)
        return api.create(ACCESS_REVIEWS, review)["status"]["allowed"]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(allowed, needs))
    return [need for need, fine in zip(needs, answers) if not fine]
