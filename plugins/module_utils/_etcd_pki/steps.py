# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kinds of change to what etcd's clients hold (pure). Each is one write of one Secret."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._plan import Step


class Source(enum.Enum):
    """Where a certificate comes from."""

    CA = "signed by the CA"
    HANDED_IN = "handed in"


@dataclass(frozen=True)
class EtcdPkiStep(Step):
    """consumer: whose Secret is written. servers: fingerprints of the CAs of etcd's servers that it holds then."""

    consumer: str
    servers: tuple[str, ...]


@dataclass(frozen=True)
class CertificateStep(EtcdPkiStep):
    """Store a certificate with its key, and the CAs of servers beside it."""

    source: Source


class IssueCertificate(CertificateStep):
    """Where there was none."""

    action = "issue"


class RenewCertificate(CertificateStep):
    """In place of another one, sound or broken."""

    action = "renew"


class TrustServers(EtcdPkiStep):
    """Only the CAs of servers change."""

    action = "trust"
