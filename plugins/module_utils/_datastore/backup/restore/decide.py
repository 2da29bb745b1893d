# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides how the objects of a snapshot come back (pure)."""

from __future__ import annotations

from ansible_collections.hardway.calico.plugins.module_utils._datastore import kinds
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.restore import (
    unknown_fields,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.restore.policy_names import (
    policy,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.restore.rules import (
    IPAM,
    NEVER_DELETED,
    STATIC_TIERS,
    is_own,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.restore.state import (
    State,
    Tried,
    Wanted,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.restore.steps import (
    CreateObject,
    DeleteObject,
    RestoreStep,
    UpdateObject,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.snapshot.content import (
    identity,
    portable,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import (
    Manifest,
    Manifests,
    title,
)
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan


def decide(wanted: Wanted, state: State) -> tuple[Plan[RestoreStep], list[str]]:
    """The plan, and sentences about what does not come back or stays.

    Raises CalicoError where fields would be lost, unless that is wanted.
    """
    lost = _lost(state.tried)
    if wanted.unknown_fields == "refuse":
        unknown_fields.require(lost)
    warnings = _warnings(state.without_namespace, lost)
    current = {identity(item): item for item in state.there}
    written = (step(tried, current.get(identity(tried.item))) for tried in state.tried)
    steps = [each for each in written if each]
    if wanted.prune:
        surplus = _surplus(wanted, state)
        steps += [_delete(item) for item in surplus if item["kind"] not in NEVER_DELETED]
        warnings += [_kept(item) for item in surplus if item["kind"] in NEVER_DELETED]
    return Plan(steps), warnings


def _lost(tried: list[Tried]) -> dict[str, list[str]]:
    """The fields that the API server would drop, by the object's title."""
    found = {title(each.item): unknown_fields.lost(each.item, each.answer) for each in tried}
    return {name: paths for name, paths in found.items() if paths}


def _warnings(without_namespace: dict[str, list[str]], lost: dict[str, list[str]]) -> list[str]:
    absent = "%s not restored, since the namespace %s does not exist: create it and run again"
    dropped = "%s comes back without %s, which the cluster's CRD does not know"
    return [
        *(absent % (", ".join(names), place) for place, names in sorted(without_namespace.items())),
        *(dropped % (name, unknown_fields.listed(paths)) for name, paths in sorted(lost.items())),
    ]


def step(tried: Tried, current: Manifest | None) -> RestoreStep | None:
    """What is done about an object; current: as the cluster has it. The API server's defaults are no difference."""
    item = tried.item
    if current is None:
        return CreateObject(
            target=title(item),
            reason="it is not in the cluster",
            before=None,
            after=portable(item),
            body=tried.body,
        )
    typed = {"kind": item["kind"], "apiVersion": item["apiVersion"]}
    before, after = portable(current), portable({**tried.answer, **typed})
    if after == before:
        return None
    return UpdateObject(
        target=title(item),
        reason="it differs from the snapshot in %s" % ", ".join(_differing(before, after)),
        before=before,
        after=after,
        body=tried.body,
    )


def _differing(before: Manifest, after: Manifest) -> list[str]:
    """The parts of an object that differ, metadata's first."""
    parts = [
        part
        for part in ("labels", "annotations", "finalizers")
        if before["metadata"].get(part) != after["metadata"].get(part)
    ]
    keys = {*before, *after} - {"metadata"}
    return parts + sorted(key for key in keys if before.get(key) != after.get(key))


def _surplus(wanted: Wanted, state: State) -> Manifests:
    """The objects that the snapshot has not, under no name, but for those that Calico keeps for itself."""
    kept = {policy(item, wanted.datastore) for item in wanted.snapshot["items"]}
    return [
        item
        for item in sorted(state.there, key=identity)
        if identity(item) not in state.taken
        and policy(item, wanted.datastore) not in kept
        and not _is_made_by_calico(item)
    ]


def _is_made_by_calico(item: Manifest) -> bool:
    """Whether Calico itself makes and removes the object."""
    is_static = item["kind"] == kinds.TIER.name and item["metadata"]["name"] in STATIC_TIERS
    return is_static or is_own(item) or item["kind"] in IPAM


def _delete(item: Manifest) -> DeleteObject:
    return DeleteObject(
        target=title(item),
        reason="it is not in the snapshot",
        before=portable(item),
        after=None,
        current=item,
    )


def _kept(item: Manifest) -> str:
    return (
        "%s is not in the snapshot and stays: remove it with hardway.calico.calico_ippool, which releases its blocks"
        % title(item)
    )
