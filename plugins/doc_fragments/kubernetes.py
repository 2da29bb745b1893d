# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - The kubeconfig, as a path on the host that runs the module or as a dict.
      - E(K8S_AUTH_KUBECONFIG) where it is not given; then the default kubeconfig or the pod's own account.
    type: raw
  context:
    description: The context of the kubeconfig. E(K8S_AUTH_CONTEXT) where it is not given.
    type: str
  host:
    description: URL of the API server. E(K8S_AUTH_HOST) where it is not given.
    type: str
  api_key:
    description: Bearer token. E(K8S_AUTH_API_KEY) where it is not given.
    type: str
  validate_certs:
    description: Whether the API server's certificate is verified. E(K8S_AUTH_VERIFY_SSL) where it is not given.
    type: bool
    aliases: [verify_ssl]
  ca_cert:
    description: Path of the CA that signed the API server's certificate. E(K8S_AUTH_SSL_CA_CERT) where it is not given.
    type: path
    aliases: [ssl_ca_cert]
  client_cert:
    description: Path of a client certificate. E(K8S_AUTH_CERT_FILE) where it is not given.
    type: path
    aliases: [cert_file]
  client_key:
    description: Path of the client certificate's key. E(K8S_AUTH_KEY_FILE) where it is not given.
    type: path
    aliases: [key_file]
  proxy:
    description: URL of a proxy. E(K8S_AUTH_PROXY) where it is not given.
    type: str
  no_proxy:
    description: Hosts that are reached without the proxy, separated by commas. E(K8S_AUTH_NO_PROXY) where it is not
      given.
    type: str
  impersonate_user:
    description: User to act as. E(K8S_AUTH_IMPERSONATE_USER) where it is not given.
    type: str
  impersonate_groups:
    description: Groups to act as. E(K8S_AUTH_IMPERSONATE_GROUPS), separated by commas, where it is not given.
    type: list
    elements: str
requirements:
  - kubernetes >= 31.0.0
  - urllib3 >= 2
attributes:
  action_group:
    description: Use C(group/hardway.calico.kubernetes) in C(module_defaults) to set the options of access once.
    support: full
    membership:
      - hardway.calico.kubernetes
"""
