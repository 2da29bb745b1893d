# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""cni_binaries with real archives (made by GNU tar), a real HTTP server and real folders."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
import time

import pytest
from node_side import Server, run_module, tree
from stand_in_release import (
    ARCH,
    CALICO,
    CALICOCTL,
    OTHER,
    PORTMAP,
    archive,
    calicoctl,
    elf,
    release,
    sha256,
)

from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries.sources import (
    architecture,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError


def failed(result, *words):
    assert result.get("failed"), result
    for word in words:
        assert word in result["msg"], result["msg"]


def nothing_new(node, before):
    assert (tree(node) if node.exists() else {}) == before


def nothing_replaced(node, before):
    """As nothing_new, but folders may have held staged files for a while."""
    now = tree(node)
    assert set(now) == set(before)
    assert {name: item for name, item in now.items() if item[4]} == {
        name: item for name, item in before.items() if item[4]
    }


def test_installs_for_this_architecture(mirror, web, node):
    result = run_module("cni_binaries", **release(mirror, web, node))
    assert result["changed"] and result["architecture"] == ARCH
    assert sorted(os.listdir(node / "bin")) == ["calico", "calico-ipam", "portmap"]
    for name, content in (("calico", CALICO), ("calico-ipam", CALICO), ("portmap", PORTMAP)):
        path = node / "bin" / name
        assert (
            path.read_bytes() == content
            and not path.is_symlink()
            and path.stat().st_mode & 0o7777 == 0o755
        )
        assert result["files"][str(path)] == sha256(content)
    assert sum(1 for _method, path in web.requests if path.endswith("tgz")) == 1
    assert (node / "state" / "binaries.json").stat().st_mode & 0o7777 == 0o644


def test_an_unchanged_run_asks_nobody_and_touches_nothing(mirror, web, node):
    options = release(mirror, web, node)
    run_module("cni_binaries", **options)
    before, requests = tree(node), len(web.requests)
    result = run_module("cni_binaries", **options)
    assert not result["changed"] and len(web.requests) == requests
    nothing_new(node, before)


def test_another_address_of_the_same_archive_changes_nothing(mirror, web, node):
    run_module("cni_binaries", **release(mirror, web, node))
    before = tree(node)
    assert not run_module(
        "cni_binaries", **release(mirror, web, node, url="http://192.0.2.1/release-v1.tgz")
    )["changed"]
    nothing_new(node, before)


def test_single_file_needs_no_record(web, node):
    options = calicoctl(web, node)
    assert run_module("cni_binaries", **options)["changed"]
    assert (node / "bin" / "calicoctl").read_bytes() == CALICOCTL
    shutil.rmtree(node / "state")
    requests = len(web.requests)
    assert not run_module("cni_binaries", **options)["changed"] and len(web.requests) == requests


def test_check_mode_downloads_and_writes_nothing(mirror, web, node):
    result = run_module("cni_binaries", check_mode=True, **release(mirror, web, node))
    assert result["changed"] and [step["action"] for step in result["actions"]] == ["install"] * 3
    assert not node.exists() and web.requests == []
    assert str(node / "bin" / "calico") in result["diff"]["after"]


def test_checksums_from_a_list(mirror, web, node):
    options = calicoctl(web, node, sha256=None, sha256sums_url=web.url + "/SHA256SUMS")
    assert run_module("cni_binaries", **options)["changed"]
    assert not run_module("cni_binaries", **options)["changed"]
    assert [path for _method, path in web.requests].count("/SHA256SUMS") == 2
    (mirror / "SHA256SUMS").write_text("%s  another\n" % ("0" * 64))
    failed(
        run_module("cni_binaries", **options), "does not list calicoctl-linux-%s" % ARCH, "another"
    )


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_path_on_the_node(mirror, web, node, scheme):
    assert run_module(
        "cni_binaries", **release(mirror, web, node, url="%s%s/release-v1.tgz" % (scheme, mirror))
    )["changed"]
    assert web.requests == []
    failed(
        run_module(
            "cni_binaries", **release(mirror, web, node, url="/none/release.tgz", sha256="1" * 64)
        ),
        "/none/release.tgz",
        "delivery push",
    )


def test_only_what_differs_is_replaced(mirror, web, node):
    options = release(mirror, web, node)
    run_module("cni_binaries", **options)
    (node / "bin" / "portmap").write_bytes(b"altered")
    inode = (node / "bin" / "calico").stat().st_ino
    result = run_module("cni_binaries", **options)
    assert [step["target"] for step in result["actions"]] == [str(node / "bin" / "portmap")]
    assert (node / "bin" / "portmap").read_bytes() == PORTMAP and (
        node / "bin" / "calico"
    ).stat().st_ino == inode


def test_a_new_release_replaces_what_changed(mirror, web, node):
    run_module("cni_binaries", **release(mirror, web, node))
    inode = (node / "bin" / "portmap").stat().st_ino
    newer = {"calico": elf(ARCH, b"newer"), "calico-ipam": elf(ARCH, b"newer"), "portmap": PORTMAP}
    archive(mirror, {"bin/cni/%s/%s" % (ARCH, name): content for name, content in newer.items()})
    options = release(mirror, web, node)
    assert run_module("cni_binaries", check_mode=True, **options)["changed"]
    result = run_module("cni_binaries", **options)
    assert sorted(os.path.basename(step["target"]) for step in result["actions"]) == [
        "calico",
        "calico-ipam",
    ]
    assert (node / "bin" / "calico").read_bytes() == elf(ARCH, b"newer") and (
        node / "bin" / "portmap"
    ).stat().st_ino == inode
    assert not run_module("cni_binaries", **options)["changed"]


def test_mode_and_link_drift(mirror, web, node):
    options = release(mirror, web, node)
    run_module("cni_binaries", **options)
    (node / "bin" / "portmap").chmod(0o700)
    requests = len(web.requests)
    result = run_module("cni_binaries", **options)
    assert [step["action"] for step in result["actions"]] == ["set attributes"] and len(
        web.requests
    ) == requests
    (node / "bin" / "calico-ipam").unlink()
    (node / "bin" / "calico-ipam").symlink_to("calico")
    assert run_module("cni_binaries", **options)["changed"]
    assert (
        not (node / "bin" / "calico-ipam").is_symlink()
        and (node / "bin" / "calico-ipam").read_bytes() == CALICO
    )


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"files": []}', '{"files": {"x": 1}}'])
def test_a_lost_record_is_made_again_without_touching_the_files(mirror, web, node, content):
    options = release(mirror, web, node)
    run_module("cni_binaries", **options)
    before = tree(node / "bin")
    (node / "state" / "binaries.json").unlink()
    if content is not None:
        (node / "state" / "binaries.json").write_text(content)
    result = run_module("cni_binaries", **options)
    assert result["changed"] and [step["action"] for step in result["actions"]] == ["record"]
    assert {name: item for name, item in tree(node / "bin").items() if name != "."} == {
        name: item for name, item in before.items() if name != "."
    }
    assert not run_module("cni_binaries", **options)["changed"]


