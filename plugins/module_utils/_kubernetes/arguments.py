# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of access to the Kubernetes API: names and variables of kubernetes.core.

Documented in doc_fragments/kubernetes.py; a test holds the two equal.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.paths import KUBE_SYSTEM

KUBERNETES_ARGS: dict[str, dict[str, t.Any]] = {
    "kubeconfig": {"type": "raw", "no_log": True},
    "context": {"type": "str"},
    "host": {"type": "str"},
    "api_key": {"type": "str", "no_log": True},
    "validate_certs": {"type": "bool", "aliases": ["verify_ssl"]},
    "ca_cert": {"type": "path", "aliases": ["ssl_ca_cert"]},
    "client_cert": {"type": "path", "aliases": ["cert_file"]},
    "client_key": {"type": "path", "aliases": ["key_file"], "no_log": False},
    "proxy": {"type": "str"},
    "no_proxy": {"type": "str"},
    "impersonate_user": {"type": "str"},
    "impersonate_groups": {"type": "list", "elements": "str"},
}
# The option of modules that work in Calico's namespace.
NAMESPACE_ARGS: dict[str, dict[str, t.Any]] = {
    "namespace": {"type": "str", "default": KUBE_SYSTEM},
}


def with_environment(params: dict[str, t.Any]) -> dict[str, t.Any]:
    """The options, with K8S_AUTH_* variables for those that are not set, as kubernetes.core does."""
    options = {}
    for name, spec in KUBERNETES_ARGS.items():
        value = params.get(name)
        for alias in [name, *spec.get("aliases", [])]:
            text = os.environ.get("K8S_AUTH_%s" % alias.upper())
            if value is None and text:
                value = _typed(text, spec["type"])
        options[name] = value
    return options


def _typed(text: str, kind: str) -> t.Any:
    if kind == "bool":
        return text.lower() not in ("0", "false", "no")
    if kind == "list":
        return [item for item in text.split(",") if item]
    return text
