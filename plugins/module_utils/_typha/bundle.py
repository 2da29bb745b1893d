# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the published bundle of CAs must hold, and when the old ones leave it (pure)."""

from __future__ import annotations

from datetime import datetime

from ansible_collections.hardway.calico.plugins.module_utils._pki.bundle import cas_in_words
from ansible_collections.hardway.calico.plugins.module_utils._typha.objects import CA_NAME
from ansible_collections.hardway.calico.plugins.module_utils._typha.rotation import all_behind
from ansible_collections.hardway.calico.plugins.module_utils._typha.state import (
    TyphaPki,
    root_of,
    unwanted_cas,
    works,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.steps import (
    DropOldCas,
    ForgetPreviousKey,
    PublishBundle,
    TyphaStep,
)

TARGET = "CA bundle"


def publication(
    current: TyphaPki, anchors: tuple[str, ...], new_ca: bool, overlap: bool, now: datetime
) -> list[TyphaStep]:
    """The step that publishes what the bundle lacks, if it lacks anything.

    overlap: whether working leaves are of another CA than the wanted one.
    """
    published = {ca.fingerprint for ca in current.bundle}
    in_use = [root_of(pair) for pair in current.leaves.values() if works(pair, now)]
    missing = [ca for ca in dict.fromkeys((*anchors, *in_use)) if ca not in published]
    if not (new_ca or missing or current.bundle_problem):
        return []
    reason = "the CA is new" if new_ca else current.bundle_problem or "it lacks the CA"
    if overlap:
        reason += "; leaves of the new CA follow when Typha and calico/node have loaded both"
    added = [ca[:16] for ca in missing] + (["CN=%s, the new one" % CA_NAME] if new_ca else [])
    return [
        PublishBundle(
            target=TARGET,
            reason=reason,
            before=cas_in_words(current.bundle),
            after=cas_in_words(current.bundle) + added,
            missing=tuple(missing),
        )
    ]


def end_of_rotation(current: TyphaPki, anchors: tuple[str, ...]) -> list[TyphaStep]:
    """Drop what nobody needs any more: all leaves are of the wanted CA, and all have loaded them."""
    old = unwanted_cas(current, anchors)
    if old and all_behind(current, whole=True):
        return []
    steps: list[TyphaStep] = []
    reason = "nobody uses a certificate of the old CA any more"
    if old:
        kept = [ca for ca in current.bundle if ca.fingerprint in anchors]
        steps.append(
            DropOldCas(
                target=TARGET,
                reason=reason,
                before=cas_in_words(current.bundle),
                after=cas_in_words(kept),
                kept=anchors,
            )
        )
    if not current.previous.absent or current.copied:
        if current.copied:
            reason = "a run that was killed left a copy of the CA there"
        target = "key of the previous CA"
        steps.append(ForgetPreviousKey(target=target, reason=reason, before=None, after=None))
    return steps
