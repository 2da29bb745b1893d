# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads validity and common name of an X.509 certificate with the standard library alone (pure).

Source: RFC 5280 section 4.1.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import hashlib
import re
from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError

BLOCK = re.compile("-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.S)
COMMON_NAME = bytes.fromhex("0603550403")  # OBJECT IDENTIFIER 2.5.4.3
EXPLICIT_0, UTC_TIME = 0xA0, 0x17


# Not certificate.Certificate: nodes have no cryptography, so key, issuer and extensions stay unread
# here, and a Certificate with made-up ones would pass for one that can be judged.
@dataclass(frozen=True)
class CertificateSummary:
    """What a node reads of a certificate.

    common_name: None if it has none. Times are aware, in UTC. fingerprint: hex SHA-256 of the DER.
    """

    common_name: str | None
    not_before: datetime.datetime
    not_after: datetime.datetime
    fingerprint: str


def certificates(label: str, pem: str | None) -> list[CertificateSummary]:
    """All certificates of a PEM text, at least one; CalicoError naming `label` otherwise."""
    found = []
    for block in BLOCK.findall(pem or ""):
        try:
            found.append(_certificate(base64.b64decode("".join(block.split()), validate=True)))
        except (binascii.Error, ValueError, IndexError) as exc:
            raise CalicoError(
                "%s holds a broken certificate" % label,
                expected="PEM of an X.509 certificate",
                found=str(exc),
            ) from exc
    if not found:
        raise CalicoError(
            "%s holds no certificate" % label,
            expected="PEM: -----BEGIN CERTIFICATE-----",
            found="%d characters of other text" % len(pem or ""),
        )
    return found


def _certificate(der: bytes) -> CertificateSummary:
    _tag, certificate = _children(der)[0]
    _tag, to_be_signed = _children(certificate)[0]
    fields = _children(to_be_signed)
    if fields[0][0] == EXPLICIT_0:
        fields = fields[1:]
    _serial, _algorithm, _issuer, (_tag, validity), (_tag, subject) = fields[:5]
    not_before, not_after = (_time(*item) for item in _children(validity))
    fingerprint = hashlib.sha256(der).hexdigest()
    return CertificateSummary(_common_name(subject), not_before, not_after, fingerprint)


def _children(data: bytes) -> list[tuple[int, bytes]]:
    """[(tag, content)] of the DER elements that follow each other in data."""
    found, position = [], 0
    while position < len(data):
        tag, length, position = data[position], data[position + 1], position + 2
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(data[position : position + size], "big")
            position += size
        if position + length > len(data):
            raise ValueError("the certificate is cut off")
        found.append((tag, data[position : position + length]))
        position += length
    return found


def _time(tag: int, content: bytes) -> datetime.datetime:
    text = content.decode("ascii")
    if tag == UTC_TIME:
        # RFC 5280 section 4.1.2.5.1: years 50 to 99 are of the 20th century.
        text = ("19" if int(text[:2]) >= 50 else "20") + text
    return datetime.datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=datetime.timezone.utc)


def _common_name(subject: bytes) -> str | None:
    for _tag, attributes in _children(subject):
        for _tag2, attribute in _children(attributes):
            if attribute.startswith(COMMON_NAME):
                return _children(attribute)[1][1].decode("utf-8", "replace")
    return None
