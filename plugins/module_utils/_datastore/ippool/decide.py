# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides how the pools that are there become the wanted ones, or refuses with every problem at once (pure)."""

from __future__ import annotations

import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._datastore.fields import Options, Spec
from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool import rules
from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool.blocks import (
    in_use_problem,
    of_pool,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool.fields import FIELDS
from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool.state import (
    State,
    spec_of,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.ippool.steps import (
    CreatePool,
    DeletePool,
    DisablePool,
    PoolStep,
    UpdatePool,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.networks import (
    Network,
    covered,
    overlap,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import Manifest
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan


def require_installed(current: State) -> None:
    """Raises CalicoError if the datastore cannot hold pools; check mode may go on, it counts as no pools."""
    if current.missing:
        raise current.missing


def decide(
    wanted: list[Options],
    current: State,
    minor: int,
    forbidden: t.Sequence[dict[str, str]] = (),
    force_delete: bool = False,
) -> Plan[PoolStep]:
    """The Plan. wanted: pools by option name; forbidden: [{"name", "cidr"}]; minor: of Calico 3.

    Only fields that the user set are compared; a new pool gets calicoctl's defaults for the rest.
    An absent pool is disabled, then deleted. Absent ones go last, so that there are always addresses
    to hand out, but first where a new pool takes their range. Raises CalicoError that lists all
    problems of all pools.
    """
    present = [pool for pool in wanted if pool["state"] == "present"]
    absent = [
        pool["name"]
        for pool in wanted
        if pool["state"] == "absent" and pool["name"] in current.pools
    ]
    finals = {
        name: FIELDS.effective(spec, minor)
        for name, spec in current.specs.items()
        if name not in absent
    }
    left = _networks_left(current, absent)
    problems = _duplicates(wanted)
    changes: list[PoolStep] = []
    for pool in present:
        name, stored = pool["name"], current.pools.get(pool["name"])
        problems += rules.release_problems(pool, minor)
        if pool["cidr"] is None and stored is None:
            problems.append("pool %s: cidr is missing, and there is no such pool yet" % name)
            continue
        step, final = _new(pool, minor) if stored is None else _existing(pool, stored, minor)
        finals[name] = final
        changes += [step] if step else []
        problems += rules.spec_problems(name, final)
        problems += _conflicts(name, stored, final, left, minor)
    problems += rules.overlap_problems(finals, {pool["name"] for pool in present}, forbidden)
    if not force_delete:
        problems += _in_use(current, absent)
    _refuse(problems)
    removals = [step for name in absent for step in _removal(name, current, force_delete)]
    if _replaced(current, absent, [finals[pool["name"]] for pool in present]):
        return Plan([*removals, *changes])
    return Plan([*changes, *removals])


def _duplicates(wanted: list[Options]) -> list[str]:
    names = [pool["name"] for pool in wanted]
    return [
        "pool %s: it is listed %d times; list it once" % (name, names.count(name))
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]


def _networks_left(current: State, absent: list[str]) -> list[Network]:
    """The networks of the blocks that are still there once the absent pools are removed."""
    released = [
        block
        for name in absent
        for block in of_pool(current.specs[name].get("cidr", ""), current.blocks)
        if not block.in_use
    ]
    return [block.network for block in current.blocks if block not in released]


def _new(pool: Options, minor: int) -> tuple[CreatePool, Spec]:
    """The step to a pool that is not there, and its effective spec."""
    spec = FIELDS.new(FIELDS.set_by_user(pool, minor), minor)
    step = CreatePool(
        target=_target(pool["name"]),
        reason="it does not exist",
        before=None,
        after=spec,
        name=pool["name"],
        spec=spec,
    )
    return step, FIELDS.effective(spec, minor)


def _existing(pool: Options, stored: Manifest, minor: int) -> tuple[UpdatePool | None, Spec]:
    """The step to a pool that is there, if one is needed, and its effective spec as it would be."""
    old = FIELDS.effective(spec_of(stored), minor)
    change = FIELDS.changes(old, FIELDS.set_by_user(pool, minor))
    if not change:
        return None, old
    options = ", ".join(FIELDS[key].option for key in change)
    step = UpdatePool(
        target=_target(pool["name"]),
        reason="%s differ%s" % (options, "s" if len(change) == 1 else ""),
        before={key: old.get(key) for key in change},
        after=change,
        pool=stored,
        change=change,
    )
    return step, {**old, **change}


def _conflicts(
    name: str, stored: Manifest | None, final: Spec, left: list[Network], minor: int
) -> t.Iterator[str]:
    """What stands against a pool in what is there already."""
    if stored is None:
        return rules.block_problems(name, final, left)
    return rules.immutable_problems(name, FIELDS.effective(spec_of(stored), minor), final)


def _in_use(current: State, absent: list[str]) -> list[str]:
    problems = [
        in_use_problem(name, of_pool(current.specs[name].get("cidr", ""), current.blocks))
        for name in absent
    ]
    return [problem for problem in problems if problem]


def _refuse(problems: list[str]) -> None:
    if not problems:
        return
    raise CalicoError(
        "The IP pools cannot be declared: " + "; ".join(dict.fromkeys(problems)),
        expected="pools that Calico can use",
        found="%d problem%s, nothing was written"
        % (len(problems), "s" if len(problems) > 1 else ""),
        remedy="correct what is named and run again",
    )


def _removal(name: str, current: State, force: bool) -> t.Iterator[PoolStep]:
    pool, spec = current.pools[name], current.specs[name]
    if not spec.get("disabled"):
        yield DisablePool(
            target=_target(name),
            reason="it is removed next",
            before={"disabled": False},
            after={"disabled": True},
            pool=pool,
        )
    yield DeletePool(
        target=_target(name),
        reason="it is wanted absent",
        before={field.key: spec[field.key] for field in FIELDS if field.key in spec},
        after=None,
        pool=pool,
        force=force,
    )


def _replaced(current: State, absent: list[str], finals: list[Spec]) -> bool:
    """Whether a wanted pool takes the range of one that is removed."""
    gone = [covered(current.specs[name].get("cidr", "")) for name in absent]
    return any(overlap(first, covered(spec.get("cidr", ""))) for first in gone for spec in finals)


def _target(name: str) -> str:
    return "IPPool %s" % name
