# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides whether the CNI user's credential must be issued anew."""

from __future__ import annotations

from ansible_collections.hardway.calico.plugins.module_utils._certificate import trouble
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan, Step


def decide(wanted, pair, now):
    """Plan with at most one step. wanted: LeafWanted; pair: the stored Pair, trusted if the cluster's CA signed it."""
    reason = trouble(pair, wanted, now)
    if reason is None:
        return Plan()
    before = None if pair.certificate is None else pair.certificate.as_result()
    after = {"subject": "CN=%s" % wanted.common_name, "key_type": wanted.key_type, "days": wanted.lifetime.days}
    return Plan([Step("issue" if pair.absent else "renew", "client certificate of %s" % wanted.common_name, reason, before, after)])
