# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: a kubeconfig as the library kubernetes loads it, but for the certificates and keys within it.

The library makes a temporary file of each field that ends in -data. So these are taken out before it looks, and handed
on in memory; all else (contexts, tokens, exec plugins, auth providers, proxies, relative paths) is the library's work.
"""

from __future__ import annotations

import base64
import copy
import typing as t
from dataclasses import dataclass


@dataclass(frozen=True)
class Inline:
    """PEM of the -data fields of a kubeconfig's cluster and user, decoded; None where they have none."""

    ca_cert: bytes | None = None
    client_cert: bytes | None = None
    client_key: bytes | None = None


def load(kubeconfig: t.Any, context: str | None, configuration: t.Any, folder: str) -> Inline:
    """Fill a kubernetes.client.Configuration from a kubeconfig. Returns what it carries inline.

    kubeconfig: a dict, which stays as it is, path(s), or None for the default ones. folder: a private one where the
    library may put the certificate that an exec plugin gives. Raises what the library raises: ConfigException, OSError,
    ValueError, TypeError and KeyError.
    """
    from kubernetes.config import kube_config

    if isinstance(kubeconfig, dict):
        found = kube_config.ConfigNode("kube-config", copy.deepcopy(kubeconfig))
    else:
        where = kubeconfig or kube_config.KUBE_CONFIG_DEFAULT_LOCATION
        found = kube_config.KubeConfigMerger(where).config
        if found is None:
            raise kube_config.ConfigException("Invalid kube-config file. No configuration found.")
        _name_without_content(found)
    loader = kube_config.KubeConfigLoader(
        found, active_context=context, config_base_path=None, temp_file_path=folder
    )
    ca_cert, client_cert, client_key = _take_inline(found, loader.current_context["context"])
    loader.load_and_set(configuration)
    # Where an exec plugin gave a certificate, the library does not look at the user's.
    return Inline(
        ca_cert=_decoded(ca_cert),
        client_cert=None if configuration.cert_file else _decoded(client_cert),
        client_key=None if configuration.key_file else _decoded(client_key),
    )


def _name_without_content(found: t.Any) -> None:
    """Rename the entries of merged files, which the library names in messages by all they hold, secrets too."""
    for part in ("clusters", "contexts", "users"):
        for node in found.value[part]:
            name = node.value.get("name") if isinstance(node.value, dict) else "?"
            node.name = "%s/%s[name=%s]" % (node.path, part, name)


def _take_inline(found: t.Any, context: dict[str, t.Any]) -> tuple[str | None, ...]:
    """Remove the -data fields of the context's cluster and user from a ConfigNode.

    Returns what they held: the CA's, the client certificate's and the key's.
    """
    cluster = _fields(found["clusters"].get_with_name(context["cluster"]), "cluster")
    if not str(cluster.get("server", "")).startswith("https"):
        return None, None, None  # The library looks at certificates for https alone.
    user: dict[str, t.Any] = {}
    if context.get("user") and found.safe_get("users"):
        user = _fields(found["users"].get_with_name(context["user"], safe=True), "user")
    # A plugin that is told about the cluster must be told its CA too, which is no secret.
    told = isinstance(user.get("exec"), dict) and user["exec"].get("provideClusterInfo")
    return (
        None if told else _take(cluster, "certificate-authority"),
        _take(user, "client-certificate"),
        _take(user, "client-key"),
    )


def _fields(entry: t.Any, key: str) -> dict[str, t.Any]:
    """The dict that the ConfigNode of a named entry wraps; {} for anything else, about which the library complains."""
    held = getattr(entry[key], "value", None) if entry else None
    return held if isinstance(held, dict) else {}


def _take(fields: dict[str, t.Any], name: str) -> str | None:
    if fields.get(name + "-data") is None:
        # The library refuses one that is null, rather than trust whatever else there is.
        return None
    # The data wins over a path beside it, and hides it even where it is empty, as in the library.
    fields.pop(name, None)
    return fields.pop(name + "-data")


def _decoded(encoded: str | None) -> bytes | None:
    # As bytes, of which the decoder skips what is no base64; of text it refuses what is not ASCII.
    data = encoded.encode() if isinstance(encoded, str) else encoded
    return base64.standard_b64decode(data) if data else None
