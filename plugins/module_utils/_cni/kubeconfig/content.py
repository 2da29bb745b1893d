# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the CNI user's kubeconfig holds, in JSON, and what may be shown of it (pure)."""

from __future__ import annotations

import base64
import binascii
import json
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._pki.der import certificates

# What differs in a cluster's or a user's entry, in words.
WORDS = {
    "server": "the API server is %s, wanted %s",
    "ca": "the cluster's CA is %s, wanted %s",
    "client_certificate": "the client certificate is %s, wanted %s",
    "name": "the name of the entry in %s is %%s, wanted %%s",
}


def kubeconfig(params: dict[str, t.Any]) -> dict[str, t.Any]:
    """The kubeconfig for the module's options."""
    cluster, user, context = params["cluster_name"], params["user"], params["context"]
    server, ca = params["server"], _base64(params["cluster_ca"])
    certificate, key = _base64(params["client_certificate"]), _base64(params["client_key"])
    credential = {"client-certificate-data": certificate, "client-key-data": key}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": cluster, "cluster": {"server": server, "certificate-authority-data": ca}}
        ],
        "users": [{"name": user, "user": credential}],
        "contexts": [{"name": context, "context": {"cluster": cluster, "user": user}}],
        "current-context": context,
    }


def render(config: dict[str, t.Any]) -> str:
    return json.dumps(config, indent=2, sort_keys=True) + "\n"


def parsed(content: bytes | None) -> t.Any:
    """What a file's content is in JSON; None if it is none."""
    try:
        return json.loads(content or b"")
    except ValueError:
        return None


def shown(config: t.Any) -> t.Any:
    """What a diff may show of a kubeconfig: names, addresses, fingerprints.

    Never the key, and nothing of unknown text.
    """
    if not isinstance(config, dict):
        return "not a kubeconfig in JSON; its content is not shown\n"
    try:
        return {
            "current-context": config.get("current-context"),
            "contexts": [
                {"name": item["name"], **item["context"]} for item in _list(config, "contexts")
            ],
            "clusters": [_shown_cluster(item) for item in _list(config, "clusters")],
            "users": [_shown_user(item) for item in _list(config, "users")],
        }
    except (AttributeError, KeyError, TypeError):
        return "not a complete kubeconfig; its content is not shown\n"


def difference(before: t.Any, after: dict[str, t.Any]) -> str:
    """Why the file is written anew: each part that differs, with its old and new value.

    before, after: as shown() gives them.
    """
    if isinstance(before, str):
        return "it is not a kubeconfig in JSON"
    reasons = []
    for part in ("clusters", "users"):
        old, new = (before.get(part) or [{}])[0], after[part][0]
        for key in sorted(new):
            if old.get(key) != new[key]:
                text = WORDS[key] % part if key == "name" else WORDS[key]
                reasons.append(text % (_short(old.get(key)), _short(new[key])))
    if not reasons and before != after:
        reasons = ["%s differ" % ", ".join(key for key in after if before.get(key) != after[key])]
    return ", ".join(reasons) or "the private key or a setting that is not shown differs"


def _shown_cluster(item: dict[str, t.Any]) -> dict[str, t.Any]:
    cluster = item["cluster"]
    ca = _fingerprint(cluster.get("certificate-authority-data"))
    return {"name": item["name"], "server": cluster.get("server"), "ca": ca}


def _shown_user(item: dict[str, t.Any]) -> dict[str, t.Any]:
    certificate = _fingerprint(item["user"].get("client-certificate-data"))
    return {"name": item["name"], "client_certificate": certificate}


def _list(config: dict[str, t.Any], key: str) -> list[t.Any]:
    return config.get(key) or []


def _short(value: t.Any) -> str:
    text = str(value)
    return text[:23] if text.startswith("sha256:") else text


def _fingerprint(data: t.Any) -> str | None:
    if not isinstance(data, str):
        return None
    try:
        pem = base64.b64decode(data).decode("ascii")
        return "sha256:%s" % certificates("the file", pem)[0].fingerprint
    except (CalicoError, binascii.Error, ValueError):
        return "unreadable"


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
