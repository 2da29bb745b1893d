# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides what 10-calico.conflist holds and whether it must be written (pure).

Keys of the calico plugin: projectcalico/calico cni-plugin/pkg/types/types.go.
"""

from __future__ import annotations

import json

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._host.attributes import (
    drift,
    require_replaceable,
)
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan, Step

# libcni reads these, sorted by name, and container runtimes take the first (containernetworking/cni libcni ConfFiles).
EXTENSIONS = (".conf", ".conflist", ".json")
MAX_MTU = 65535
MIN_MTU = 576


def conflist(params):
    """The network configuration list for the module's options."""
    mtu = params["mtu"]
    if mtu != 0 and not MIN_MTU <= mtu <= MAX_MTU:
        raise CalicoError(
            "mtu is out of range",
            expected="0 (Felix finds it out) or %d to %d" % (MIN_MTU, MAX_MTU),
            found=mtu,
        )
    calico = {"type": "calico", "log_level": params["log_level"]}
    if params["log_file_path"]:
        calico["log_file_path"] = params["log_file_path"]
    calico["datastore_type"] = params["datastore_type"]
    if params["nodename"]:
        calico["nodename"] = params["nodename"]
    calico["mtu"] = mtu
    calico["ipam"] = {
        "type": "calico-ipam",
        **{key: _ipam_value(value) for key, value in params["ipam"].items()},
    }
    calico["policy"] = {"type": "k8s"}
    calico["kubernetes"] = {"kubeconfig": params["kubeconfig"]}
    calico.update(params["settings"])
    plugins = [calico]
    if params["portmap"]:
        plugins.append({"type": "portmap", "snat": True, "capabilities": {"portMappings": True}})
    if params["bandwidth"]:
        plugins.append({"type": "bandwidth", "capabilities": {"bandwidth": True}})
    plugins += params["plugins"]
    for plugin in plugins:
        if not isinstance(plugin.get("type"), str) or not plugin["type"]:
            raise CalicoError(
                "a plugin of the chain has no type",
                expected="type: the plugin's file name in /opt/cni/bin",
                found=json.dumps(plugin),
            )
    return {"name": params["name"], "cniVersion": params["cni_version"], "plugins": plugins}


def render(wanted):
    return json.dumps(wanted, indent=2) + "\n"


def decide(path, wanted, content, state, mode, uid, gid):
    """Plan for the file. content: the bytes that are there or None; state: their FileState."""
    require_replaceable(path, state)
    if state.kind == "absent":
        return Plan([Step("create", path, "the file is missing", after=wanted)])
    current, fault = _parsed(content)
    if state.kind == "link":
        return Plan(
            [
                Step(
                    "replace",
                    path,
                    "it is a symbolic link, not a file",
                    before=current,
                    after=wanted,
                )
            ]
        )
    if fault:
        return Plan(
            [
                Step(
                    "update",
                    path,
                    fault,
                    before=(content or b"").decode("utf-8", "replace"),
                    after=wanted,
                )
            ]
        )
    if current != wanted:
        return Plan(
            [Step("update", path, "the configuration differs", before=current, after=wanted)]
        )
    reason = drift(state, mode, uid, gid)
    if reason:
        return Plan(
            [
                Step(
                    "set attributes",
                    path,
                    reason,
                    before={"mode": "%04o" % state.mode},
                    after={"mode": "%04o" % mode},
                )
            ]
        )
    return Plan()


def earlier_configurations(name, others):
    """Names among `others` of configurations that a container runtime prefers to the file called `name`, in its order."""
    return sorted(other for other in others if other.endswith(EXTENSIONS) and other < name)


def earlier_message(path, earlier):
    return CalicoError(
        "%s is not the network configuration that the container runtime will use" % path,
        expected="no *.conf, *.conflist or *.json file that sorts before it in the same directory",
        found=", ".join(earlier),
        remedy="remove or rename these files if their network is no longer wanted; this module never deletes another vendor's file",
    )


def _parsed(content):
    if content is None:
        return None, "it cannot be followed"
    try:
        return json.loads(content), None
    except ValueError as exc:
        return None, "it is not JSON (%s)" % exc


def _ipam_value(value):
    # The plugin reads assign_ipv4 and assign_ipv6 as strings.
    return str(value).lower() if isinstance(value, bool) else value
