# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""cni_binaries as Ansible runs it, in processes of its own.

One execution for pull, two for push, one when nothing is missing.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest
from node_side import tree
from stand_in_release import CALICO, CALICOCTL, PORTMAP, calicoctl, release


def ansible(tmp_path, hosts=1, check=False, forks=20, **options):
    """Run the module by `ansible` on local hosts h0, h1, ...

    ({host: result}, number of Python processes on all hosts). {host} in the options' texts is the host's name.
    """
    counter, python = tmp_path / "executions", tmp_path / "python"
    counter.write_text("")
    python.write_text('#!/bin/sh\necho x >> %s\nexec %s "$@"\n' % (counter, sys.executable))
    python.chmod(0o755)
    names = ["h%d" % number for number in range(hosts)]
    temporary = tmp_path / "remote"
    inventory = {
        "all": {
            "hosts": {name: {"host": name} for name in names},
            "vars": {
                "ansible_connection": "local",
                "ansible_python_interpreter": str(python),
                "ansible_remote_tmp": str(temporary),
            },
        }
    }
    (tmp_path / "inventory.json").write_text(json.dumps(inventory))
    (tmp_path / "ansible.cfg").touch()
    command = [os.path.join(os.path.dirname(sys.executable), "ansible"), "all", "-o", "-vvv"]
    command += ["-i", tmp_path / "inventory.json", "-f", str(forks)]
    command += ["-m", "hardway.calico.cni_binaries"]
    command += ["-a", json.dumps(options).replace("{host}", "{{ host }}")]
    command += ["--check"] if check else []
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=180,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        check=False,
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": collections_path(),
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_PIPELINING": "1",
            "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"),
        },
    )
    results = {}
    for line in done.stdout.splitlines():
        host, mark, rest = line.partition(" | ")
        if mark and host in names:
            verdict, _brace, result = rest.partition("{")
            results[host] = {
                **json.loads("{" + result[: result.rindex("}") + 1]),
                "failed": "FAILED" in verdict,
            }
    assert set(results) == set(names), done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    executions = counter.read_text().count("x")
    assert not list(temporary.glob("*/binaries.tgz"))
    return results, executions


def collections_path():
    return next(
        path
        for path in sys.path
        if (pathlib.Path(path) / "ansible_collections" / "hardway").exists()
    )


def per_host(options):
    return json.loads(json.dumps(options).replace("/node/", "/node/{host}/"))


def installed(node, host):
    return {path.name: path.read_bytes() for path in (node / host / "bin").iterdir()}


ALL = {"calico": CALICO, "calico-ipam": CALICO, "portmap": PORTMAP}


def test_pull_is_one_execution(mirror, web, node, tmp_path):
    options = per_host(release(mirror, web, node))
    results, executions = ansible(tmp_path, **options)
    assert results["h0"]["changed"] and executions == 1 and installed(node, "h0") == ALL
    results, executions = ansible(tmp_path, **options)
    assert not results["h0"]["changed"] and executions == 1


def test_push_downloads_once_for_all_hosts(mirror, web, node, tmp_path):
    options = per_host({**release(mirror, web, node), "delivery": "push"})
    results, executions = ansible(tmp_path, hosts=4, **options)
    assert executions == 8 and all(
        result["changed"] and "_ask" not in result for result in results.values()
    )
    assert all(installed(node, host) == ALL for host in results)
    assert [path for _method, path in web.requests] == ["/release-v1.tgz"]
    cache = tmp_path / "cache" / "hardway-calico" / "binaries"
    assert cache.stat().st_mode & 0o7777 == 0o700 and len(list(cache.glob("*.tgz"))) == 1
    before = tree(node)
    results, executions = ansible(tmp_path, hosts=4, **options)
    assert (
        executions == 4
        and not any(result["changed"] for result in results.values())
        and tree(node) == before
    )
    assert len(web.requests) == 1


def test_push_in_check_mode_sends_nothing(mirror, web, node, tmp_path):
    results, executions = ansible(
        tmp_path, check=True, **per_host({**release(mirror, web, node), "delivery": "push"})
    )
    assert results["h0"]["changed"] and executions == 1 and not node.exists() and web.requests == []
    assert not (tmp_path / "cache").exists()


def test_push_reads_checksums_and_files_on_the_controller(mirror, web, node, tmp_path):
    first = calicoctl(
        web,
        node,
        sha256=None,
        sha256sums_url="%s/SHA256SUMS" % mirror,
        controller_path="%s/calicoctl-linux-{arch}" % mirror,
    )
    second = release(mirror, web, node, url="file://%s/release-v1.tgz" % mirror)
    options = per_host(
        {**first, "sources": first["sources"] + second["sources"], "delivery": "push"}
    )
    results, executions = ansible(tmp_path, **options)
    assert results["h0"]["changed"] and executions == 2 and web.requests == []
    assert installed(node, "h0") == {**ALL, "calicoctl": CALICOCTL}
    results, executions = ansible(tmp_path, **options)
    assert not results["h0"]["changed"] and executions == 1


def test_push_makes_a_damaged_cache_again(mirror, web, node, tmp_path):
    options = per_host({**release(mirror, web, node), "delivery": "push"})
    ansible(tmp_path, **options)
    small = next((tmp_path / "cache" / "hardway-calico" / "binaries").glob("*.tgz"))
    small.write_bytes(small.read_bytes()[:100])
    results, executions = ansible(tmp_path, hosts=2, **options)
    assert results["h1"]["changed"] and installed(node, "h1") == ALL and executions == 3


@pytest.mark.parametrize(
    "change, words",
    [
        ({"sha256": "1" * 64}, ["checksum mismatch", "Expected"]),
        ({"url": "http://127.0.0.1:1/release-v1.tgz"}, ["cannot be downloaded", "refused"]),
        ({"sha256": None, "sha256sums_url": "{web}/none"}, ["404", "cannot be downloaded"]),
        ({"url": "/none/release-v1.tgz"}, ["/none/release-v1.tgz cannot be read"]),
        ({"name": None}, ["has no name"]),
    ],
)
def test_push_refuses_bad_sources(mirror, web, node, tmp_path, change, words):
    change = {
        key: value.format(web=web.url) if value and "web" in value else value
        for key, value in change.items()
    }
    results, _executions = ansible(
        tmp_path, **per_host({**release(mirror, web, node, **change), "delivery": "push"})
    )
    assert results["h0"]["failed"] and not node.exists()
    for word in words:
        assert word in results["h0"]["msg"]
