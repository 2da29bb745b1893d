# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides what 10-calico.conflist holds and whether it must be written (pure).

Keys of the calico plugin: projectcalico/calico cni-plugin/pkg/types/types.go.
"""

from __future__ import annotations

import json
import posixpath
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._cni.defaults import BINARIES
from ansible_collections.hardway.calico.plugins.module_utils._cni.etcd_tls import (
    decide as etcd_tls,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._host.attributes import Place
from ansible_collections.hardway.calico.plugins.module_utils._host.single_file import (
    decide as single_file,
)
from ansible_collections.hardway.calico.plugins.module_utils._host.single_file.decide import (
    Comparison,
    FileStep,
    Seen,
)
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan

# libcni reads these, sorted by name, and container runtimes take the first
# (containernetworking/cni libcni ConfFiles).
EXTENSIONS = (".conf", ".conflist", ".json")
MAX_MTU = 65535
MIN_MTU = 576


def conflist(params: dict[str, t.Any]) -> dict[str, t.Any]:
    """The network configuration list for the module's options."""
    mtu = params["mtu"]
    if mtu != 0 and not MIN_MTU <= mtu <= MAX_MTU:
        raise CalicoError(
            "mtu is out of range",
            expected="0 (Felix finds it out) or %d to %d" % (MIN_MTU, MAX_MTU),
            found=mtu,
        )
    calico: dict[str, t.Any] = {"type": "calico", "log_level": params["log_level"]}
    if params["log_file_path"]:
        calico["log_file_path"] = params["log_file_path"]
    calico["datastore_type"] = params["datastore_type"]
    if etcd_tls.wanted(params):
        calico.update(etcd_tls.settings(params))
    if params["nodename"]:
        calico["nodename"] = params["nodename"]
    calico["mtu"] = mtu
    ipam = {key: _ipam_value(value) for key, value in params["ipam"].items()}
    calico["ipam"] = {"type": "calico-ipam", **ipam}
    calico["policy"] = {"type": "k8s"}
    calico["kubernetes"] = {"kubeconfig": params["kubeconfig"]}
    calico.update(params["settings"])
    plugins: list[dict[str, t.Any]] = [calico]
    if params["portmap"]:
        plugins.append({"type": "portmap", "snat": True, "capabilities": {"portMappings": True}})
    if params["bandwidth"]:
        plugins.append({"type": "bandwidth", "capabilities": {"bandwidth": True}})
    plugins += params["plugins"]
    for plugin in plugins:
        if not isinstance(plugin.get("type"), str) or not plugin["type"]:
            raise CalicoError(
                "a plugin of the chain has no type",
                expected="type: the plugin's file name in %s" % BINARIES,
                found=json.dumps(plugin),
            )
    return {"name": params["name"], "cniVersion": params["cni_version"], "plugins": plugins}


def render(wanted: dict[str, t.Any]) -> str:
    return json.dumps(wanted, indent=2) + "\n"


def decide(place: Place, wanted: dict[str, t.Any], seen: Seen) -> Plan[FileStep]:
    """Plan for the file."""
    current, reason = _parsed(seen.content)
    before = current
    if reason and seen.state.kind == "file":
        before = (seen.content or b"").decode("utf-8", "replace")
    elif reason is None and current != wanted:
        reason = "the configuration differs"
    compared = Comparison(before, wanted, reason)
    return single_file.decide(place, render(wanted).encode(), seen, compared)


def earlier_of(place: Place, names: list[str], policy: str) -> list[str]:
    """Names among `names` of configurations that a container runtime prefers to the file at a place.

    Raises CalicoError if there are any and the policy (option earlier_confs) is "fail".
    """
    earlier = earlier_configurations(posixpath.basename(place.path), names)
    if earlier and policy == "fail":
        raise earlier_message(place.path, earlier)
    return earlier


def earlier_configurations(name: str, others: list[str]) -> list[str]:
    """Names among `others` that a container runtime prefers to the file called `name`, in its order."""
    return sorted(other for other in others if other.endswith(EXTENSIONS) and other < name)


def earlier_message(path: str, earlier: list[str]) -> CalicoError:
    return CalicoError(
        "%s is not the network configuration that the container runtime will use" % path,
        expected="no *.conf, *.conflist or *.json file that sorts before it in the same directory",
        found=", ".join(earlier),
        remedy="remove or rename these files if their network is no longer wanted; "
        "this module never deletes another vendor's file",
    )


def _parsed(content: bytes | None) -> tuple[t.Any, str | None]:
    """(what the content is in JSON, None), or (None, why it is none)."""
    if content is None:
        return None, "it cannot be followed"
    try:
        return json.loads(content), None
    except ValueError as exc:
        return None, "it is not JSON (%s)" % exc


def _ipam_value(value: t.Any) -> t.Any:
    # The plugin reads assign_ipv4 and assign_ipv6 as strings.
    return str(value).lower() if isinstance(value, bool) else value
