# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Last: neither the run nor the tests left anything that is not Calico's. Test objects carry the
label hardway.calico/test.
"""

from __future__ import annotations

import pytest

testinfra_hosts = ["ansible://all"]


@pytest.mark.parametrize(
    "place",
    [
        "/api/v1/namespaces",
        "/api/v1/pods",
        "/api/v1/services",
        "/apis/apps/v1/deployments",
        "/apis/apps/v1/daemonsets",
    ],
)
def test_no_test_object_is_left(cluster, place):
    assert [
        item["metadata"]["name"]
        for item in cluster.items(place)
        if "hardway.calico/test" in item["metadata"].get("labels", {})
    ] == []
    if place != "/api/v1/namespaces":
        assert [
            item["metadata"]["name"]
            for item in cluster.items(place)
            if item["metadata"]["namespace"] == "default"
        ] in ([], ["kubernetes"])


def test_no_temporary_file_is_left_on_a_node(host):
    """Of Ansible, of the collection, of these tests: nor a half-written file beside the real ones."""
    found = host.check_output(
        "find /tmp /var/tmp /dev/shm /run -maxdepth 1"
        " \\( -iname '*ansible*' -o -iname '*hardway*' -o -iname '*calico*' \\) 2>/dev/null; "
        "find /root/.ansible/tmp -type f 2>/dev/null; "
        "find /etc/cni /opt/cni \\( -name '.*' -o -name '*.tmp' -o -name '*~' \\) 2>/dev/null; true"
    ).splitlines()
    # calico/node's own, on a cluster where it runs.
    assert [path for path in found if path not in ("/run/calico",)] == []
