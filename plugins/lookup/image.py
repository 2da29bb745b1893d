# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: image
short_description: Which images Calico's workloads run
version_added: 1.0.0
author:
  - hardway.calico founders (@hardway)
description:
  - Returns the image of each component, C(registry/path/prefixname:release@digest), as the roles write it into pods.
  - O(registry), O(path) and O(prefix) are the Tigera operator's C(registry), C(imagePath) and C(imagePrefix), whose
    V(UseDefault) is accepted as well. But with a registry and no path, the operator adds C(calico), and this does not.
  - What is malformed is refused, and so is an option that is not listed here. No registry is asked.
options:
  _terms:
    description: The components.
    type: list
    elements: str
    choices: [cni, kube_controllers, node, typha]
    required: true
  version:
    description: The release, as V(v3.32.1), V(3.32.1) or V(3.32). A minor means the newest patch that the version
      table lists.
    type: str
    required: true
  registry:
    description: Registry in place of upstream's, with a port and a path if need be; V(registry.example.com:5000/calico)
      for example.
    type: str
    default: ""
  path:
    description: Path below the registry, in place of upstream's.
    type: str
    default: ""
  prefix:
    description: What the name of each image begins with.
    type: str
    default: ""
  digests:
    description:
      - Digests by release and component. Each image then has its tag and its digest; a container runtime pulls by the
        digest.
      - If there are any, each image that is asked for must have one, as with the operator's ImageSet.
    type: raw
    default: {}
  images:
    description: Whole references by component. What is given here and not empty is returned as it is.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Show the images of calico/node and Typha in a private registry
  ansible.builtin.debug:
    msg: "{{ query('hardway.calico.image', 'node', 'typha', version='v3.32.1', registry='registry.example.com:5000',
                   path='mirror', prefix='calico-') }}"

- name: Show an image with its digest
  ansible.builtin.debug:
    msg: "{{ lookup('hardway.calico.image', 'typha', version='v3.32.1', digests=digests) }}"
  vars:
    digests:
      v3.32.1:
        typha: sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
"""

RETURN = r"""
_list:
  description: An image reference for each component.
  type: list
  elements: str
  sample: ["registry.example.com/calico/node:v3.32.1", "registry.example.com/calico/typha:v3.32.1"]
"""

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._release.images import image, source_of


class LookupModule(LookupBase):
    def run(
        self, terms: list[str], variables: dict[str, t.Any] | None = None, **kwargs: t.Any
    ) -> list[str]:
        self._require_known(set(kwargs))
        self.set_options(var_options=variables, direct=kwargs)
        parts = (self.get_option(name) for name in ("registry", "path", "prefix", "digests"))
        version, wholes = self.get_option("version"), self.get_option("images")
        try:
            source = source_of(*parts)
            return [image(term, version, source, wholes.get(term) or "") for term in terms]
        except CalicoError as exc:
            raise AnsibleLookupError(str(exc)) from exc

    def _require_known(self, given: set[str]) -> None:
        """Raises AnsibleLookupError. Ansible takes an option without a definition and drops it."""
        known = set(self.option_definitions) - {"_terms"}
        if not given <= known:
            unknown = sorted(given - known)
            problem = CalicoError(
                "The lookup hardway.calico.image has no options %s" % ", ".join(unknown),
                expected=", ".join(sorted(known)),
                found=", ".join(sorted(given)),
                remedy="correct the option's name",
            )
            raise AnsibleLookupError(str(problem))
