# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter to X.509 through the cryptography package: PEM to values, and values to PEM. It decides nothing.

Profiles: a CA with critical basicConstraints CA:TRUE, pathlen 0 and keyUsage keyCertSign and cRLSign
(RFC 5280 §4.2.1), leaves with one extended key usage, since Go's verifier asks Typha's for serverAuth
and calico/node's for clientAuth.
"""

from __future__ import annotations

import typing as t
from datetime import datetime

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import (
    Certificate,
    Pair,
)
from ansible_collections.hardway.calico.plugins.module_utils._pki.parse import (
    extension,
    spki,
    value_of,
)

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    MISSING: ImportError | None = None
    # Much of a certificate is parsed when it is asked for, so its parts fail one by one.
    UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)
except ImportError as exc:
    MISSING = exc

if t.TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import (
        CertificateIssuerPrivateKeyTypes,
        CertificateIssuerPublicKeyTypes,
        CertificatePublicKeyTypes,
    )


def require() -> None:
    """Raises CalicoError if the cryptography package is missing."""
    if MISSING is not None:
        raise CalicoError(
            "The Python package cryptography cannot be imported",
            expected="cryptography >= 42 for the Python of the API host",
            found=MISSING,
            remedy="pip install cryptography on the API host, or name another one in calico_api_host",
        )


def read_bundle(pem: str | None) -> tuple[list[Certificate], str | None]:
    """([Certificate], problem) of a PEM bundle of CAs; problem is None or words."""
    if not pem:
        return [], None
    try:
        return [value_of(one) for one in x509.load_pem_x509_certificates(pem.encode())], None
    except UNREADABLE as exc:
        return [], "it is not PEM of certificates (%s)" % exc


def read_pair(certificate_pem: str, key_pem: str, bundle_pem: str) -> Pair:
    """The Pair of a certificate and a key, checked against the CAs of a bundle.

    The first of the CAs that fits ends the chain. What follows the certificate in its PEM are
    intermediate CAs, as a TLS server or client sends them.
    """
    if not certificate_pem and not key_pem:
        return Pair()
    if not certificate_pem or not key_pem:
        return Pair(problem="its %s is missing" % ("key" if certificate_pem else "certificate"))
    try:
        certificate = value_of(x509.load_pem_x509_certificate(certificate_pem.encode()))
    except UNREADABLE:
        return Pair(problem="its certificate is not PEM of a certificate")
    try:
        loaded = serialization.load_pem_private_key(key_pem.encode(), password=None)
        key = spki(loaded.public_key())
    except UNREADABLE:
        problem = "its key is not PEM of an unencrypted private key"
        return Pair(certificate=certificate, problem=problem)
    chain = _chain(certificate_pem, bundle_pem)
    return Pair(certificate, key, None, bool(chain), tuple(value_of(ca) for ca in chain))


def leads_to(certificate_pem: str, bundle_pem: str) -> bool:
    """Whether the first certificate of a PEM comes from a CA of a bundle, if need be through those that follow it."""
    return bool(_chain(certificate_pem, bundle_pem))


def by_fingerprint(*pems: str) -> dict[str, str]:
    """{fingerprint: PEM} of the certificates in several PEMs, in their order; what cannot be read is left out."""
    found: dict[str, str] = {}
    for pem in pems:
        for certificate in _certificates(pem):
            found.setdefault(certificate.fingerprint(hashes.SHA256()).hex(), _pem(certificate))
    return found


def joined(*pems: str) -> str:
    """One PEM of several, each on lines of its own."""
    return "".join(pem.strip() + "\n" for pem in pems if pem.strip())


def make_key(key_type: str, key_size: int) -> str:
    """PEM (PKCS #8) of a new private key. key_type: "ECDSA" (P-256, P-384) or "RSA"."""
    key: CertificateIssuerPrivateKeyTypes
    if key_type == "ECDSA":
        curves: dict[int, ec.EllipticCurve] = {256: ec.SECP256R1(), 384: ec.SECP384R1()}
        key = ec.generate_private_key(curves[key_size])
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=key_size)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def make_ca(common_name: str, key_pem: str, not_before: datetime, not_after: datetime) -> str:
    """PEM of a self-signed CA certificate."""
    key, name = _private_key(key_pem), _name(common_name)
    constraints = x509.BasicConstraints(ca=True, path_length=0)
    usage = _usage(key_cert_sign=True, crl_sign=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = _builder(name, name, key.public_key(), not_before, not_after)
    builder = builder.add_extension(constraints, critical=True)
    builder = builder.add_extension(usage, critical=True)
    builder = builder.add_extension(identifier, critical=False)
    return _pem(builder.sign(key, _hash(key)))


def issue_leaf(
    common_name: str,
    usage: str,
    key_pem: str,
    ca_pem: str,
    ca_key_pem: str,
    not_before: datetime,
    not_after: datetime,
    uri_san: str = "",
) -> str:
    """PEM of a leaf signed by the CA, which is the first of its PEM; it never outlives the CA.

    usage: "serverAuth" or "clientAuth".
    """
    key = _private_key(key_pem)
    ca, ca_key = x509.load_pem_x509_certificate(ca_pem.encode()), _private_key(ca_key_pem)
    start = max(not_before, ca.not_valid_before_utc)
    end = min(not_after, ca.not_valid_after_utc)
    builder = _builder(_name(common_name), ca.subject, key.public_key(), start, end)
    constraints = x509.BasicConstraints(ca=False, path_length=None)
    builder = builder.add_extension(constraints, critical=True)
    builder = builder.add_extension(_usage(digital_signature=True), critical=True)
    purpose = {
        "serverAuth": ExtendedKeyUsageOID.SERVER_AUTH,
        "clientAuth": ExtendedKeyUsageOID.CLIENT_AUTH,
    }[usage]
    builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    if uri_san:
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri_san)])
        builder = builder.add_extension(names, critical=False)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = builder.add_extension(identifier, critical=False)
    builder = builder.add_extension(_identifier_of(ca), critical=False)
    return _pem(builder.sign(ca_key, _hash(ca_key)))


