# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values: what is known of a certificate and of a certificate with its key. No key material in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError

# A century: what comes later than the year 9999 cannot be written into a certificate.
MOST_DAYS = 36500
# In bits; of an elliptic curve the curve's.
DEFAULT_SIZES = {"ECDSA": 256, "RSA": 4096}


@dataclass(frozen=True)
class Certificate:
    """A parsed X.509 certificate. Times are aware, in UTC; names are RFC 4514; public_key is the SHA-256 of the SPKI, in hex.

    usages: of the extended key usage, such as "serverAuth"; "any" for anyExtendedKeyUsage. uri_sans: the URIs among its SANs. signs: whether
    its key usage lets it sign certificates. path_length: how many CAs may be below it, None for any number. digest: of its signature.
    """

    subject: str
    common_name: str
    issuer: str
    serial: int
    fingerprint: str
    not_before: datetime
    not_after: datetime
    is_ca: bool
    usages: tuple
    key_type: str
    key_size: int
    public_key: str
    uri_sans: tuple = ()
    signs: bool = True
    path_length: object = None
    digest: str = "sha256"

    def as_result(self):
        """For a module's result."""
        return {
            "subject": self.subject,
            "issuer": self.issuer,
            "fingerprint": self.fingerprint,
            "not_before": self.not_before.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "not_after": self.not_after.strftime("%Y-%m-%dT%H:%M:%SZ"),
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
    chain: tuple = ()

    @property
    def absent(self):
        return self.certificate is None and self.key is None and self.problem is None

    @property
    def usable(self):
        return (
            self.certificate is not None
            and self.problem is None
            and self.certificate.public_key == self.key
        )


@dataclass(frozen=True)
class LeafWanted:
    """What a leaf must be. lifetime and renewal_window: timedelta; usage: "serverAuth" or "clientAuth"; uri_san: "" for none."""

    common_name: str
    usage: str
    key_type: str
    key_size: int
    lifetime: object
    renewal_window: object
    uri_san: str = ""


def trouble(pair, wanted, now):
    """Why a leaf must be issued anew, or None if it may stay.

    The checks are those of community.crypto's own-CA provider, but for extensions that Calico does not look at. The
    renewal window is at most a third of the lifetime, so that a short-lived certificate is not renewed in every run.
    """
    if pair.absent:
        return "it does not exist"
    if pair.problem:
        return pair.problem
    leaf = pair.certificate
    if not pair.usable:
        return "its key does not match its certificate"
    if leaf.common_name != wanted.common_name:
        return "its CN is %s, wanted %s" % (leaf.common_name, wanted.common_name)
    if not pair.trusted:
        return "it was signed by another CA (%s)" % leaf.issuer
    if leaf.uri_sans != ((wanted.uri_san,) if wanted.uri_san else ()):
        return "its URI SAN is %s, wanted %s" % (
            ", ".join(leaf.uri_sans) or "absent",
            wanted.uri_san or "none",
        )
    if leaf.usages and not {wanted.usage, "any"} & set(leaf.usages):
        return "its extended key usage is %s, wanted %s" % (", ".join(leaf.usages), wanted.usage)
    if (leaf.key_type, leaf.key_size) != (wanted.key_type, wanted.key_size):
        return "its key is %s %d, wanted %s %d" % (
            leaf.key_type,
            leaf.key_size,
            wanted.key_type,
            wanted.key_size,
        )
    if now < leaf.not_before:
        return "it is not valid before %s: a clock was or is wrong" % leaf.not_before.strftime(
            "%Y-%m-%d %H:%M UTC"
        )
    window = renewal_window(leaf, wanted)
    if now >= leaf.not_after:
        return "it expired on %s" % leaf.not_after.strftime("%Y-%m-%d")
    if now >= leaf.not_after - window:
        return "it expires in %s, the renewal window is %s" % (
            span_in_words(leaf.not_after - now),
            span_in_words(window),
        )
    return None


def chain_trouble(chain, usages, now):
    """Why a peer refuses every leaf below a chain of CAs, or None. chain: from the leaf's issuer upwards; usages: what leaves are for.

    The rules of Go's crypto/x509 (isValid, CheckSignatureFrom, checkChainForKeyUsage), which Typha and calico/node use.
    """
    for below, ca in enumerate(chain):
        if not ca.is_ca:
            return "%s is no CA's certificate" % ca.subject
        if not ca.signs:
            return "%s may not sign certificates: its key usage lacks keyCertSign" % ca.subject
        if ca.path_length is not None and below > ca.path_length:
            return "%s allows %d CAs below it, there are %d" % (ca.subject, ca.path_length, below)
        lacking = [usage for usage in usages if ca.usages and not {usage, "any"} & set(ca.usages)]
        if lacking:
            return "the extended key usage of %s is %s, wanted %s" % (
                ca.subject,
                ", ".join(ca.usages),
                ", ".join(lacking),
            )
        if now < ca.not_before:
            return "%s of its chain is not valid before %s" % (
                ca.subject,
                ca.not_before.strftime("%Y-%m-%d %H:%M UTC"),
            )
        if now >= ca.not_after:
            return "%s of its chain expired on %s" % (ca.subject, ca.not_after.strftime("%Y-%m-%d"))
    return None


def weak_signature(certificate):
    """Why a peer refuses a certificate for its signature, or None."""
    weak = {"md5": "MD5", "sha1": "SHA-1"}.get(certificate.digest)
    return (
        "%s is signed with %s, which Typha and calico/node refuse" % (certificate.subject, weak)
        if weak
        else None
    )


def renewal_window(leaf, wanted):
    """How long before its end a leaf is renewed: what is wanted, at most a third of its lifetime."""
    return min(wanted.renewal_window, (leaf.not_after - leaf.not_before) / 3)


def require_days(params, *options):
    """Raises CalicoError for a lifetime that no certificate can have."""
    for option in options:
        if not 1 <= params[option] <= MOST_DAYS:
            raise CalicoError(
                "%s is no lifetime" % option,
                expected="1 to %d days" % MOST_DAYS,
                found=params[option],
                remedy="correct it or leave it out",
            )


def key_size(params):
    """The size that key_type and key_size ask for. Raises CalicoError for one that the type does not have."""
    size = params["key_size"] or DEFAULT_SIZES[params["key_type"]]
    if not (size in (256, 384) if params["key_type"] == "ECDSA" else 2048 <= size <= 8192):
        raise CalicoError(
            "key_size %d does not fit key_type %s" % (size, params["key_type"]),
            expected="256 or 384 for ECDSA, 2048 to 8192 for RSA",
            found=size,
            remedy="leave key_size out for the default",
        )
    return size


def require_window(params, lifetime):
    """Raises CalicoError for a renewal window that is none: the certificate would end first, or be due from its first day on."""
    if not 1 <= params["renewal_days"] < params[lifetime]:
        raise CalicoError(
            "renewal_days does not fit %s" % lifetime,
            expected="1 day or more, and less than the lifetime of %d days" % params[lifetime],
            found=params["renewal_days"],
            remedy="take about a tenth of the lifetime, and more than lies between two runs",
        )


def span_in_words(span):
    """A timedelta as "12 days", or as hours below two days."""
    return (
        "%d days" % span.days
        if span >= timedelta(days=2)
        else "%d hours" % (span.total_seconds() // 3600)
    )
