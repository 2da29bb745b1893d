# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a module's options to a KubernetesApi.

Access follows kubernetes.core: options, then K8S_AUTH_* variables, then kubeconfig, then the pod's own account.
"""

from __future__ import annotations

import os
import shutil
import ssl
import tempfile

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.api import KubernetesApi
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.arguments import (
    KUBERNETES_ARGS,
    with_environment,
)

__all__ = ["KUBERNETES_ARGS", "connect", "show_public_parts"]

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


def connect(params):
    """A KubernetesApi for a module's parameters (those of KUBERNETES_ARGS). Sends nothing yet.

    Raises CalicoError: package kubernetes missing, kubeconfig unreadable or unusable.
    """
    try:
        from kubernetes import client, config
        from kubernetes.client.rest import RESTClientObject
        from urllib3._collections import HTTPHeaderDict  # the same place in urllib3 1 and 2
    except ImportError as exc:
        raise CalicoError(
            "The Python package kubernetes cannot be imported",
            expected="kubernetes >= 31 for the Python of the API host",
            found=exc,
            remedy="pip install kubernetes on the API host, or name another one in calico_api_host",
        ) from exc
    options = with_environment(params)
    configuration = client.Configuration()
    folder = tempfile.mkdtemp(
        prefix="hardway-calico-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    )
    try:
        _load(config, configuration, options, folder)
        pool = RESTClientObject(configuration).pool_manager
        _read_certificates_now(pool, configuration)
    finally:
        # The library remembers its temporary files, and would take one that is gone for there at the next connect.
        config.kube_config._cleanup_temp_files()
        shutil.rmtree(folder, ignore_errors=True)
    headers = HTTPHeaderDict(
        {
            setting["key"]: setting["value"]
            for setting in configuration.auth_settings().values()
            if setting["in"] == "header"
        }
    )
    if options.get("impersonate_user"):
        headers["Impersonate-User"] = options["impersonate_user"]
    for group in options.get("impersonate_groups") or []:
        headers.add(
            "Impersonate-Group", group
        )  # one header a group; a comma would be part of the name
    return KubernetesApi(configuration.host, pool, headers)


def show_public_parts(module):
    """Let a module's messages name what is public in its kubeconfig, such as the server.

    The option is no_log as a whole, and Ansible then masks each of its strings, "v1" among them, wherever it stands.
    """
    kubeconfig = module.params.get("kubeconfig")
    secret = set(_strings(kubeconfig, secret=True))
    module.no_log_values -= set(_strings(kubeconfig, secret=False)) - secret


SECRET_KEYS = (
    "client-key-data",
    "client-certificate-data",
    "token",
    "password",
    "auth-provider",
    "exec",
)


def _strings(value, secret, inside=False):
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _strings(item, secret, inside or key in SECRET_KEYS)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item, secret, inside)
    elif isinstance(value, str) and inside == secret:
        yield value


def _load(config, configuration, options, folder):
    kubeconfig, context = options.get("kubeconfig"), options.get("context")
    enough = options.get("host") and (
        options.get("api_key") or (options.get("client_cert") and options.get("client_key"))
    )
    if not enough:
        where = {"context": context, "client_configuration": configuration, "persist_config": False}
        try:
            if isinstance(kubeconfig, dict):
                config.load_kube_config_from_dict(kubeconfig, temp_file_path=folder, **where)
            elif kubeconfig or context or not _load_own_account(config, configuration):
                config.load_kube_config(
                    config_file=kubeconfig or None, temp_file_path=folder, **where
                )
        except (config.ConfigException, OSError, ValueError, TypeError, KeyError) as exc:
            raise CalicoError(
                "There is no access to the Kubernetes API",
                expected="a usable kubeconfig (path or dict), or host with credentials",
                found=exc,
                remedy="set calico_kubeconfig or the option kubeconfig, or K8S_AUTH_KUBECONFIG",
            ) from exc
    for name, attribute in CONFIGURATION.items():
        if options.get(name) is not None:
            setattr(configuration, attribute, options[name])
    if options.get("api_key"):
        configuration.api_key = {"authorization": "Bearer %s" % options["api_key"]}
    configuration.host = configuration.host.rstrip("/")


def _load_own_account(config, configuration):
    try:
        config.load_incluster_config(client_configuration=configuration)
    except config.ConfigException:
        return False
    return True


def _read_certificates_now(pool, configuration):
    """Hand urllib3 a TLS context instead of paths, which it would open at each connection, so that no file has to stay."""
    from urllib3.util.ssl_ import create_urllib3_context

    context = create_urllib3_context(
        cert_reqs=ssl.CERT_REQUIRED if configuration.verify_ssl else ssl.CERT_NONE
    )
    try:
        if configuration.ssl_ca_cert:
            context.load_verify_locations(configuration.ssl_ca_cert)
        else:
            context.load_default_certs()
        if configuration.cert_file:
            # An encrypted key would ask at the terminal: the empty password refuses it instead.
            context.load_cert_chain(configuration.cert_file, configuration.key_file, password="")
    except (OSError, ValueError) as exc:
        raise CalicoError(
            "The certificates for the Kubernetes API cannot be used",
            expected="PEM of a CA, and of a client certificate with its unencrypted key",
            found=exc,
            remedy="correct ca_cert, client_cert and client_key, or the kubeconfig",
        ) from exc
    for name in ("ca_certs", "cert_file", "key_file"):
        pool.connection_pool_kw.pop(name, None)
    pool.connection_pool_kw["ssl_context"] = context
