# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Releases, each installed on an empty cluster, and what must be refused. test_upgrade goes from one to the next.

The lab has one host: what a release changes is in the API, and test_main_job has workers. What each release needs is
written down in tests/unit/support/release_rights.py from upstream's manifests and code; the API server's
authorizer is asked.
"""

from __future__ import annotations

import copy
import hashlib
import json
import pathlib
import sys
import urllib.request

import pytest
import yaml
from hardway_testbed.ansible import play, write_playbook
from hardway_testbed.lab import ROOT
from hardway_testbed.releases import INSTALLED, RELEASES
from hardway_testbed.rights import wrong_rights
from hardway_testbed.snapshot import difference, snapshot

sys.path.insert(0, str(ROOT / "tests/unit/support"))
import release_rights  # noqa: E402

NEWEST = RELEASES[-1]
LAB_SHAPE = {"hosts": 1, "releases": RELEASES}
ACCOUNTS = {
    "typha": ("system:serviceaccount:kube-system:calico-typha", release_rights.TYPHA),
    "node": ("system:serviceaccount:kube-system:calico-node", release_rights.NODE),
    "cni": ("calico-cni", release_rights.CNI_NEEDS),
    "kube_controllers": (
        "system:serviceaccount:kube-system:calico-kube-controllers",
        release_rights.KUBE_CONTROLLERS,
    ),
}
TIERS = "tiers.crd.projectcalico.org"
GONE = "adminnetworkpolicies.policy.networking.k8s.io"


def minor(version):
    return int(version.split(".")[1])


def site(lab, version, *arguments, **env):
    variables = {"calico_version": version, "calico_kubernetes_range": "ignore"}
    return play(lab, "-e", json.dumps(variables), *arguments, **env)


def get(lab, kind, name, *arguments):
    return json.loads(lab.kubectl("get", kind, name, "-o", "json", *arguments))


# ---- each release on an empty cluster -----------------------------------------------------------


@pytest.fixture(scope="module", params=INSTALLED)
def release(lab, request):
    """A release that site.yml has installed."""
    if lab.objects("customresourcedefinitions"):
        lab.renew()
    site(lab, request.param).succeeded()
    return request.param


def test_images_and_pod_security(lab, release):
    registry = "docker.io/calico" if minor(release) <= 30 else "quay.io/calico"
    for kind, name in (
        ("daemonset", "node"),
        ("deployment", "typha"),
        ("deployment", "kube-controllers"),
    ):
        spec = get(lab, kind, "calico-" + name, "-n", "kube-system")["spec"]["template"]["spec"]
        assert spec["containers"][0]["image"] == "%s/%s:%s" % (registry, name, release)
        assert (spec["securityContext"].get("seccompProfile") == {"type": "RuntimeDefault"}) is (
            minor(release) >= 29
        )
    assert bool(spec["containers"][0].get("securityContext", {}).get("runAsNonRoot")) is (
        minor(release) >= 29
    )


def test_conflist(lab, release):
    conflist = json.loads(lab.exec(lab.control_plane, "cat", "/etc/cni/net.d/10-calico.conflist"))
    chained = [plugin["type"] for plugin in conflist["plugins"]]
    assert chained == ["calico", "portmap"] + (["bandwidth"] if minor(release) <= 29 else [])
    assert conflist["cniVersion"] == "0.3.1"


def test_crds_are_the_files(lab, release):
    """Names and schemas as the API server serves them, against the release's own file."""
    with urllib.request.urlopen(
        "%s/%s/crds.yaml" % (lab.status["release_url"], release), timeout=10
    ) as answer:
        wanted = {
            crd["metadata"]["name"]: crd
            for crd in yaml.load_all(answer.read(), Loader=yaml.CSafeLoader)
            if crd
        }
    there = {crd["metadata"]["name"]: crd for crd in lab.objects("customresourcedefinitions")}
    assert set(there) == set(wanted)
    for name, crd in wanted.items():
        assert there[name]["spec"]["versions"] == crd["spec"]["versions"], name
        assert {
            each["status"]
            for each in there[name]["status"]["conditions"]
            if each["type"] in ("Established", "NamesAccepted")
        } == {"True"}


