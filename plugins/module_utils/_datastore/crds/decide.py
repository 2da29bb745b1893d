# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides which CRDs of a release are written, which are waited for, and what the user must know (pure)."""

from __future__ import annotations

from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.differences import (
    changing,
    reason,
    shown,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.state import (
    State,
    name_of,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.crds.steps import (
    CreateCrd,
    UpdateCrd,
    WriteCrd,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import Manifest
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.rollout.decide import (
    crd_pending,
)
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan


def decide(state: State) -> Plan[WriteCrd]:
    """The plan of the CRDs to write, in the order of the wanted ones."""
    current = state.current
    changed = {name_of(crd) for crd in changing(state)}
    steps: list[WriteCrd] = []
    for crd in state.wanted:
        name = name_of(crd)
        if name not in current:
            steps.append(_create(crd))
        elif name in changed:
            steps.append(_update(crd, current[name], state.settled[name]))
    return Plan(steps)


def _create(crd: Manifest) -> CreateCrd:
    versions = ", ".join(each["name"] for each in crd["spec"]["versions"])
    return CreateCrd(
        target="CRD " + name_of(crd),
        reason="the cluster does not have it",
        before=None,
        after={"scope": crd["spec"]["scope"], "versions": versions},
        crd=crd,
    )


def _update(crd: Manifest, there: Manifest, settled: Manifest) -> UpdateCrd:
    before, after = shown(there, settled)
    return UpdateCrd(
        target="CRD " + name_of(crd),
        reason=reason(before, after),
        before=before,
        after=after,
        crd=crd,
    )


def awaited(plan: Plan[WriteCrd], state: State) -> list[str]:
    """Names of the CRDs to wait for: all wanted ones, unless nothing is written and all are Established already."""
    return [] if not plan and ready(state) else [name_of(crd) for crd in state.wanted]


def ready(state: State) -> bool:
    """Whether all wanted ones are there and Established."""
    current = state.current
    names = map(name_of, state.wanted)
    return all(crd_pending(name, current.get(name)) is None for name in names)


def warnings(
    plan: Plan[WriteCrd], version: str, dropped: list[str], patches: list[str], lost: list[str]
) -> list[str]:
    """What the user is told beside the plan.

    dropped: names of CRDs that the release does not have; patches: newer releases that CRDs are from; lost: objects
    with the fields that they lose.
    """
    found = []
    if plan and dropped:
        found.append(
            "Calico %s has no %s. Such a CRD is kept, since deleting it deletes its objects: delete it yourself once"
            " nothing uses them." % (version, ", ".join(dropped))
        )
    if plan and patches:
        found.append(
            "The CRDs of Calico %s are replaced by those of %s, which is older."
            % (", ".join(patches), version)
        )
    if lost:
        found.append(
            "Calico %s no longer has these fields, and the API server drops them: %s"
            % (version, "; ".join(lost))
        )
    return found
