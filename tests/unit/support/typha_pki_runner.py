# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of typha_pki against a recorded API, and the material that they leave, judged by openssl."""

from __future__ import annotations

import base64
import json

import openssl_oracle as oracle
import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.hardway.calico.plugins.modules import typha_pki

SECRETS, CONFIGMAPS = (
    "/api/v1/namespaces/kube-system/secrets",
    "/api/v1/namespaces/kube-system/configmaps",
)
BUNDLE, CA_KEY = CONFIGMAPS + "/calico-typha-ca", SECRETS + "/calico-typha-ca-key"
SERVER, CLIENT = SECRETS + "/calico-typha-certs", SECRETS + "/calico-node-certs"
TYPHA, NODE = (
    "/apis/apps/v1/namespaces/kube-system/deployments/calico-typha",
    "/apis/apps/v1/namespaces/kube-system/daemonsets/calico-node",
)


class Runner:
    """Runs the module; a result carries its warnings as "warned". No result may hold a key."""

    def __init__(self, capsys, monkeypatch, module=typha_pki):
        self.capsys, self.monkeypatch, self.module = capsys, monkeypatch, module

    def __call__(self, api, check=False, **options):
        warned = []
        with self.monkeypatch.context() as patch:
            patch.setattr(self.module, "connect", lambda params: api)
            patch.setattr(
                self.module.AnsibleModule, "warn", lambda module, text: warned.append(text)
            )
            with (
                patch_module_args({**options, "_ansible_check_mode": check, "_ansible_diff": True}),
                pytest.raises(SystemExit),
            ):
                self.module.main()
        out = self.capsys.readouterr().out
        assert "PRIVATE KEY" not in out
        for path, body in api.objects.items():
            for name, value in (body.get("data") or {}).items():
                assert not name.endswith(".key") or len(value) < 100 or value[60:100] not in out, (
                    path
                )
        return {**json.loads(out), "warned": warned}


def pem(api, path, key):
    value = api.objects[path]["data"][key]
    return value if "configmaps" in path else base64.b64decode(value).decode()


def put(api, path, **pems):
    for key, value in pems.items():
        api.objects[path]["data"][key] = (
            value if "configmaps" in path else base64.b64encode(value.encode()).decode()
        )


def material(api):
    return {
        "bundle": pem(api, BUNDLE, "typhaca.crt"),
        "server": pem(api, SERVER, "typha.crt"),
        "server_key": pem(api, SERVER, "typha.key"),
        "client": pem(api, CLIENT, "calico-node.crt"),
        "client_key": pem(api, CLIENT, "calico-node.key"),
    }


def require_sound(api):
    made = material(api)
    oracle.verify(made["server"], made["bundle"], "sslserver")
    oracle.verify(made["client"], made["bundle"], "sslclient")
    assert oracle.public_key(certificate=made["server"]) == oracle.public_key(
        key=made["server_key"]
    )
    assert oracle.public_key(certificate=made["client"]) == oracle.public_key(
        key=made["client_key"]
    )
    assert "Subject: CN=calico-typha\n" in oracle.text(
        made["server"]
    ) and "Subject: CN=calico-node\n" in oracle.text(made["client"])


def done(result):
    assert "failed" not in result, result.get("msg")
    return [(action["action"], action["target"]) for action in result["actions"]]