def make_csr(common_name: str, key_pem: str) -> str:
    """PEM of a certificate signing request with nothing but a CN."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(_name(common_name))
    request = builder.sign(_private_key(key_pem), hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def _private_key(pem: str) -> CertificateIssuerPrivateKeyTypes:
    """A key that can sign certificates; who calls has read the pair before (see read_pair)."""
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    return t.cast("CertificateIssuerPrivateKeyTypes", key)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: CertificatePublicKeyTypes,
    not_before: datetime,
    not_after: datetime,
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
    builder = builder.public_key(public_key).serial_number(x509.random_serial_number())
    return builder.not_valid_before(not_before).not_valid_after(not_after)


def _usage(**true: bool) -> x509.KeyUsage:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: true.get(name, False) for name in names})


def _hash(key: CertificateIssuerPrivateKeyTypes) -> hashes.SHA256 | None:
    """A CA that was handed in may have an Edwards curve key, which brings its own hash (RFC 8410)."""
    edwards = (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey)
    return None if isinstance(key, edwards) else hashes.SHA256()


def _identifier_of(ca: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """The authority key identifier of what a CA signs.

    OpenSSL refuses one that is not the CA's own subject key identifier.
    """
    own = extension(ca, x509.SubjectKeyIdentifier)
    if own is None:
        public_key = t.cast("CertificateIssuerPublicKeyTypes", ca.public_key())
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(public_key)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _certificates(pem: str) -> list[x509.Certificate]:
    try:
        found = x509.load_pem_x509_certificates(pem.encode()) if pem else []
        return [certificate for certificate in found if value_of(certificate)]
    except UNREADABLE:
        return []


def _chain(certificate_pem: str, bundle_pem: str) -> list[x509.Certificate]:
    """The certificates above the first of certificate_pem, the last of them from the bundle.

    [] if they do not reach it.
    """
    below, bundle = _certificates(certificate_pem)[:10], _certificates(bundle_pem)
    chain: list[x509.Certificate] = []
    while below:
        current, *rest = below
        anchor = _issuer(current, bundle)
        if anchor is not None:
            return [*chain, anchor]
        issuer = _issuer(current, rest)
        if issuer is None:
            break
        chain.append(issuer)
        below = [issuer, *(ca for ca in rest if ca != issuer)]
    return []


def _issuer(
    certificate: x509.Certificate, cas: t.Iterable[x509.Certificate]
) -> x509.Certificate | None:
    return next((ca for ca in cas if _issued(ca, certificate)), None)


def _issued(ca: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(ca)
    except (*UNREADABLE, InvalidSignature):
        return False
    return True
