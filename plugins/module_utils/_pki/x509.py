# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter to X.509 through the cryptography package: PEM to values, and values to PEM. It decides nothing.

Profiles: a CA with critical basicConstraints CA:TRUE, pathlen 0 and keyUsage keyCertSign and cRLSign (RFC 5280 §4.2.1), leaves
with one extended key usage, since Go's verifier asks Typha's for serverAuth and calico/node's for clientAuth.
"""

from __future__ import annotations

import hashlib
from datetime import timezone

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import (
    Certificate,
    Pair,
)

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    MISSING = None
    # Much of a certificate is parsed when it is asked for, so its parts fail one by one.
    UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)
except ImportError as exc:
    MISSING = exc


def require():
    """Raises CalicoError if the cryptography package is missing."""
    if MISSING is not None:
        raise CalicoError(
            "The Python package cryptography cannot be imported",
            expected="cryptography >= 42 for the Python of the API host",
            found=MISSING,
            remedy="pip install cryptography on the API host, or name another one in calico_api_host",
        )


def read_bundle(pem):
    """([Certificate], problem) of a PEM bundle of CAs; problem is None or words."""
    if not pem:
        return [], None
    try:
        return [
            _value(certificate) for certificate in x509.load_pem_x509_certificates(pem.encode())
        ], None
    except UNREADABLE as exc:
        return [], "it is not PEM of certificates (%s)" % exc


def read_pair(certificate_pem, key_pem, bundle_pem):
    """The Pair of a certificate and a key, checked against the CAs of a bundle; the first of these that fits ends the chain.

    What follows the certificate in its PEM are intermediate CAs, as a TLS server or client sends them.
    """
    if not certificate_pem and not key_pem:
        return Pair()
    if not certificate_pem or not key_pem:
        return Pair(problem="its %s is missing" % ("key" if certificate_pem else "certificate"))
    try:
        certificate = _value(x509.load_pem_x509_certificate(certificate_pem.encode()))
    except UNREADABLE:
        return Pair(problem="its certificate is not PEM of a certificate")
    try:
        key = _spki(
            serialization.load_pem_private_key(key_pem.encode(), password=None).public_key()
        )
    except UNREADABLE:
        return Pair(
            certificate=certificate, problem="its key is not PEM of an unencrypted private key"
        )
    chain = _chain(certificate_pem, bundle_pem)
    return Pair(certificate, key, None, bool(chain), tuple(_value(ca) for ca in chain))


def by_fingerprint(*pems):
    """{fingerprint: PEM} of the certificates in several PEMs, in their order; what cannot be read is left out."""
    found = {}
    for pem in pems:
        for certificate in _certificates(pem):
            found.setdefault(certificate.fingerprint(hashes.SHA256()).hex(), _pem(certificate))
    return found


def make_key(key_type, key_size):
    """PEM (PKCS #8) of a new private key. key_type: "ECDSA" (P-256, P-384) or "RSA"."""
    if key_type == "ECDSA":
        key = ec.generate_private_key({256: ec.SECP256R1(), 384: ec.SECP384R1()}[key_size])
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=key_size)
    encoding = (
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return key.private_bytes(*encoding).decode()


def make_ca(common_name, key_pem, not_before, not_after):
    """PEM of a self-signed CA certificate."""
    key = serialization.load_pem_private_key(key_pem.encode(), password=None)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    usage = _usage(key_cert_sign=True, crl_sign=True)
    builder = _builder(name, name, key.public_key(), not_before, not_after)
    builder = builder.add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    ).add_extension(usage, critical=True)
    builder = builder.add_extension(
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
    )
    return _pem(builder.sign(key, _hash(key)))


def issue_leaf(common_name, usage, key_pem, ca_pem, ca_key_pem, not_before, not_after, uri_san=""):
    """PEM of a leaf signed by the CA (the first of its PEM); it never outlives the CA. usage: "serverAuth" or "clientAuth"."""
    key = serialization.load_pem_private_key(key_pem.encode(), password=None)
    ca = x509.load_pem_x509_certificate(ca_pem.encode())
    ca_key = serialization.load_pem_private_key(ca_key_pem.encode(), password=None)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = _builder(
        name,
        ca.subject,
        key.public_key(),
        max(not_before, ca.not_valid_before_utc),
        min(not_after, ca.not_valid_after_utc),
    )
    builder = builder.add_extension(
        x509.BasicConstraints(ca=False, path_length=None), critical=True
    )
    builder = builder.add_extension(_usage(digital_signature=True), critical=True)
    purpose = {
        "serverAuth": ExtendedKeyUsageOID.SERVER_AUTH,
        "clientAuth": ExtendedKeyUsageOID.CLIENT_AUTH,
    }[usage]
    builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    if uri_san:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri_san)]), critical=False
        )
    builder = builder.add_extension(
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
    )
    builder = builder.add_extension(_identifier_of(ca), critical=False)
    return _pem(builder.sign(ca_key, _hash(ca_key)))


