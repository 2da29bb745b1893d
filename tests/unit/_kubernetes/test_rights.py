# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The check of an account's rights, against an authorizer that grants what upstream's rows (release_rights) say."""

from __future__ import annotations

import json

import pytest
import release_rights
import yaml
from ansible.module_utils.testing import patch_module_args
from checkout import ROOT
from recorded_api import RecordedApi

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.rights import (
    decide as plan,
)
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.rights import (
    read as rights,
)
from ansible_collections.hardway.calico.plugins.module_utils._release.table import minors, needs
from ansible_collections.hardway.calico.plugins.modules import calico_rights

MINORS = [int(minor.partition(".")[2]) for minor in minors()]
NEEDED = {
    "typha": release_rights.TYPHA,
    "cni": release_rights.CNI_NEEDS,
    "node": release_rights.NODE,
    "kube_controllers": release_rights.KUBE_CONTROLLERS,
    "etcd_node": release_rights.ETCD_NODE,
    "etcd_node_token": release_rights.ETCD_NODE_TOKEN,
    "etcd_cni": release_rights.ETCD_CNI_PLUGIN,
    "etcd_kube_controllers": release_rights.ETCD_KUBE_CONTROLLERS,
}
ROLES = ROOT / "roles"
TYPHA = "system:serviceaccount:kube-system:calico-typha"


def upstream(role, minor):
    """{(group, resource, verb)} of what upstream's rows say."""
    granted = release_rights.granted(NEEDED[role], minor)
    return {
        (group, resource, verb)
        for (group, resource, names), verbs in granted.items()
        for verb in verbs
        if not names or role == "etcd_node_token"
    }


