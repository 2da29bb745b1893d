# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules say of the CNI user's credentials (pure)."""

from __future__ import annotations

import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.decide import (
    Wanted,
    users,
)
from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.holder import (
    Credential,
    Holder,
)


def holders_result(
    stored: t.Sequence[Holder],
    wanted: t.Collection[Holder] = (),
    kept: t.Sequence[Holder] = (),
    gone: t.Sequence[Holder] = (),
) -> dict[str, t.Any]:
    """Who has a credential when the module ends, and whom RBAC has to know."""
    there = [who for who in dict.fromkeys((*stored, *wanted)) if who not in gone]
    return {
        "users": users(wanted, kept, stored, gone),
        "shared": any(not who.node for who in there),
        "stored_nodes": sorted(who.node for who in there if who.node),
    }


def credentials_result(
    wanted: Wanted, credentials: t.Mapping[Holder, Credential], by_node: bool, content: bool
) -> dict[str, t.Any]:
    """What the wanted credentials are. by_node: whether each node has its own. content: with their PEMs."""
    shown = {who: _shown(credentials[who], content) for who in wanted.leaves}
    if by_node:
        nodes = {who.node: {"user": who.user, **about} for who, about in shown.items()}
        return {"credentials": nodes}
    return next(iter(shown.values()), {})


def _shown(credential: Credential, content: bool) -> dict[str, t.Any]:
    if credential.pair.certificate is None:
        return {}
    found: dict[str, t.Any] = {"certificate": credential.pair.certificate.as_result()}
    if content:
        found["client_certificate"] = credential.certificate_pem
        found["client_key"] = credential.key_pem
    return found
