# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run killed with kill -9 converges on the next run, wherever it was."""

from __future__ import annotations

import pytest
from hardway_testbed.ansible import play, play_and_kill

# Task to be running when the run is killed, and how many seconds into it.
POINTS = {
    "while the CRDs are applied": ("Apply the CRDs", 1.5),
    "while the CNI user's credential is issued": ("Keep the CNI user's credential valid", 0.6),
    "while binaries are installed": ("Install the CNI binaries", 0.4),
    "while Typha's certificates are issued": ("Keep Typha's CA and the certificates", 0.7),
    "while calico/node is rolled out": ("Wait until calico/node is rolled out", 0.5),
}


@pytest.mark.parametrize("point", list(POINTS))
def test_killed_run_converges(lab, point):
    task, delay = POINTS[point]
    lab.renew()
    play_and_kill(lab, task, delay=delay)
    play(lab).succeeded()
    again = play(lab).succeeded()
    assert set(again.changed.values()) == {0}, again.output
    assert len(lab.objects("ippools.crd.projectcalico.org")) == 2
    for host in lab.hosts:
        assert lab.exec(host, "sh", "-c", "ls -A /etc/cni/net.d /opt/cni/bin | grep -E '\\.tmp|\\.ansible|^\\.' || true") == ""
    assert [csr["metadata"]["name"] for csr in lab.objects("certificatesigningrequests")] == []
