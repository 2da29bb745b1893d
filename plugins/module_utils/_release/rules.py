# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows about rights, and the rules of a ClusterRole and the single rights that follow from them (pure)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._release.span import holds

# The order in which Kubernetes' documentation names them.
VERBS = ("get", "list", "watch", "create", "update", "patch", "delete")


@dataclass(frozen=True)
class Rule:
    """Verbs on resources of one API group in the minors since..until (inclusive; of Calico 3; None is open).

    resources, verbs: separated by spaces. names: resourceNames. without: what breaks where the
    right is missing, as a sentence without its full stop. Rows add up: two rows about one resource
    give the union of their verbs.
    """

    group: str
    resources: str
    verbs: str
    without: str
    since: int | None = None
    until: int | None = None
    names: tuple[str, ...] = ()


def rules(rows: t.Iterable[Rule], minor: int) -> list[dict[str, list[str]]]:
    """The `rules` of a ClusterRole for one minor: grouped by API group, verbs and names, in a fixed order."""
    granted: dict[tuple[str, tuple[str, ...], str], set[str]] = {}
    for row, resource in _resources(rows, minor):
        granted.setdefault((row.group, row.names, resource), set()).update(row.verbs.split())
    grouped: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for (group, names, resource), wanted in granted.items():
        verbs = tuple(verb for verb in VERBS if verb in wanted)
        grouped.setdefault((group, names, verbs), []).append(resource)
    return [
        _rule(group, resources, names, verbs)
        for group, resources, names, verbs in sorted(
            (group, sorted(resources), names, verbs)
            for (group, names, verbs), resources in grouped.items()
        )
    ]


def needs(rows: t.Iterable[Rule], minor: int) -> list[dict[str, t.Any]]:
    """Every single right of one minor: [{"group", "resource", "verb", "names", "without"}], in a fixed order."""
    without: dict[tuple[str, str, int, tuple[str, ...]], str] = {}
    for row, resource in _resources(rows, minor):
        for verb in row.verbs.split():
            without.setdefault((row.group, resource, VERBS.index(verb), row.names), row.without)
    return [
        {
            "group": group,
            "resource": resource,
            "verb": VERBS[verb],
            "names": list(names),
            "without": sentence,
        }
        for (group, resource, verb, names), sentence in sorted(without.items())
    ]


def _resources(rows: t.Iterable[Rule], minor: int) -> t.Iterator[tuple[Rule, str]]:
    for row in rows:
        if holds(minor, row.since, row.until):
            for resource in row.resources.split():
                yield row, resource


def _rule(
    group: str, resources: list[str], names: tuple[str, ...], verbs: tuple[str, ...]
) -> dict[str, list[str]]:
    rule = {"apiGroups": [group], "resources": resources, "verbs": list(verbs)}
    if names:
        rule["resourceNames"] = list(names)
    return rule
