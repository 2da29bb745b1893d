# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What etcd's clients hold and what certificates are made of, as PEM, keys included; never shown (pure)."""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.objects import KEYS

# Certificate and private key in PEM, "" where absent.
PemPair = tuple[str, str]


@dataclass(frozen=True, repr=False)
class Triple:
    """PEM of the CAs of etcd's servers, of a client certificate, and of its key; "" where absent."""

    servers: str = ""
    certificate: str = ""
    key: str = ""

    @property
    def pair(self) -> PemPair:
        return self.certificate, self.key

    def by_key(self) -> dict[str, str]:
        """As a Secret keeps them."""
        return dict(zip(KEYS, (self.servers, self.certificate, self.key)))


@dataclass(frozen=True, repr=False)
class HandedIn:
    """ca: the CA of etcd's clients with its key, either may be ""; servers: PEM; leaves: by consumer.

    refused: PEM of CAs that nothing may come from.
    """

    ca: PemPair = ("", "")
    servers: str = ""
    leaves: dict[str, PemPair] = field(default_factory=dict)
    refused: str = ""
