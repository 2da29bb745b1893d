# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a module's options to a KubernetesApi.

Access follows kubernetes.core: options, then K8S_AUTH_* variables, then kubeconfig, then the pod's own account.
"""

from __future__ import annotations

import dataclasses
import tempfile
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes import kubeconfig, tls
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.api import KubernetesApi
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.arguments import (
    KUBERNETES_ARGS,
    NAMESPACE_ARGS,
    with_environment,
)

__all__ = ["KUBERNETES_ARGS", "NAMESPACE_ARGS", "connect", "show_public_parts"]

# Ours to the attribute of kubernetes.client.Configuration.
CONFIGURATION = {
    "host": "host",
    "validate_certs": "verify_ssl",
    "ca_cert": "ssl_ca_cert",
    "client_cert": "cert_file",
    "client_key": "key_file",
    "proxy": "proxy",
    "no_proxy": "no_proxy",
}
# What the library raises for a file of another form, besides its own exception and YAML's.
NO_KUBECONFIG = (AttributeError, KeyError, OSError, TypeError, ValueError)
SECRET_KEYS = (
    "client-key-data",
    "client-certificate-data",
    "token",
    "password",
    "auth-provider",
    "exec",
)


def connect(params: dict[str, t.Any]) -> KubernetesApi:
    """A KubernetesApi for a module's parameters (those of KUBERNETES_ARGS). Sends nothing yet.

    Raises CalicoError: package kubernetes missing, urllib3 missing or older than 2, kubeconfig unreadable or unusable.
    """
    try:
        from kubernetes import client
        from kubernetes.client.rest import RESTClientObject
    except ImportError as exc:
        what = "kubernetes cannot be imported"
        raise _missing(what, "kubernetes >= 31", "kubernetes", exc) from exc
    try:
        from urllib3 import HTTPHeaderDict
    except ImportError as exc:
        what = "urllib3 is missing or older than 2"
        raise _missing(what, "urllib3 >= 2", "'urllib3>=2'", exc) from exc
    options = with_environment(params)
    configuration: t.Any = client.Configuration()
    # Exec plugins that give a certificate have it written there by the library, and it is read before the folder goes.
    with tempfile.TemporaryDirectory(
        prefix="hardway-calico-", dir=tls.folder_in_memory()
    ) as folder:
        inline = _load(configuration, options, folder)
        pool = RESTClientObject(configuration).pool_manager
        context = tls.context(
            configuration.verify_ssl,
            configuration.ssl_ca_cert if inline.ca_cert is None else inline.ca_cert,
            configuration.cert_file if inline.client_cert is None else inline.client_cert,
            configuration.key_file if inline.client_key is None else inline.client_key,
        )
    for name in ("ca_certs", "cert_file", "key_file"):
        pool.connection_pool_kw.pop(name, None)
    pool.connection_pool_kw["ssl_context"] = context
    headers = HTTPHeaderDict(_credentials(configuration))
    if options.get("impersonate_user"):
        headers["Impersonate-User"] = options["impersonate_user"]
    for group in options.get("impersonate_groups") or []:
        # One header a group: a comma would be part of the name.
        headers.add("Impersonate-Group", group)
    return KubernetesApi(configuration.host, pool, headers)


def show_public_parts(module: t.Any) -> None:
    """Let an AnsibleModule's messages name what is public in its kubeconfig, such as the server.

    The option is no_log as a whole, and Ansible then masks each of its strings, "v1" among them, wherever it stands.
    """
    given = module.params.get("kubeconfig")
    secret = set(_strings(given, secret=True))
    module.no_log_values -= set(_strings(given, secret=False)) - secret


def _strings(value: t.Any, secret: bool, inside: bool = False) -> t.Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _strings(item, secret, inside or key in SECRET_KEYS)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item, secret, inside)
    elif isinstance(value, str) and inside == secret:
        yield value


def _missing(what: str, needed: str, install: str, exc: ImportError) -> CalicoError:
    return CalicoError(
        "The Python package %s" % what,
        expected="%s for the Python of the API host" % needed,
        found=exc,
        remedy="pip install %s on the API host, or name another one in calico_api_host" % install,
    )


def _credentials(configuration: t.Any) -> dict[str, str]:
    """The headers that a token, or a user name and password, become."""
    return {
        setting["key"]: setting["value"]
        for setting in configuration.auth_settings().values()
        if setting["in"] == "header"
    }


def _load(configuration: t.Any, options: dict[str, t.Any], folder: str) -> kubeconfig.Inline:
    """Fill the library's configuration from kubeconfig and options.

    Returns what the kubeconfig carries inline, without what an option replaces, an empty one too.
    """
    inline = kubeconfig.Inline()
    if not _is_enough(options):
        inline = _load_kubeconfig(configuration, options, folder)
    for name, attribute in CONFIGURATION.items():
        if options.get(name) is not None:
            setattr(configuration, attribute, options[name])
    if options.get("api_key"):
        configuration.api_key = {"authorization": "Bearer %s" % options["api_key"]}
    configuration.host = configuration.host.rstrip("/")
    inlined = [field.name for field in dataclasses.fields(inline)]
    given = [name for name in inlined if options.get(name) is not None]
    return dataclasses.replace(inline, **dict.fromkeys(given))


def _is_enough(options: dict[str, t.Any]) -> bool:
    """Whether the options alone give access, so that no kubeconfig is needed."""
    certificate = options.get("client_cert") and options.get("client_key")
    return bool(options.get("host") and (options.get("api_key") or certificate))


def _load_kubeconfig(
    configuration: t.Any, options: dict[str, t.Any], folder: str
) -> kubeconfig.Inline:
    import yaml
    from kubernetes import config

    given, context = options.get("kubeconfig"), options.get("context")
    try:
        # An empty dict is a kubeconfig too, and an unusable one.
        chosen = isinstance(given, dict) or given or context
        if not chosen and _load_own_account(configuration):
            return kubeconfig.Inline()
        return kubeconfig.load(given, context, configuration, folder)
    except (config.ConfigException, *NO_KUBECONFIG, yaml.YAMLError) as exc:
        raise CalicoError(
            "There is no access to the Kubernetes API",
            expected="a usable kubeconfig (path or dict), or host with credentials",
            found=exc,
            remedy="set calico_kubeconfig or the option kubeconfig, or K8S_AUTH_KUBECONFIG",
        ) from exc


def _load_own_account(configuration: t.Any) -> bool:
    """Whether this runs in a pod, whose ServiceAccount then is used."""
    from kubernetes import config

    try:
        config.load_incluster_config(client_configuration=configuration)
    except config.ConfigException:
        return False
    return True
