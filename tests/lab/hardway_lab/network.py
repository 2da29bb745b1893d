# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's network: a bridge to which this machine and a network namespace for every host are connected."""

from __future__ import annotations

import json
import subprocess

from hardway_lab import state as labs
from hardway_lab.errors import LabError


class Network:
    """Everything is named after the lab's index, so that leftovers are found by name."""

    def __init__(self, index):
        self.prefix = "hwc%d" % index
        self.gateway = "10.213.%d.1" % index

    def address(self, number):
        """The address of host `number`, counted from 1."""
        return "%s.%d" % (self.gateway.rsplit(".", 1)[0], number + 10)

    def namespace(self, host):
        return "%s-%s" % (self.prefix, host)

    def make_bridge(self):
        """The bridge is in a namespace of its own, out of reach of this machine's firewall:
        Docker's drops what passes between hosts on any bridge beside it. This machine has one end
        of a veth into it.
        """
        space = self.namespace("bridge")
        _ip("netns", "add", space)
        _ip("-n", space, "link", "add", "bridge", "type", "bridge")
        _ip("link", "add", self.prefix, "type", "veth", "peer", "name", "machine", "netns", space)
        _ip("-n", space, "link", "set", "machine", "master", "bridge", "up")
        _ip("-n", space, "link", "set", "bridge", "up")
        _ip("addr", "add", self.gateway + "/24", "dev", self.prefix)
        _ip("link", "set", self.prefix, "up")

    def make_host(self, host, number):
        namespace, space, port = self.namespace(host), self.namespace("bridge"), "host%d" % number
        _ip("netns", "add", namespace)
        _ip(
            "-n",
            namespace,
            "link",
            "add",
            "eth0",
            "type",
            "veth",
            "peer",
            "name",
            port,
            "netns",
            space,
        )
        _ip("-n", space, "link", "set", port, "master", "bridge", "up")
        for command in (
            ["addr", "add", self.address(number) + "/24", "dev", "eth0"],
            ["link", "set", "eth0", "up"],
            ["link", "set", "lo", "up"],
            ["route", "add", "default", "via", self.gateway],
        ):
            _ip("-n", namespace, *command)

    def remove(self):
        """Remove all that is there of it; nothing is not an error."""
        for entry in _json("netns", "list"):
            if entry["name"].startswith(self.prefix + "-"):
                _ip("netns", "delete", entry["name"])
        links = [entry["ifname"] for entry in _json("link", "show")]
        for link in links:
            if link == self.prefix or (
                link.startswith(self.prefix + "v") and link[len(self.prefix) + 1 :].isdigit()
            ):
                subprocess.run(
                    ["ip", "link", "delete", link], capture_output=True, timeout=30, check=False
                )


def free_index():
    """The lowest index that no lab and no bridge uses."""
    taken = set(labs.indexes_in_use())
    links = {entry["ifname"] for entry in _json("link", "show")}
    for index in range(200):
        if index not in taken and "hwc%d" % index not in links:
            return index
    raise LabError("there are 200 labs already")


def _ip(*arguments):
    done = subprocess.run(
        ["ip", *arguments], capture_output=True, text=True, timeout=30, check=False
    )
    if done.returncode != 0:
        raise LabError("ip %s: %s" % (" ".join(arguments), done.stderr.strip()))
    return done.stdout


def _json(*arguments):
    return json.loads(_ip("-j", *arguments) or "[]")
