# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates made here, judged by openssl; certificates made by openssl, read here."""

from __future__ import annotations

import base64
import pathlib
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import openssl_oracle as oracle
import pytest

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._pki import x509

NOW = datetime.now(timezone.utc).replace(microsecond=0)
YEAR = timedelta(days=365)
SIZES = [("ECDSA", 256), ("ECDSA", 384), ("RSA", 2048)]


@pytest.fixture(scope="module")
def ca():
    key = x509.make_key("ECDSA", 256)
    return x509.make_ca("Calico Typha CA", key, NOW - timedelta(minutes=5), NOW + 10 * YEAR), key


@pytest.mark.parametrize(
    ("usage", "purpose", "other"),
    [("serverAuth", "sslserver", "sslclient"), ("clientAuth", "sslclient", "sslserver")],
)
@pytest.mark.parametrize(("key_type", "size"), SIZES)
def test_leaf_is_what_openssl_expects(ca, usage, purpose, other, key_type, size):
    key = x509.make_key(key_type, size)
    leaf = x509.issue_leaf("calico-typha", usage, key, *ca, NOW - timedelta(minutes=5), NOW + YEAR)
    oracle.verify(leaf, ca[0], purpose)
    assert "unsuitable certificate purpose" in oracle.verify(leaf, ca[0], other, fails=True)
    assert oracle.public_key(certificate=leaf) == oracle.public_key(key=key)
    shown = oracle.text(leaf)
    assert (
        "Subject: CN=calico-typha\n" in shown
        and "Issuer: CN=Calico Typha CA\n" in shown
        and "CA:FALSE" in shown
    )
    oracle.verify(leaf, oracle.make_ca()[0], purpose, fails=True)
    read = x509.read_pair(leaf, key, ca[0])
    assert (
        read.usable
        and read.trusted
        and (read.certificate.key_type, read.certificate.key_size) == (key_type, size)
    )
    assert read.certificate.usages == (usage,) and not read.certificate.is_ca


def test_ca_profile(ca):
    shown = oracle.text(ca[0])
    assert "X509v3 Basic Constraints: critical\n                CA:TRUE" in shown
    assert (
        "X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign" in shown
        and "Subject Key Identifier" in shown
    )
    assert x509.read_bundle(ca[0])[0][0].is_ca


def test_leaf_never_outlives_its_ca(ca):
    leaf = x509.issue_leaf(
        "a", "serverAuth", x509.make_key("ECDSA", 256), *ca, NOW, NOW + 20 * YEAR
    )
    assert x509.read_bundle(leaf)[0][0].not_after == NOW + 10 * YEAR


@pytest.mark.parametrize("algorithm", ["EC", "RSA", "ED25519"])
def test_ca_of_openssl_signs(algorithm):
    authority = oracle.make_ca(algorithm=algorithm)
    leaf = x509.issue_leaf(
        "calico-node", "clientAuth", x509.make_key("ECDSA", 256), *authority, NOW, NOW + YEAR
    )
    oracle.verify(leaf, authority[0], "sslclient")


def test_ca_whose_key_identifier_is_no_sha_1_of_its_key():
    """Any bytes may identify a key (RFC 5280 section 4.2.1.2, RFC 7093); Vault's and Go's newer ones are of SHA-256."""
    authority = oracle.make_ca(
        extensions=oracle.EXTENSIONS["ca"].replace(
            "subjectKeyIdentifier=hash", "subjectKeyIdentifier=01:02:03:04"
        )
    )
    leaf = x509.issue_leaf(
        "calico-node", "clientAuth", x509.make_key("ECDSA", 256), *authority, NOW, NOW + YEAR
    )
    assert "01:02:03:04" in oracle.text(leaf)
    oracle.verify(leaf, authority[0], "sslclient")


def test_request_carries_nothing_but_the_name():
    key = x509.make_key("ECDSA", 256)
    shown = oracle.openssl(
        "req",
        "-noout",
        "-text",
        "-verify",
        "-nameopt",
        "RFC2253",
        content=x509.make_csr("calico-cni", key),
    )
    assert "Subject: CN=calico-cni\n" in shown and "X509v3" not in shown
    assert oracle.public_key(key=key) in oracle.openssl(
        "req", "-noout", "-pubkey", content=x509.make_csr("calico-cni", key)
    )


