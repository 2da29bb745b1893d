# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a lab keeps its things, and the shape it was asked for."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pathlib
import re

from hardway_lab.errors import LabError

NAME = re.compile(r"[a-z][a-z0-9-]{0,30}\Z")


def base():
    """The folder of all labs."""
    return (
        pathlib.Path(os.environ.get("XDG_STATE_HOME") or pathlib.Path.home() / ".local/state")
        / "hardway-calico/lab"
    )


@contextlib.contextmanager
def locked(what):
    """Only one process at a time is in here for `what`: labs that come up together must not choose
    the same index, nor build the same program.
    """
    base().mkdir(parents=True, exist_ok=True)
    with open(base() / (what + ".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class State:
    """A lab's folder. lab.json is written before anything else exists, so that `down` finds a killed `up` as well."""

    def __init__(self, name):
        if not NAME.match(name):
            raise LabError("a lab's name is lower-case letters, digits and dashes, not %r" % name)
        self.name = name
        self.folder = base() / name
        self.hosts_tmpfs = self.folder / "hosts"
        self.logs = self.folder / "logs"
        self.pki = self.folder / "pki"
        self.kubeconfig = self.folder / "kubeconfig"
        self.inventory = self.folder / "inventory.yml"
        self.release = self.folder / "release"
        self.ssh_key = self.folder / "ssh_key"
        self.known_hosts = self.folder / "known_hosts"
        self.held = self.folder / "held.yaml"

    def shape(self):
        """The shape as a dict, or None if there is no such lab."""
        try:
            return json.loads((self.folder / "lab.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    def create(self, shape):
        # A run killed between these two lines leaves a folder without lab.json: `down` and the next `up` remove it.
        self.folder.mkdir(parents=True, mode=0o700)
        self.save(shape)
        for folder in (self.hosts_tmpfs, self.logs, self.pki, self.release):
            folder.mkdir(mode=0o700)

    def save(self, shape):
        path = self.folder / "lab.json"
        new = path.with_suffix(".new")
        new.write_text(json.dumps(shape, indent=2), encoding="utf-8")
        new.replace(path)


def indexes_in_use():
    """{index: name} of every lab that has a folder."""
    shapes = [State(path.parent.name).shape() for path in base().glob("*/lab.json")]
    return {shape["index"]: shape["name"] for shape in shapes if shape}
