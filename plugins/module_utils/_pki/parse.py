# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: what the cryptography package parsed, as values. It decides nothing."""

from __future__ import annotations

import contextlib
import hashlib
import typing as t
from datetime import timezone

from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import Certificate

with contextlib.suppress(ImportError):  # which x509.require() tells
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if t.TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    E = t.TypeVar("E", bound=x509.ExtensionType)


def value_of(certificate: x509.Certificate) -> Certificate:
    """Raises what x509.UNREADABLE lists: much of a certificate is parsed when it is asked for."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    public_key = certificate.public_key()
    constraints = extension(certificate, x509.BasicConstraints)
    key_usage = extension(certificate, x509.KeyUsage)
    return Certificate(
        subject=certificate.subject.rfc4514_string(),
        common_name=str(names[0].value) if names else "",
        issuer=certificate.issuer.rfc4514_string(),
        serial=certificate.serial_number,
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        not_before=certificate.not_valid_before_utc.astimezone(timezone.utc),
        not_after=certificate.not_valid_after_utc.astimezone(timezone.utc),
        is_ca=bool(constraints and constraints.ca),
        usages=_usages(certificate),
        key_type=_key_type(public_key),
        key_size=getattr(public_key, "key_size", 0),
        public_key=spki(public_key),
        uri_sans=_uri_sans(certificate),
        signs=key_usage is None or key_usage.key_cert_sign,
        path_length=constraints.path_length if constraints and constraints.ca else None,
        digest=getattr(certificate.signature_hash_algorithm, "name", "none"),
    )


def spki(public_key: PublicKeyTypes) -> str:
    """The SHA-256 of the SubjectPublicKeyInfo, in hex: what a certificate and its key have in common."""
    der, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return hashlib.sha256(public_key.public_bytes(der, form)).hexdigest()


def extension(certificate: x509.Certificate, kind: type[E]) -> E | None:
    """The value of an extension, None if it is absent or malformed."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except (
        x509.ExtensionNotFound,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
        ValueError,
    ):
        return None


def _usages(certificate: x509.Certificate) -> tuple[str, ...]:
    known = {
        ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth",
        ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth",
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "any",
    }
    found = extension(certificate, x509.ExtendedKeyUsage)
    return tuple(known.get(oid, oid.dotted_string) for oid in found or ())


def _uri_sans(certificate: x509.Certificate) -> tuple[str, ...]:
    names = extension(certificate, x509.SubjectAlternativeName)
    return tuple(names.get_values_for_type(x509.UniformResourceIdentifier)) if names else ()


def _key_type(public_key: PublicKeyTypes) -> str:
    # Go knows the NIST curves only; another curve of 256 bits must not pass for P-256.
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        name = public_key.curve.name
        nist = name in ("secp256r1", "secp384r1", "secp521r1")
        return "ECDSA" if nist else "ECDSA on " + name
    return "RSA" if isinstance(public_key, rsa.RSAPublicKey) else "other"
