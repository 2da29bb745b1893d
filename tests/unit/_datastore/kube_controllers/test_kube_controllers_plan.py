# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""KubeControllersConfiguration: its fields release by release, what is refused, and the plan.

The oracles are upstream's: the CRDs' schemas and the object that kube-controllers makes at its start,
copied by hand from manifests/crds.yaml and kube-controllers/pkg/config/runconfig.go at each tag.
"""

from __future__ import annotations

import re

import pytest
import yaml
from checkout import ROOT
from documented_fields import expected_since

from ansible_collections.hardway.calico.plugins.module_utils._datastore.kube_controllers import (
    fields,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.kube_controllers.decide import (
    decide,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.kube_controllers.state import (
    State,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError

# Paths in the CRD's schema: in every minor, and what a minor brought.
SCHEMA = {
    26: """
        logSeverityScreen healthChecks etcdV3CompactionPeriod prometheusMetricsPort debugProfilePort
        controllers.node.reconcilerPeriod controllers.node.syncLabels controllers.node.leakGracePeriod
        controllers.node.hostEndpoint.autoCreate controllers.policy.reconcilerPeriod
        controllers.workloadEndpoint.reconcilerPeriod controllers.serviceAccount.reconcilerPeriod
        controllers.namespace.reconcilerPeriod
    """,
    30: """
        controllers.node.hostEndpoint.createDefaultHostEndpoint controllers.node.hostEndpoint.templates
        controllers.loadBalancer.assignIPs
    """,
    32: "controllers.policyMigration.enabled",
}

WRITTEN_26 = """
logSeverityScreen: Info
healthChecks: Enabled
etcdV3CompactionPeriod: 10m0s
prometheusMetricsPort: 9094
controllers:
  node: {reconcilerPeriod: 5m0s, syncLabels: Enabled, leakGracePeriod: 15m0s}
  policy: {reconcilerPeriod: 5m0s}
  workloadEndpoint: {reconcilerPeriod: 5m0s}
  serviceAccount: {reconcilerPeriod: 5m0s}
  namespace: {reconcilerPeriod: 5m0s}
