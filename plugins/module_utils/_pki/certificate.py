# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values: what is known of a certificate and of a certificate with its key, and what is wrong with it (pure).

No key material is in them.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ansible_collections.hardway.calico.plugins.module_utils._pki.times import (
    day_in_words,
    in_result,
    minute_in_words,
    span_in_words,
)

MISSING = "it does not exist"


@dataclass(frozen=True)
class Certificate:
    """A parsed X.509 certificate.

    Times are aware, in UTC; names are RFC 4514; public_key is the SHA-256 of the SPKI, in hex.
    usages: of the extended key usage, such as "serverAuth"; "any" for anyExtendedKeyUsage.
    uri_sans: the URIs among its SANs. signs: whether its key usage lets it sign certificates.
    path_length: how many CAs may be below it, None for any number. digest: of its signature.
    """

    subject: str
    common_name: str
    issuer: str
    serial: int
    fingerprint: str
    not_before: datetime
    not_after: datetime
    is_ca: bool
    usages: tuple[str, ...]
    key_type: str
    key_size: int
    public_key: str
    uri_sans: tuple[str, ...] = ()
    signs: bool = True
    path_length: int | None = None
    digest: str = "sha256"

    def as_result(self) -> dict[str, t.Any]:
        """For a module's result."""
        return {
            "subject": self.subject,
            "issuer": self.issuer,
            "fingerprint": self.fingerprint,
            "not_before": in_result(self.not_before),
            "not_after": in_result(self.not_after),
            "key_type": self.key_type,
            "key_size": self.key_size,
        }


@dataclass(frozen=True)
class Pair:
    """A certificate with its private key, as found somewhere.

    certificate: None if absent or unreadable. key: the SHA-256 of the key's public half, None if absent or unreadable.
    problem: why a half cannot be used, in words, or None. trusted: whether a CA of the bundle signed the certificate.
    chain: the Certificates above it, from its issuer to the CA of the bundle; empty unless trusted.
    """

    certificate: Certificate | None = None
    key: str | None = None
    problem: str | None = None
    trusted: bool = False
    chain: tuple[Certificate, ...] = ()

    @property
    def absent(self) -> bool:
        return self.certificate is None and self.key is None and self.problem is None

    @property
    def usable(self) -> bool:
        """Whether certificate and key are there, readable and of each other."""
        return (
            self.certificate is not None
            and self.problem is None
            and self.certificate.public_key == self.key
        )

    @property
    def usable_certificate(self) -> Certificate | None:
        """The certificate of a pair that is usable."""
        return self.certificate if self.usable else None


@dataclass(frozen=True)
class LeafWanted:
    """What a leaf must be. usage: "serverAuth" or "clientAuth"; uri_san: "" for none."""

    common_name: str
    usage: str
    key_type: str
    key_size: int
    lifetime: timedelta
    renewal_window: timedelta
    uri_san: str = ""


def of_its_key(wanted: LeafWanted, pair: Pair) -> LeafWanted:
    """What is wanted, but for the kind of key, which may be the one that is there."""
    leaf = pair.usable_certificate
    if leaf is None:
        return wanted
    return replace(wanted, key_type=leaf.key_type, key_size=leaf.key_size)


def unusable(pair: Pair) -> str | None:
    """Why certificate and key cannot be used together, whatever they are for, or None."""
    if pair.absent:
        return MISSING
    if pair.problem:
        return pair.problem
    return None if pair.usable else "its key does not match its certificate"


def trouble(pair: Pair, wanted: LeafWanted, now: datetime) -> str | None:
    """Why a leaf must be issued anew, or None if it may stay.

    The checks are those of community.crypto's own-CA provider, but for extensions that Calico does
    not look at. The renewal window is at most a third of the lifetime, so that a short-lived
    certificate is not renewed in every run.
    """
    leaf = pair.usable_certificate
    if leaf is None:
        return unusable(pair)
    if leaf.common_name != wanted.common_name:
        return "its CN is %s, wanted %s" % (leaf.common_name, wanted.common_name)
    if not pair.trusted:
        return "it was signed by another CA (%s)" % leaf.issuer
    return _of_another_kind(leaf, wanted) or _time_trouble(leaf, wanted, now)


