# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What lies on each node, and who may read it (guide step 5)."""

from __future__ import annotations

import pytest

testinfra_hosts = ["ansible://all"]

KUBECONFIG = "/etc/cni/net.d/calico-kubeconfig"


@pytest.fixture(scope="module")
def files(host):
    """{path: (mode, user, group)} of the files in the folders that the collection writes to; one
    command, since each is a connection.
    """
    listed = host.check_output(
        "find -L /etc/cni /opt/cni /etc/calico /var/lib/hardway-calico"
        " -type f -printf '%m %u %g %p\\n' 2>/dev/null; true"
    )
    return {
        path: (mode, user, group)
        for mode, user, group, path in (line.split(" ", 3) for line in listed.splitlines())
    }


def test_the_kubeconfig_is_for_root_only(files):
    assert files[KUBECONFIG] == ("600", "root", "root")


def test_no_key_is_readable_by_others(host, files):
    """In text: Calico's programs contain these words too."""
    with_keys = host.check_output(
        "grep -rIlE 'client-key-data|PRIVATE KEY'"
        " /etc/cni /opt/cni /etc/calico /var/lib/hardway-calico 2>/dev/null; true"
    ).split()
    assert {path: files[path][0] for path in with_keys} == {KUBECONFIG: "600"}


def test_the_conflist_is_roots(files):
    mode, *owner = files["/etc/cni/net.d/10-calico.conflist"]
    assert mode in ("600", "644") and owner == ["root", "root"]


def test_the_binaries_are_roots_and_executable(files):
    programs = {path: about for path, about in files.items() if path.startswith("/opt/cni/bin/")}
    assert {
        "/opt/cni/bin/" + name for name in ("calico", "calico-ipam", "portmap", "loopback")
    } <= set(programs)
    assert set(programs.values()) == {("755", "root", "root")}
