# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CAs by which a client trusts etcd's servers: new ones beside old ones, until these are dropped (pure)."""

from __future__ import annotations

import typing as t
from datetime import datetime

from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.state import Held
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import Certificate


def servers_of(
    held: t.Iterable[Held], wanted: tuple[Certificate, ...], drop: bool, now: datetime
) -> tuple[Certificate, ...]:
    """What every consumer must trust: the wanted ones, then those that any of them trusts already.

    A member shows a certificate of the old CA until its owner has replaced it, so an old CA stays until the user
    says that none does any more (drop), or until it ends. A consumer that is new meets the same members.
    """
    found = {ca.fingerprint: ca for ca in wanted}
    if not (wanted and drop):
        old = (ca for one in held for ca in one.servers if now < ca.not_after)
        for ca in old:
            found.setdefault(ca.fingerprint, ca)
    return tuple(found.values())


def servers_trouble(held: Held, servers: tuple[Certificate, ...]) -> str | None:
    """Why a consumer's CAs of servers must change, or None."""
    if held.problem:
        return "its CAs of etcd's servers cannot be read (%s)" % held.problem
    there, then = ({ca.fingerprint for ca in cas} for cas in (held.servers, servers))
    if then - there:
        return "it lacks a CA of etcd's servers"
    return "it trusts a CA of etcd's servers that is dropped or has ended" if there - then else None
