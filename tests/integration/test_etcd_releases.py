# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Releases with Calico's data in etcd, each installed on an empty cluster: images, rights, the second run.

In `make soak` only: test_etcd_site has the newest. What each release needs is in tests/unit/support/release_rights.py,
from upstream's manifests/calico-etcd.yaml; the API server's authorizer is asked.
"""

from __future__ import annotations

import json
import sys

import pytest
from hardway_testbed.ansible import play
from hardway_testbed.calicos_etcd import CalicosEtcd
from hardway_testbed.lab import ROOT
from hardway_testbed.releases import RELEASES
from hardway_testbed.rights import wrong_rights
from hardway_testbed.snapshot import difference, snapshot

sys.path.insert(0, str(ROOT / "tests/unit/support"))
import release_rights  # noqa: E402

LAB_SHAPE = {"hosts": 1, "releases": RELEASES, "etcd": True}
ACCOUNTS = {
    "node": ("system:serviceaccount:kube-system:calico-node", release_rights.ETCD_NODE),
    "cni": ("calico-cni", release_rights.ETCD_CNI_PLUGIN),
    "kube_controllers": (
        "system:serviceaccount:kube-system:calico-kube-controllers",
        release_rights.ETCD_KUBE_CONTROLLERS,
    ),
}


def site(lab, version):
    variables = {"calico_version": version, "calico_kubernetes_range": "ignore"}
    return play(lab, "-e", json.dumps(variables))


@pytest.fixture(scope="module", params=RELEASES)
def release(lab, request):
    """A release that site.yml has installed."""
    if lab.objects("daemonsets"):
        lab.renew()
    site(lab, request.param).succeeded()
    return request.param


def test_images_are_the_releases(lab, release):
    registry = "docker.io" if int(release.split(".")[1]) <= 30 else "quay.io"
    for kind, name in (("daemonset", "node"), ("deployment", "kube-controllers")):
        item = json.loads(
            lab.kubectl("get", kind, "-n", "kube-system", "calico-" + name, "-o", "json")
        )
        (container,) = item["spec"]["template"]["spec"]["containers"]
        assert container["image"] == "%s/calico/%s:%s" % (registry, name, release)


@pytest.mark.parametrize("role", list(ACCOUNTS))
def test_rights_are_what_the_release_needs_and_no_verb_more(lab, release, role):
    user, text = ACCOUNTS[role]
    needed = release_rights.granted(text, int(release.split(".")[1]))
    assert len(needed) >= 3
    assert wrong_rights(lab, user, needed) == ([], [])


def test_a_second_run_changes_nothing(lab, release):
    etcd = CalicosEtcd(lab)
    before, revisions = snapshot(lab), etcd.everything()
    run = site(lab, release).succeeded()
    assert set(run.changed.values()) == {0}, run.output
    assert difference(before, snapshot(lab)) == [] and etcd.everything() == revisions