class Authorizer(RecordedApi):
    """Answers reviews for one user. listed: what a rules review shows; granted: what an access review allows."""

    def __init__(self, user, granted, listed=None, impersonation=True):
        super().__init__()
        self.user, self.granted, self.impersonation = user, set(granted), impersonation
        self.listed = self.granted if listed is None else set(listed)
        self.as_user = None

    def acting_as(self, user):
        self.as_user = user
        return self

    def create(self, path, body):
        self.requests.append(("POST", path))
        if path == rights.RULES_REVIEWS:
            if not self.impersonation:
                raise CalicoError(
                    "The API server refused POST %s" % path,
                    found="403, cannot impersonate",
                    status=403,
                )
            assert self.as_user == self.user
            rules = [
                {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
                for group, resource, verb in sorted(self.listed)
            ]
            return {"status": {"resourceRules": rules, "incomplete": True}}
        assert path == rights.ACCESS_REVIEWS and body["spec"]["user"] == self.user
        asked = body["spec"]["resourceAttributes"]
        resource = asked["resource"] + (
            "/" + asked["subresource"] if "subresource" in asked else ""
        )
        return {
            "status": {"allowed": (asked.get("group", ""), resource, asked["verb"]) in self.granted}
        }


def lacking(api, role, minor, timeout=0):
    found = rights.read(api, api.user, needs("3.%d" % minor, role), timeout, pause=lambda _: None)
    return [(need["group"], need["resource"], need["verb"]) for need in found]


@pytest.mark.parametrize("minor", MINORS)
@pytest.mark.parametrize("role", list(NEEDED))
def test_upstreams_rights_suffice_and_cost_one_request(role, minor):
    api = Authorizer("someone", upstream(role, minor))
    assert lacking(api, role, minor) == [] and api.requests == [("POST", rights.RULES_REVIEWS)]


@pytest.mark.parametrize("right", sorted(upstream("typha", 32)), ids=" ".join)
def test_each_right_that_typha_lacks_is_named(right):
    found = rights.read(
        Authorizer(TYPHA, upstream("typha", 32) - {right}), TYPHA, needs("3.32", "typha"), 0
    )
    message = str(plan.decide(TYPHA, "typha", "v3.32.1", found))
    group, resource, verb = right
    assert "calico-typha lacks 1 right that Typha v3.32.1 needs" in message
    assert (
        "no %s %s%s:" % (verb, resource, "." + group if group else "") in message
        and "no calico/node comes up" in message
    )


@pytest.mark.parametrize("minor", MINORS)
@pytest.mark.parametrize("role", [role for role in NEEDED if role != "kube_controllers"])
def test_each_right_that_is_missing_is_found_alone(role, minor):
    every = upstream(role, minor)
    for right in every:
        assert lacking(Authorizer("someone", every - {right}), role, minor) == [right]


@pytest.mark.parametrize("minor", MINORS)
@pytest.mark.parametrize("role", list(NEEDED))
def test_every_right_says_what_breaks_without_it(role, minor):
    for need in needs("3.%d" % minor, role):
        assert len(need["without"]) > 10 and not need["without"].endswith("."), need


def test_a_right_that_a_rules_review_does_not_list_is_asked_for_before_it_is_called_missing():
    every = upstream("typha", 32)
    unlisted = {right for right in every if right[1] == "tiers"}
    api = Authorizer(TYPHA, every, listed=every - unlisted)
    assert lacking(api, "typha", 32) == [] and len(api.requests) == 1 + len(unlisted)


def test_who_may_not_impersonate_asks_for_every_right():
    every = upstream("cni", 32)
    api = Authorizer("calico-cni", every - {("", "nodes", "get")}, impersonation=False)
    assert lacking(api, "cni", 32) == [("", "nodes", "get")] and len(api.requests) == 1 + len(every)


def test_other_refusals_are_not_taken_for_missing_rights():
    class Broken(Authorizer):
        def create(self, path, body):
            raise CalicoError("The API server cannot be reached", found="timed out")

    with pytest.raises(CalicoError, match="cannot be reached"):
        lacking(Broken("calico-cni", ()), "cni", 32)


def test_rights_that_arrive_late_are_waited_for():
    every = upstream("cni", 32)
    api = Authorizer("calico-cni", ())
    clock, pauses = iter(range(100)), []

    def pause(seconds):
        pauses.append(seconds)
        if len(pauses) == 3:
            api.granted = every

    assert (
        rights.read(
            api, "calico-cni", needs("3.32", "cni"), 10, clock=lambda: next(clock), pause=pause
        )
        == []
    )
    assert len(pauses) == 3


def test_the_wait_for_rights_ends():
    api = Authorizer("calico-cni", ())
    clock = iter(range(100))
    found = rights.read(
        api, "calico-cni", needs("3.32", "cni"), 5, clock=lambda: next(clock), pause=lambda _: None
    )
    assert len(found) == len(needs("3.32", "cni")) and len(api.requests) == 1 + 5 * len(found)


@pytest.mark.parametrize(
    ("rule", "covered"),
    [
        ({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}, True),
        ({"apiGroups": [""], "resources": ["nodes/status"], "verbs": ["patch"]}, True),
        ({"apiGroups": [""], "resources": ["*/status"], "verbs": ["patch"]}, True),
        ({"apiGroups": [""], "resources": ["nodes"], "verbs": ["patch"]}, False),
        ({"apiGroups": [""], "resources": ["nodes/*"], "verbs": ["patch"]}, False),
        ({"apiGroups": ["apps"], "resources": ["nodes/status"], "verbs": ["patch"]}, False),
        ({"apiGroups": [""], "resources": ["nodes/status"], "verbs": ["get"]}, False),
        (
            {
                "apiGroups": [""],
                "resources": ["nodes/status"],
                "verbs": ["patch"],
                "resourceNames": ["cka001"],
            },
            False,
        ),
        ({"verbs": ["patch"]}, False),
    ],
)
def test_what_a_rule_covers(rule, covered):
    need = {"group": "", "resource": "nodes/status", "verb": "patch", "names": []}
    assert (plan.not_among([need], [rule]) == []) is covered


def test_an_access_review_has_the_groups_of_a_service_account():
    spec = plan.access_review(
        TYPHA, {"group": "", "resource": "nodes/status", "verb": "patch", "names": []}
    )["spec"]
    assert spec["groups"] == [
        "system:serviceaccounts",
        "system:serviceaccounts:kube-system",
        "system:authenticated",
    ]
    assert spec["resourceAttributes"] == {
        "verb": "patch",
        "resource": "nodes",
        "subresource": "status",
    }
    assert plan.groups("calico-cni") == ["system:authenticated"]


TOKEN = needs("3.32", "etcd_node_token")
NODE = "system:serviceaccount:net:calico-node"


def test_a_right_that_a_role_grants_is_asked_for_in_its_namespace():
    asked = []

    class Recorder(Authorizer):
        def create(self, path, body):
            asked.append(body["spec"])
            return super().create(path, body)

    api = Recorder(NODE, upstream("etcd_node_token", 32), listed=())
    assert rights.read(api, NODE, TOKEN, 0, namespace="net") == []
    assert asked[0] == {"namespace": "net"}
    assert asked[1]["resourceAttributes"] == {
        "verb": "create",
        "resource": "serviceaccounts",
        "subresource": "token",
        "name": "calico-cni-plugin",
        "namespace": "net",
    }


def test_a_rule_for_another_account_is_not_enough():
    rule = {"apiGroups": [""], "resources": ["serviceaccounts/token"], "verbs": ["create"]}
    for names, lacking_still in (
        (["calico-cni-plugin"], []),
        ([], []),
        (["calico-node"], TOKEN),
    ):
        assert plan.not_among(TOKEN, [{**rule, "resourceNames": names}]) == lacking_still


def run_module(monkeypatch, capsys, api, **options):
    monkeypatch.setattr(calico_rights, "connect", lambda params: api)
    with (
        patch_module_args({"calico_version": "v3.32.1", "timeout": 0, **options}),
        pytest.raises(SystemExit),
    ):
        calico_rights.main()
    return json.loads(capsys.readouterr().out)


def test_module(monkeypatch, capsys):
    api = Authorizer(TYPHA, upstream("typha", 32))
    found = run_module(monkeypatch, capsys, api, role="typha", service_account="calico-typha")
    assert (
        found["changed"] is False
        and found["user"] == TYPHA
        and found["rights"] == len(upstream("typha", 32))
    )
    documented = set(yaml.safe_load(calico_rights.RETURN))
    assert documented == (set(found) - {"changed", "invocation", "warnings"}) | {"missing"}


def test_module_names_what_is_missing(monkeypatch, capsys):
    api = Authorizer(
        "calico-cni",
        upstream("cni", 32)
        - {("crd.projectcalico.org", "ipreservations", "list"), ("", "pods/status", "patch")},
    )
    found = run_module(monkeypatch, capsys, api, role="cni", user="calico-cni")
    assert found["failed"] and [(need["resource"], need["verb"]) for need in found["missing"]] == [
        ("pods/status", "patch"),
        ("ipreservations", "list"),
    ]
    for word in (
        "calico-cni lacks 2 rights",
        "patch pods/status",
        "list ipreservations.crd.projectcalico.org: no pod gets an address",
        "Expected",
        "Remedy",
    ):
        assert word in found["msg"]


def test_module_asks_in_the_namespace_that_it_is_given(monkeypatch, capsys):
    asked = []

    class Recorder(Authorizer):
        def create(self, path, body):
            asked.append(body["spec"].get("namespace"))
            return super().create(path, body)

    for options, namespace in (({"in_namespace": "net"}, "net"), ({}, rights.NO_NAMESPACE)):
        found = run_module(
            monkeypatch,
            capsys,
            Recorder(NODE, upstream("etcd_node_token", 32)),
            role="etcd_node_token",
            service_account="calico-node",
            namespace="net",
            **options,
        )
        assert found["rights"] == 1 and asked.pop() == namespace and not asked


@pytest.mark.parametrize("options", [{}, {"user": "a", "service_account": "b"}])
def test_module_takes_one_account(monkeypatch, capsys, options):
    assert run_module(monkeypatch, capsys, None, role="cni", **options)["failed"]


def steps_of(role, tasks):
    """(module, its template) of a role's tasks, those of blocks and imported ones in their place."""
    for task in tasks:
        if "ansible.builtin.import_tasks" in task:
            yield from steps_of(role, tasks_of(role, task["ansible.builtin.import_tasks"]))
        elif "block" in task:
            yield from steps_of(role, task["block"])
        else:
            module = [key for key in task if "." in key][0]
            yield module.rpartition(".")[2], str(task[module].get("template", ""))


def tasks_of(role, name):
    return yaml.safe_load((ROLES / role / "tasks" / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("role", "name", "workload"),
    [
        ("typha", "deployment.yml", "deployment.yaml.j2"),
        ("node", "daemonset.yml", "daemonset.yaml.j2"),
    ],
)
def test_rights_are_required_before_any_pod_is_replaced(role, name, workload):
    tasks = list(steps_of(role, tasks_of(role, name)))
    order = [
        next(
            index
            for index, (module, template) in enumerate(tasks)
            if wanted == module or wanted in template
        )
        for wanted in ("rbac.yaml.j2", "calico_rights", workload)
    ]
    assert order == sorted(order) and len(set(order)) == 3


def test_nothing_missing_is_no_error():
    assert plan.decide(TYPHA, "typha", "v3.32.1", []) is None


def test_every_program_that_has_needs_has_a_name_for_messages():
    assert set(plan.PROGRAMS) == set(NEEDED)
