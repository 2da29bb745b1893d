# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs on a node: connects to each of given["targets"] with each of given["pairs"] and says how it went.

Felix's rule: the chain must lead to the CA, the server's CN must be FELIX_TYPHACN, names in SANs do not matter.
"""

from __future__ import annotations

import json
import socket
import ssl

from kubeconfig_client import context_with


def attempt(given, target, pair):
    context = context_with(given["ca"].encode(), *(part.encode() for part in pair))
    context.check_hostname = False
    try:
        plain = socket.create_connection(tuple(target), timeout=10)
    except OSError as exc:
        return "unreachable: %s" % exc
    try:
        with plain, context.wrap_socket(plain) as tls:
            names = [
                value
                for part in tls.getpeercert()["subject"]
                for key, value in part
                if key == "commonName"
            ]
            if names != [given["server_cn"]]:
                return "server is %s" % names
            # In TLS 1.3 the client is done before the server has looked at it: the refusal comes with the first read.
            tls.settimeout(1.0)
            return "refused: closed" if tls.recv(1) == b"" else "accepted"
    except socket.timeout:
        return "accepted"
    except (ssl.SSLError, ConnectionError) as exc:
        return "refused: %s" % (getattr(exc, "reason", None) or exc)


def main(given):
    print(
        json.dumps(
            {
                name: [attempt(given, target, pair) for target in given["targets"]]
                for name, pair in given["pairs"].items()
            }
        )
    )
