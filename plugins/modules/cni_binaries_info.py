#!/usr/bin/python
# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cni_binaries_info
short_description: Find out which release of Calico's CNI plugin is on a node
version_added: 1.0.0
author:
  - hardway.calico founders (@hardway)
description:
  - Asks the program itself with C(-v), so that it also knows binaries that something else has put there. It changes
    nothing.
extends_documentation_fragment:
  - hardway.calico.attributes.info
options:
  path:
    description: Calico's CNI plugin.
    type: path
    default: /opt/cni/bin/calico
  timeout:
    description: How long it may take to answer, in seconds.
    type: int
    default: 10
"""

EXAMPLES = r"""
- name: Find out which CNI binaries are on the node
  hardway.calico.cni_binaries_info:
  register: cni_binaries
"""

RETURN = r"""
version:
  description: What the program says; empty if it is not there or says nothing that looks like a version.
  returned: success
  type: str
  sample: v3.31.7
hostname:
  description: What the node calls itself.
  returned: success
  type: str
  sample: cka002
"""

import platform

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardway.calico.plugins.module_utils._cni import defaults
from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries.version import ask
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "default": defaults.BINARIES + "/calico"},
            "timeout": {"type": "int", "default": 10},
        },
        supports_check_mode=True,
    )
    try:
        version = ask(module.params["path"], module.params["timeout"])
    except CalicoError as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(changed=False, version=version, hostname=platform.node())


if __name__ == "__main__":
    main()
