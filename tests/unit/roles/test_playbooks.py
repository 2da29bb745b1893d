# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every playbook does before it looks for a host. Ansible itself runs; there is no host to reach."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest
from checkout import ROOT

PLAYBOOKS = sorted(
    path.stem for path in (ROOT / "playbooks").glob("*.yml") if path.stem != "require_hosts"
)


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_an_inventory_without_its_hosts_is_refused(playbook):
    """Ansible alone would skip the plays and end with 0."""
    run = subprocess.run(
        [
            pathlib.Path(sys.executable).parent / "ansible-playbook",
            "-i",
            "one,",
            "hardway.calico." + playbook,
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == 2, run.stdout + run.stderr
    assert (
        "The inventory has no " in run.stdout
        and "Expected: at least one host that matches" in run.stdout
        and "Remedy: " in run.stdout
    )
