# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: proves a credential by a request from a node to the API server, with the standard library alone.

The private key reaches OpenSSL through an anonymous file in memory, never through the disk.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import ssl
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._cni.kubeconfig.decide import Address
from ansible_collections.hardway.calico.plugins.module_utils._cni.kubeconfig.identity import (
    OTHER,
    REVIEW,
    REVIEWS,
    require_identity,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError

LIMIT = 1024 * 1024
# OpenSSL's X509_V_ERR_* codes.
EXPIRED, NOT_YET_VALID, HOSTNAME_MISMATCH, ADDRESS_MISMATCH = 10, 9, 62, 64


def proven(params: dict[str, t.Any], address: Address) -> str | None:
    """The user that the API server takes the credential for; None if it does not tell, or is not asked.

    params: the options of cni_kubeconfig. Raises CalicoError for a credential that cannot be used,
    that is refused, or that stands for another user.
    """
    certificate, key = params["client_certificate"], params["client_key"]
    context = client_context(params["cluster_ca"], certificate, key)
    if not params["validate"]:
        return None
    server = ApiServer(params["server"], address, context, params["timeout"])
    status, body = server.request("POST", REVIEWS, REVIEW)
    if status == 404:
        status, body = server.request("GET", OTHER)
    return require_identity(server.url, params["user"], status, body)


def client_context(ca: str, certificate: str, key: str) -> ssl.SSLContext:
    """TLS context that trusts `ca` alone and shows the client certificate (all PEM text)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=ca)
    except (ssl.SSLError, ValueError) as exc:
        raise CalicoError(
            "cluster_ca cannot be used", expected="PEM of the API server's CA", found=str(exc)
        ) from exc
    try:
        memory = os.memfd_create("hardway-calico")
    except (AttributeError, OSError) as exc:
        raise CalicoError(
            "the credential cannot be proven without writing the key to a file",
            expected="a Python and a kernel with memfd_create",
            found=str(exc),
            remedy="set validate to false",
        ) from exc
    try:
        with open(memory, "wb", closefd=False) as handle:
            handle.write(("%s\n%s\n" % (certificate, key)).encode())
        # An encrypted key would ask at the terminal: the empty password refuses it instead.
        context.load_cert_chain("/proc/self/fd/%d" % memory, password="")
    except ssl.SSLError as exc:
        raise CalicoError(
            "client_certificate and client_key cannot be used together",
            expected="an unencrypted PEM key that belongs to the certificate",
            found=exc.reason or "an unreadable key",
        ) from exc
    finally:
        os.close(memory)
    return context


class ApiServer:
    """The API server as seen from this node. timeout: seconds, for connecting and for each read."""

    def __init__(self, url: str, address: Address, context: ssl.SSLContext, timeout: int) -> None:
        self.url, self.path, self.timeout = url, address.path, timeout
        self._connection = http.client.HTTPSConnection(
            address.host, address.port, timeout=timeout, context=context
        )

    def request(
        self, method: str, path: str, body: dict[str, t.Any] | None = None
    ) -> tuple[int, dict[str, t.Any]]:
        """(status, parsed body or {}); CalicoError that tells why there was no answer."""
        headers = {"Accept": "application/json", "User-Agent": "hardway.calico"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            self._connection.request(
                method, self.path + path, None if body is None else json.dumps(body), headers
            )
            response = self._connection.getresponse()
            content = response.read(LIMIT)
        except (OSError, http.client.HTTPException) as exc:
            raise self._explained(exc) from exc
        finally:
            with contextlib.suppress(OSError):
                self._connection.close()
        try:
            parsed = json.loads(content)
        except ValueError:
            parsed = None
        return response.status, parsed if isinstance(parsed, dict) else {}

    def _explained(self, exc: Exception) -> CalicoError:
        what = "the API server at %s cannot be used from this node" % self.url
        if isinstance(exc, ssl.SSLCertVerificationError):
            return CalicoError(
                what,
                "a certificate that cluster_ca signed",
                exc.verify_message,
                _verification_remedy(exc.verify_code),
            )
        if isinstance(exc, ssl.SSLError):
            return CalicoError(
                what,
                "a TLS handshake with the client certificate",
                exc.reason or str(exc),
                "check that the address is the API server's and not an http port, "
                "and that it accepts the client certificate",
            )
        if isinstance(exc, socket.timeout):
            return CalicoError(
                what,
                "an answer",
                "none within %s s" % self.timeout,
                "check routes and firewalls between this node and the API server",
            )
        if isinstance(exc, ConnectionRefusedError):
            return CalicoError(
                what,
                "a listening API server",
                "connection refused",
                "check the address and port, and that the API server runs",
            )
        if isinstance(exc, socket.gaierror):
            return CalicoError(
                what,
                "a host name that this node resolves",
                exc.strerror or str(exc),
                "check the name and this node's resolver",
            )
        return CalicoError(
            what,
            "an HTTP answer",
            getattr(exc, "strerror", None) or str(exc) or type(exc).__name__,
            "check the address, and what is between this node and the API server",
        )


def _verification_remedy(code: int) -> str:
    if code in (EXPIRED, NOT_YET_VALID):
        return (
            "compare `date -u` on this node and on the control plane; "
            "renew the API server's certificate if it has expired"
        )
    if code in (HOSTNAME_MISMATCH, ADDRESS_MISMATCH):
        return "use an address that is among the API server certificate's subject alternative names"
    return (
        "give the CA that signed the API server's certificate "
        "(certificate-authority-data of the admin kubeconfig)"
    )
