# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a kubeconfig on a node holds, whoever wrote it (pure)."""

from __future__ import annotations

import base64
import binascii
import json
import re
import typing as t
from dataclasses import dataclass, field, replace

MISSING_FILE = "the file is missing"
# kubectl and Calico write YAML, which a node's Python cannot read: then the first entry of each key counts.
ENTRY = r'(?m)^[ \t-]*"?%s"?[ \t]*:[ \t]*"?([^"\s]+)'
CLUSTER = ("server", "certificate-authority-data")
USER = ("client-certificate-data", "client-key-data", "client-certificate", "token", "tokenFile")


@dataclass(frozen=True)
class Held:
    """PEMs are text, "" where there are none. problem: why the file cannot serve, in words, or None."""

    server: str = ""
    cluster_ca: str = ""
    client_certificate: str = ""
    client_key: str = field(default="", repr=False)
    problem: str | None = None


def held(content: bytes | None) -> Held:
    """The Held of a file's content; None stands for no file."""
    if content is None:
        return Held(problem=MISSING_FILE)
    text = content.decode("utf-8", "replace")
    try:
        cluster, user = _current(json.loads(text))
    except ValueError:
        cluster, user = ({key: _entry(key, text) for key in keys} for keys in (CLUSTER, USER))
    except (AttributeError, IndexError, KeyError, TypeError):
        return Held(problem="it is not a kubeconfig")
    found = Held(
        server=_text(cluster.get("server")),
        cluster_ca=_pem(cluster.get("certificate-authority-data")),
        client_certificate=_pem(user.get("client-certificate-data")),
        client_key=_pem(user.get("client-key-data")),
    )
    return replace(found, problem=_problem(found, user))


def _problem(found: Held, user: dict[str, t.Any]) -> str | None:
    if not found.client_certificate:
        if user.get("token") or user.get("tokenFile"):
            return (
                "it holds a token instead of a client certificate: "
                "Calico's own refresher writes such (CALICO_MANAGE_CNI)"
            )
        if user.get("client-certificate"):
            return "it names a file instead of holding a client certificate"
        return "it holds no client certificate"
    return None if found.client_key else "it holds no private key"


def _current(config: dict[str, t.Any]) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """(cluster, user) of the current context, or of the first one."""
    named = {
        part: {item["name"]: item[part] for item in config.get(part + "s") or []}
        for part in ("context", "cluster", "user")
    }
    context = named["context"].get(config.get("current-context")) or [*named["context"].values()][0]
    cluster, user = (named[part].get(context[part]) or {} for part in ("cluster", "user"))
    if not isinstance(cluster, dict) or not isinstance(user, dict):
        raise TypeError("a cluster or user that is no mapping")
    return cluster, user


def _entry(key: str, text: str) -> str:
    match = re.search(ENTRY % re.escape(key), text)
    return match.group(1) if match else ""


def _pem(data: t.Any) -> str:
    try:
        return base64.b64decode(_text(data)).decode("ascii")
    except (binascii.Error, ValueError):
        return "not base64"


def _text(value: t.Any) -> str:
    return value if isinstance(value, str) else ""
