# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debian packages that the lab needs."""

from __future__ import annotations

import os
import pathlib
import subprocess

from hardway_lab.errors import LabError

PACKAGES = {
    "/usr/sbin/sshd": "openssh-server",
    "/usr/bin/ssh": "openssh-client",
    "/usr/sbin/ip": "iproute2",
    "/usr/bin/openssl": "openssl",
    "/usr/bin/python3": "python3",
    "/usr/lib/cni/portmap": "containernetworking-plugins",
}


def ensure():
    """Install what is missing. Raises LabError if not root or if apt-get fails."""
    if os.geteuid() != 0:
        raise LabError("the lab needs root: it makes network namespaces and mounts")
    missing = sorted(
        {package for path, package in PACKAGES.items() if not pathlib.Path(path).exists()}
    )
    if not missing:
        return
    print("lab: installing %s" % " ".join(missing), flush=True)
    for command in (
        ["update", "-qq"],
        ["install", "-y", "-qq", "--no-install-recommends", *missing],
    ):
        done = subprocess.run(
            ["apt-get", *command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=600,
            check=False,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        )
        if done.returncode != 0:
            raise LabError("apt-get %s failed: %s" % (command[0], done.stderr.strip()[-500:]))
