# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides what Typha's PKI needs: a CA, its publication, a leaf for Typha and one for calico/node, and the
way from one CA to the next (pure).

A CA may sign leaves once every Typha and calico/node has loaded a bundle with it; until then the previous
one signs. The previous one leaves the bundle once every Typha and calico/node has loaded leaves of the new
one. Typha loads its files at its start, calico/node at each connection from a mount that the kubelet
refreshes late, so both count as loaded when they were rolled: their pod templates carry the hash of the
material. All of this is read from the cluster, so a run that was killed is finished by the next.
"""

from __future__ import annotations

import typing as t
from datetime import datetime

from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import (
    LeafWanted,
    unusable,
)
from ansible_collections.hardway.calico.plugins.module_utils._pki.times import (
    span_in_words,
)
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan
from ansible_collections.hardway.calico.plugins.module_utils._typha.bundle import (
    end_of_rotation,
    publication,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.ca import (
    create_ca,
    reason_for_ca,
    require_the_same_directory,
    require_valid,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.leaves import (
    Signers,
    leaves_to_issue,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.rotation import all_behind
from ansible_collections.hardway.calico.plugins.module_utils._typha.state import (
    CaPolicy,
    TyphaPki,
    ca_works,
    of_another_ca,
    wanted_anchors,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.steps import (
    DeleteObject,
    TyphaStep,
)


def decide(
    wanted: dict[str, LeafWanted],
    policy: CaPolicy,
    current: TyphaPki,
    now: datetime,
    force: t.Collection[str] = (),
) -> tuple[Plan[TyphaStep], list[str]]:
    """(Plan, warnings). wanted: by party; now: aware; force: of "leaf", "ca".

    Raises CalicoError where only a person can help.
    """
    require_valid(policy, current, now, force)
    reason = reason_for_ca(wanted, policy, current, now, force)
    new_ca = reason is not None
    anchors = () if new_ca else wanted_anchors(policy, current)
    overlap = bool(of_another_ca(current, anchors, now))
    if overlap and not new_ca:
        require_the_same_directory(policy, current, force)
    steps: list[TyphaStep] = []
    if reason is not None:
        steps.append(create_ca(policy, reason, overlap and ca_works(current.ca, now)))
    steps += publication(current, anchors, new_ca, overlap, now)
    introduced = not steps and not all_behind(current, whole=False)
    signers = _signers(policy, current, now, new_ca, introduced or not overlap)
    # Where the CA is being replaced, all leaves are issued anyway.
    forced = "leaf" in force and not new_ca and not overlap and current.previous.absent
    leaves = leaves_to_issue(wanted, policy, current, now, forced, anchors, signers)
    steps += leaves.steps
    if not steps and not leaves.waiting and (policy.anchors or current.ca.usable):
        steps += end_of_rotation(current, anchors)
    warnings = leaves.warnings + _warnings(policy, current, now, new_ca)
    if overlap and not steps:
        still = "; ".join(all_behind(current, whole=False))
        warnings.append("The new CA waits until all have loaded it: %s" % still)
    return Plan(steps), warnings


def decide_removal(existing: dict[str, str]) -> Plan[DeleteObject]:
    """The Plan that deletes all. existing: kind and name by option, in the order of deletion."""
    return Plan(
        DeleteObject(
            target=target, reason="state is absent", before=target, after=None, option=option
        )
        for option, target in existing.items()
    )


def _signers(
    policy: CaPolicy, current: TyphaPki, now: datetime, new_ca: bool, trusted_by_all: bool
) -> Signers:
    """Who may sign leaves. trusted_by_all: whether no party is left that does not trust the wanted CA."""
    previous = current.ca if new_ca else current.previous
    published = {ca.fingerprint for ca in current.bundle}
    known = previous.certificate is not None and previous.certificate.fingerprint in published
    can_sign = new_ca or current.ca.usable or bool(policy.handed)
    return Signers(can_sign and trusted_by_all, known and ca_works(previous, now))


def _warnings(policy: CaPolicy, current: TyphaPki, now: datetime, new_ca: bool) -> list[str]:
    found = []
    if policy.storage != "external" and not new_ca and not current.ca.usable:
        found.append(
            "The key of the Typha CA is lost (%s); its certificates stay valid,"
            " and a new CA replaces it when one must be renewed"
            % ("no Secret" if current.ca.absent else unusable(current.ca))
        )
    for party, pair in policy.handed.items():
        if pair.certificate and pair.certificate.not_after - now < policy.expiring:
            left = span_in_words(pair.certificate.not_after - now)
            found.append(
                "The %s certificate that was handed in expires in %s: hand in a new one"
                % (party, left)
            )
    return found
