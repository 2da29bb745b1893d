# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An upgrade of images under other names and with digests: from what is in the pods, through the module."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from recorded_api import RecordedApi

from ansible_collections.hardway.calico.plugins.module_utils._release.images import image, source_of
from ansible_collections.hardway.calico.plugins.modules import calico_upgrade_info

OLD, NEW = "v3.31.7", "v3.32.1"
APPS, CORE = "/apis/apps/v1/namespaces/kube-system", "/api/v1"
A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
DIGESTS = {version: {"node": A, "typha": A} for version in (OLD, NEW)}


def named(component, version, digests=None):
    registry, path = "registry.example.com:5000", "mirror"
    return image(component, version, source_of(registry, path, "calico-", digests or DIGESTS))


def cluster(node, typha, stored=""):
    """One node, with calico/node and Typha of these images."""

    def pod(app, reference, **more):
        return {
            "metadata": {"name": app + "-x", "labels": {"k8s-app": app}},
            "spec": {"containers": [{"name": app, "image": reference}], **more},
        }

    objects = {CORE + "/nodes/cka001": {"metadata": {"name": "cka001"}, "status": {}}}
    for kind, app, reference in (
        ("daemonsets", "calico-node", node),
        ("deployments", "calico-typha", typha),
    ):
        objects["%s/%s/%s" % (APPS, kind, app)] = {
            "metadata": {"name": app},
            "spec": {"template": pod(app, reference)},
        }
        objects[CORE + "/namespaces/kube-system/pods/" + app] = pod(
            app, reference, nodeName="cka001"
        )
    if stored:
        objects["/apis/crd.projectcalico.org/v1/clusterinformations/default"] = {
            "metadata": {"name": "default"},
            "spec": {"calicoVersion": stored},
        }
    return objects


@pytest.fixture(name="asked")
def asked_fixture(monkeypatch, capsys):
    def run(objects, **options):
        monkeypatch.setattr(calico_upgrade_info, "connect", lambda params: RecordedApi(objects))
        given = {
            "calico_version": NEW,
            "node_image": named("node", NEW),
            "typha_image": named("typha", NEW),
            **options,
        }
        with patch_module_args(given), pytest.raises(SystemExit):
            calico_upgrade_info.main()
        found = json.loads(capsys.readouterr().out)
        # The cluster here has none.
        found["remaining"] = [
            stage for stage in found.get("remaining", []) if stage != "kube_controllers"
        ]
        return found

    return run


def test_the_tag_beside_the_digest_tells_the_release(asked):
    found = asked(cluster(named("node", OLD), named("typha", OLD)))
    assert (found["installed"], found["former"]) == (OLD, [OLD])
    assert found["remaining"] == ["typha", "nodes"]
    assert "cka001: calico-node v3.31.7 -> v3.32.1" in found["lines"]


def test_what_is_pinned_already_is_done(asked):
    found = asked(cluster(named("node", NEW), named("typha", NEW)))
    assert found["remaining"] == [] and found["template_changes"] is False


def test_another_digest_of_the_same_release_rolls_the_nodes(asked):
    other = named("node", NEW, {NEW: {"node": B, "typha": A}})
    found = asked(cluster(other, named("typha", NEW)))
    assert found["remaining"] == ["nodes"] and found["template_changes"] is True
    assert found["former"] == []


BARE = "registry.example.com/own/node@" + A


def test_a_digest_alone_leaves_it_to_clusterinformation(asked):
    found = asked(cluster(BARE, BARE, stored=OLD))
    assert found["former"] == [OLD]


def test_a_digest_alone_and_nothing_else_asks_for_upgrade_from(asked):
    found = asked(cluster(BARE, BARE))
    assert found["failed"] and "upgrade_from" in found["msg"] and BARE in found["msg"]
    assert asked(cluster(BARE, BARE), from_version=OLD)["installed"] == OLD
