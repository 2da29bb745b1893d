# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs killed with kill -9, each further on than the one before: every next run goes on from there,
and the last one converges.
"""

from __future__ import annotations

import pytest
from hardway_testbed.ansible import play, play_and_kill

# Task to be running when the run is killed, how many seconds into it, and its play where the first
# one checks by the same task.
POINTS = {
    "while the CRDs are applied": ("Apply the CRDs", 1.5),
    "while the CNI user's credential is issued": ("Keep the CNI user's credential valid", 0.6),
    "while binaries are installed": ("Install the CNI binaries", 0.4),
    "while Typha's certificates are issued": (
        "Keep Typha's CA and the certificates",
        0.7,
        "Steps 6 to 10",
    ),
    "while calico/node is rolled out": ("Wait until calico/node is rolled out", 0.5),
}


@pytest.mark.parametrize("point", list(POINTS))
def test_the_next_run_gets_further(lab, point):
    """Fails if what the killed run before left behind stops this one before its own point."""
    task, delay, *plays = POINTS[point]
    play_and_kill(lab, task, delay=delay, play_name="".join(plays))


def test_the_last_one_converges(lab):
    play(lab).succeeded()
    again = play(lab).succeeded()
    assert set(again.changed.values()) == {0}, again.output
    assert len(lab.objects("ippools.crd.projectcalico.org")) == 2


def test_nothing_half_done_is_left(lab):
    for host in lab.hosts:
        assert (
            lab.exec(
                host,
                "sh",
                "-c",
                "ls -A /etc/cni/net.d /opt/cni/bin | grep -E '\\.tmp|\\.ansible|^\\.' || true",
            )
            == ""
        )
    assert [csr["metadata"]["name"] for csr in lab.objects("certificatesigningrequests")] == []