@pytest.mark.parametrize("role", list(ACCOUNTS))
def test_rights_are_what_the_release_needs_and_no_verb_more(lab, release, role):
    user, text = ACCOUNTS[role]
    granted, refused = wrong_rights(lab, user, release_rights.granted(text, minor(release)))
    assert (granted, refused) == ([], [])


def test_a_second_run_changes_nothing(lab, release):
    before = snapshot(lab)
    run = site(lab, release).succeeded()
    assert set(run.changed.values()) == {0}, run.output
    assert difference(before, snapshot(lab)) == []


# ---- what is refused, on the newest release -----------------------------------------------------


@pytest.fixture
def untouched(lab):
    """Nothing changes while the test runs."""
    before = snapshot(lab)
    yield
    assert difference(before, snapshot(lab)) == []


def refused(run, *words):
    message = run.output[run.output.index("FAILED!") :]
    assert run.returncode != 0 and "Traceback" not in run.output
    for word in (*words, "Expected", "Found", "Remedy"):
        assert word in message, "%r is missing in:\n%s" % (word, message)


def test_a_downgrade_is_refused(lab, untouched):
    refused(site(lab, "v3.31.7"), "v3.31.7 would be a downgrade", NEWEST)


CRDS_ALONE = """
- hosts: localhost
  gather_facts: false
  tasks:
    - hardway.calico.calico_release:
        version: {version}
        mirror: {mirror}
        differs_from_upstream: ignore
      register: release
    - hardway.calico.calico_crds:
        calico_version: {version}
        crds: "{{{{ release.crds }}}}"
        kubeconfig: {kubeconfig}
      register: crds
    - ansible.builtin.debug:
        msg: "dropped {{{{ crds.dropped | join(' ') }}}}"
"""


def crds_alone(lab, tmp_path, version):
    text = CRDS_ALONE.format(
        version=version, mirror=lab.status["release_url"], kubeconfig=lab.kubeconfig
    )
    return play(lab, playbook=write_playbook(tmp_path, text))


def test_crds_alone_refuse_a_downgrade_where_nothing_else_tells_the_release(
    lab, tmp_path, untouched
):
    refused(
        crds_alone(lab, tmp_path, "v3.28.5"),
        "CRDs of Calico v3.28.5 would be a downgrade",
        "is from " + NEWEST,
    )


def test_dropped_crds_are_reported(lab, tmp_path):
    with urllib.request.urlopen(
        "%s/v3.31.7/crds.yaml" % lab.status["release_url"], timeout=10
    ) as answer:
        former = [
            crd
            for crd in yaml.load_all(answer.read(), Loader=yaml.CSafeLoader)
            if crd and crd["metadata"]["name"].endswith(GONE)
        ]
    lab.kubectl(
        "create", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": former})
    )
    before = snapshot(lab)
    run = crds_alone(lab, tmp_path, NEWEST).succeeded()
    assert difference(before, snapshot(lab)) == []
    assert "dropped %s baseline%s" % (GONE, GONE) in run.output


