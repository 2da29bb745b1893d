# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""cni_conflist in real folders."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from node_side import run_module, tree

GUIDE = {
    "name": "k8s-pod-network",
    "cniVersion": "0.3.1",
    "plugins": [
        {
            "type": "calico",
            "log_level": "info",
            "datastore_type": "kubernetes",
            "mtu": 1500,
            "ipam": {"type": "calico-ipam"},
            "policy": {"type": "k8s"},
            "kubernetes": {"kubeconfig": "/etc/cni/net.d/calico-kubeconfig"},
        },
        {"type": "portmap", "snat": True, "capabilities": {"portMappings": True}},
    ],
}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cni" / "net.d"


@pytest.fixture
def path(folder):
    return folder / "10-calico.conflist"


def test_writes_the_guides_file(folder, path):
    result = run_module("cni_conflist", path=str(path), mtu=1500)
    assert result["changed"] and json.loads(path.read_text()) == GUIDE == result["conflist"]
    assert path.stat().st_mode & 0o7777 == 0o600 and folder.stat().st_mode & 0o7777 == 0o755
    assert "the file is missing" in result["diff"]["after"] and result["diff"]["before"] == ""


def test_a_file_that_means_the_same_is_left_alone(folder, path):
    folder.mkdir(parents=True)
    path.write_text(json.dumps(GUIDE, sort_keys=True, separators=(",", ":")))
    path.chmod(0o600)
    before = tree(folder)
    assert not run_module("cni_conflist", path=str(path), mtu=1500)["changed"]
    assert tree(folder) == before


def test_check_mode_writes_nothing(folder, path):
    result = run_module("cni_conflist", check_mode=True, path=str(path))
    assert result["changed"] and not folder.parent.exists()


def test_a_changed_value_shows_in_the_diff(path):
    run_module("cni_conflist", path=str(path), mtu=1500)
    result = run_module("cni_conflist", path=str(path), mtu=1440)
    assert '"mtu": 1500' in result["diff"]["before"] and '"mtu": 1440' in result["diff"]["after"]
    assert json.loads(path.read_text())["plugins"][0]["mtu"] == 1440


@pytest.mark.parametrize("content", ["", "not json", "[1]", "null"])
def test_a_broken_file_is_replaced(folder, path, content):
    folder.mkdir(parents=True)
    path.write_text(content)
    assert run_module("cni_conflist", path=str(path), mtu=1500)["changed"]
    assert json.loads(path.read_text()) == GUIDE


@pytest.mark.parametrize("target", ["elsewhere", "missing"])
def test_a_link_becomes_a_file(folder, path, tmp_path, target):
    folder.mkdir(parents=True)
    (tmp_path / "elsewhere").write_text(json.dumps(GUIDE))
    path.symlink_to(tmp_path / target)
    assert run_module("cni_conflist", path=str(path), mtu=1500)["changed"]
    assert not path.is_symlink() and json.loads(path.read_text()) == GUIDE


def test_mode_drift_is_repaired_without_a_new_file(path):
    run_module("cni_conflist", path=str(path))
    inode = path.stat().st_ino
    path.chmod(0o666)
    result = run_module("cni_conflist", path=str(path))
    assert result["changed"] and "0666" in result["actions"][0]["reason"]
    assert (path.stat().st_mode & 0o7777, path.stat().st_ino) == (0o600, inode)


def test_all_options(path):
    result = run_module(
        "cni_conflist",
        path=str(path),
        mode="0644",
        cni_version="1.0.0",
        nodename="n1",
        log_file_path="/var/log/calico/cni/cni.log",
        portmap=False,
        bandwidth=True,
        ipam={"assign_ipv4": True, "assign_ipv6": False, "ipv4_pools": ["p"]},
        settings={"qps": 20},
        plugins=[{"type": "tuning"}],
    )
    calico = result["conflist"]["plugins"][0]
    assert calico["ipam"] == {
        "type": "calico-ipam",
        "assign_ipv4": "true",
        "assign_ipv6": "false",
        "ipv4_pools": ["p"],
    }
    assert (calico["nodename"], calico["qps"], calico["log_file_path"]) == (
        "n1",
        20,
        "/var/log/calico/cni/cni.log",
    )
    assert [plugin["type"] for plugin in result["conflist"]["plugins"]] == [
        "calico",
        "bandwidth",
        "tuning",
    ]
    assert path.stat().st_mode & 0o7777 == 0o644


def test_earlier_configurations_are_reported_or_refused_but_never_removed(folder, path):
    folder.mkdir(parents=True)
    for name in (
        "05-cilium.conf",
        "10-aaa.json",
        "10-calico.conf",
        "20-later.conflist",
        "00-readme.txt",
    ):
        (folder / name).write_text("{}")
    refused = run_module("cni_conflist", path=str(path), earlier_confs="fail")
    assert (
        refused["failed"]
        and "05-cilium.conf, 10-aaa.json, 10-calico.conf." in refused["msg"]
        and not path.exists()
    )
    result = run_module("cni_conflist", path=str(path))
    assert result["changed"] and result["earlier_confs"] == [
        "05-cilium.conf",
        "10-aaa.json",
        "10-calico.conf",
    ]
    assert any("05-cilium.conf" in str(warning) for warning in result["warnings"])
    assert len(os.listdir(folder)) == 6


@pytest.mark.parametrize(
    "arguments, word",
    [
        ({"mtu": 100}, "576"),
        ({"mtu": -1}, "out of range"),
        ({"plugins": [{"name": "x"}]}, "no type"),
        ({"mode": "u=rw"}, "octal"),
        ({"path": "/"}, "absolute path"),
        ({"path": "/etc/../x"}, "absolute path"),
    ],
)
def test_bad_input(path, arguments, word):
    result = run_module("cni_conflist", **{"path": str(path), **arguments})
    assert result["failed"] and word in result["msg"] and not path.exists()


def test_a_file_where_a_directory_should_be(tmp_path):
    (tmp_path / "net.d").write_text("")
    result = run_module("cni_conflist", path=str(tmp_path / "net.d" / "10-calico.conflist"))
    assert result["failed"] and "cannot be created" in result["msg"]


def test_what_a_killed_run_left_is_removed(folder, path):
    folder.mkdir(parents=True)
    dead = subprocess.Popen(["true"])
    dead.wait(timeout=10)
    (folder / (".10-calico.conflist.hardway-%d-abc" % dead.pid)).write_text("half")
    (folder / (".10-calico.conflist.hardway-%d-abc" % os.getppid())).write_text("another run's")
    run_module("cni_conflist", path=str(path))
    assert sorted(os.listdir(folder)) == [
        ".10-calico.conflist.hardway-%d-abc" % os.getppid(),
        "10-calico.conflist",
    ]
