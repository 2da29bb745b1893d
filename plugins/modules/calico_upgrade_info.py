#!/usr/bin/python
# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: calico_upgrade_info
short_description: Find out what runs of Calico and what an upgrade would do
version_added: 1.0.0
author:
  - hardway.calico founders (@hardway)
description:
  - Reads the images of calico/node, Typha and kube-controllers, ClusterInformation and, from O(hosts), the releases of
    the CNI binaries.
  - Fails for a jump that is impossible, with the reason, such as a downgrade, a release that the version table does
    not know or a Calico with etcd. Minors may be skipped on the way up.
  - It changes nothing.
extends_documentation_fragment:
  - hardway.calico.kubernetes
  - hardway.calico.attributes.info
options:
  calico_version:
    description: The wanted release, for example V(v3.32.1), or a minor for the newest patch that the collection knows.
    type: str
    required: true
  hosts:
    description:
      - What M(hardway.calico.cni_binaries_info) returned on each host, by the host's name in the inventory. Of each,
        C(version) and C(hostname) are used. A host is the node of its name, or else of its host name.
    type: dict
    default: {}
  node_image:
    description: The wanted image of calico/node; the release's if empty.
    type: str
    default: ""
  typha_image:
    description: The wanted image of Typha; the release's if empty.
    type: str
    default: ""
  kube_controllers_image:
    description: The wanted image of kube-controllers; the release's if empty.
    type: str
    default: ""
  kube_controllers:
    description: Whether kube-controllers are part of it. Where there are none, it counts as something to do.
    type: bool
    default: true
  from_version:
    description: The release that runs, where neither the images' tags nor ClusterInformation tell.
    type: str
    default: ""
  back:
    description: Whether O(calico_version) may be an older one that still runs beside a newer one, in an upgrade that
      was not finished.
    type: bool
    default: false
  namespace:
    description: The namespace of Calico.
    type: str
    default: kube-system
"""

EXAMPLES = r"""
- name: Find out what an upgrade would do
  hardway.calico.calico_upgrade_info:
    calico_version: v3.32.1
  register: upgrade

- name: Show it
  ansible.builtin.debug:
    var: upgrade.lines
"""

RETURN = r"""
version:
  description: The wanted release with its patch.
  returned: success
  type: str
  sample: v3.32.1
installed:
  description: The release that the DaemonSet names.
  returned: success
  type: str
  sample: v3.31.7
former:
  description: The releases other than the wanted one that still run or are on a disk, oldest first. Their rights must
    stay until they are gone.
  returned: success
  type: list
  elements: str
  sample: [v3.31.7]
back:
  description: Whether it is the way back of an upgrade that was not finished. Then CRDs must not be replaced by older
    ones.
  returned: success
  type: bool
  sample: false
remaining:
  description:
    - The stages with something to do, in their order, namely C(typha), C(nodes), C(binaries), C(kube_controllers) and
      C(finish) (the DaemonSet's update strategy). On the way back C(kube_controllers) is first.
    - Empty if all is of the wanted release.
  returned: success
  type: list
  elements: str
  sample: [typha, nodes, binaries, kube_controllers]
template_changes:
  description: Whether the image in the template of calico/node is another one.
  returned: success
  type: bool
  sample: true
not_ready:
  description: Nodes that are not Ready, so that an upgrade does not wait for calico/node there. Empty if no node is
    Ready.
  returned: success
  type: list
  elements: str
  sample: [cka003]
lines:
  description: What would happen, Typha first, then node by node, then kube-controllers, which are first on the way
    back.
  returned: success
  type: list
  elements: str
  sample: ["calico-typha: v3.31.7 -> v3.32.1", "cka002: calico-node v3.31.7 -> v3.32.1, binaries v3.31.7 -> v3.32.1"]
notes:
  description: What is worth knowing about this jump.
  returned: success
  type: list
  elements: str
  sample: ["2 minors are skipped, which Calico supports"]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.access import (
    KUBERNETES_ARGS,
    NAMESPACE_ARGS,
    connect,
    show_public_parts,
)
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.api import KubernetesApi
from ansible_collections.hardway.calico.plugins.module_utils._release.table import release
from ansible_collections.hardway.calico.plugins.module_utils._upgrade.decide import (
    decide,
    wanted_images,
)
from ansible_collections.hardway.calico.plugins.module_utils._upgrade.found import understand
from ansible_collections.hardway.calico.plugins.module_utils._upgrade.read import read


def run(params: dict[str, t.Any], api: KubernetesApi) -> dict[str, t.Any]:
    about = release(params["calico_version"])
    images = wanted_images(
        about,
        params["node_image"],
        params["typha_image"],
        params["kube_controllers_image"],
        params["kube_controllers"],
    )
    seen = read(api, params["namespace"], params["kube_controllers"])
    found = understand(seen, params["hosts"])
    return decide(about["version"], images, found, params["back"], params["from_version"])


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **KUBERNETES_ARGS,
            "calico_version": {"type": "str", "required": True},
            "hosts": {"type": "dict", "default": {}},
            "node_image": {"type": "str", "default": ""},
            "typha_image": {"type": "str", "default": ""},
            "kube_controllers_image": {"type": "str", "default": ""},
            "kube_controllers": {"type": "bool", "default": True},
            "from_version": {"type": "str", "default": ""},
            "back": {"type": "bool", "default": False},
            **NAMESPACE_ARGS,
        },
        supports_check_mode=True,
    )
    show_public_parts(module)
    try:
        result = run(module.params, connect(module.params))
    except CalicoError as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
