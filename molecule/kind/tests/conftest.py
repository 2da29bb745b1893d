# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One cluster and one set of test pods for the whole verification."""

from __future__ import annotations

import pytest
from traffic import Cluster, Traffic

POOL_2 = "ipv4-ippool-2"


def pytest_configure(config):
    config.addinivalue_line("markers", "datapath: needs kubelets and Calico's programs, so a kind cluster and not the lab")


@pytest.fixture(scope="session")
def cluster():
    return Cluster()


@pytest.fixture(scope="session")
def traffic(cluster):
    """Four pods: two on one worker, one on the other, one on the control plane. Nothing of them is left afterwards."""
    pods = Traffic(cluster)
    pods.make_namespace()
    try:
        for name, node in {"near": "hardway-worker", "neighbour": "hardway-worker", "far": "hardway-worker2", "master": "hardway-control-plane"}.items():
            pods.make(name, node)
        for name in ("near", "neighbour", "far", "master"):
            pods.wait(name)
        yield pods
    finally:
        pods.remove()
    assert pods.gone()


@pytest.fixture
def pool_2(cluster):
    """The second pool, enabled for one test."""
    cluster.set_pool_disabled(POOL_2, False)
    try:
        yield POOL_2
    finally:
        cluster.set_pool_disabled(POOL_2, True)
    assert cluster.pool(POOL_2)["disabled"] is True