def test_reads_what_openssl_made():
    authority, other = oracle.make_ca(), oracle.make_ca()
    leaf = oracle.make_leaf("calico-node", authority, "clientAuth", "RSA", 90)
    read = x509.read_pair(*leaf, authority[0])
    assert (
        read.usable
        and read.trusted
        and read.certificate.usages == ("clientAuth",)
        and read.certificate.key_size == 2048
    )
    assert read.certificate.serial == 0x1234 and 89 <= (read.certificate.not_after - NOW).days <= 90
    expected = (
        oracle.openssl("x509", "-noout", "-fingerprint", "-sha256", content=leaf[0])
        .strip()
        .split("=")[1]
        .replace(":", "")
        .lower()
    )
    assert read.certificate.fingerprint == expected
    assert not x509.read_pair(*leaf, other[0]).trusted, "a CA of the same name and another key"
    assert x509.read_pair(*leaf, other[0] + authority[0]).trusted, "a bundle of two"
    assert not x509.read_pair(leaf[0], oracle.make_key(), authority[0]).usable


BROKEN_DER = "-----BEGIN CERTIFICATE-----\nMIIBAAAA\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    "garbage",
    [
        "hello",
        BROKEN_DER,
        "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n",
        "\x00\xff",
    ],
)
def test_garbage_is_named_and_no_traceback(ca, garbage):
    leaf = oracle.make_leaf("calico-node", ca, "clientAuth")
    assert "not PEM" in x509.read_pair(garbage, leaf[1], ca[0]).problem
    assert "not PEM" in x509.read_pair(leaf[0], garbage, ca[0]).problem
    assert not x509.read_pair(*leaf, garbage).trusted
    assert x509.read_bundle(garbage)[0] == [] and "not PEM" in x509.read_bundle(garbage)[1]


def harmed(pem):
    """PEM of the same length with each of its bytes changed in turn.

    Much of it still parses, and a part of it does not.
    """
    der = base64.b64decode("".join(pem.strip().splitlines()[1:-1]))
    for position in range(len(der)):
        changed = der[:position] + bytes([der[position] ^ 1]) + der[position + 1 :]
        yield (
            "-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n"
            % base64.encodebytes(changed).decode()
        )


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_no_harm_to_a_certificate_is_a_traceback(ca):
    """Its key may be of an unknown curve, its name no text, its version 7: Secrets hold what people put there."""
    leaf = oracle.make_leaf("calico-node", ca, "clientAuth")
    for pem in harmed(leaf[0]):
        assert x509.read_pair(pem, leaf[1], ca[0]) != x509.read_pair(*leaf, ca[0])
        x509.read_bundle(pem)
        x509.by_fingerprint(pem)
    for pem in harmed(ca[0]):
        x509.read_pair(*leaf, pem)


def test_halves():
    leaf = oracle.make_leaf("calico-node", oracle.make_ca(), "clientAuth")
    assert x509.read_pair("", "", "").absent
    assert x509.read_pair(leaf[0], "", "").problem == "its key is missing"
    assert x509.read_pair("", leaf[1], "").problem == "its certificate is missing"


def test_encrypted_key_is_named():
    leaf = oracle.make_leaf("calico-node", oracle.make_ca(), "clientAuth")
    locked = oracle.openssl("pkcs8", "-topk8", "-passout", "pass:secret", content=leaf[1])
    assert "unencrypted" in x509.read_pair(leaf[0], locked, "").problem


def test_missing_library_is_named(monkeypatch):
    monkeypatch.setattr(x509, "MISSING", ImportError("No module named 'cryptography'"))
    with pytest.raises(CalicoError, match="pip install cryptography"):
        x509.require()


def test_imports_without_the_library():
    """The import itself must not fail, so that the module can say what is missing."""
    root = pathlib.Path(x509.__file__).parents[6]
    code = "import sys; sys.modules['cryptography'] = None; sys.path.insert(0, %r)\n" % str(root)
    code += "from ansible_collections.hardway.calico.plugins.module_utils._pki import x509\n"
    code += "print(x509.MISSING is not None)"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
        ).stdout
        == "True\n"
    )
