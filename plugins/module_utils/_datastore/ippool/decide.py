# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides how the pools that are there become the wanted ones, or refuses with every problem at once."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool import (
    rules as validation,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool.fields import (
    FIELDS,
    OPTIONS,
    covered,
    defaults,
    effective,
    same,
    set_by_user,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
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
    "update", and for absent ones "disable" then "delete". Absent ones go last, so that there are always addresses to
    hand out, but first where a new pool takes their range. Raises CalicoError that lists all problems of all pools.
    """
    problems = _duplicates(wanted)
    present = [pool for pool in wanted if pool["state"] == "present"]
    absent = [
        pool["name"]
        for pool in wanted
        if pool["state"] == "absent" and pool["name"] in current.pools
    ]
    finals = {
        name: effective(spec, minor) for name, spec in current.pools.items() if name not in absent
    }
    released = {
        block
        for name in absent
        for block in blocks_of(current.pools[name], current.blocks)
        if not block.in_use
    }
    left = [block.network for block in current.blocks if block not in released]
    steps, removals = [], []
    for pool in present:
        problems += validation.release_problems(pool, minor)
        if pool["cidr"] is None and pool["name"] not in current.pools:
            problems.append(
                "pool %s: cidr is missing, and there is no such pool yet" % pool["name"]
            )
            continue
        finals[pool["name"]], step = _present(pool, current.pools.get(pool["name"]), minor)
        problems += validation.spec_problems(pool["name"], finals[pool["name"]])
        problems += _conflicts_with_existing(
            pool, current.pools.get(pool["name"]), left, finals[pool["name"]], minor
        )
        steps += step
    problems += validation.overlap_problems(finals, {pool["name"] for pool in present}, forbidden)
    for name in absent:
        problems += [] if force_delete else _in_use(name, current)
        removals += _absent(name, current.pools[name], force_delete)
    if problems:
        raise CalicoError(
            "The IP pools cannot be declared: " + "; ".join(dict.fromkeys(problems)),
            expected="pools that Calico can use",
            found="%d problem%s, nothing was written"
            % (len(problems), "s" if len(problems) > 1 else ""),
            remedy="correct what is named and run again",
        )
    replaced = any(
        _share_addresses(current.pools[name], finals[pool["name"]])
        for name in absent
        for pool in present
    )
    return Plan(removals + steps if replaced else steps + removals)


def needs_blocks(wanted, current_names):
    """Whether the decision needs the IPAM blocks: only for new and removed pools."""
    return any((pool["name"] in current_names) == (pool["state"] == "absent") for pool in wanted)


def blocks_of(spec, blocks):
    """The blocks inside a pool."""
    network = covered(spec.get("cidr", ""))
    return [
        block
        for block in blocks
        if network is not None
        and block.network.version == network.version
        and block.network.subnet_of(network)
    ]


def _duplicates(wanted):
    names = [pool["name"] for pool in wanted]
    return [
        "pool %s: it is listed %d times; list it once" % (name, names.count(name))
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]


def _present(pool, stored, minor):
    """(effective spec as it would be, steps)."""
    target, wanted = "IPPool %s" % pool["name"], set_by_user(pool)
    if stored is None:
        spec = {**defaults(wanted["cidr"], minor), **wanted}
        spec = {key: value for key, value in spec.items() if value is not False and value != ""}
        return effective(spec, minor), [
            Step("create", target, "it does not exist", after=spec, detail=(pool["name"], spec))
        ]
    old = effective(stored, minor)
    # Field by field over what the user set; that false and absent are the same is in `effective`.
    change = {key: value for key, value in wanted.items() if not same(key, old.get(key), value)}
    new = {**old, **change}
    if not change:
        return new, []
    reason = "%s differ%s" % (
        ", ".join(OPTIONS[key] for key in change),
        "s" if len(change) == 1 else "",
    )
    return new, [
        Step(
            "update",
            target,
            reason,
            before={key: old.get(key) for key in change},
            after=change,
            detail=(pool["name"], change),
        )
    ]


def _conflicts_with_existing(pool, stored, blocks, final, minor):
    if stored is not None:
        return list(validation.immutable_problems(pool["name"], effective(stored, minor), final))
    return list(validation.block_problems(pool["name"], final, blocks))


def _share_addresses(first, second):
    first, second = covered(first.get("cidr", "")), covered(second.get("cidr", ""))
    return (
        None not in (first, second) and first.version == second.version and first.overlaps(second)
    )


def _in_use(name, current):
    used = [block for block in blocks_of(current.pools[name], current.blocks) if block.in_use]
    if not used:
        return []
    return [in_use_problem(name, sum(block.in_use for block in used), len(used))]


def in_use_problem(name, addresses, blocks):
    """Why a pool is not removed; for the adapter too, which looks again once the pool is disabled."""
    return (
        "pool %s: %d %s in use in %d IPAM block%s; set disabled, move the pods, then remove it, or set force_delete"
        % (
            name,
            addresses,
            "address is" if addresses == 1 else "addresses are",
            blocks,
            "" if blocks == 1 else "s",
        )
    )


def _absent(name, spec, force_delete):
    target, steps = "IPPool %s" % name, []
    # As calicoctl does: a disabled pool hands out no address while its blocks are released.
    if not spec.get("disabled"):
        steps.append(
            Step(
                "disable",
                target,
                "it is removed next",
                before={"disabled": False},
                after={"disabled": True},
                detail=(name, {"disabled": True}),
            )
        )
    shown = {key: spec[key] for key, _since in FIELDS.values() if key in spec}
    return steps + [
        Step(
            "delete",
            target,
            "it is wanted absent",
            before=shown,
            detail=(name, spec.get("cidr", ""), force_delete),
        )
    ]
