# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Callback plugin: counts every module execution per host and phase, retries and the inner calls of
action plugins included.

Action plugins such as template run several modules in one task, which no callback event shows. So the count is taken
where modules are started, ActionBase._execute_module, in the forked workers, each of which appends a line to one file.
A phase is a play. Written to $MODULE_COUNT_FILE as JSON lines {"host", "module", "task", "play"}; delegated tasks
count for the host they run on.
"""

from __future__ import annotations

import json
import os

from ansible.plugins.action import ActionBase
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: module_count
type: aggregate
short_description: Counts module executions per host and phase
description: Appends a JSON line per module execution to the file that the environment variable MODULE_COUNT_FILE names.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "module_count"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        self.play = ""
        path = os.environ.get("MODULE_COUNT_FILE")
        if path:
            self._count_into(path)

    def v2_playbook_on_play_start(self, play):
        self.play = play.get_name()

    def _count_into(self, path):
        callback, original = self, ActionBase._execute_module

        def counted(action, module_name=None, *args, **kwargs):
            host = getattr(action._task, "delegate_to", None) or (
                kwargs.get("task_vars") or {}
            ).get("inventory_hostname", "")
            line = {
                "host": host,
                "module": module_name or action._task.action,
                "task": action._task.get_name(),
                "play": callback.play,
            }
            # One write of less than PIPE_BUF with O_APPEND: lines of several workers do not mix.
            with open(path, "a", encoding="utf-8") as counts:
                counts.write(json.dumps(line) + "\n")
            return original(action, module_name, *args, **kwargs)

        ActionBase._execute_module = counted
