# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides what the CNI user's kubeconfig holds, whether it must be written, and what to show of it (pure)."""

from __future__ import annotations

import base64
import binascii
import json
from urllib.parse import urlsplit

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._host.attributes import (
    drift,
    require_replaceable,
)
from ansible_collections.hardway.calico.plugins.module_utils._pki.der import certificates
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan, Step


def require_server(url):
    """(host, port, path) of an API server's URL; only https, since the credential is a client certificate."""
    try:
        parts = urlsplit(url or "")
        host, port = parts.hostname, parts.port or 443
    except ValueError as exc:
        raise CalicoError(
            "server is not a URL", expected="https://HOST:PORT", found="%s (%s)" % (url, exc)
        ) from exc
    if parts.scheme != "https" or not host:
        raise CalicoError(
            "server is not an https URL",
            expected="https://HOST:PORT",
            found=url,
            remedy="give the API server's address as nodes reach it",
        )
    return host, port, parts.path.rstrip("/")


def require_credential(certificate, key, user, now):
    """The client certificate as a Certificate, if it is the user's and valid now."""
    leaf = certificates("client_certificate", certificate)[0]
    if "PRIVATE KEY-----" not in key:
        raise CalicoError(
            "client_key holds no private key",
            expected="PEM of a private key",
            found="other text (not shown)",
        )
    if leaf.common_name != user:
        raise CalicoError(
            "client_certificate is another user's",
            expected="common name %s" % user,
            found="common name %s" % leaf.common_name,
            remedy="issue the credential for %s or set the option user" % user,
        )
    if now > leaf.not_after:
        raise CalicoError(
            "client_certificate of %s has expired" % user,
            expected="a certificate valid at %s, this node's clock" % _utc(now),
            found="it ended at %s" % _utc(leaf.not_after),
            remedy="issue a new one (hardway.calico.cni_credential), or correct this node's clock",
        )
    if now < leaf.not_before:
        raise CalicoError(
            "client_certificate of %s is not valid yet" % user,
            expected="a certificate valid at %s, this node's clock" % _utc(now),
            found="it begins at %s" % _utc(leaf.not_before),
            remedy="correct this node's clock: compare `date -u` here and on the control plane",
        )
    return leaf


def kubeconfig(params):
    """The kubeconfig for the module's options."""
    cluster, user, context = params["cluster_name"], params["user"], params["context"]
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": cluster,
                "cluster": {
                    "server": params["server"],
                    "certificate-authority-data": _base64(params["cluster_ca"]),
                },
            }
        ],
        "users": [
            {
                "name": user,
                "user": {
                    "client-certificate-data": _base64(params["client_certificate"]),
                    "client-key-data": _base64(params["client_key"]),
                },
            }
        ],
        "contexts": [{"name": context, "context": {"cluster": cluster, "user": user}}],
        "current-context": context,
    }


def render(wanted):
    return json.dumps(wanted, indent=2, sort_keys=True) + "\n"


def shown(config):
    """What a diff may show of a kubeconfig: names, addresses, fingerprints; never the key, and nothing of unknown text."""
    if not isinstance(config, dict):
        return "not a kubeconfig in JSON; its content is not shown\n"
    try:
        return {
            "current-context": config.get("current-context"),
            "contexts": [
                {"name": item["name"], **item["context"]} for item in config.get("contexts") or []
            ],
            "clusters": [
                {
                    "name": item["name"],
                    "server": item["cluster"].get("server"),
                    "ca": _fingerprint(item["cluster"].get("certificate-authority-data")),
                }
                for item in config.get("clusters") or []
            ],
            "users": [
                {
                    "name": item["name"],
                    "client_certificate": _fingerprint(item["user"].get("client-certificate-data")),
                }
                for item in config.get("users") or []
            ],
        }
    except (AttributeError, KeyError, TypeError):
        return "not a complete kubeconfig; its content is not shown\n"


def decide(path, wanted, content, state, mode, uid, gid):
    """Plan for the file. wanted: dict, or None in check mode when the credential is not issued yet."""
    require_replaceable(path, state)
    after = "the credential will be issued in the run itself\n" if wanted is None else shown(wanted)
    if state.kind == "absent":
        return Plan([Step("create", path, "the file is missing", after=after)])
    current = _parsed(content)
    before = shown(current)
    if state.kind == "link":
        return Plan(
            [Step("replace", path, "it is a symbolic link, not a file", before=before, after=after)]
        )
    if wanted is None:
        return Plan(
            [Step("update", path, "the credential is not issued yet", before=before, after=after)]
        )
    if current != wanted:
        return Plan([Step("update", path, _difference(before, after), before=before, after=after)])
    reason = drift(state, mode, uid, gid)
    if reason:
        return Plan(
            [
                Step(
                    "set attributes",
                    path,
                    reason,
                    before={"mode": "%04o" % state.mode},
                    after={"mode": "%04o" % mode},
                )
            ]
        )
    return Plan()


def _difference(before, after):
    """Why the file is written anew, in words: each part that differs, with its old and new value."""
    if isinstance(before, str):
        return "it is not a kubeconfig in JSON"
    words = {
        "server": "the API server is %s, wanted %s",
        "ca": "the cluster's CA is %s, wanted %s",
        "client_certificate": "the client certificate is %s, wanted %s",
        "name": "the name of the entry in %s is %%s, wanted %%s",
    }
    reasons = []
    for part in ("clusters", "users"):
        old, new = (before.get(part) or [{}])[0], after[part][0]
        for key in sorted(new):
            if old.get(key) != new[key]:
                text = words[key] % part if key == "name" else words[key]
                reasons.append(text % (_short(old.get(key)), _short(new[key])))
    if not reasons and before != after:
        reasons = ["%s differ" % ", ".join(key for key in after if before.get(key) != after[key])]
    return ", ".join(reasons) or "the private key or a setting that is not shown differs"


def _short(value):
    text = str(value)
    return text[:23] if text.startswith("sha256:") else text


def _parsed(content):
    try:
        return json.loads(content or b"")
    except ValueError:
        return None


def _fingerprint(data):
    if not isinstance(data, str):
        return None
    try:
        return (
            "sha256:%s"
            % certificates("the file", base64.b64decode(data).decode("ascii"))[0].fingerprint
        )
    except (CalicoError, binascii.Error, ValueError):
        return "unreadable"


def _base64(text):
    return base64.b64encode(text.encode()).decode()


def _utc(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