def make_csr(common_name, key_pem):
    """PEM of a certificate signing request with nothing but a CN."""
    key = serialization.load_pem_private_key(key_pem.encode(), password=None)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(name)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
        .decode()
    )


def _builder(subject, issuer, public_key, not_before, not_after):
    builder = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public_key)
    )
    return (
        builder.serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )


def _usage(**true):
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


def _hash(key):
    """A CA that was handed in may have an Edwards curve key, which brings its own hash (RFC 8410)."""
    return (
        None
        if isinstance(key, (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey))
        else hashes.SHA256()
    )


def _identifier_of(ca):
    """The authority key identifier of what a CA signs. OpenSSL refuses one that is not the CA's own subject key identifier."""
    own = _extension(ca, x509.SubjectKeyIdentifier)
    if own is None:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.public_key())
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _spki(public_key):
    return hashlib.sha256(
        public_key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    ).hexdigest()


def _certificates(pem):
    try:
        found = x509.load_pem_x509_certificates(pem.encode()) if pem else []
        return [certificate for certificate in found if _value(certificate)]
    except UNREADABLE:
        return []


def _chain(certificate_pem, bundle_pem):
    """The certificates above the first of certificate_pem, the last of them from the bundle; [] if they do not reach it."""
    current, *intermediates = _certificates(certificate_pem)[:10] or [None]
    bundle, chain = _certificates(bundle_pem), []
    while current is not None:
        anchor = next((ca for ca in bundle if _issued(ca, current)), None)
        if anchor is not None:
            return [*chain, anchor]
        current = next(
            (ca for ca in intermediates if ca not in chain and _issued(ca, current)), None
        )
        chain.append(current)
    return []


def _issued(ca, certificate):
    try:
        certificate.verify_directly_issued_by(ca)
    except (*UNREADABLE, InvalidSignature):
        return False
    return True


def _value(certificate):
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    public_key = certificate.public_key()
    constraints, key_usage = (
        _extension(certificate, x509.BasicConstraints),
        _extension(certificate, x509.KeyUsage),
    )
    known = {
        ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth",
        ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth",
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "any",
    }
    usages = tuple(
        known.get(oid, oid.dotted_string)
        for oid in _extension(certificate, x509.ExtendedKeyUsage) or ()
    )
    alternative_names = _extension(certificate, x509.SubjectAlternativeName)
    uri_sans = (
        tuple(alternative_names.get_values_for_type(x509.UniformResourceIdentifier))
        if alternative_names
        else ()
    )
    return Certificate(
        subject=certificate.subject.rfc4514_string(),
        common_name=str(names[0].value) if names else "",
        issuer=certificate.issuer.rfc4514_string(),
        serial=certificate.serial_number,
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        not_before=certificate.not_valid_before_utc.astimezone(timezone.utc),
        not_after=certificate.not_valid_after_utc.astimezone(timezone.utc),
        is_ca=bool(constraints and constraints.ca),
        usages=usages,
        key_type=_key_type(public_key),
        key_size=getattr(public_key, "key_size", 0),
        public_key=_spki(public_key),
        uri_sans=uri_sans,
        signs=key_usage is None or key_usage.key_cert_sign,
        path_length=constraints.path_length if constraints and constraints.ca else None,
        digest=getattr(certificate.signature_hash_algorithm, "name", "none"),
    )


def _extension(certificate, kind):
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


def _key_type(public_key):
    # Go knows the NIST curves only; another curve of 256 bits must not pass for P-256.
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        return (
            "ECDSA"
            if public_key.curve.name in ("secp256r1", "secp384r1", "secp521r1")
            else "ECDSA on " + public_key.curve.name
        )
    return "RSA" if isinstance(public_key, rsa.RSAPublicKey) else "other"
