#!/usr/bin/python
# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cni_credential_info
short_description: Tell who holds a credential of Calico's CNI plugin
version_added: 1.0.0
author:
  - hardway.calico founders (@hardway)
description:
  - Looks at the Secrets that M(hardway.calico.cni_credential) keeps and returns whose they are, such as for RBAC,
    which has to know every user that holds a credential.
  - It judges no certificate, returns none and changes nothing. What a credential is worth
    M(hardway.calico.calico_certificate_info) tells.
extends_documentation_fragment:
  - hardway.calico.kubernetes
  - hardway.calico.attributes.info
options:
  user:
    description: The user of the credential for all nodes; a node's is C(USER:NODE).
    type: str
    default: calico-cni
  namespace:
    description: The namespace of the Secrets.
    type: str
    default: kube-system
  secret:
    description: The Secret of the credential for all nodes; a node's is found by the label that names this one.
    type: str
    default: calico-cni-credential
seealso:
  - module: hardway.calico.cni_credential
  - module: hardway.calico.calico_certificate_info
"""

EXAMPLES = r"""
- name: Find out who holds a credential
  hardway.calico.cni_credential_info:
  register: held

- name: Show the users that RBAC has to know
  ansible.builtin.debug:
    msg: "{{ held.users | join(', ') or 'nobody' }}"
"""

RETURN = r"""
users:
  description: The users with a stored credential.
  returned: success
  type: list
  elements: str
  sample: [calico-cni]
shared:
  description: Whether the credential for all nodes is stored.
  returned: success
  type: bool
  sample: true
stored_nodes:
  description: The nodes with a stored credential of their own.
  returned: success
  type: list
  elements: str
  sample: []
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardway.calico.plugins.module_utils._cni import defaults
from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.holder import holder
from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.report import (
    holders_result,
)
from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.store import (
    CredentialStore,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.access import (
    KUBERNETES_ARGS,
    NAMESPACE_ARGS,
    connect,
    show_public_parts,
)


def run(params: dict[str, t.Any]) -> dict[str, t.Any]:
    everybody = holder(params)
    store = CredentialStore(connect(params), params["namespace"], everybody.user, everybody.secret)
    store.read()
    return {"changed": False, **holders_result(store.stored)}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **KUBERNETES_ARGS,
            "user": {"type": "str", "default": defaults.USER},
            **NAMESPACE_ARGS,
            "secret": {"type": "str", "default": defaults.SECRET, "no_log": False},
        },
        supports_check_mode=True,
    )
    show_public_parts(module)
    try:
        result = run(module.params)
    except CalicoError as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
