#!/usr/bin/python
# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cni_binaries
short_description: Install programs from release archives on a node
version_added: 1.0.0
author:
  - hardway.calico founders (@hardway)
description:
  - Installs any number of files from any number of archives or single files in one call, in the build for the node's
    architecture.
  - It compares digests first. What is right is neither downloaded nor touched.
  - Everything is verified before anything is replaced, that is the source's SHA-256, the files' own digests where
    given, and the architecture of programs. Each file is replaced atomically, also while it runs. Links in an archive
    become files.
  - The digests of what was installed are kept in O(state_file), since those of an archive's members are not published.
extends_documentation_fragment:
  - hardway.calico.attributes
attributes:
  action:
    description: Has an action plugin, which runs on the controller.
    support: full
    details: With O(delivery=pull) it runs the module once. With O(delivery=push) it runs it again, with the files, if
      any are missing.
options:
  sources:
    description:
      - The archives and single files. In addresses and members C({arch}) stands for the node's architecture in Go's
        naming, such as V(amd64), and C({machine}) for what C(uname -m) says.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: A name for messages.
        type: str
        required: true
      url:
        description: An address (http, https or file), or an absolute path, on the node with O(delivery=pull), else on
          the controller.
        type: str
        required: true
      sha256:
        description: The SHA-256 digest, or a dictionary of digests by architecture.
        type: raw
      sha256sums_url:
        description: Where a list of digests is, as sha256sum writes it, if O(sources[].sha256) is not given. It is
          read in every run.
        type: str
      archive:
        description: Whether it is a gzip-compressed tar archive, or the file itself.
        type: str
        choices: [none, tgz]
        default: none
      members:
        description: The files to install.
        type: list
        elements: dict
        required: true
        suboptions:
          member:
            description: Path in the archive. Not used for a single file.
            type: str
          dest:
            description: Path on the node. Missing directories are created with mode C(0755).
            type: path
            required: true
          mode:
            description: Mode of the file, octal and quoted.
            type: str
            default: '0755'
          sha256:
            description: The file's own SHA-256 digest, or a dictionary of digests by architecture.
            type: raw
      controller_path:
        description: Path on the controller, for O(delivery=push). If not set, O(sources[].url) is downloaded there
          once and kept in a cache.
        type: path
  arch_map:
    description: Further architectures, from what C(uname -m) says to the name in addresses.
    type: dict
    default: {}
  delivery:
    description:
      - Whether the node fetches what is missing or the controller sends it.
      - The controller's cache is C($XDG_CACHE_HOME/hardway-calico/binaries), or C(~/.cache/hardway-calico/binaries).
        However many hosts need it, an archive is downloaded and read once.
    type: str
    choices: [pull, push]
    default: pull
  state_file:
    description: Where the digests of the installed files are kept on the node.
    type: path
    default: /var/lib/hardway-calico/binaries.json
  timeout:
    description: How long a download may stand still, in seconds.
    type: int
    default: 60
  owner:
    description: Owner of the files, by name or number. The user that the module runs as, if not set.
    type: str
  group:
    description: Group of the files, by name or number. The group that the module runs as, if not set.
    type: str
  _packed:
    description: Set by the action plugin alone. The archive that it sent, in a second run of the module with
      O(delivery=push).
    type: dict
    suboptions:
      path:
        description: Its path on the node.
        type: path
        required: true
      sha256:
        description: Its SHA-256 digest.
        type: str
        required: true
seealso:
  - module: hardway.calico.calico_release
  - module: hardway.calico.cni_conflist
