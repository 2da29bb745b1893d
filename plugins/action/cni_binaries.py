# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controller side of cni_binaries.

pull: the module runs once. push: it runs, and if it asks for files, they are sent in one small
archive and it runs again.
"""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries.push import (
    to_pack,
    with_digests,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.plugin_utils._binaries_cache import (
    cache_directory,
    small_archive,
)

MODULE = "hardway.calico.cni_binaries"
TIMEOUT = 60


class ActionModule(ActionBase):
    _requires_connection = True

    def run(
        self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None
    ) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        given = self._task.args.items()
        arguments = {key: value for key, value in given if not key.startswith("_")}
        timeout = _seconds(arguments.get("timeout"))
        try:
            if arguments.get("delivery") == "push":
                sources, arch_map = arguments.get("sources"), arguments.get("arch_map")
                arguments["sources"] = with_digests(sources, arch_map, timeout)
            result = self._module(arguments, task_vars)
            asked = result.pop("_ask", None)
            if not asked or result.get("failed"):
                return result
            wanted = to_pack(arguments["sources"], asked, result["architecture"], result["machine"])
            path, digest = small_archive(cache_directory(), wanted, timeout)
        except CalicoError as exc:
            raise AnsibleActionFail(str(exc)) from exc
        packed = {"path": self._send(path), "sha256": digest}
        return self._module({**arguments, "_packed": packed}, task_vars)

    def _module(
        self, arguments: dict[str, t.Any], task_vars: dict[str, t.Any] | None
    ) -> dict[str, t.Any]:
        return self._execute_module(module_name=MODULE, module_args=arguments, task_vars=task_vars)

    def _send(self, path: str) -> str:
        """The path that a file of the controller has on the node then; the task's clean-up removes it."""
        if not self._connection._shell.tmpdir:
            self._make_tmp_path()
        folder = self._connection._shell.tmpdir
        remote = self._connection._shell.join_path(folder, "binaries.tgz")
        self._transfer_file(path, remote)
        self._fixup_perms2((folder, remote))
        return remote


def _seconds(timeout: t.Any) -> int:
    try:
        return int(timeout or TIMEOUT)
    except (TypeError, ValueError):
        # The module refuses it, in words.
        return TIMEOUT
