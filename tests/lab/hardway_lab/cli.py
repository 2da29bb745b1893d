# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys

from hardway_lab import bad_nodes, hosts, inventory, life
from hardway_lab.errors import LabError
from hardway_lab.state import State


def parser():
    top = argparse.ArgumentParser(
        prog="lab", description="A real Kubernetes control plane and SSH hosts on this machine."
    )
    commands = top.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="bring a lab up")
    up.add_argument("--hosts", type=int, default=3, help="number of hosts (3)")
    up.add_argument(
        "--control-planes", type=int, default=1, help="how many of them are control planes (1)"
    )
    up.add_argument(
        "--release-version",
        action="append",
        help="a stand-in release to serve; may be given again (v3.32.1)",
    )
    up.add_argument(
        "--etcd", action="store_true", help="an etcd of three members for Calico's data besides"
    )
    down = commands.add_parser("down", help="take a lab down and leave nothing")
    status = commands.add_parser("status", help="say where a lab's things are")
    status.add_argument("--json", action="store_true")
    listing = commands.add_parser(
        "inventory", help="print the inventory as an inventory script does"
    )
    execute = commands.add_parser("exec", help="run a command on a host")
    hold = commands.add_parser(
        "hold", help="let calico/node be not Ready on these nodes, and on no others"
    )
    hold.add_argument("node", nargs="*")
    for command in (up, down, status, listing, execute, hold):
        command.add_argument("--name", default="lab", help="the lab's name (lab)")
    execute.add_argument("host")
    execute.add_argument("words", nargs=argparse.REMAINDER, metavar="command")
    return top


def execute(name, host, words):
    """Replace this process by ssh to the host."""
    state = State(name)
    addresses = {member["name"]: member["address"] for member in life.status(name)["hosts"]}
    if host not in addresses:
        raise LabError("the lab %s has no host %s; it has %s" % (name, host, ", ".join(addresses)))
    os.execvp(
        "ssh", ["ssh", *hosts.ssh_options(state), "root@" + addresses[host], shlex.join(words)]
    )


def main():
    arguments = parser().parse_args()
    try:
        if arguments.command == "up":
            life.up(
                arguments.name,
                arguments.hosts,
                arguments.control_planes,
                arguments.release_version or ["v3.32.1"],
                arguments.etcd,
            )
        elif arguments.command == "down":
            print(
                "lab: %s is %s"
                % (arguments.name, "down" if life.down(arguments.name) else "not up; nothing to do")
            )
        elif arguments.command == "inventory":
            life.status(arguments.name)
            print(inventory.for_ansible(State(arguments.name)))
        elif arguments.command == "hold":
            bad_nodes.hold(arguments.name, arguments.node)
        elif arguments.command == "exec":
            execute(arguments.name, arguments.host, arguments.words)
        else:
            told = life.status(arguments.name)
            if arguments.json:
                print(json.dumps(told, indent=2))
            else:
                print(
                    "\n".join(
                        "%-12s%s" % (key, told[key])
                        for key in ("kubeconfig", "inventory", "release_url", "processes")
                    )
                )
                print(
                    "\n".join(
                        "%-12s%s  %s" % (host["name"], host["address"], ",".join(host["groups"]))
                        for host in told["hosts"]
                    )
                )
    except LabError as exc:
        print("lab: %s" % exc, file=sys.stderr)
        return 1
    except subprocess.SubprocessError as exc:
        print("lab: %s" % exc, file=sys.stderr)
        return 1
    return 0
