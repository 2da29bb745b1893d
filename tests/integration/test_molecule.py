# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Molecule scenarios that need a lab only (molecule/README.md). Molecule's own steps are the
tests; its output is shown on failure.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import zlib

import pytest
from hardway_testbed.lab import ROOT
from hardway_testbed.releases import SOAK

STEPS = {
    "default": ["check", "verify", "converge", "idempotence", "side_effect", "destroy"],
    "etcd": ["check", "verify", "converge", "idempotence", "destroy"],
    "single_role": ["check", "converge", "idempotence", "verify", "destroy"],
}


def molecule(scenario, home):
    """`molecule test` in a home and with labs of its own, so that two checkouts can be tested at
    once. Returns (exit code, output).
    """
    env = {
        **os.environ,
        "LAB": "mol-%04x" % (zlib.crc32(bytes(ROOT)) & 0xFFFF),
        "NO_COLOR": "1",
        "ANSIBLE_HOME": str(home),
    }
    env["PATH"] = "%s:%s" % (ROOT / ".venv/bin", env["PATH"])
    process = subprocess.Popen(
        ["molecule", "test", "-s", scenario],
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output = process.communicate(timeout=1800)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output = process.communicate()[0]
        subprocess.run(
            ["molecule", "destroy", "-s", scenario],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=120,
        )
    return process.returncode, output


@pytest.mark.parametrize("scenario", list(STEPS) if SOAK else ["single_role"])
def test_scenario(scenario, tmp_path):
    code, output = molecule(scenario, tmp_path)
    assert code == 0, output[-20000:]
    for step in STEPS[scenario]:
        assert re.search(r"%s > %s\] Executed: Successful" % (scenario, step), output), (
            "%s did not run:\n%s" % (step, output[-4000:])
        )