def test_a_running_program_is_replaced(web, node, mirror):
    path = node / "bin" / "calicoctl"
    path.parent.mkdir(parents=True)
    shutil.copy(shutil.which("sleep"), path)
    running = subprocess.Popen([path, "30"])
    try:
        assert run_module("cni_binaries", **calicoctl(web, node))["changed"]
        assert path.read_bytes() == CALICOCTL and running.poll() is None
    finally:
        running.kill()
        running.wait(timeout=10)


# ---- refusals: nothing is replaced ----


@pytest.fixture
def installed(mirror, web, node):
    run_module("cni_binaries", **release(mirror, web, node))
    return tree(node)


def test_checksum_mismatch(mirror, web, node, installed):
    failed(
        run_module("cni_binaries", **release(mirror, web, node, sha256="1" * 64)),
        "checksum mismatch",
        "1" * 64,
        "Remedy",
    )
    nothing_replaced(node, installed)


def test_checksum_mismatch_of_a_member(mirror, web, node, installed):
    options = release(mirror, web, node)
    options["sources"][0]["members"][2]["sha256"] = {ARCH: "2" * 64}
    failed(run_module("cni_binaries", **options), "checksum mismatch", "portmap", "2" * 64)
    nothing_replaced(node, installed)


def test_wrong_architecture(mirror, web, node, installed):
    options = release(mirror, web, node)
    options["sources"][0]["members"][0]["member"] = "release-v1/bin/cni/%s/calico" % OTHER
    failed(
        run_module("cni_binaries", **options),
        "wrong architecture",
        str(node / "bin" / "calico"),
        "Expected: %s" % ARCH,
        "Found: %s" % OTHER,
    )
    nothing_replaced(node, installed)


