# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests of snapshots and of restores share: how a module is run, and a snapshot."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args


@pytest.fixture(name="run")
def run_fixture(capsys, monkeypatch):
    def run(module, api, check=False, **options):
        warned = []
        monkeypatch.setattr(module, "connect", lambda params: api)
        monkeypatch.setattr(module.AnsibleModule, "warn", lambda self, text: warned.append(text))
        with (
            patch_module_args({**options, "_ansible_check_mode": check, "_ansible_diff": True}),
            pytest.raises(SystemExit),
        ):
            module.main()
        return {**json.loads(capsys.readouterr().out), "warned": warned}

    return run


@pytest.fixture(name="taken")
def taken_fixture(run, tmp_path):
    # tests/unit/conftest.py has made these importable by now.
    from calico_cluster import cluster

    from ansible_collections.hardway.calico.plugins.modules import calico_snapshot

    result = run(
        calico_snapshot,
        cluster(),
        directory=str(tmp_path / "snapshots"),
        cluster="blue",
        calico_version="v3.31.7",
    )
    assert result["changed"]
    return result["path"]
