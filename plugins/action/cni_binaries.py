# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controller side of cni_binaries.

pull: the module runs once. push: it runs, and if it asks for files, they are sent in one small archive and it runs again.
"""

from __future__ import annotations

import dataclasses
import os

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries.sources import (
    ARCHITECTURES,
    checksum_url,
    resolve,
    source_digest,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._host.download import fetch_text
from ansible_collections.hardway.calico.plugins.plugin_utils._binaries_cache import (
    cache_directory,
    small_archive,
)

MODULE = "hardway.calico.cni_binaries"
TIMEOUT = 60


class ActionModule(ActionBase):
    _requires_connection = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        arguments = {
            key: value for key, value in self._task.args.items() if not key.startswith("_")
        }
        try:
            if arguments.get("delivery") == "push":
                arguments["sources"] = self._with_digests(arguments.get("sources"))
            result = self._execute_module(
                module_name=MODULE, module_args=arguments, task_vars=task_vars
            )
            asked = result.pop("_ask", None)
            if not asked or result.get("failed"):
                return result
            packed = self._send(arguments, asked, result["architecture"], result["machine"])
        except CalicoError as exc:
            raise AnsibleActionFail(str(exc)) from exc
        return self._execute_module(
            module_name=MODULE, module_args={**arguments, "_packed": packed}, task_vars=task_vars
        )

    def _with_digests(self, options):
        """The sources with checksums that the controller has read, since the node may reach no server."""
        if not isinstance(options, list):
            return options
        return [
            self._with_digest(option)
            if isinstance(option, dict) and option.get("sha256sums_url")
            else option
            for option in options
        ]

    def _with_digest(self, option):
        if option.get("sha256") or not option.get("name") or not option.get("url"):
            return option
        texts, digests, refusal = {}, {}, None
        for machine, arch in {**ARCHITECTURES, **(self._task.args.get("arch_map") or {})}.items():
            try:
                address = checksum_url(option, arch, machine)
                if address not in texts:
                    texts[address] = fetch_text(address, self._timeout())
                digests[arch] = source_digest(option, arch, machine, texts)[1]
            except CalicoError as exc:
                # One architecture's file need not be in the list, as long as another's is.
                refusal = exc
        if not digests:
            raise refusal
        return {
            **{key: value for key, value in option.items() if key != "sha256sums_url"},
            "sha256": digests,
        }

    def _send(self, arguments, asked, arch, machine):
        """Send what was asked for; {path, sha256} of the archive on the node, which the task's clean-up removes."""
        sources = []
        for source in resolve(arguments["sources"], arch, machine):
            files = tuple(wanted for wanted in source.files if wanted.dest in asked)
            if files:
                path = (
                    os.path.abspath(os.path.expanduser(source.controller_path))
                    if source.controller_path
                    else source.url
                )
                sources.append(dataclasses.replace(source, files=files, url=path))
        path, digest = small_archive(cache_directory(), sources, self._timeout())
        if not self._connection._shell.tmpdir:
            self._make_tmp_path()
        remote = self._connection._shell.join_path(self._connection._shell.tmpdir, "binaries.tgz")
        self._transfer_file(path, remote)
        self._fixup_perms2((self._connection._shell.tmpdir, remote))
        return {"path": remote, "sha256": digest}

    def _timeout(self):
        return int(self._task.args.get("timeout") or TIMEOUT)
