# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides how the pools that are there become the wanted ones, or refuses with every problem at once."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils import _ippool_validation as validation
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._ippool_fields import FIELDS, OPTIONS, defaults, effective, set_by_user
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan, Step


@dataclass(frozen=True)
class Datastore:
    """What a datastore holds. pools: {name: spec}; blocks: [Block]. Both datastores fill this port alike."""

    pools: dict
    blocks: tuple = ()


@dataclass(frozen=True)
class Block:
    """An IPAM block: its name, its network and how many addresses are in use."""

    name: str
    network: object
    in_use: int


def decide(wanted, current, minor, forbidden=(), force_delete=False):
    """The Plan. wanted: list of pools by option name; forbidden: [{"name", "cidr"}]; minor: of Calico 3.

    Only fields that the user set are compared; a new pool gets calicoctl's defaults for the rest. Steps: "create",
    "update", and for absent ones "disable" then "delete". Raises CalicoError that lists all problems of all pools.
    """
    problems = _duplicates(wanted)
    present = [pool for pool in wanted if pool["state"] == "present"]
    absent = [pool["name"] for pool in wanted if pool["state"] == "absent" and pool["name"] in current.pools]
    finals = {name: effective(spec, minor) for name, spec in current.pools.items() if name not in absent}
    steps = []
    for pool in present:
        problems += validation.release_problems(pool, minor)
        if pool["cidr"] is None and pool["name"] not in current.pools:
            problems.append("pool %s: cidr is missing, and there is no such pool yet" % pool["name"])
            continue
        finals[pool["name"]], step = _present(pool, current.pools.get(pool["name"]), minor)
        problems += validation.spec_problems(pool["name"], finals[pool["name"]])
        problems += _conflicts_with_existing(pool, current, finals[pool["name"]], minor)
        steps += step
    problems += validation.overlap_problems(finals, {pool["name"] for pool in present}, forbidden)
    for name in absent:
        problems += [] if force_delete else _in_use(name, current)
        steps += _absent(name, current, minor)
    if problems:
        raise CalicoError("The IP pools cannot be declared: " + "; ".join(dict.fromkeys(problems)),
                          expected="pools that Calico can use", found="%d problem%s, nothing was written" % (len(problems), "s" if len(problems) > 1 else ""),
                          remedy="correct what is named and run again")
    return Plan(steps)


def needs_blocks(wanted, current_names):
    """Whether the decision needs the IPAM blocks: only for new and removed pools."""
    return any((pool["name"] in current_names) == (pool["state"] == "absent") for pool in wanted)


def blocks_of(spec, blocks):
    """The blocks inside a pool."""
    network = ipaddress.ip_network(spec["cidr"], strict=False)
    return [block for block in blocks if block.network.version == network.version and block.network.subnet_of(network)]


def _duplicates(wanted):
    names = [pool["name"] for pool in wanted]
    return ["pool %s: it is listed %d times; list it once" % (name, names.count(name)) for name in dict.fromkeys(names) if names.count(name) > 1]


def _present(pool, stored, minor):
    """(effective spec as it would be, steps)."""
    target, wanted = "IPPool %s" % pool["name"], set_by_user(pool)
    if stored is None:
        spec = {**defaults(wanted["cidr"], minor), **wanted}
        spec = {key: value for key, value in spec.items() if value is not False and value != ""}
        return effective(spec, minor), [Step("create", target, "it does not exist", after=spec, detail=(pool["name"], spec))]
    old = effective(stored, minor)
    # Field by field over what the user set; that false and absent are the same is in `effective`.
    change = {key: value for key, value in wanted.items() if old[key] != value}
    new = {**old, **change}
    if not change:
        return new, []
    reason = "%s differ%s" % (", ".join(OPTIONS[key] for key in change), "s" if len(change) == 1 else "")
    return new, [Step("update", target, reason, before={key: old[key] for key in change}, after=change, detail=(pool["name"], change))]


def _conflicts_with_existing(pool, current, final, minor):
    stored = current.pools.get(pool["name"])
    if stored is not None:
        return list(validation.immutable_problems(pool["name"], effective(stored, minor), final))
    return list(validation.block_problems(pool["name"], final, [block.network for block in current.blocks]))


def _in_use(name, current):
    used = [block for block in blocks_of(current.pools[name], current.blocks) if block.in_use]
    if not used:
        return []
    return ["pool %s: %d addresses in %d IPAM blocks are in use; set disabled, move the pods, then remove it, or set force_delete" % (
        name, sum(block.in_use for block in used), len(used))]


def _absent(name, current, minor):
    spec = current.pools[name]
    target, steps = "IPPool %s" % name, []
    # As calicoctl does: a disabled pool hands out no address while its blocks are released.
    if not spec.get("disabled"):
        steps.append(Step("disable", target, "it is removed next", before={"disabled": False}, after={"disabled": True}, detail=(name, {"disabled": True})))
    shown = {key: spec[key] for key, _since in FIELDS.values() if key in spec}
    empty = [block.name for block in blocks_of(spec, current.blocks) if not block.in_use]
    return steps + [Step("delete", target, "it is wanted absent", before=shown, detail=(name, spec["cidr"], empty))]
