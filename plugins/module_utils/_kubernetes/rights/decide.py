# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides which of the rights that a release needs an account lacks, and says what that breaks (pure).

A need is an entry of _release.table.needs: {"group", "resource", "verb", "names", "without"}.
"""

from __future__ import annotations

import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError

Need = dict[str, t.Any]
# Whose needs they are, as in the version table, to the name in messages.
PROGRAMS = {
    "node": "calico/node",
    "typha": "Typha",
    "cni": "the CNI plugin",
    "kube_controllers": "kube-controllers",
    "etcd_node": "calico/node with its data in etcd",
    "etcd_node_token": "install-cni",
    "etcd_cni": "the CNI plugin with its data in etcd",
    "etcd_kube_controllers": "kube-controllers with its data in etcd",
}


def user_name(service_account: str, namespace: str) -> str:
    """The user that a ServiceAccount is to the API server."""
    return "system:serviceaccount:%s:%s" % (namespace, service_account)


def groups(user: str) -> list[str]:
    """The groups that the API server puts a user into without being told."""
    if not user.startswith("system:serviceaccount:"):
        return ["system:authenticated"]
    return [
        "system:serviceaccounts",
        "system:serviceaccounts:%s" % user.split(":")[2],
        "system:authenticated",
    ]


def not_among(needs: list[Need], rules: list[dict[str, t.Any]]) -> list[Need]:
    """The needs that none of the rules covers.

    rules: resourceRules of a SelfSubjectRulesReview; semantics of RBAC (rbac/v1 evaluation_helpers.go).
    """
    return [need for need in needs if not any(_covers(rule, need) for rule in rules)]


def _covers(rule: dict[str, t.Any], need: Need) -> bool:
    _name, slash, sub = need["resource"].partition("/")
    resources = {"*", need["resource"]} | ({"*/" + sub} if slash else set())
    allowed = (
        {"*", need["verb"]} & set(rule.get("verbs") or ())
        and {"*", need["group"]} & set(rule.get("apiGroups") or ())
        and resources & set(rule.get("resources") or ())
    )
    only = set(rule.get("resourceNames") or ())
    named = set(need["names"])
    return bool(allowed) and (not only or bool(named) and named <= only)


def access_review(user: str, need: Need, namespace: str = "") -> dict[str, t.Any]:
    """A SubjectAccessReview of one need, in one namespace or in all."""
    resource, _slash, sub = need["resource"].partition("/")
    attributes = {
        "verb": need["verb"],
        "group": need["group"],
        "resource": resource,
        "subresource": sub,
        "name": need["names"][0] if need["names"] else "",
        "namespace": namespace,
    }
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "user": user,
            "groups": groups(user),
            "resourceAttributes": {key: value for key, value in attributes.items() if value},
        },
    }


def decide(user: str, role: str, version: str, missing: list[Need]) -> CalicoError | None:
    """None if nothing is missing, else an error that names every missing right and what breaks without it.

    role: a key of PROGRAMS.
    """
    if not missing:
        return None
    by_effect: dict[str, list[str]] = {}
    for need in missing:
        by_effect.setdefault(need["without"], []).append(words(need))
    return CalicoError(
        "%s lacks %d right%s that %s %s needs"
        % (user, len(missing), "" if len(missing) == 1 else "s", PROGRAMS[role], version),
        expected="the rules that the role applies (lookup hardway.calico.release, key rbac.%s)"
        % role,
        found="; ".join(
            "no %s: %s" % (", ".join(rights), effect) for effect, rights in by_effect.items()
        ),
        remedy="see what else writes this account's ClusterRole and ClusterRoleBinding"
        " (their managedFields name it), and run again",
    )


def words(need: Need) -> str:
    """Such as "list tiers.crd.projectcalico.org": what kubectl auth can-i takes, the subresource last."""
    resource, slash, sub = need["resource"].partition("/")
    group = "." + need["group"] if need["group"] else ""
    named = " %s" % ",".join(need["names"]) if need["names"] else ""
    return "%s %s%s%s%s" % (need["verb"], resource, group, slash + sub, named)
