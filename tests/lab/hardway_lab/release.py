# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in release: upstream's layout with small stand-ins for Calico's programs, served over HTTP."""

from __future__ import annotations

import gzip
import hashlib
import io
import pathlib
import tarfile

from hardway_lab import processes
from hardway_lab.crds import crds_yaml
from hardway_lab.nodes import ARCHITECTURE

ARCHITECTURES = ("amd64", "arm64")
CALICO_PROGRAMS = ("calico", "install", "host-local", "loopback", "portmap", "tuning")
REFERENCE_PLUGINS = ("bandwidth", "host-local", "loopback", "portmap", "tuning")
REFERENCE_VERSIONS = ("v1.9.1", "v1.1.1")
DEBIAN_PLUGINS = pathlib.Path("/usr/lib/cni")
CALICOCTL = pathlib.Path(__file__).resolve().parents[1] / "stand_in_calicoctl.py"
PORT = 8080


def make(folder, versions):
    """Write the mirror's tree (docs/mirror.md). Returns {version: what its CRDs are}."""
    made = {}
    for version in versions:
        target = folder / version
        target.mkdir()
        crds, what = crds_yaml(version)
        (target / "crds.yaml").write_bytes(crds)
        for arch in ARCHITECTURES:
            program = b"#!/usr/bin/python3\n" + CALICOCTL.read_bytes().replace(
                b"@VERSION@", version.encode()
            )
            (target / ("calicoctl-linux-" + arch)).write_bytes(program)
        (target / ("release-%s.tgz" % version)).write_bytes(
            _archive(_release_members(version, crds))
        )
        sums = {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(target.iterdir())
        }
        (target / "SHA256SUMS").write_text(
            "".join("%s  %s\n" % (digest, name) for name, digest in sums.items()), encoding="utf-8"
        )
        made[version] = what
    for version in REFERENCE_VERSIONS:
        target = folder / "cni-plugins" / version
        target.mkdir(parents=True)
        for arch in ARCHITECTURES:
            path = target / ("cni-plugins-linux-%s-%s.tgz" % (arch, version))
            path.write_bytes(_archive(_reference_members(arch, version)))
            path.with_name(path.name + ".sha256").write_text(
                "%s  %s\n" % (hashlib.sha256(path.read_bytes()).hexdigest(), path.name),
                encoding="utf-8",
            )
    return made


def serve(state, address):
    url = "http://%s:%d" % (address, PORT)
    server = processes.start(
        state,
        "release",
        [
            "/usr/bin/python3",
            "-m",
            "http.server",
            "--bind",
            address,
            "--directory",
            state.release,
            PORT,
        ],
        PYTHONUNBUFFERED="1",
    )
    processes.wait_until(
        state,
        "the release's server",
        lambda: processes.answers(url + "/"),
        server,
        "release",
        timeout=20,
    )
    return url


def _release_members(version, crds):
    top = "release-%s/" % version
    yield (
        top + "README",
        b"A stand-in for the release's files, made by hardway.calico's lab. Nothing in it is Calico.\n",
        0o644,
    )
    yield top + "manifests/crds.yaml", crds, 0o644
    for arch in ARCHITECTURES:
        for name in CALICO_PROGRAMS:
            yield "%sbin/cni/%s/%s" % (top, arch, name), _script(name, version, arch), 0o755
        yield "%sbin/cni/%s/calico-ipam" % (top, arch), "./calico", 0o777


def _reference_members(arch, version):
    yield "./", None, 0o755
    for name in REFERENCE_PLUGINS:
        real = DEBIAN_PLUGINS / name
        # Debian's plugins are v1.1.1, for this machine's architecture only.
        content = (
            real.read_bytes()
            if real.exists() and (arch, version) == (ARCHITECTURE, "v1.1.1")
            else _script(name, version, arch)
        )
        yield "./" + name, content, 0o755


def _script(name, version, arch):
    """As Calico's plugin does, it tells its version with -v."""
    head = "#!/bin/sh\n# A stand-in for %s %s (%s), made by hardway.calico's lab.\n" % (
        name,
        version,
        arch,
    )
    return (head + '[ "$1" = -v ] && echo %s\nexit 0\n' % version).encode()


def _archive(members):
    """A tgz of (path, content, mode), content being bytes, None for a folder or str for a symbolic
    link; the same bytes each time.
    """
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0, compresslevel=1) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as archive,
    ):
        for path, content, mode in members:
            entry = tarfile.TarInfo(path)
            # Upstream's archives have carried the build machine's owners; extraction must not follow them.
            entry.mode, entry.uid, entry.gid, entry.uname, entry.gname = (
                mode,
                1001,
                127,
                "runner",
                "docker",
            )
            if content is None:
                entry.type = tarfile.DIRTYPE
            elif isinstance(content, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, content
            else:
                entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content) if isinstance(content, bytes) else None)
    return packed.getvalue()
