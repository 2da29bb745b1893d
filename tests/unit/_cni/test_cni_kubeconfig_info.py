# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""cni_kubeconfig_info on real files: what our module, kubectl and Calico write, and what is none of these."""

from __future__ import annotations

import base64
import json

import pytest
from node_side import Authority, run_module, undocumented

SERVER = "https://10.0.0.11:6443"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"), "kubernetes")


@pytest.fixture(scope="module")
def credential(authority):
    return authority.issue(
        "calico-cni", "clientAuth", not_before="20260101000000Z", not_after="20270102030405Z"
    )


def encoded(text):
    return base64.b64encode(text.encode()).decode()


@pytest.fixture
def options(tmp_path, authority, credential):
    return {
        "path": str(tmp_path / "calico-kubeconfig"),
        "server": SERVER,
        "cluster_ca": authority.certificate,
        "client_certificate": credential[0],
        "client_key": credential[1],
    }


def yaml_of(authority, **user):
    """As `kubectl config set-...` writes it in the guide."""
    lines = "".join("    %s: %s\n" % (key.replace("_", "-"), value) for key, value in user.items())
    return (
        "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: %s\n"
        "    server: %s\n  name: kubernetes\ncontexts:\n- context:\n"
        "    cluster: kubernetes\n    user: calico-cni\n  name: cni@kubernetes\n"
        "current-context: cni@kubernetes\nkind: Config\npreferences: {}\n"
        "users:\n- name: calico-cni\n  user:\n%s" % (encoded(authority.certificate), SERVER, lines)
    )


def look(path, content=None):
    if content is not None:
        with open(path, "w", encoding="utf-8") as handle:
            handle.write(content)
    result = run_module("cni_kubeconfig_info", path=path)
    assert not result["changed"] and "PRIVATE KEY" not in result["raw"]
    return result


def test_our_own_file(options, credential, authority):
    config = {
        "current-context": "b",
        "contexts": [
            {"name": "a", "context": {"cluster": "old", "user": "old"}},
            {"name": "b", "context": {"cluster": "new", "user": "new"}},
        ],
        "clusters": [
            {"name": "old", "cluster": {"server": "https://old"}},
            {
                "name": "new",
                "cluster": {
                    "server": SERVER,
                    "certificate-authority-data": encoded(authority.certificate),
                },
            },
        ],
        "users": [
            {"name": "old", "user": {"token": "x"}},
            {
                "name": "new",
                "user": {
                    "client-certificate-data": encoded(credential[0]),
                    "client-key-data": encoded(credential[1]),
                },
            },
        ],
    }
    result = look(options["path"], json.dumps(config))
    assert (result["problem"], result["server"], result["user"], result["not_after"]) == (
        "",
        SERVER,
        "calico-cni",
        "2027-01-02T03:04:05Z",
    )
    assert (
        result["client_certificate"] == credential[0]
        and result["cluster_ca"] == authority.certificate
    )
    assert not undocumented("cni_kubeconfig_info", result)
    assert (
        credential[1].splitlines()[1] not in result["raw"]
        and encoded(credential[1]) not in result["raw"]
    )


def test_the_guides_file_in_yaml(options, credential, authority):
    result = look(
        options["path"],
        yaml_of(
            authority,
            client_certificate_data=encoded(credential[0]),
            client_key_data=encoded(credential[1]),
        ),
    )
    assert (result["problem"], result["server"], result["user"]) == (
        "",
        SERVER,
        "calico-cni",
    ) and result["client_certificate"] == credential[0]


def test_a_token_names_calicos_own_refresher(options, authority):
    result = look(options["path"], yaml_of(authority, token="sesame"))
    assert "CALICO_MANAGE_CNI" in result["problem"] and "sesame" not in result["raw"]


def test_a_key_of_another_certificate(options, credential, authority):
    key = authority.issue("calico-cni", "clientAuth")[1]
    result = look(
        options["path"],
        yaml_of(
            authority, client_certificate_data=encoded(credential[0]), client_key_data=encoded(key)
        ),
    )
    assert result["problem"] == "client_certificate and client_key cannot be used together"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "the file is missing"),
        ("", "it holds no client certificate"),
        ("{}", "it is not a kubeconfig"),
        ("[]", "it is not a kubeconfig"),
        ('{"contexts": [1]}', "it is not a kubeconfig"),
        (
            '{"contexts": [{"name": "a", "context": {"cluster": "b", "user": "c"}}], '
            '"clusters": [{"name": "b", "cluster": "d"}], "users": []}',
            "it is not a kubeconfig",
        ),
        ("users: garbage", "it holds no client certificate"),
        (
            "client-certificate: /var/lib/x.pem",
            "it names a file instead of holding a client certificate",
        ),
        ("client-certificate-data: QUJD\nclient-key-data: QUJD", "the file holds no certificate"),
        ("client-certificate-data: Q", "it holds no private key"),
    ],
)
def test_what_is_no_kubeconfig_of_ours(options, content, problem):
    assert look(options["path"], content)["problem"] == problem


def test_bad_path():
    assert "absolute path" in run_module("cni_kubeconfig_info", path="x")["msg"]
