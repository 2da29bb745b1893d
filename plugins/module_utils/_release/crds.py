# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CRDs of manifests/crds.yaml, as rows of the version table."""

from __future__ import annotations

CALICO = "crd.projectcalico.org"
NETWORK_POLICY = "policy.networking.k8s.io"

# (plural names, group, since, until): minors of Calico 3, inclusive, None is open.
ROWS = (
    (
        "bgpconfigurations bgpfilters bgppeers blockaffinities caliconodestatuses clusterinformations felixconfigurations "
        "globalnetworkpolicies globalnetworksets hostendpoints ipamblocks ipamconfigs ipamhandles ippools ipreservations "
        "kubecontrollersconfigurations networkpolicies networksets",
        CALICO,
        None,
        None,
    ),
    ("tiers", CALICO, 29, None),
    (
        "stagedglobalnetworkpolicies stagedkubernetesnetworkpolicies stagednetworkpolicies",
        CALICO,
        30,
        None,
    ),
    ("adminnetworkpolicies", NETWORK_POLICY, 29, 31),
    ("baselineadminnetworkpolicies", NETWORK_POLICY, 30, 31),
    ("clusternetworkpolicies", NETWORK_POLICY, 32, None),
)


def names(minor):
    """The names of a minor's CRDs, sorted."""
    found = []
    for plurals, group, since, until in ROWS:
        if (since is None or minor >= since) and (until is None or minor <= until):
            found += ["%s.%s" % (plural, group) for plural in plurals.split()]
    return sorted(found)


def span(name):
    """(since, until) of a CRD, minors with None for open, or None if no supported release has it."""
    plural, _dot, its_group = name.partition(".")
    for plurals, group, since, until in ROWS:
        if group == its_group and plural in plurals.split():
            return since, until
    return None
