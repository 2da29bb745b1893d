# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Questions to the API server's authorizer."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.access import connect

REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"


def can_i(lab, who, what):
    """Whether the API server's authorizer allows it, namespaced resources in every namespace.
    "kubectl auth can-i" asks the same, but looks the resource up first, and not every group that
    Calico asks for is served here.
    """
    verb, resource = what.split()
    resource, _slash, subresource = resource.partition("/")
    resource, _dot, group = resource.partition(".")
    spec = {
        "user": who,
        "resourceAttributes": {
            "verb": verb,
            "resource": resource,
            "group": group,
            "subresource": subresource,
        },
    }
    if who.startswith("system:serviceaccount:"):
        spec["groups"] = [
            "system:serviceaccounts",
            "system:serviceaccounts:kube-system",
            "system:authenticated",
        ]
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
    answer = lab.kubectl(
        "create",
        "--raw",
        REVIEWS,
        "-f",
        "-",
        stdin=json.dumps(review),
    )
    return "yes" if json.loads(answer)["status"]["allowed"] else "no"


def asked(api, user, group, resource, verb):
    """What the API server's authorizer says, in every namespace."""
    name, _slash, sub = resource.partition("/")
    groups = ["system:authenticated"]
    if user.startswith("system:serviceaccount:"):
        groups += ["system:serviceaccounts", "system:serviceaccounts:kube-system"]
    attributes = {"group": group, "resource": name, "subresource": sub, "verb": verb}
    spec = {"user": user, "groups": groups, "resourceAttributes": attributes}
    return api.create(
        REVIEWS,
        {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec},
    )["status"]["allowed"]


def wrong_rights(lab, user, needed):
    """Both ways: what a user needs and is refused, and the verb too many on each resource that it is granted.

    needed: {(group, resource, names): verbs} as from release_rights.granted; what is bound to names is left out.
    Returns ([(group, resource, verb) that is missing], [that is too much]).
    """
    verbs_of = {
        (group, resource): verbs for (group, resource, names), verbs in needed.items() if not names
    }
    missing = [
        (group, resource, verb)
        for (group, resource), verbs in verbs_of.items()
        for verb in sorted(verbs)
    ]
    # A rule about "*" is about each resource of its group.
    more = [
        (
            group,
            resource,
            next(
                verb
                for verb in ("list", "create", "patch", "delete", "deletecollection")
                if verb not in verbs | verbs_of.get((group, "*"), set())
            ),
        )
        for (group, resource), verbs in verbs_of.items()
    ]
    api = connect({"kubeconfig": lab.kubeconfig})
    with ThreadPoolExecutor(4) as pool:
        allowed = list(pool.map(lambda question: asked(api, user, *question), missing + more))
    answers = list(zip(missing + more, allowed))
    return (
        [question for question, answer in answers[: len(missing)] if not answer],
        [question for question, answer in answers[len(missing) :] if answer],
    )