def test_truncated_download(mirror, web, node, installed):
    def cut(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        handler.wfile.write(b"x" * 5000)

    server = Server(cut)
    failed(
        run_module("cni_binaries", **release(mirror, server, node, sha256="3" * 64)),
        "cut off",
        "100000",
        "5000",
    )
    server.close()
    nothing_replaced(node, installed)


def test_truncated_archive_with_a_right_checksum(mirror, web, node, installed):
    data = (mirror / "release-v1.tgz").read_bytes()[:-400]
    (mirror / "release-v1.tgz").write_bytes(data)
    failed(
        run_module("cni_binaries", **release(mirror, web, node)), "cannot be read", "complete .tgz"
    )
    nothing_replaced(node, installed)


def test_not_an_archive(mirror, web, node, installed):
    (mirror / "release-v1.tgz").write_bytes(b"<html>")
    failed(run_module("cni_binaries", **release(mirror, web, node)), "cannot be read")
    nothing_replaced(node, installed)


def test_silent_server(mirror, web, node, installed):
    server = Server(lambda handler: time.sleep(3))
    failed(
        run_module(
            "cni_binaries", **{**release(mirror, server, node, sha256="4" * 64), "timeout": 1}
        ),
        "no answer within 1 s",
    )
    server.close()
    nothing_replaced(node, installed)


@pytest.mark.parametrize(
    "url, word", [("http://127.0.0.1:1/x.tgz", "refused"), ("{web}/none.tgz", "404")]
)
def test_unreachable(mirror, web, node, installed, url, word):
    failed(
        run_module(
            "cni_binaries",
            **release(mirror, web, node, sha256="5" * 64, url=url.format(web=web.url)),
        ),
        word,
        "cannot be downloaded",
    )
    nothing_replaced(node, installed)


def test_missing_member(mirror, web, node, installed):
    failed(
        run_module("cni_binaries", **release(mirror, web, node, names=["calico", "nothing"])),
        "does not hold",
        "%s/nothing" % ARCH,
    )
    nothing_replaced(node, installed)


@pytest.mark.parametrize("target", ["../../../../../etc/passwd", "/etc/passwd", "calico-ipam"])
def test_links_out_of_the_archive_are_refused(mirror, web, node, target):
    archive(
        mirror,
        {"bin/cni/%s/calico" % ARCH: CALICO},
        links={"bin/cni/%s/calico-ipam" % ARCH: target},
    )
    failed(run_module("cni_binaries", **release(mirror, web, node, names=["calico-ipam"])), "link")
    assert not (node / "bin" / "calico-ipam").exists() and not (node / "state").exists()


def test_an_archive_with_absolute_and_climbing_names_writes_only_what_was_asked_for(
    mirror, web, node, tmp_path
):
    root = tmp_path / "content"
    (root / "evil").write_bytes(b"evil")
    subprocess.run(
        [
            "tar",
            "czPf",
            mirror / "release-v1.tgz",
            "-C",
            root,
            "--transform",
            "s,^evil$,../../../%s/climbed," % tmp_path.name,
            "evil",
            "release-v1",
        ],
        check=True,
        timeout=30,
    )
    run_module("cni_binaries", **release(mirror, web, node))
    assert sorted(os.listdir(node / "bin")) == ["calico", "calico-ipam", "portmap"] and not list(
        tmp_path.rglob("climbed")
    )


@pytest.mark.parametrize(
    "change, word",
    [
        ({"members": [{"member": "../calico", "dest": "/x/calico"}]}, "inside the archive"),
        ({"members": [{"member": "/calico", "dest": "/x/calico"}]}, "inside the archive"),
        ({"members": [{"dest": "/x/calico"}]}, "inside the archive"),
        ({"members": [{"member": "calico", "dest": "calico"}]}, "absolute path"),
        (
            {
                "members": [
                    {"member": "a", "dest": "/x/calico"},
                    {"member": "b", "dest": "/x/calico"},
                ]
            },
            "installed twice",
        ),
        ({"members": [{"member": "a", "dest": "/x/calico", "mode": "+x"}]}, "octal"),
        ({"members": []}, "has no members"),
        ({"members": [{"dest": None}]}, "absolute path"),
        ({"sha256": "abc"}, "64 hexadecimal"),
        ({"sha256": None}, "has no checksum"),
        ({"sha256": {"riscv64": "0" * 64}}, "no entry for"),
        ({"url": "ftp://host/x"}, "not an address"),
        ({"url": "http://user:pass@host/x"}, "without credentials"),
    ],
)
def test_bad_input(mirror, web, node, change, word):
    result = run_module("cni_binaries", **release(mirror, web, node, **change))
    failed(result, word)
    assert not node.exists() and "pass@" not in result["msg"]


def test_unknown_machine_is_named():
    with pytest.raises(CalicoError, match=r"Expected: one of aarch64, .*Found: riscv64"):
        architecture("riscv64")
    assert architecture("riscv64", {"riscv64": "riscv64"}) == "riscv64"


def test_a_full_disk_leaves_no_half_files(mirror, web, node, installed, monkeypatch):
    from ansible_collections.hardway.calico.plugins.module_utils._host.staged import StagedFile

    def full(self, data):
        raise CalicoError("%s cannot be written" % self.path, found="No space left on device")

    archive(
        mirror,
        {
            "bin/cni/%s/%s" % (ARCH, name): elf(ARCH, b"newer")
            for name in ("calico", "calico-ipam", "portmap")
        },
    )
    monkeypatch.setattr(StagedFile, "write", full)
    failed(run_module("cni_binaries", **release(mirror, web, node)), "No space left")
    nothing_replaced(node, installed)


# ---- killed between two files ----

KILLED = """
import os, signal, sys, json
sys.path[:0] = json.loads(sys.argv[3])
from ansible_collections.hardway.calico.plugins.module_utils._host import files
from node_side import run_module
left, real = int(sys.argv[2]), files.os.rename
def rename(*arguments):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    real(*arguments)
files.os.rename = rename
run_module("cni_binaries", **json.loads(sys.argv[1]))
"""


@pytest.mark.parametrize("renames", range(4))
def test_a_killed_run_converges(mirror, web, node, renames):
    options = release(mirror, web, node)
    process = subprocess.run(
        [
            sys.executable,
            "-c",
            textwrap.dedent(KILLED),
            json.dumps(options),
            str(renames),
            json.dumps(sys.path),
        ],
        timeout=60,
        check=False,
    )
    assert process.returncode == -9
    for path in (node / "bin").glob("[a-z]*"):
        assert path.read_bytes() in (CALICO, PORTMAP)
    assert run_module("cni_binaries", **options)["changed"]
    assert sorted(os.listdir(node / "bin")) == ["calico", "calico-ipam", "portmap"]
    assert not run_module("cni_binaries", **options)["changed"]
