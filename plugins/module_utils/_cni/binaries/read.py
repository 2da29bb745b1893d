# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: what the sources mean on this node, and what is there of it."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries.decide import Node
from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries.record import read_record
from ansible_collections.hardway.calico.plugins.module_utils._cni.binaries.sources import (
    Source,
    architecture,
    checksum_urls,
    resolve,
)
from ansible_collections.hardway.calico.plugins.module_utils._host.attributes import absolute_path
from ansible_collections.hardway.calico.plugins.module_utils._host.download import fetch_text
from ansible_collections.hardway.calico.plugins.module_utils._host.files import observe, read_bytes
from ansible_collections.hardway.calico.plugins.module_utils._host.owner import ids


def read(params: dict[str, t.Any]) -> tuple[list[Source], Node]:
    """The sources for this node's architecture, and the node. params: the options of cni_binaries.

    Lists of checksums are fetched where sources name them. Raises CalicoError for options that make
    no sense, and for lists and files that cannot be read.
    """
    machine = os.uname().machine
    arch = architecture(machine, params["arch_map"])
    uid, gid = ids(params["owner"], params["group"])
    record_path = absolute_path("state_file", params["state_file"])
    addresses = checksum_urls(params["sources"], arch, machine)
    checksums = {address: fetch_text(address, params["timeout"]) for address in addresses}
    sources = resolve(params["sources"], arch, machine, checksums)
    observed = {wanted.dest: observe(wanted.dest) for source in sources for wanted in source.files}
    recorded = read_record(read_bytes(record_path))
    return sources, Node(arch, machine, uid, gid, record_path, recorded, observed)
