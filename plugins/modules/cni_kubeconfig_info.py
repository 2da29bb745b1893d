#!/usr/bin/python
# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cni_kubeconfig_info
short_description: Tell which credential a node's CNI plugin really holds
version_added: 1.0.0
author:
  - hardway.calico founders (@hardway)
description:
  - Reads the kubeconfig of Calico's CNI plugin on a node and returns what is public in it, whoever wrote it.
  - It asks no server and needs nothing but Python's standard library. The private key is tried against its
    certificate and is not returned.
  - A file that is missing or cannot serve is no failure but is named in RV(problem), so that
    M(hardway.calico.calico_certificate_info) can report it beside all other certificates.
extends_documentation_fragment:
  - hardway.calico.attributes.info
options:
  path:
    description: The file.
    type: path
    default: /etc/cni/net.d/calico-kubeconfig
notes:
  - Of a kubeconfig in YAML, the first server, CA and client certificate count.
seealso:
  - module: hardway.calico.cni_kubeconfig
  - module: hardway.calico.calico_certificate_info
"""

EXAMPLES = r"""
- name: Look at the CNI user's kubeconfig
  hardway.calico.cni_kubeconfig_info:
  register: held

- name: Show when its certificate ends
  ansible.builtin.debug:
    msg: "{{ held.user }} at {{ held.server }} until {{ held.not_after }}"
"""

RETURN = r"""
path:
  description: The file.
  returned: success
  type: str
  sample: /etc/cni/net.d/calico-kubeconfig
problem:
  description: Why the file cannot serve; empty if it can, as far as a look at it tells.
  returned: success
  type: str
  sample: the file is missing
server:
  description: URL of the API server; empty if there is none.
  returned: success
  type: str
  sample: https://10.0.0.11:6443
cluster_ca:
  description: PEM of the CAs of the API server; empty if there is none.
  returned: success
  type: str
  sample: "-----BEGIN CERTIFICATE-----"
client_certificate:
  description: PEM of the client certificate; empty if there is none.
  returned: success
  type: str
  sample: "-----BEGIN CERTIFICATE-----"
user:
  description: The common name of the client certificate; none if it cannot be read.
  returned: success
  type: str
  sample: calico-cni
not_after:
  description: When the client certificate ends, in UTC; none if it cannot be read.
  returned: success
  type: str
  sample: '2027-11-21T03:00:00Z'
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardway.calico.plugins.module_utils._cni import defaults
from ansible_collections.hardway.calico.plugins.module_utils._cni.kubeconfig.read import read
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._host.attributes import absolute_path
from ansible_collections.hardway.calico.plugins.module_utils._pki.times import in_result


def run(path: str) -> dict[str, t.Any]:
    found, leaf = read(path)
    return {
        "changed": False,
        "path": path,
        "problem": found.problem or "",
        "server": found.server,
        "cluster_ca": found.cluster_ca,
        "client_certificate": found.client_certificate,
        "user": leaf and leaf.common_name,
        "not_after": leaf and in_result(leaf.not_after),
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={"path": {"type": "path", "default": defaults.KUBECONFIG}},
        supports_check_mode=True,
    )
    try:
        result = run(absolute_path("path", module.params["path"]))
    except CalicoError as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
