#!/usr/bin/python
# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: calico_release
short_description: Get and verify a Calico release
version_added: 1.0.0
author:
  - hardway.calico founders (@hardway)
description:
  - Reads a release's C(crds.yaml) and checksums from upstream, a mirror or a directory, and verifies them by SHA-256.
  - Returns the CRDs as objects, and for the binaries the URLs and digests with which nodes fetch and verify them.
  - Runs on the API host. It keeps what it has verified in C(${XDG_CACHE_HOME:-~/.cache}/hardway-calico/releases), in
    folders of mode 0700, except in check mode; upstream is asked once for a release.
  - A mirror holds C(VERSION/SHA256SUMS), C(VERSION/crds.yaml), C(VERSION/release-VERSION.tgz),
    C(VERSION/calicoctl-linux-ARCH) and C(cni-plugins/VERSION/cni-plugins-linux-ARCH-VERSION.tgz) with a C(.sha256)
    beside it.
extends_documentation_fragment:
  - hardway.calico.attributes.info
options:
  version:
    description: The release, for example V(v3.32.1), or a minor for the newest patch that the collection knows.
    type: str
    required: true
  mirror:
    description: Base URL (V(https), V(http) or V(file)) or absolute directory of a mirror; upstream if empty.
    type: str
    default: ""
  differs_from_upstream:
    description: What to do about files of a mirror whose digests the version table knows to be others at upstream.
    type: str
    choices: [warn, fail, ignore]
    default: warn
  crds_source:
    description: URL or absolute path of C(crds.yaml), if it is not where the rest of the release is.
    type: str
    default: ""
  crds_sha256:
    description: SHA-256 of C(crds.yaml). It is needed for a patch release that neither the version table nor the
      mirror lists.
    type: str
    default: ""
  cni_plugins_version:
    description: The release of the reference CNI plugins.
    type: str
    default: v1.9.1
  architectures:
    description:
      - The nodes' architectures in Go's naming. Digests for all of them must be found.
      - If empty, digests are returned for those that the source has.
    type: list
    elements: str
    default: []
  cni_bin_dir:
    description: The nodes' folder for CNI plugins.
    type: path
    default: /opt/cni/bin
  calicoctl_path:
    description: Where calicoctl goes.
    type: path
    default: /usr/local/bin/calicoctl
  timeout:
    description: How long a server may be silent, in seconds.
    type: int
    default: 30
"""

EXAMPLES = r"""
- name: Get the release from upstream
  hardway.calico.calico_release:
    version: v3.32.1
  register: release

- name: Get the release from a mirror, and nothing that is not upstream's
  hardway.calico.calico_release:
    version: v3.32.1
    mirror: https://mirror.example.com/calico
    differs_from_upstream: fail
  register: release

- name: Install the CNI binaries
  hardway.calico.cni_binaries:
    sources: "{{ release.cni_sources }}"
"""

RETURN = r"""
version:
  description: The release.
  returned: success
  type: str
  sample: v3.32.1
crds:
  description:
    - The release's CustomResourceDefinitions, by name, without what the API server does not give back as it was
      (C(status), C(preserveUnknownFields)).
  returned: success
  type: list
  elements: dict
  sample: [{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition,
    metadata: {name: ippools.crd.projectcalico.org}}]
crds_url:
  description: Where C(crds.yaml) comes from.
  returned: success
  type: str
  sample: https://raw.githubusercontent.com/projectcalico/calico/v3.32.1/manifests/crds.yaml
crds_sha256:
  description: The digest that C(crds.yaml) was verified against.
  returned: success
  type: str
  sample: ec6d7ac63999ff5df68aa02dcb37063496306de16df04f5f26a4588819e707ec
checksums_url:
  description: Where the release's SHA256SUMS comes from.
  returned: success
  type: str
  sample: https://github.com/projectcalico/calico/releases/download/v3.32.1/SHA256SUMS
cni_plugins_version:
  description: The release of the reference CNI plugins.
  returned: success
  type: str
  sample: v1.9.1
cni_sources:
  description:
    - What goes into the CNI folder, as the option O(hardway.calico.cni_binaries#module:sources) takes it. C({arch})
      in URLs and members stands for the node's architecture. A mirror that is a directory gives paths.
  returned: success
  type: list
  elements: dict
  sample:
    - name: calico
      url: https://github.com/projectcalico/calico/releases/download/v3.32.1/release-v3.32.1.tgz
      sha256: 0000000000000000000000000000000000000000000000000000000000000000
      archive: tgz
      members:
        - member: release-v3.32.1/bin/cni/{arch}/calico
          dest: /opt/cni/bin/calico
          mode: "0755"
calicoctl_sources:
  description: What installs calicoctl, in the same form; C(sha256) is by architecture.
  returned: success
  type: list
  elements: dict
  sample: []
sources:
  description: RV(cni_sources) and RV(calicoctl_sources) together.
  returned: success
  type: list
  elements: dict
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardway.calico.plugins.module_utils._cni import defaults
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._release.cache import Cache
from ansible_collections.hardway.calico.plugins.module_utils._release.decide import decide
from ansible_collections.hardway.calico.plugins.module_utils._release.read import read
from ansible_collections.hardway.calico.plugins.module_utils._release.table import (
    DEFAULT_CNI_PLUGINS,
    release,
)
from ansible_collections.hardway.calico.plugins.module_utils._release.wanted import (
    passwords,
    wanted_of,
)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "version": {"type": "str", "required": True},
            "mirror": {"type": "str", "default": ""},
            "differs_from_upstream": {
                "type": "str",
                "choices": ["warn", "fail", "ignore"],
                "default": "warn",
            },
            "crds_source": {"type": "str", "default": ""},
            "crds_sha256": {"type": "str", "default": ""},
            "cni_plugins_version": {"type": "str", "default": DEFAULT_CNI_PLUGINS},
            "architectures": {"type": "list", "elements": "str", "default": []},
            "cni_bin_dir": {"type": "path", "default": defaults.BINARIES},
            "calicoctl_path": {"type": "path", "default": "/usr/local/bin/calicoctl"},
            "timeout": {"type": "int", "default": 30},
        },
        supports_check_mode=True,
    )
    params = module.params
    # Refused below, and kept out of the result's invocation.
    module.no_log_values.update(passwords(params))
    try:
        wanted = wanted_of(release(params["version"]), params)
        cache = Cache(wanted.version, writable=not module.check_mode)
        found, problem = read(wanted, cache, params["timeout"])
        if problem and params["differs_from_upstream"] == "fail":
            raise problem
    except CalicoError as exc:
        module.fail_json(msg=str(exc))
    if problem and params["differs_from_upstream"] == "warn":
        module.warn(str(problem))
    module.exit_json(changed=False, **decide(wanted, found))


if __name__ == "__main__":
    main()
