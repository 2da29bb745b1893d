# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""cni_credential_info against recorded API requests: who holds a credential, and that nobody else gets to see it."""

from __future__ import annotations

import base64

import pytest
from node_side import run_module, undocumented
from recorded_api import RecordedApi

from ansible_collections.hardway.calico.plugins.modules import cni_credential, cni_credential_info

SECRETS = "/api/v1/namespaces/kube-system/secrets"
DATA = {
    key: base64.b64encode(b"-----BEGIN PRIVATE KEY-----").decode() for key in ("tls.crt", "tls.key")
}


def secret(name, node=""):
    labels = {}
    if node:
        labels = {"hardway.calico/credential": "calico-cni-credential", "hardway.calico/node": node}
    return {"metadata": {"name": name, "labels": labels, "resourceVersion": "1"}, "data": DATA}


@pytest.fixture
def run(monkeypatch):
    def run_with(objects, module="cni_credential_info", **options):
        api = RecordedApi({"%s/%s" % (SECRETS, body["metadata"]["name"]): body for body in objects})
        for each in (cni_credential, cni_credential_info):
            monkeypatch.setattr(each, "connect", lambda params: api)
        return run_module(module, **options), api

    return run_with


@pytest.mark.parametrize(
    ("objects", "users", "shared", "nodes"),
    [
        ([], [], False, []),
        ([secret("calico-cni-credential")], ["calico-cni"], True, []),
        (
            [secret("calico-cni-credential-b", "b"), secret("calico-cni-credential-a", "a")],
            ["calico-cni:a", "calico-cni:b"],
            False,
            ["a", "b"],
        ),
        (
            [secret("calico-cni-credential"), secret("calico-cni-credential-a", "a")],
            ["calico-cni", "calico-cni:a"],
            True,
            ["a"],
        ),
        ([secret("calico-cni-credential-a"), secret("another", "")], [], False, []),
    ],
)
def test_who_holds_a_credential(run, objects, users, shared, nodes):
    result, api = run(objects)
    assert (result["users"], result["shared"], result["stored_nodes"]) == (users, shared, nodes)
    assert not result["changed"] and "PRIVATE" not in result["raw"]
    assert api.writes == [] and len(api.requests) == 2
    assert not undocumented("cni_credential_info", result)


def test_it_tells_what_the_module_that_keeps_them_tells(run):
    objects = [secret("calico-cni-credential"), secret("calico-cni-credential-a", "a")]
    ours, api = run(objects)
    theirs, other = run(objects, module="cni_credential", state="absent", nodes=[])
    said = ("users", "shared", "stored_nodes", "changed")
    assert {name: ours[name] for name in said} == {name: theirs[name] for name in said}
    assert api.requests == other.requests


def test_other_names(run):
    result, api = run([], user="mine", secret="my-credential", namespace="calico-system")
    assert result["users"] == []
    assert [path for _verb, path in api.requests] == [
        "/api/v1/namespaces/calico-system/secrets/my-credential",
        "/api/v1/namespaces/calico-system/secrets?labelSelector=hardway.calico%2Fcredential%3Dmy-credential",
    ]


@pytest.mark.parametrize("options", [{"secret": "a/b"}, {"user": ""}])
def test_names_that_no_credential_can_have(run, options):
    result, api = run([], **options)
    assert result["failed"] and "Expected" in result["msg"] and api.requests == []
