# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests of access share: none of this machine's own, and a small PKI."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def no_access_of_ones_own(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith(("K8S_AUTH_", "KUBE"))]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(
        "kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "none")
    )


@pytest.fixture(name="authority", scope="module")
def authority_fixture(tmp_path_factory):
    from node_side import Authority  # tests/unit/conftest.py has made it importable by now

    return Authority(tmp_path_factory.mktemp("authority"), "test CA")


@pytest.fixture(name="pki", scope="module")
def pki_fixture(authority):
    folder, found = authority.folder, {}
    for name, usage, names in (
        ("server", "serverAuth", "IP:127.0.0.1"),
        ("client", "clientAuth", ""),
    ):
        certificate, key = authority.issue(name, usage, names)
        (folder / (name + ".crt")).write_text(certificate)
        (folder / (name + ".key")).write_text(key)
        found[name] = (str(folder / (name + ".crt")), str(folder / (name + ".key")))
    return {**found, "ca": str(folder / "ca.crt")}
