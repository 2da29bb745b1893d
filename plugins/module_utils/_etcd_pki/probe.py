# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: whether the members of etcd take a client certificate, by a handshake with each. It decides nothing."""

from __future__ import annotations

import socket
import ssl
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._etcd import discovery
from ansible_collections.hardway.calico.plugins.module_utils._etcd.endpoints import Endpoint
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.apply import Making, trial
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.decide import asks_members
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.held import (
    PemPair,
    Triple,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.state import (
    Held,
    Members,
    Offer,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.wanted import (
    Wanted,
    with_tls,
)
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes import tls
from ansible_collections.hardway.calico.plugins.module_utils._pki import x509

SECONDS = 5
# What an HTTP/2 client sends first (RFC 9113 section 3.4), with no settings; a server answers with its own.
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")


def ask(
    wanted: Wanted,
    offer: Offer,
    held: t.Mapping[str, Held],
    material: t.Mapping[str, Triple],
    making: Making,
) -> Members:
    """Whether members take the certificates that would replace such of another CA; asked only if there are any."""
    waiting = asks_members(wanted, offer, held, making.now)
    if wanted.trusted or not waiting:
        return Members(told=wanted.trusted)
    pairs = [making.handed_in.leaves[who] for who in waiting if who in offer.handed]
    issued = [who for who in waiting if who not in offer.handed]
    if issued:
        pairs.append(trial(wanted.leaves[issued[0]], making))
    pems = (making.handed_in.servers, *(triple.servers for triple in material.values()))
    servers = x509.joined(*x509.by_fingerprint(*pems).values())
    endpoints = wanted.endpoints
    if wanted.domain:
        endpoints = with_tls(discovery.members(wanted.domain), "discovery_srv")
    answers: dict[str, str | None] = {}
    for pair in pairs:
        for url, words in answers_of(endpoints, servers, pair).items():
            answers[url] = answers.get(url) or words
    return Members(answers=answers)


def answers_of(
    endpoints: t.Iterable[Endpoint], servers: str, pair: PemPair
) -> dict[str, str | None]:
    """By URL why the member does not take the certificate, in words, or None.

    servers: PEM of the CAs by which members are trusted.
    """
    pems = tuple(pem.encode() for pem in (servers, *pair))
    return {str(endpoint): _refusal(endpoint, pems) for endpoint in endpoints}


def _refusal(endpoint: Endpoint, pems: tuple[bytes, ...]) -> str | None:
    try:
        context = tls.context(True, *pems)
        context.set_alpn_protocols(["h2"])
        with (
            socket.create_connection((endpoint.host, endpoint.port), SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=endpoint.host) as connection,
        ):
            # With TLS 1.3 a client learns after its handshake that its certificate was refused.
            connection.sendall(PREFACE)
            return None if connection.recv(1) else "it closed the connection, as for a certificate"
    except ssl.SSLCertVerificationError as exc:
        return "its own certificate is not trusted: %s" % exc.verify_message
    except ssl.SSLError as exc:
        return "it refused the certificate: %s" % (exc.reason or exc)
    except (OSError, CalicoError) as exc:
        return "it cannot be reached: %s" % exc
