# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Up and down: the whole life of a lab."""

from __future__ import annotations

import shutil
import time

from hardway_lab import (
    binaries,
    etcd,
    hosts,
    inventory,
    network,
    nodes,
    packages,
    processes,
    release,
)
from hardway_lab.control_plane import ControlPlane
from hardway_lab.errors import LabError
from hardway_lab.state import State, locked


def up(name, count, control_planes, versions, with_etcd=False):
    """Bring a lab up; one of the same shape that is up already is left alone. Returns its shape.

    with_etcd: whether Calico gets an etcd of its own.
    """
    if not 1 <= control_planes <= count <= 200:
        raise LabError(
            "%d hosts with %d control planes: expected 1 to 200 hosts, at least one of them a control plane"
            % (count, control_planes)
        )
    state = State(name)
    wanted = {"count": count, "control_planes": control_planes, "versions": versions}
    if with_etcd:
        wanted["etcd"] = True
    there = state.shape()
    if there and there.get("complete") and len(processes.of_lab(name)) >= _least_processes(there):
        if there["wanted"] != wanted:
            raise LabError(
                "the lab %s is up with another shape, %s; take it down first, or choose another --name"
                % (name, there["wanted"])
            )
        print("lab: %s is up already" % name)
        return there
    if state.folder.exists():
        print("lab: removing the remains of %s" % name, flush=True)
        down(name)
    with locked("programs"):
        packages.ensure()
        programs = binaries.find_all()
    started = time.monotonic()
    with locked("index"):
        index = network.free_index()
        net = network.Network(index)
        members = [
            {
                "name": "cka%03d" % number,
                "address": net.address(number),
                "groups": ["masters" if number <= control_planes else "workers"],
            }
            for number in range(1, count + 1)
        ]
        shape = {
            "name": name,
            "index": index,
            "wanted": wanted,
            "hosts": members,
            "kubectl": programs["kubectl"],
        }
        state.create(shape)
    net.make_bridge()
    plane = ControlPlane(state, net, index, programs)
    plane.start()
    print(
        "lab: control plane %s ready after %.1f s" % (plane.url, time.monotonic() - started),
        flush=True,
    )
    for version, what in release.make(state.release, versions).items():
        print("lab: stand-in release %s, CRDs: %s" % (version, what))
    release_url = release.serve(state, net.gateway)
    if with_etcd:
        members_of_etcd = etcd.Etcd(state, net.gateway, programs["etcd"])
        members_of_etcd.start()
        shape["etcd"] = members_of_etcd.endpoints
    hosts.make_keys(state)
    hosts.make_filesystem(state)
    hosts.write_known_hosts(state, [host["address"] for host in members])
    for number, host in enumerate(members, 1):
        net.make_host(host["name"], number)
        hosts.start(
            state, net, host["name"], host["address"], "masters" in host["groups"], binaries.cache()
        )
    nodes.write_kubeadm_config(plane)
    for host in members:
        nodes.register(plane, host["name"], host["address"], "masters" in host["groups"])
    for host in members:
        processes.wait_until(
            state,
            "sshd of " + host["name"],
            lambda address=host["address"]: hosts.answers(state, address),
            log=host["name"],
        )
    nodes.wait_until_usable(plane)
    inventory.write(state, shape, release_url)
    shape.update(complete=True, release_url=release_url)
    state.save(shape)
    print(
        "lab: %s is up, %d hosts, after %.1f s; inventory %s"
        % (name, count, time.monotonic() - started, state.inventory)
    )
    return shape


def _least_processes(shape):
    """etcd, API server, controllers, scheduler, kwok, the release's server, Calico's etcd, an sshd for every host."""
    return 6 + len(shape.get("etcd", [])) + len(shape["hosts"])


def down(name):
    """Remove all that a lab left, wherever its `up` was. Returns whether there was one."""
    state = State(name)
    shape = state.shape()
    processes.end_all(name)
    if shape is None:
        if state.folder.exists():
            shutil.rmtree(state.folder)
        return False
    network.Network(shape["index"]).remove()
    hosts.remove_filesystem(state)
    shutil.rmtree(state.folder)
    return True


def status(name):
    """What `status --json` prints."""
    state = State(name)
    shape = state.shape()
    if shape is None or not shape.get("complete"):
        raise LabError("there is no lab %s; bring it up with: lab up --name %s" % (name, name))
    return {
        "name": name,
        "kubeconfig": str(state.kubeconfig),
        "inventory": str(state.inventory),
        "release_url": shape["release_url"],
        "kubectl": shape["kubectl"],
        "etcd": shape.get("etcd", []),
        "hosts": shape["hosts"],
        "processes": len(processes.of_lab(name)),
    }
