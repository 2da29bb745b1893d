# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module's options as what Typha's PKI is to be: leaves, CA policy, and what is handed in of an external CA.

All of it is checked before anything is written.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace
from datetime import datetime, timedelta

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._pki import x509
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import LeafWanted
from ansible_collections.hardway.calico.plugins.module_utils._pki.options import (
    key_size,
    require_between,
    require_days,
    require_window,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.ca import rotate_before
from ansible_collections.hardway.calico.plugins.module_utils._typha.external import (
    require_bundle,
    require_handed,
    require_issuing,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.leaves import wanted_leaf
from ansible_collections.hardway.calico.plugins.module_utils._typha.material import HandedIn
from ansible_collections.hardway.calico.plugins.module_utils._typha.objects import PARTIES
from ansible_collections.hardway.calico.plugins.module_utils._typha.state import CaPolicy


def wanted_leaves(params: dict[str, t.Any]) -> dict[str, LeafWanted]:
    """By party. Raises CalicoError for options that make no certificate."""
    require_days(params, "ca_lifetime_days", "leaf_lifetime_days")
    require_window(params, "leaf_lifetime_days")
    require_between(params, "backdate_minutes", 0, 1440)
    if params["ca_lifetime_days"] < params["leaf_lifetime_days"]:
        raise CalicoError(
            "ca_lifetime_days is too short",
            expected="at least leaf_lifetime_days, %d" % params["leaf_lifetime_days"],
            found=params["ca_lifetime_days"],
            remedy="no leaf outlives its CA: make the CA's lifetime several times a leaf's",
        )
    key = (params["key_type"], key_size(params))
    return {
        party: wanted_leaf(party, *key, *_times(params), params[party + "_uri_san"] or "")
        for party in PARTIES
    }


def ca_policy(
    params: dict[str, t.Any], wanted: dict[str, LeafWanted], now: datetime
) -> tuple[CaPolicy, HandedIn | None]:
    """Raises CalicoError for an external CA or leaves that a peer would refuse."""
    lifetime, window = _times(params)
    policy = CaPolicy(
        storage=params["ca_storage"],
        lifetime=timedelta(days=params["ca_lifetime_days"]),
        rotate_before=rotate_before(lifetime, window),
        key_type=params["key_type"],
        key_size=key_size(params),
        expiring=window,
    )
    if params["ca_storage"] != "external":
        return policy, None
    bundle, problem = x509.read_bundle(params["ca_bundle_content"])
    require_bundle(bundle, problem)
    policy = replace(policy, anchors=tuple(ca.fingerprint for ca in bundle))
    roots = params["ca_bundle_content"]
    if params["issuing_ca_content"]:
        issuing = (params["issuing_ca_content"], params["issuing_ca_key_content"])
        require_issuing(x509.read_pair(*issuing, roots), now)
        return policy, HandedIn(roots, issuing=issuing)
    leaves = {
        party: (params[party + "_certificate_content"], params[party + "_key_content"])
        for party in PARTIES
    }
    handed = {party: x509.read_pair(*pems, roots) for party, pems in leaves.items()}
    for party, pair in handed.items():
        require_handed(party, pair, wanted[party], now)
    return replace(policy, handed=handed), HandedIn(roots, leaves=leaves)


def _times(params: dict[str, t.Any]) -> tuple[timedelta, timedelta]:
    """(lifetime, renewal window) of a leaf."""
    lifetime, window = params["leaf_lifetime_days"], params["renewal_days"]
    return timedelta(days=lifetime), timedelta(days=window)
