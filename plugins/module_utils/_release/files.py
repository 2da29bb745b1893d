# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a release's files are and what they are called (pure).

Upstream's URLs, the mirror layout, the reference CNI plugins.

In URLs and archive members `{arch}` stands for the node's architecture in Go's naming (amd64, arm64, ...).
"""

from __future__ import annotations

ASSETS = "https://github.com/projectcalico/calico/releases/download"
RAW = "https://raw.githubusercontent.com/projectcalico/calico"
CNI_PLUGINS = "https://github.com/containernetworking/plugins/releases/download"

CHECKSUMS = "SHA256SUMS"
CRDS = "crds.yaml"
CALICOCTL = "calicoctl-linux-{arch}"
CNI_PLUGINS_ARCHIVE = "cni-plugins-linux-{arch}-%s.tgz"

CNI_BINARIES = ("calico", "calico-ipam")
# portmap and bandwidth are chained by the conflist, loopback is the runtime's, tuning and host-local the users'.
REFERENCE_PLUGINS = ("bandwidth", "host-local", "loopback", "portmap", "tuning")

DEFAULT_CNI_PLUGINS = "v1.9.1"
CNI_PLUGINS_SHA256 = {
    "v1.9.1": {
        "amd64": "b98f74a0f8522f0a83867178729c1aa70f2158f90c45a2ca8fa791db1c76b303",
        "arm": "21416880bea0541d78afaf106373d6dbb471edb92c0114fa263494fe4aec8d3b",
        "arm64": "56171987d3947707c3563db2f4001bccaf50fd63468611b9f3cbecb1375ee7ec",
        "ppc64le": "44b743ff6e4dc145eb4e5280e49eca182fcc586d8d52ab431d5904b66e5ca6f7",
    },
}


def release_archive(version: str) -> str:
    return "release-%s.tgz" % version


def archive_member(version: str, binary: str) -> str:
    """The path of a CNI binary inside the release's archive (layout since v3.21)."""
    return "release-%s/bin/cni/{arch}/%s" % (version, binary)


def cni_plugins_archive(version: str) -> str:
    return CNI_PLUGINS_ARCHIVE % version


def urls(version: str, mirror: str | None = None) -> dict[str, str]:
    """{release, calicoctl, crds, checksums} of a release, upstream's or below a mirror's base URL or directory."""
    base = "%s/%s" % (mirror.rstrip("/") if mirror else ASSETS, version)
    crds = "%s/%s" % (base, CRDS) if mirror else "%s/%s/manifests/%s" % (RAW, version, CRDS)
    return {
        "release": "%s/%s" % (base, release_archive(version)),
        "calicoctl": "%s/%s" % (base, CALICOCTL),
        "crds": crds,
        "checksums": "%s/%s" % (base, CHECKSUMS),
    }


def cni_plugins_url(version: str, mirror: str | None = None) -> str:
    base = "%s/cni-plugins" % mirror.rstrip("/") if mirror else CNI_PLUGINS
    return "%s/%s/%s" % (base, version, cni_plugins_archive(version))
