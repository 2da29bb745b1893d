# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lab (tests/lab) as the tests see it: up, down, commands on hosts, kubectl."""

from __future__ import annotations

import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
LAB = ROOT / "tests/lab/lab"


class Lab:
    """A lab by name. kubeconfig, inventory and hosts are those of `lab status --json`."""

    def __init__(self, name, hosts=3, control_planes=1, releases=("v3.32.1",), etcd=False):
        self.name = name
        self.releases = releases
        self.size = hosts
        self.control_planes = control_planes
        self.etcd = etcd
        self.status = {}

    def up(self):
        # The first lab on a machine builds Kubernetes, hence the long limit.
        shape = ["--hosts", str(self.size), "--control-planes", str(self.control_planes)]
        shape += ["--etcd"] if self.etcd else []
        shape += [word for release in self.releases for word in ("--release-version", release)]
        subprocess.run([LAB, "up", "--name", self.name, *shape], check=True, timeout=2400)
        self.status = json.loads(
            subprocess.run(
                [LAB, "status", "--name", self.name, "--json"],
                check=True,
                capture_output=True,
                timeout=60,
            ).stdout
        )
        return self

    def down(self):
        subprocess.run(
            [LAB, "down", "--name", self.name], check=True, timeout=120, stdout=subprocess.DEVNULL
        )

    def renew(self):
        """An empty cluster and untouched hosts again."""
        self.down()
        return self.up()

    def hold(self, *nodes):
        """Let calico/node be not Ready on these nodes, from its next pod on, and heal all others."""
        subprocess.run([LAB, "hold", "--name", self.name, *nodes], check=True, timeout=60)

    @property
    def kubeconfig(self):
        return self.status["kubeconfig"]

    @property
    def inventory(self):
        return self.status["inventory"]

    @property
    def hosts(self):
        return [host["name"] for host in self.status["hosts"]]

    @property
    def workers(self):
        return [host["name"] for host in self.status["hosts"] if "workers" in host["groups"]]

    @property
    def control_plane(self):
        return next(host["name"] for host in self.status["hosts"] if "masters" in host["groups"])

    def exec(self, host, *command, check=True, stdin=None):
        """A command on a host; returns its standard output as text."""
        done = subprocess.run(
            [LAB, "exec", "--name", self.name, host, *command],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            input=stdin,
        )
        if check and done.returncode != 0:
            raise AssertionError(
                "%s on %s: exit %d\n%s\n%s"
                % (command, host, done.returncode, done.stdout, done.stderr)
            )
        return done.stdout

    def kubectl(self, *arguments, check=True, kubeconfig=None, stdin=None):
        """kubectl as admin, or with another kubeconfig; returns its standard output as text."""
        done = subprocess.run(
            [self.status["kubectl"], "--kubeconfig", kubeconfig or self.kubeconfig, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            input=stdin,
        )
        if check and done.returncode != 0:
            raise AssertionError(
                "kubectl %s: exit %d\n%s" % (" ".join(arguments), done.returncode, done.stderr)
            )
        return done.stdout

    def objects(self, kind, namespace=None):
        """The objects of a kind, as dicts."""
        where = ["-n", namespace] if namespace else ["-A"]
        return json.loads(self.kubectl("get", kind, *where, "-o", "json"))["items"]
