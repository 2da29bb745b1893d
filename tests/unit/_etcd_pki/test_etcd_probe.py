# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a member takes a certificate, against a TLS server of Python's; a real etcd is in tests/integration."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading

import openssl_oracle as oracle
import pytest

from ansible_collections.hardway.calico.plugins.module_utils._etcd.endpoints import parse
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki import probe

ADDRESS = "extendedKeyUsage=serverAuth\nsubjectAltName=IP:127.0.0.1\n"


@pytest.fixture(scope="module")
def ca():
    return oracle.make_ca("etcd-ca")


@contextlib.contextmanager
def member(folder, server, trusted, version, says=b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"):
    """URL of a server that asks for a client certificate, and answers what HTTP/2 answers."""
    for name, pem in zip(("crt", "key", "cas"), (*server, trusted)):
        (folder / name).write_text(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "crt", folder / "key")
    context.load_verify_locations(folder / "cas")
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = context.maximum_version = version
    listening = socket.create_server(("127.0.0.1", 0))

    def serve():
        with contextlib.suppress(OSError):
            plain, _address = listening.accept()
            with plain, context.wrap_socket(plain, server_side=True) as connection:
                if connection.recv(100).startswith(b"PRI * HTTP/2.0") and says:
                    connection.sendall(says)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield "https://127.0.0.1:%d" % listening.getsockname()[1]
    listening.close()
    thread.join(timeout=10)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("who", ["of its CA", "of another CA", "a server's"])
def test_takes_or_refuses(tmp_path, ca, version, who):
    other = oracle.make_ca("etcd-ca")
    leaf = {
        "of its CA": lambda: oracle.make_leaf("calico-cni", ca, "clientAuth"),
        "of another CA": lambda: oracle.make_leaf("calico-cni", other, "clientAuth"),
        "a server's": lambda: oracle.make_leaf("calico-cni", ca, "serverAuth"),
    }[who]()
    server = oracle.make_leaf("member", ca, ADDRESS)
    with member(tmp_path, server, ca[0], version) as url:
        answers = probe.answers_of(parse([url]), ca[0], leaf)
    assert list(answers) == [url]
    if who == "of its CA":
        assert answers[url] is None
    else:
        assert answers[url].startswith("it refused the certificate: ")


def test_a_member_that_is_not_who_it_should_be(tmp_path, ca):
    leaf = oracle.make_leaf("calico-cni", ca, "clientAuth")
    strange = oracle.make_leaf("member", oracle.make_ca("etcd-ca"), ADDRESS)
    elsewhere = oracle.make_leaf("member", ca, ADDRESS.replace("127.0.0.1", "10.0.0.1"))
    for server in (strange, elsewhere):
        with member(tmp_path, server, ca[0], ssl.TLSVersion.TLSv1_3) as url:
            answer = probe.answers_of(parse([url]), ca[0], leaf)[url]
        assert answer.startswith("its own certificate is not trusted: ")


def test_a_member_that_says_nothing(tmp_path, ca):
    leaf = oracle.make_leaf("calico-cni", ca, "clientAuth")
    server = oracle.make_leaf("member", ca, ADDRESS)
    with member(tmp_path, server, ca[0], ssl.TLSVersion.TLSv1_3, says=b"") as url:
        assert "closed the connection" in probe.answers_of(parse([url]), ca[0], leaf)[url]


def test_dead_members_and_slow_ones(monkeypatch, ca):
    leaf = oracle.make_leaf("calico-cni", ca, "clientAuth")
    monkeypatch.setattr(probe, "SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        urls = ["https://127.0.0.1:%d" % one.getsockname()[1] for one in (silent, unused)]
        answers = probe.answers_of(parse(urls), ca[0], leaf)
    assert "timed out" in answers[urls[0]] and "refused" in answers[urls[1]].lower()
    assert all(answer.startswith("it cannot be reached: ") for answer in answers.values())
