# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asks Calico's CNI plugin on a node for its version (cni-plugin/pkg/plugin: option -v)."""

from __future__ import annotations

import re
import subprocess

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError

VERSION = re.compile(r"v\d+\.\d+\.\d+\S*")


def ask(path: str, timeout: int) -> str:
    """What the program says, or "" if there is none or its answer holds no version.

    Raises CalicoError for one that does not answer within `timeout` seconds.

    The environment is empty, so that nothing in it makes the program act as a CNI call would.
    """
    try:
        done = subprocess.run(
            [path, "-v"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            env={},
            stdin=subprocess.DEVNULL,
        )
    except OSError:
        # None there, one for another architecture, or one without the right to run: an upgrade puts
        # the right one there.
        return ""
    except subprocess.TimeoutExpired as exc:
        raise CalicoError(
            "%s -v does not end" % path,
            expected="a version within %d s" % timeout,
            found="no answer",
            remedy="look at the file",
        ) from exc
    found = VERSION.search(done.stdout)
    return found.group(0) if done.returncode == 0 and found else ""