def _of_another_kind(leaf: Certificate, wanted: LeafWanted) -> str | None:
    if leaf.uri_sans != ((wanted.uri_san,) if wanted.uri_san else ()):
        found = ", ".join(leaf.uri_sans) or "absent"
        return "its URI SAN is %s, wanted %s" % (found, wanted.uri_san or "none")
    if not serves(leaf, wanted.usage):
        return "its extended key usage is %s, wanted %s" % (", ".join(leaf.usages), wanted.usage)
    key, wanted_key = (leaf.key_type, leaf.key_size), (wanted.key_type, wanted.key_size)
    if key != wanted_key:
        return "its key is %s %d, wanted %s %d" % (*key, *wanted_key)
    return None


def _time_trouble(leaf: Certificate, wanted: LeafWanted, now: datetime) -> str | None:
    if now < leaf.not_before:
        return not_yet_in_words(leaf)
    if now >= leaf.not_after:
        return expired_in_words(leaf)
    window = renewal_window(leaf, wanted)
    if now >= leaf.not_after - window:
        left = span_in_words(leaf.not_after - now)
        return "it expires in %s, the renewal window is %s" % (left, span_in_words(window))
    return None


def serves(certificate: Certificate, usage: str) -> bool:
    """Without the extension a certificate serves for everything (RFC 5280 section 4.2.1.12)."""
    return not certificate.usages or bool({usage, "any"} & set(certificate.usages))


def chain_trouble(
    chain: t.Iterable[Certificate], usages: t.Iterable[str], now: datetime
) -> str | None:
    """Why a peer refuses every leaf below a chain of CAs, or None.

    chain: from the leaf's issuer upwards; usages: what leaves are for. The rules of Go's crypto/x509
    (isValid, CheckSignatureFrom, checkChainForKeyUsage), which Typha, calico/node and etcd use.
    """
    for below, ca in enumerate(chain):
        if not ca.is_ca:
            return "%s is no CA's certificate" % ca.subject
        if not ca.signs:
            return "%s may not sign certificates: its key usage lacks keyCertSign" % ca.subject
        if ca.path_length is not None and below > ca.path_length:
            return "%s allows %d CAs below it, there are %d" % (ca.subject, ca.path_length, below)
        lacking = [usage for usage in usages if not serves(ca, usage)]
        if lacking:
            own = ", ".join(ca.usages)
            asked = ", ".join(lacking)
            return "the extended key usage of %s is %s, wanted %s" % (ca.subject, own, asked)
        if now < ca.not_before:
            begin = minute_in_words(ca.not_before)
            return "%s of its chain is not valid before %s" % (ca.subject, begin)
        if now >= ca.not_after:
            return "%s of its chain expired on %s" % (ca.subject, day_in_words(ca.not_after))
    return None


def weak_signature(certificate: Certificate) -> str | None:
    """Why a peer refuses a certificate for its signature, or None."""
    weak = {"md5": "MD5", "sha1": "SHA-1"}.get(certificate.digest)
    if weak is None:
        return None
    refused = "%s is signed with %s, which Calico's programs and etcd refuse"
    return refused % (certificate.subject, weak)


def renewal_window(leaf: Certificate, wanted: LeafWanted) -> timedelta:
    """How long before its end a leaf is renewed: what is wanted, at most a third of its lifetime."""
    return min(wanted.renewal_window, (leaf.not_after - leaf.not_before) / 3)


def not_yet_in_words(certificate: Certificate) -> str:
    begin = minute_in_words(certificate.not_before)
    return "it is not valid before %s: a clock was or is wrong" % begin


def expired_in_words(certificate: Certificate) -> str:
    return "it expired on %s" % day_in_words(certificate.not_after)
