#!/usr/bin/python
# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: typha_pki_info
short_description: Read what Typha and calico/node mount as certificates
version_added: 1.0.0
author:
  - hardway.calico founders (@hardway)
description:
  - Returns the leaves of Typha and calico/node and the hashes that their pod templates carry. It needs neither
    the CA's key nor a Secret with it, and changes nothing; M(hardway.calico.typha_pki) does.
extends_documentation_fragment:
  - hardway.calico.kubernetes
  - hardway.calico.attributes.info
requirements:
  - cryptography >= 42.0.0
options:
  namespace:
    description: The namespace of the objects.
    type: str
    default: kube-system
  ca_configmap:
    description: The ConfigMap with the trusted CA certificates under C(typhaca.crt).
    type: str
    default: calico-typha-ca
  server_secret:
    description: The Secret with Typha's certificate and key under C(typha.crt) and C(typha.key).
    type: str
    default: calico-typha-certs
  client_secret:
    description: The Secret with calico/node's certificate and key under C(calico-node.crt) and C(calico-node.key).
    type: str
    default: calico-node-certs
"""

EXAMPLES = r"""
- name: Read the certificates
  hardway.calico.typha_pki_info:
  register: pki

- name: Require calico/node's
  ansible.builtin.assert:
    that: pki.client_hash | length > 0
"""

RETURN = r"""
certificates:
  description: The leaves that can be read, by C(server) and C(client).
  returned: success
  type: dict
  sample:
    server: {subject: CN=calico-typha, issuer: CN=Calico Typha CA, fingerprint: 3f2a, not_after: "2027-11-21T00:00:00Z"}
server_hash:
  description: As of M(hardway.calico.typha_pki).
  returned: success
  type: str
  sample: 9b2d5a6f01c3e4d7-3f2a90b1c2d3e4f5
client_hash:
  description: As of M(hardway.calico.typha_pki).
  returned: success
  type: str
  sample: 9b2d5a6f01c3e4d7-77aa90b1c2d3e4f5
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.access import (
    KUBERNETES_ARGS,
    NAMESPACE_ARGS,
    connect,
    show_public_parts,
)
from ansible_collections.hardway.calico.plugins.module_utils._pki import x509
from ansible_collections.hardway.calico.plugins.module_utils._typha.objects import (
    CA_CONFIGMAP,
    LEAF_PLACES,
    name_args,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.read import read, state_of
from ansible_collections.hardway.calico.plugins.module_utils._typha.report import material_of
from ansible_collections.hardway.calico.plugins.module_utils._typha.store import TyphaPkiStore

# Not the CA's Secret: who asks for hashes needs no right to read its key.
READ = (CA_CONFIGMAP, *(place.option for place in LEAF_PLACES.values()))


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **KUBERNETES_ARGS,
            **name_args(*READ),
            **NAMESPACE_ARGS,
        },
        supports_check_mode=True,
    )
    show_public_parts(module)
    params = module.params
    try:
        x509.require()
        names = {option: params[option] for option in READ}
        material = read(TyphaPkiStore(connect(params), params["namespace"], names))
    except CalicoError as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(changed=False, **material_of(state_of(material)))


if __name__ == "__main__":
    main()
