# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One cluster and one set of test pods for the whole verification."""

from __future__ import annotations

import pytest
from traffic import Api, Traffic

POOL_2 = "ipv4-ippool-2"


@pytest.fixture(scope="session")
def api():
    return Api()


@pytest.fixture(scope="module")
def traffic(api):
    """Four pods: two on one worker, one on the other, one on the control plane. Nothing of them is left afterwards."""
    pods = Traffic(api)
    pods.make_namespace()
    try:
        for name, node in {
            "near": "hardway-worker",
            "neighbour": "hardway-worker",
            "far": "hardway-worker2",
            "master": "hardway-control-plane",
        }.items():
            pods.make(name, node)
        for name in ("near", "neighbour", "far", "master"):
            pods.wait(name)
        yield pods
    finally:
        pods.remove()
    assert pods.gone()


@pytest.fixture
def pool_2(api):
    """The second pool, enabled for one test."""
    api.set_pool_disabled(POOL_2, False)
    try:
        yield POOL_2
    finally:
        api.set_pool_disabled(POOL_2, True)
    assert api.pool(POOL_2)["disabled"] is True
