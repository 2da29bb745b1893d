# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users are warned of: certificates that wait, or that nothing can renew, and CAs that end (pure)."""

from __future__ import annotations

import typing as t
from datetime import datetime

from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.leaves import (
    Need,
    ending_in_words,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.rules import HAND_IN
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.state import (
    Held,
    Members,
    Offer,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.wanted import Wanted
from ansible_collections.hardway.calico.plugins.module_utils._pki.times import span_in_words


def warnings_of(
    wanted: Wanted,
    offer: Offer,
    held: t.Mapping[str, Held],
    needs: dict[str, Need],
    now: datetime,
) -> list[str]:
    found = []
    for consumer, one in needs.items():
        leaf = held[consumer].pair.certificate
        if one.reason and one.source is None and leaf:
            left = span_in_words(leaf.not_after - now)
            about = (consumer, one.reason, left, HAND_IN)
            words = (
                "Nothing can renew the client certificate of %s (%s); it works for another %s: %s"
            )
            found.append(words % about)
    for consumer, pair in offer.handed.items():
        words_or_none = ending_in_words(consumer, pair, wanted.leaves[consumer], now)
        found += [words_or_none] if words_or_none else []
    window = max((leaf.renewal_window for leaf in wanted.leaves.values()), default=None)
    if offer.ca and window and offer.ca.not_after - now < 3 * window:
        found.append(
            "The CA of etcd's clients (%s) expires in %s, and no certificate outlives it: let etcd's members"
            " trust a new one beside it, and hand that in"
            % (offer.ca.subject, span_in_words(offer.ca.not_after - now))
        )
    return found


def waiting_in_words(
    held: t.Mapping[str, Held], waiting: t.Sequence[str], members: Members, now: datetime
) -> str:
    leaves = (held[consumer].pair.certificate for consumer in waiting)
    left = span_in_words(min(leaf.not_after for leaf in leaves if leaf) - now)
    answers = ["%s: %s" % item for item in members.answers.items() if item[1]]
    return (
        "Client certificates of etcd stay those of the old CA, the first of them for %s, until every member trusts"
        " the new one: %s. Not yet: %s"
        % (
            left,
            ", ".join(waiting),
            "; ".join(answers) or "nobody was asked, since no endpoints were named",
        )
    )
