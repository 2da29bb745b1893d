# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The openssl command line as an authority of its own: it makes and judges certificates without the code under test."""

from __future__ import annotations

import base64
import pathlib
import socket
import subprocess
import tempfile
import time

EXTENSIONS = {
    "intermediate": "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n"
    "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n",
    "ca": "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n",
    "serverAuth": "extendedKeyUsage=serverAuth\n",
    "clientAuth": "extendedKeyUsage=clientAuth\n",
    "none": "basicConstraints=CA:FALSE\n",
}


def openssl(*arguments, content=None, fails=False):
    """Standard output; with fails=True, output and errors of a command that must fail."""
    done = subprocess.run(
        ["openssl", *map(str, arguments)],
        input=content,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode != 0) == fails, done.stdout + done.stderr
    return done.stdout + done.stderr if fails else done.stdout


def make_key(algorithm="EC"):
    options = {
        "EC": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
        "RSA": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
        "ED25519": ["-algorithm", "ED25519"],
    }
    return openssl("genpkey", *options[algorithm])


def make_ca(common_name="Calico Typha CA", algorithm="EC", days=3650, extensions="ca"):
    """(certificate PEM, key PEM). extensions: of EXTENSIONS, or the text itself."""
    key = make_key(algorithm)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "key").write_text(key)
        (path / "config").write_text(
            "[req]\ndistinguished_name=dn\n[dn]\n[v3]\n" + EXTENSIONS.get(extensions, extensions)
        )
        return openssl(
            "req",
            "-x509",
            "-new",
            "-key",
            path / "key",
            "-subj",
            "/CN=" + common_name,
            "-days",
            days,
            "-config",
            path / "config",
            "-extensions",
            "v3",
        ), key


def sign(request, ca, usage, days=365, digest="sha256"):
    """PEM of a certificate for a request (PEM). usage: of EXTENSIONS, or the text itself."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        for name, text in (
            ("request", request),
            ("ca", ca[0]),
            ("key", ca[1]),
            ("extensions", EXTENSIONS.get(usage, usage)),
        ):
            (path / name).write_text(text)
        return openssl(
            "x509",
            "-req",
            "-in",
            path / "request",
            "-CA",
            path / "ca",
            "-CAkey",
            path / "key",
            "-set_serial",
            "0x1234",
            "-days",
            days,
            "-" + digest,
            "-extfile",
            path / "extensions",
        )


def make_leaf(common_name, ca, usage, algorithm="EC", days=365, digest="sha256"):
    """(certificate PEM, key PEM)."""
    key = make_key(algorithm)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "key")
        path.write_text(key)
        return sign(
            openssl("req", "-new", "-key", path, "-subj", "/CN=" + common_name),
            ca,
            usage,
            days,
            digest,
        ), key


def of_unknown_curve(pem):
    """The certificate or key with a curve that nobody knows in place of P-256.

    PEM and DER as they should be, and of no use.
    """
    begin, *body, end = pem.strip().splitlines()
    der = base64.b64decode("".join(body))
    known = bytes.fromhex("06082a8648ce3d030107")
    assert known in der
    return "%s\n%s%s\n" % (
        begin,
        base64.encodebytes(der.replace(known, known[:-1] + b"\x7f")).decode(),
        end,
    )


def make_intermediate(common_name, ca):
    """(certificate PEM, key PEM) of a CA below a CA."""
    return make_leaf(common_name, ca, "intermediate")


def verify(leaf, bundle, purpose, fails=False, untrusted="", strict=True):
    """openssl verify. purpose: sslserver or sslclient; strict: as RFC 5280 has it.

    untrusted: PEM of intermediate CAs that come with the leaf.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "leaf").write_text(leaf)
        (path / "bundle").write_text(bundle)
        (path / "untrusted").write_text(untrusted)
        way = ["-untrusted", path / "untrusted"] if untrusted else []
        return openssl(
            "verify",
            *(["-x509_strict"] if strict else []),
            "-CAfile",
            path / "bundle",
            "-purpose",
            purpose,
            *way,
            path / "leaf",
            fails=fails,
        )


def public_key(certificate=None, key=None):
    return (
        openssl("x509", "-noout", "-pubkey", content=certificate)
        if certificate
        else openssl("pkey", "-pubout", content=key)
    )


def text(certificate):
    return openssl("x509", "-noout", "-text", "-nameopt", "RFC2253", content=certificate)


def handshake(server, client):
    """Whether openssl's s_server and s_client talk to each other.

    Each is (certificate, key, bundle), the client's first two may be "".

    The server asks for a client certificate; both check chain and purpose, neither a name.
    """
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        paths = {}
        for side, pems in (("server", server), ("client", client)):
            for what, pem in zip(("cert", "key", "bundle"), pems):
                paths[side, what] = pathlib.Path(folder, "%s-%s" % (side, what))
                paths[side, what].write_text(pem)
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        listening = subprocess.Popen(
            [
                "openssl",
                "s_server",
                "-accept",
                "127.0.0.1:%d" % port,
                "-cert",
                paths["server", "cert"],
                "-cert_chain",
                paths["server", "cert"],
                "-key",
                paths["server", "key"],
                "-CAfile",
                paths["server", "bundle"],
                "-Verify",
                "3",
                "-verify_return_error",
                "-purpose",
                "sslclient",
                "-www",
                "-quiet",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            for _attempt in range(200):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            own = (
                ["-cert", paths["client", "cert"], "-key", paths["client", "key"]]
                if client[0]
                else []
            )
            talk = subprocess.run(
                [
                    "openssl",
                    "s_client",
                    "-connect",
                    "127.0.0.1:%d" % port,
                    "-CAfile",
                    paths["client", "bundle"],
                    "-verify_return_error",
                    "-purpose",
                    "sslserver",
                    "-quiet",
                    "-ign_eof",
                    *own,
                ],
                input="GET / HTTP/1.0\r\n\r\n",
                capture_output=True,
                text=True,
                check=False,
                timeout=30,
            )
            return "HTTP/1.0 200" in talk.stdout
        finally:
            listening.kill()
            listening.wait()
