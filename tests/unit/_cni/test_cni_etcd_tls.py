# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""cni_conflist with Calico's data in etcd, in real folders."""

from __future__ import annotations

import json
import os

import pytest
from node_side import run_module, tree

ENDPOINTS = ["https://192.0.2.11:2379", "https://192.0.2.12:2379"]


def pem(kind, text):
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n" % (kind, text, kind)


CA, CERTIFICATE, KEY = (
    pem("CERTIFICATE", "Y2E="),
    pem("CERTIFICATE", "Y2VydA=="),
    pem("PRIVATE KEY", "c2VjcmV0LWtleQ=="),
)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cni" / "net.d"


def write(folder, check_mode=False, **more):
    arguments = {
        "path": str(folder / "10-calico.conflist"),
        "datastore_type": "etcdv3",
        "etcd_endpoints": ENDPOINTS,
        "etcd_ca_content": CA,
        "etcd_certificate_content": CERTIFICATE,
        "etcd_key_content": KEY,
        "etcd_tls_directory": str(folder / "calico-tls"),
        **more,
    }
    arguments = {key: value for key, value in arguments.items() if value is not None}
    return run_module("cni_conflist", check_mode, **arguments)


def test_files_and_configuration_are_those_of_upstreams_installer(folder):
    """Names: cni-plugin/pkg/install; keys: cni_network_config of manifests/calico-etcd.yaml."""
    assert write(folder)["changed"]
    tls = folder / "calico-tls"
    assert (tls.stat().st_mode & 0o7777, folder.stat().st_mode & 0o7777) == (0o700, 0o755)
    held = {name: (tls / name).read_text() for name in os.listdir(tls)}
    assert held == {"etcd-ca": CA, "etcd-cert": CERTIFICATE, "etcd-key": KEY}
    assert {(tls / name).stat().st_mode & 0o7777 for name in held} == {0o600}
    calico = json.loads((folder / "10-calico.conflist").read_text())["plugins"][0]
    assert {key: value for key, value in calico.items() if key.startswith("etcd")} == {
        "etcd_endpoints": "https://192.0.2.11:2379,https://192.0.2.12:2379",
        "etcd_key_file": "%s/etcd-key" % tls,
        "etcd_cert_file": "%s/etcd-cert" % tls,
        "etcd_ca_cert_file": "%s/etcd-ca" % tls,
    }
    assert calico["datastore_type"] == "etcdv3"


def test_the_default_folder_is_upstreams(folder):
    result = write(folder, check_mode=True, etcd_tls_directory=None)
    assert result["conflist"]["plugins"][0]["etcd_key_file"] == "/etc/cni/net.d/calico-tls/etcd-key"


def test_the_second_run_touches_nothing(folder):
    write(folder)
    before = tree(folder)
    assert not write(folder)["changed"] and tree(folder) == before


def test_check_mode_writes_nothing(folder):
    result = write(folder, check_mode=True)
    assert result["changed"] and len(result["actions"]) == 4 and not folder.exists()


def test_a_check_run_may_know_no_certificate_yet(folder):
    result = write(folder, check_mode=True, etcd_certificate_content=None, etcd_key_content=None)
    assert [action["reason"] for action in result["actions"]] == ["the file is missing"] * 4
    write(folder)
    again = write(folder, check_mode=True, etcd_certificate_content=None, etcd_key_content=None)
    assert not again["changed"]
    refused = write(folder, etcd_key_content=None)
    assert refused["failed"] and "etcd_key_content is missing" in refused["msg"]


def test_a_renewal_replaces_certificate_and_key_and_shows_no_key(folder):
    write(folder)
    other = pem("PRIVATE KEY", "b3RoZXItc2VjcmV0")
    result = write(
        folder, etcd_certificate_content=pem("CERTIFICATE", "bmV3"), etcd_key_content=other
    )
    assert [(action["action"], action["reason"]) for action in result["actions"]] == [
        ("update", "another cert"),
        ("update", "another key"),
    ]
    for secret in ("c2VjcmV0LWtleQ==", "b3RoZXItc2VjcmV0"):
        assert secret not in result["raw"]
    assert (folder / "calico-tls/etcd-key").read_text() == other


def test_open_files_are_closed_again(folder):
    write(folder)
    (folder / "calico-tls/etcd-key").chmod(0o644)
    result = write(folder)
    assert [action["reason"] for action in result["actions"]] == ["mode is 0644, not 0600"]
    assert (folder / "calico-tls/etcd-key").stat().st_mode & 0o7777 == 0o600


def test_srv_in_place_of_endpoints(folder):
    result = write(folder, etcd_endpoints=None, etcd_discovery_srv="etcd.example.com")
    calico = result["conflist"]["plugins"][0]
    assert calico["etcd_discovery_srv"] == "etcd.example.com" and "etcd_endpoints" not in calico
    both = write(folder, etcd_discovery_srv="etcd.example.com")
    assert both["failed"] and "mutually exclusive" in both["msg"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"etcd_endpoints": None}, ["no etcd", "etcd_endpoints"]),
        ({"datastore_type": "kubernetes"}, ["datastore_type etcdv3"]),
        ({"etcd_key_content": CERTIFICATE}, ["etcd_key_content is no PEM"]),
        ({"etcd_ca_content": "garbage"}, ["etcd_ca_content is no PEM"]),
        ({"etcd_tls_directory": "relative"}, ["absolute path"]),
    ],
)
def test_bad_input(folder, more, words):
    result = write(folder, **more)
    assert result["failed"] and not folder.exists()
    for word in words:
        assert word in result["msg"]


def test_old_settings_still_stand_for_themselves(folder):
    """The keys that an installation by hand put into the option settings."""
    result = run_module(
        "cni_conflist",
        path=str(folder / "10-calico.conflist"),
        datastore_type="etcdv3",
        settings={"etcd_endpoints": "http://127.0.0.1:2379"},
    )
    assert result["changed"] and os.listdir(folder) == ["10-calico.conflist"]


def test_certificate_and_key_are_replaced_with_nothing_in_between(folder, monkeypatch):
    """They are two files: who reads them meanwhile must not wait for a disk between one and the other."""
    write(folder)
    calls = []

    def noting(name):
        real = getattr(os, name)

        def noted(*arguments):
            calls.append(name)
            return real(*arguments)

        return noted

    for name in ("rename", "fsync", "fchmod"):
        monkeypatch.setattr(os, name, noting(name))
    write(
        folder,
        etcd_certificate_content=pem("CERTIFICATE", "bmV3"),
        etcd_key_content=KEY + "\n# new",
    )
    first = calls.index("rename")
    assert calls[first : first + 2] == ["rename", "rename"] and calls[:first].count("fsync") == 2
