# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all scenarios' tests share. The inventory is molecule.yml's verifier option ansible-inventory."""

from __future__ import annotations

import os
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "testinfra"), str(HERE.parent / "tests/integration")]

from cluster import Cluster  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "datapath: needs pods that really run; deselected on the lab"
    )


@pytest.fixture(scope="session")
def cluster(request):
    return Cluster(
        request.config.getoption("ansible_inventory"), os.environ.get("CONTROL_PLANE", "masters")
    )


@pytest.fixture(scope="session")
def kept():
    """A folder that lives as long as the scenario's instances."""
    return pathlib.Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])


@pytest.fixture(scope="session")
def cni_users(cluster):
    return cluster.python_everywhere("node/cni_user.py")


@pytest.fixture
def node(cni_users, host):
    """What node/cni_user.py found on the test's host."""
    return cni_users[host.backend.host]