def test_a_version_with_stored_objects_must_stay(lab, tmp_path):
    crd = get(lab, "crd", TIERS)
    real = copy.deepcopy(crd)
    older = copy.deepcopy(crd["spec"]["versions"][0])
    crd["spec"]["versions"][0]["storage"] = False
    older.update(name="v0", storage=True, served=False)
    crd["spec"]["versions"].append(older)
    lab.kubectl("replace", "-f", "-", stdin=json.dumps(crd))
    assert get(lab, "crd", TIERS)["status"]["storedVersions"] == ["v1", "v0"]
    before = snapshot(lab)
    refused(crds_alone(lab, tmp_path, NEWEST), TIERS, "status.storedVersions has v0")
    assert difference(before, snapshot(lab)) == []
    # The remedy: write nothing in v0 any more, and say so.
    crd = get(lab, "crd", TIERS)
    for version in crd["spec"]["versions"]:
        version["storage"] = version["name"] == "v1"
    lab.kubectl("replace", "-f", "-", stdin=json.dumps(crd))
    lab.kubectl(
        "patch",
        "crd",
        TIERS,
        "--subresource=status",
        "--type=merge",
        "-p",
        '{"status":{"storedVersions":["v1"]}}',
    )
    assert "changed=1" in crds_alone(lab, tmp_path, NEWEST).succeeded().output
    assert get(lab, "crd", TIERS)["spec"] == real["spec"]


def test_a_crds_file_with_another_digest_is_refused(lab, tmp_path, untouched):
    with urllib.request.urlopen(
        "%s/%s/crds.yaml" % (lab.status["release_url"], NEWEST), timeout=10
    ) as answer:
        content = answer.read()
    path = tmp_path / "crds.yaml"
    path.write_bytes(content + b"# one byte more\n")
    # A cache of its own: what was verified before would be taken from there.
    run = site(
        lab, NEWEST, "-e", "calico_crds_source=%s" % path, XDG_CACHE_HOME=str(tmp_path / "cache")
    )
    refused(run, str(path), hashlib.sha256(content).hexdigest())
    assert not list(pathlib.Path(tmp_path / "cache").rglob("crds.yaml"))


# ---- a right that Typha lacks -------------------------------------------------------------------

# Another severity changes the Deployment.
TYPHA = """
- hosts: localhost
  gather_facts: false
  roles:
    - role: hardway.calico.typha
      vars:
        typha_log_severity: {severity}
"""


@pytest.fixture
def aggregated(lab):
    """Lets something else write Typha's ClusterRole: Kubernetes' aggregation, which puts back its
    own rules after the role's.
    """

    def write(rules):
        about = {"name": "policy-of-somebody", "labels": {"for": "typha"}}
        source = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": about,
            "rules": rules,
        }
        lab.kubectl("apply", "-f", "-", stdin=json.dumps(source))
        rule = {"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"for": "typha"}}]}}
        lab.kubectl("patch", "clusterrole", "calico-typha", "--type=merge", "-p", json.dumps(rule))

    yield write
    lab.kubectl(
        "patch", "clusterrole", "calico-typha", "--type=merge", "-p", '{"aggregationRule":null}'
    )
    lab.kubectl("delete", "clusterrole", "policy-of-somebody")


def test_a_right_that_typha_lacks_is_named_instead_of_waited_for(lab, tmp_path, aggregated):
    """One right here; tests/unit/test_rights.py takes each away in turn."""
    verb, group, resource = "list", "crd.projectcalico.org", "tiers"
    rules = []
    for (its_group, its_resource, _names), verbs in release_rights.granted(
        release_rights.TYPHA, minor(NEWEST)
    ).items():
        left = sorted(verbs - ({verb} if (its_group, its_resource) == (group, resource) else set()))
        rules.append({"apiGroups": [its_group], "resources": [its_resource], "verbs": left})
    aggregated(rules)
    before = get(lab, "deployment", "calico-typha", "-n", "kube-system")["metadata"]["generation"]
    run = play(lab, playbook=write_playbook(tmp_path, TYPHA.format(severity="debug")))
    named = "no %s %s.%s: Typha retries" % (verb, resource, group)
    refused(
        run,
        "system:serviceaccount:kube-system:calico-typha lacks 1 right",
        named,
        "no calico/node comes up",
    )
    # No pod is replaced by one that would hang.
    assert (
        get(lab, "deployment", "calico-typha", "-n", "kube-system")["metadata"]["generation"]
        == before
    )


def test_the_rights_are_put_back(lab, tmp_path):
    play(lab, playbook=write_playbook(tmp_path, TYPHA.format(severity="info"))).succeeded()