"""

EXAMPLES = r"""
- name: Install Calico's CNI plugin and portmap from archives that the node downloads
  hardway.calico.cni_binaries:
    sources:
      - name: calico
        url: http://mirror.example.com/v3.32.1/release-v3.32.1.tgz
        sha256sums_url: http://mirror.example.com/v3.32.1/SHA256SUMS
        archive: tgz
        members:
          - member: release-v3.32.1/bin/cni/{arch}/calico
            dest: /opt/cni/bin/calico
          - member: release-v3.32.1/bin/cni/{arch}/calico-ipam
            dest: /opt/cni/bin/calico-ipam
      - name: reference plugins
        url: http://mirror.example.com/cni-plugins/v1.9.1/cni-plugins-linux-{arch}-v1.9.1.tgz
        sha256:
          amd64: b98f74a0f8522f0a83867178729c1aa70f2158f90c45a2ca8fa791db1c76b303
          arm64: 56171987d3947707c3563db2f4001bccaf50fd63468611b9f3cbecb1375ee7ec
        archive: tgz
        members:
          - member: ./portmap
            dest: /opt/cni/bin/portmap

- name: Send calicoctl from the controller
  hardway.calico.cni_binaries:
    delivery: push
    sources:
      - name: calicoctl
        url: http://mirror.example.com/v3.32.1/calicoctl-linux-{arch}
        sha256sums_url: http://mirror.example.com/v3.32.1/SHA256SUMS
        members:
          - dest: /usr/local/bin/calicoctl
"""

RETURN = r"""
actions:
  description: What was done, or would be done in check mode, and why.
  returned: success
  type: list
  elements: dict
  sample:
    - action: install
      target: /opt/cni/bin/calico
      reason: it is missing
architecture:
  description: The node's architecture in Go's naming.
  returned: success
  type: str
  sample: amd64
machine:
  description: What C(uname -m) says on the node.
  returned: success
  type: str
  sample: x86_64
files:
  description: The files by path. A digest is none in check mode where only reading the archive tells it.
  returned: success
  type: dict
  sample:
    /opt/cni/bin/calico: 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries.apply import apply
from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries.decide import decide
from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries.read import read
from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries.sources import (
    DEFAULT_MODE,
)
from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries.stage import staged
from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries.verify import (
    require_sound,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError


def run(params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    sources, node = read(params)
    packed, timeout = params["_packed"], params["timeout"]
    decision = decide(sources, node)
    # What the action plugin must send before this module can go on.
    ask = sorted(decision.missing) if params["delivery"] == "push" and not packed else []
    if check_mode:
        ask = []
    elif decision.plan and not ask:
        with staged(sources, decision.missing, timeout, packed) as files:
            require_sound(sources, files, node.arch, node.machine)
            known = {path: content.sha256 for path, content in files.items()}
            decision = decide(sources, node, known)
            apply(decision, files)
    result = {
        "changed": bool(decision.plan),
        "actions": decision.plan.as_result(),
        "diff": decision.plan.diff(),
        "architecture": node.arch,
        "machine": node.machine,
        "files": decision.digests,
    }
    return {**result, "_ask": ask} if ask else result


def main() -> None:
    member = {
        "member": {"type": "str"},
        "dest": {"type": "path", "required": True},
        "mode": {"type": "str", "default": DEFAULT_MODE},
        "sha256": {"type": "raw"},
    }
    source = {
        "name": {"type": "str", "required": True},
        "url": {"type": "str", "required": True},
        "sha256": {"type": "raw"},
        "sha256sums_url": {"type": "str"},
        "archive": {"type": "str", "choices": ["none", "tgz"], "default": "none"},
        "members": {"type": "list", "elements": "dict", "required": True, "options": member},
        "controller_path": {"type": "path"},
    }
    module = AnsibleModule(
        argument_spec={
            "sources": {"type": "list", "elements": "dict", "required": True, "options": source},
            "arch_map": {"type": "dict", "default": {}},
            "delivery": {"type": "str", "choices": ["pull", "push"], "default": "pull"},
            "state_file": {"type": "path", "default": "/var/lib/hardway-calico/binaries.json"},
            "timeout": {"type": "int", "default": 60},
            "owner": {"type": "str"},
            "group": {"type": "str"},
            "_packed": {
                "type": "dict",
                "options": {
                    "path": {"type": "path", "required": True},
                    "sha256": {"type": "str", "required": True},
                },
            },
        },
        supports_check_mode=True,
    )
    try:
        result = run(module.params, module.check_mode)
    except CalicoError as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
