# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Typha's PKI as PEM, keys included; never shown (values)."""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.hardway.calico.plugins.module_utils._typha.objects import PARTIES

# Certificate and private key in PEM, "" where absent.
PemPair = tuple[str, str]
NOTHING: PemPair = ("", "")


@dataclass(frozen=True, repr=False)
class Material:
    """What is stored. bundle: PEM of the published CAs; leaves: by party."""

    bundle: str = ""
    ca: PemPair = NOTHING
    previous: PemPair = NOTHING
    leaves: dict[str, PemPair] = field(default_factory=lambda: dict.fromkeys(PARTIES, NOTHING))

    def private_keys(self) -> list[str]:
        pairs = (self.ca, self.previous, *self.leaves.values())
        return [key for _certificate, key in pairs if key]


@dataclass(frozen=True, repr=False)
class HandedIn:
    """What comes from outside where the CA is not ours.

    bundle: PEM of roots; issuing: a CA with its key, or NOTHING; leaves: by party, where no CA came.
    """

    bundle: str
    issuing: PemPair = NOTHING
    leaves: dict[str, PemPair] = field(default_factory=dict)
