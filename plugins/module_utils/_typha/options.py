# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module's options as what Typha's PKI is to be: leaves, CA policy, and an external CA's material, checked before anything is written."""

from __future__ import annotations

from datetime import timedelta

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._pki import x509
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import (
    key_size,
    require_days,
    require_window,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.decide import (
    PARTIES,
    require_bundle,
    require_handed,
    require_issuing,
    rotate_before,
    wanted_leaf,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.material import HandedIn
from ansible_collections.hardway.calico.plugins.module_utils._typha.state import CaPolicy


def wanted_leaves(params):
    """{party: LeafWanted}. Raises CalicoError for options that make no certificate."""
    require_days(params, "ca_lifetime_days", "leaf_lifetime_days")
    require_window(params, "leaf_lifetime_days")
    if not 0 <= params["backdate_minutes"] <= 1440:
        raise CalicoError(
            "backdate_minutes is out of range",
            expected="0 to 1440",
            found=params["backdate_minutes"],
            remedy="correct it or leave it out",
        )
    if params["ca_lifetime_days"] < params["leaf_lifetime_days"]:
        raise CalicoError(
            "ca_lifetime_days is too short",
            expected="at least leaf_lifetime_days, %d" % params["leaf_lifetime_days"],
            found=params["ca_lifetime_days"],
            remedy="no leaf outlives its CA: make the CA's lifetime several times a leaf's",
        )
    lifetime, window = (
        timedelta(days=params["leaf_lifetime_days"]),
        timedelta(days=params["renewal_days"]),
    )
    return {
        party: wanted_leaf(
            party,
            params["key_type"],
            key_size(params),
            lifetime,
            window,
            params[party + "_uri_san"] or "",
        )
        for party in PARTIES
    }


def ca_policy(params, wanted, now):
    """(CaPolicy, HandedIn or None). Raises CalicoError for an external CA or leaves that a peer would refuse."""
    lifetime, window = (
        timedelta(days=params["leaf_lifetime_days"]),
        timedelta(days=params["renewal_days"]),
    )
    own = {
        "storage": params["ca_storage"],
        "lifetime": timedelta(days=params["ca_lifetime_days"]),
        "key_type": params["key_type"],
        "key_size": key_size(params),
        "rotate_before": rotate_before(lifetime, window),
        "expiring": window,
    }
    if params["ca_storage"] != "external":
        return CaPolicy(**own), None
    bundle, problem = x509.read_bundle(params["ca_bundle_content"])
    if problem or not bundle:
        raise CalicoError(
            "ca_bundle_content cannot be read",
            expected="PEM of CA certificates",
            found=problem or "nothing",
            remedy="correct it",
        )
    require_bundle(bundle)
    handed, issuing = {}, ("", "")
    if params["issuing_ca_content"]:
        issuing = params["issuing_ca_content"], params["issuing_ca_key_content"]
        require_issuing(x509.read_pair(*issuing, params["ca_bundle_content"]), now)
    else:
        pairs = {
            party: (params[party + "_certificate_content"], params[party + "_key_content"])
            for party in PARTIES
        }
        handed = {
            party: x509.read_pair(*pair, params["ca_bundle_content"])
            for party, pair in pairs.items()
        }
        for party, pair in handed.items():
            require_handed(party, pair, wanted[party], now)
    anchors = tuple(ca.fingerprint for ca in bundle)
    return CaPolicy(anchors=anchors, handed=handed, **own), HandedIn(
        params["ca_bundle_content"], issuing, {} if issuing[0] else pairs
    )
