# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CRDs of manifests/crds.yaml, as rows of the version table (pure)."""

from __future__ import annotations

import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._release.span import holds

CALICO = "crd.projectcalico.org"
NETWORK_POLICY = "policy.networking.k8s.io"


class Row(t.NamedTuple):
    """CRDs of one API group, by their plural names, in the minors since..until (inclusive; None is open)."""

    plurals: str
    group: str
    since: int | None = None
    until: int | None = None


ROWS = (
    Row(
        "bgpconfigurations bgpfilters bgppeers blockaffinities caliconodestatuses clusterinformations "
        "felixconfigurations globalnetworkpolicies globalnetworksets hostendpoints ipamblocks "
        "ipamconfigs ipamhandles ippools ipreservations kubecontrollersconfigurations "
        "networkpolicies networksets",
        CALICO,
    ),
    Row("tiers", CALICO, since=29),
    Row(
        "stagedglobalnetworkpolicies stagedkubernetesnetworkpolicies stagednetworkpolicies",
        CALICO,
        since=30,
    ),
    Row("adminnetworkpolicies", NETWORK_POLICY, since=29, until=31),
    Row("baselineadminnetworkpolicies", NETWORK_POLICY, since=30, until=31),
    Row("clusternetworkpolicies", NETWORK_POLICY, since=32),
)


def names(minor: int) -> list[str]:
    """The names of a minor's CRDs, sorted."""
    return sorted(
        "%s.%s" % (plural, row.group)
        for row in ROWS
        if holds(minor, row.since, row.until)
        for plural in row.plurals.split()
    )


def span(name: str) -> tuple[int | None, int | None] | None:
    """(since, until) of a CRD, minors with None for open, or None if no supported release has it."""
    plural, _dot, group = name.partition(".")
    for row in ROWS:
        if row.group == group and plural in row.plurals.split():
            return row.since, row.until
    return None
