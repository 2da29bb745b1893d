# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Questions to the API server's authorizer."""

from __future__ import annotations

import json


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
        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        "-f",
        "-",
        stdin=json.dumps(review),
    )
    return "yes" if json.loads(answer)["status"]["allowed"] else "no"
