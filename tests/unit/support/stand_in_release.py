# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for a Calico release: upstream's layout with small programs, packed by GNU tar.

And sources of it for cni_binaries.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess

from node_side import Server, reply

from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries.sources import (
    architecture,
)
from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries.verify import (
    ELF_MACHINES,
)

MACHINE = os.uname().machine
ARCH = architecture(MACHINE)
OTHER = "arm64" if ARCH != "arm64" else "amd64"


def elf(arch, rest=b""):
    number, order = ELF_MACHINES[arch]
    return (
        b"\x7fELF\x02"
        + (b"\x02" if order == "big" else b"\x01")
        + bytes(12)
        + number.to_bytes(2, order)
        + bytes(44)
        + rest
    )


def sha256(data):
    return hashlib.sha256(data).hexdigest()


CALICO, PORTMAP, CALICOCTL = (
    elf(ARCH, b"calico" * 1000),
    elf(ARCH, b"portmap"),
    b"#!/bin/sh\necho stand-in\n",
)


def make_mirror(folder):
    """Fill a new folder with a release's files as they are upstream; `archive` makes the release's archive anew."""
    folder.mkdir()
    (folder / ("calicoctl-linux-%s" % ARCH)).write_bytes(CALICOCTL)
    archive(
        folder,
        {
            "bin/cni/%s/calico" % ARCH: CALICO,
            "bin/cni/%s/portmap" % ARCH: PORTMAP,
            "bin/cni/%s/calico" % OTHER: elf(OTHER),
        },
        links={"bin/cni/%s/calico-ipam" % ARCH: "./calico"},
    )
    return folder


def archive(folder, files, links=None):
    root = folder.parent / "content"
    shutil.rmtree(root, ignore_errors=True)
    for name, content in files.items():
        (root / "release-v1" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "release-v1" / name).write_bytes(content)
    for name, target in (links or {}).items():
        (root / "release-v1" / name).symlink_to(target)
    subprocess.run(
        ["tar", "czf", folder / "release-v1.tgz", "-C", root, "release-v1"], check=True, timeout=30
    )
    sums = "".join(
        "%s  %s\n" % (sha256(item.read_bytes()), item.name)
        for item in sorted(folder.iterdir())
        if item.name != "SHA256SUMS"
    )
    (folder / "SHA256SUMS").write_text(sums)


def serve(mirror):
    """A server of the folder."""

    def answer(handler):
        path = mirror / handler.path.lstrip("/")
        reply(handler, 200, path.read_bytes()) if path.is_file() else reply(handler, 404, b"no")

    return Server(answer)


def release(mirror, web, node, names=("calico", "calico-ipam", "portmap"), **changes):
    source = {
        "name": "calico",
        "url": web.url + "/release-v1.tgz",
        "sha256": sha256((mirror / "release-v1.tgz").read_bytes()),
        "archive": "tgz",
        "members": [
            {"member": "release-v1/bin/cni/{arch}/%s" % name, "dest": str(node / "bin" / name)}
            for name in names
        ],
    }
    return {
        "sources": [{**source, **changes}],
        "state_file": str(node / "state" / "binaries.json"),
        "timeout": 2,
    }


def calicoctl(web, node, **changes):
    source = {
        "name": "calicoctl",
        "url": web.url + "/calicoctl-linux-{arch}",
        "sha256": {ARCH: sha256(CALICOCTL), OTHER: "0" * 64},
        "members": [{"dest": str(node / "bin" / "calicoctl")}],
    }
    return {
        "sources": [{**source, **changes}],
        "state_file": str(node / "state" / "binaries.json"),
        "timeout": 2,
    }