"""
# The 3.30 and 3.32 ones differ by these.
HOST_ENDPOINT = {"autoCreate": "Disabled", "createDefaultHostEndpoint": "Enabled"}


def written(minor):
    """The spec that kube-controllers of a minor writes where there is no object."""
    spec = yaml.safe_load(WRITTEN_26)
    if minor >= 30:
        spec["controllers"]["node"]["hostEndpoint"] = dict(HOST_ENDPOINT)
        spec["controllers"]["loadBalancer"] = {"assignIPs": "AllServices"}
    if minor >= 32:
        spec["controllers"]["policyMigration"] = {"enabled": "Enabled"}
    return spec


def stored(minor=32, **metadata):
    return State(
        {
            "metadata": {"name": "default", "resourceVersion": "7", **metadata},
            "spec": written(minor),
            "status": {"environmentVars": {}},
        }
    )


def node(**values):
    return {"controllers": {"node": values}}


# ---- fields -------------------------------------------------------------------------------------


@pytest.mark.parametrize("minor", range(26, 33))
def test_fields_are_those_of_the_crd(minor):
    ours = {field.key for field in fields.FIELDS if field.since <= minor}
    assert ours == {path for since in SCHEMA if since <= minor for path in SCHEMA[since].split()}


@pytest.mark.parametrize("minor", range(26, 33))
def test_a_new_object_is_the_one_that_kube_controllers_would_make(minor):
    plan = decide({"logSeverityScreen": "Debug"}, State(), minor)
    assert [step.spec for step in plan] == [{**written(minor), "logSeverityScreen": "Debug"}]


def test_every_field_stands_in_the_roles_readme_with_its_release():
    page = (ROOT / "roles/kube_controllers/README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([\w.]+)` \| (.+) \|$", page, re.M))
    assert {field.key for field in fields.FIELDS} <= set(rows)
    for field in fields.FIELDS:
        since = expected_since(field)
        said = rows[field.key]
        assert (("Since Calico 3.%d." % since) in said) if since else "Since" not in said, said
        assert field.words in said


def test_nested_and_flat_are_each_others_inverse():
    spec = written(32)
    assert fields.nested(fields.flat(spec)) == spec


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("15m", 900),
        ("15m0s", 900),
        ("1h30m", 5400),
        ("1.5h", 5400),
        (".5s", 0.5),
        ("100ms", 0.1),
        ("0s", 0),
        ("0", 0),
        ("", None),
        ("15", None),
        ("-1m", None),
        ("1d", None),
        ("m", None),
        ("5 m", None),
        ("2562047h47m16.85s", 9223372036.85),
        ("2562047h47m17s", None),
        (15, None),
        (None, None),
    ],
)
def test_durations_are_read_as_go_reads_them(text, seconds):
    assert fields.seconds(text) == seconds


# ---- what is refused ----------------------------------------------------------------------------


def template(**values):
    one = {"generateName": "web", "interfaceCIDRs": ["10.0.0.0/8"], **values}
    return node(hostEndpoint={"templates": [one]})


REFUSED = {
    "a field that is none": (
        ({"logSeverity": "Info"}, 32),
        ["logSeverity: Calico has no such field", "expected one of ", "logSeverityScreen"],
    ),
    "a nested one": (
        (node(leakGrace="1m"), 32),
        [
            "controllers.node.leakGrace: Calico has no such field; expected one of hostEndpoint,"
            " leakGracePeriod, reconcilerPeriod, syncLabels"
        ],
    ),
    "a controller that is none": (
        ({"controllers": {"nodes": {"syncLabels": "Enabled"}}}, 32),
        ["controllers.nodes: Calico has no such field", "loadBalancer", "workloadEndpoint"],
    ),
    "a section without fields": (
        ({"controllers": {"node": None}}, 32),
        ["controllers.node: expected fields of it; found nothing"],
    ),
    "a text for a section": (
        ({"controllers": "node"}, 32),
        ["controllers: expected fields of it; found 'node'"],
    ),
    "a value that is none": (
        ({"logSeverityScreen": None}, 32),
        ["logSeverityScreen: it has no value; leave it out, and it stays as it is"],
    ),
    "a severity that kube-controllers does not start with": (
        ({"logSeverityScreen": "Panic"}, 32),
        ["expected one of Debug, Info, Warning, Error, Fatal; found 'Panic'"],
    ),
    "a severity in small letters": (({"logSeverityScreen": "info"}, 32), ["found 'info'"]),
    "a switch as a boolean": (
        (node(syncLabels=True), 32),
        ["controllers.node.syncLabels: expected one of Enabled, Disabled; found True"],
    ),
    "a duration as a number": (
        (node(leakGracePeriod=900), 32),
        ["controllers.node.leakGracePeriod: expected a duration such as 15m or 0s; found 900"],
    ),
    "a port out of range": (
        ({"prometheusMetricsPort": 65536}, 32),
        ["prometheusMetricsPort: expected a port, 0 to 65535; found 65536"],
    ),
    "a port as a boolean": (
        ({"debugProfilePort": True}, 32),
        ["debugProfilePort: expected a port"],
    ),
    "load balancers before 3.30": (
        ({"controllers": {"loadBalancer": {"assignIPs": "AllServices"}}}, 29),
        ["Calico 3.29 has no controllers.loadBalancer.assignIPs, which came with 3.30"],
    ),
    "the migration before 3.32": (
        ({"controllers": {"policyMigration": {"enabled": "Disabled"}}}, 31),
        ["Calico 3.31 has no controllers.policyMigration.enabled, which came with 3.32"],
    ),
    "templates before 3.30": (
        (template(interfacePattern="eth.*"), 29),
        ["Calico 3.29 has no controllers.node.hostEndpoint.templates", "1 problem, "],
    ),
    "a pattern before 3.31": (
        (template(interfacePattern="eth.*"), 30),
        ["Calico 3.30 has no interfacePattern, which came with 3.31"],
    ),
    "templates that are no list": (
        (node(hostEndpoint={"templates": {"generateName": "a"}}), 32),
        ["templates: expected a list of templates"],
    ),
    "a template without name": (
        (template(generateName=""), 32),
        ["template without generateName: expected generateName"],
    ),
    "a template's unknown field": ((template(cidrs=[]), 32), ["Calico has no field cidrs there"]),
    "neither networks nor pattern": (
        (template(interfaceCIDRs=[]), 32),
        ["interfaceCIDRs is missing, and interfacePattern too; one of them is needed"],
    ),
    "no networks in 3.30": (
        (template(interfaceCIDRs=[]), 30),
        ["interfaceCIDRs is missing. ", "1 problem"],
    ),
    "a network that is none": (
        (template(interfaceCIDRs=["10.0.0.0/33", 7]), 32),
        ["interfaceCIDRs: '10.0.0.0/33' is no network", "interfaceCIDRs: 7 is no network"],
    ),
    "networks that are no list": (
        (template(interfaceCIDRs="10.0.0.0/8"), 32),
        ["interfaceCIDRs: expected a list; found '10.0.0.0/8'"],
    ),
    "an address for a network": (
        (template(interfaceCIDRs=["10.0.0.1", "10.0.0.0/255.0.0.0"]), 30),
        ["'10.0.0.1' is no network", "'10.0.0.0/255.0.0.0' is no network", "2 problems"],
    ),
    "a duration that Go cannot hold": (
        ({"etcdV3CompactionPeriod": "2562047h47m17s"}, 32),
        [
            "etcdV3CompactionPeriod: expected a duration such as 15m or 0s, at most 2562047h47m16.85s"
        ],
    ),
    "labels with names that are none": (
        (
            template(labels={"a b": "", "-a": "", "a/b/c": "", "A.b/c": "", "": "", "a" * 64: ""}),
            32,
        ),
        ["labels: 'a b' is no name of a Kubernetes label", "6 problems"],
    ),
    "a label's name that is no text": ((template(labels={1: "a"}), 32), ["labels: expected texts"]),
    "labels with values that are none": (
        (template(labels={"a": "b c", "b": "c-", "c": "d" * 64, "d": "a/b"}), 32),
        ["labels: a: 'b c' is no value of a Kubernetes label", "4 problems"],
    ),
    "a pattern that is no text": (
        (template(interfacePattern=5), 32),
        ["interfacePattern 5 cannot be read: it is no text; expected for example eth.*"],
    ),
    "a pattern that is none": (
        (template(interfacePattern="eth["), 32),
        ["interfacePattern 'eth[' cannot be read: unterminated character set"],
    ),
    "labels that are no texts": ((template(labels={"a": 1}), 32), ["labels: expected texts"]),
    "a selector that cannot be read": (
        (template(nodeSelector="has("), 32),
        ["nodeSelector 'has(' cannot be read"],
    ),
    "a selector that is no text": ((template(nodeSelector=["a"]), 32), ["it is no text"]),
    "several at once": (
        ({"healthChecks": "on", **node(leakGracePeriod="1d")}, 32),
        ["healthChecks: ", "leakGracePeriod: ", "2 problems, nothing was written"],
    ),
}


@pytest.mark.parametrize("name", list(REFUSED))
@pytest.mark.parametrize("current", [State(), stored()], ids=["new", "there"])
def test_what_is_refused(name, current):
    (spec, minor), words = REFUSED[name]
    with pytest.raises(CalicoError) as caught:
        decide(spec, current, minor)
    message = str(caught.value)
    for word in [*words, "Expected: fields of its spec as Calico 3.%d" % minor, "Found", "Remedy"]:
        assert word in message, message


# Tried with Go's regexp.Compile; Python's re.compile takes them all, the possessive ones from 3.11 on.
@pytest.mark.parametrize(
    "pattern",
    [
        "(?=eth)e",
        "(?!lo).*",
        "(?<=e)th",
        "(?<!e)th",
        r"(e)\1",
        "(?P<a>e)(?P=a)",
        "(e)?(?(1)a|b)",
        "(?#c)eth",
        "(?x)eth",
        r"eth\Z",
        r"\u0065th",
        "e++",
        "e{2}+",
        "e{1001}",
        "e{1,2000}",
        r"[a\1]",
        r"[\b]",
        "(?>e)",
    ],
)
def test_patterns_that_go_does_not_read_are_refused(pattern):
    with pytest.raises(CalicoError, match="interfacePattern .* cannot be read: "):
        decide(template(interfacePattern=pattern), State(), 32)


@pytest.mark.parametrize(
    "pattern",
    [
        "eth.*",
        "^(eth|ens)[0-9]+$",
        "(?i)ETH",
        "(?i:e)th",
        "(?P<name>e)th",
        "(?:e)th",
        r"eth\.1\+",
        r"e\\1",
        "[(?=]+",
        "[]a]?",
        r"[\]+?]e",
        "e{1,1000}?",
        "e+?",
        "[[:digit:]]",
        "",
    ],
)
def test_patterns_that_go_reads_are_taken(pattern):
    assert decide(template(interfacePattern=pattern), State(), 32)


def test_labels_as_kubernetes_has_them_are_taken():
    labels = {"zone": "", "example.com/Zone_a.b-c": "a_B-c.1", "a" * 63: "b" * 63}
    assert decide(template(labels=labels), State(), 32)


def test_a_name_that_two_templates_have():
    twice = [{"generateName": "web", "interfaceCIDRs": ["10.0.0.0/8"]}] * 2
    with pytest.raises(CalicoError, match="listed 2 times; give each a generateName of its own"):
        decide(node(hostEndpoint={"templates": twice}), State(), 32)


# ---- the plan -----------------------------------------------------------------------------------

# What is declared to what is written of the spec, None for nothing.
CHANGES = {
    "nothing declared": ({}, None),
    "what is there": ({"logSeverityScreen": "Info", **node(syncLabels="Enabled")}, None),
    "a duration in other words": (node(leakGracePeriod="900s"), None),
    "no templates, where there are none": (node(hostEndpoint={"templates": []}), None),
    "one field": ({"logSeverityScreen": "Debug"}, {"logSeverityScreen": "Debug"}),
    "a field that is not there yet": ({"debugProfilePort": 9095}, {"debugProfilePort": 9095}),
    "a port that is switched off": ({"prometheusMetricsPort": 0}, {"prometheusMetricsPort": 0}),
    "a nested one": (node(leakGracePeriod="1h"), node(leakGracePeriod="1h")),
    "two in one controller": (
        node(leakGracePeriod="0s", hostEndpoint={"autoCreate": "Enabled"}),
        node(leakGracePeriod="0s", hostEndpoint={"autoCreate": "Enabled"}),
    ),
    "the migration": (
        {"controllers": {"policyMigration": {"enabled": "Disabled"}}},
        {"controllers": {"policyMigration": {"enabled": "Disabled"}}},
    ),
    "a template": (
        template(nodeSelector="has(gpu)", labels={"a": "b"}, interfacePattern="eth.*"),
        template(nodeSelector="has(gpu)", labels={"a": "b"}, interfacePattern="eth.*"),
    ),
}


@pytest.mark.parametrize("name", list(CHANGES))
def test_only_what_differs_is_written(name):
    declared, change = CHANGES[name]
    plan = decide(declared, stored(), 32)
    assert [step.change for step in plan] == ([] if change is None else [change])
    for step in plan:
        assert step.current == stored().configuration
        assert step.after == change


def test_the_step_says_what_differs():
    (step,) = decide({"debugProfilePort": 1, **node(leakGracePeriod="1h")}, stored(), 32)
    assert step.as_result() == {
        "action": "update",
        "target": "KubeControllersConfiguration default",
        "reason": "debugProfilePort, controllers.node.leakGracePeriod differ",
    }
    assert step.before == node(leakGracePeriod="15m0s")


def test_a_field_that_an_object_of_somebody_lacks_is_written():
    """A missing leakGracePeriod is no default to kube-controllers: nothing is released then."""
    theirs = State({"metadata": {"name": "default"}, "spec": {"controllers": {"node": {}}}})
    (step,) = decide(node(leakGracePeriod="15m"), theirs, 32)
    assert step.change == node(leakGracePeriod="15m") and step.before == {}


def test_nothing_declared_makes_no_object():
    assert not decide({}, State(), 32)
