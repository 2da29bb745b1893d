# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTPS requests with the CA and the credential of a kubeconfig, by the standard library alone:
also piped into nodes' Python.

Independent of the collection and of the kubernetes package: what the API server says to this, it says to any client.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import ssl
import urllib.parse


def entry(config, kind, name):
    return next(item for item in config[kind + "s"] if item["name"] == name)[kind]


def load_pair(context, certificate, key):
    """Give a TLS context a certificate and its key, PEM as bytes, which never touch the disk."""
    memory = os.memfd_create("pair")
    try:
        with open(memory, "wb", closefd=False) as file:
            file.write(certificate + b"\n" + key)
        context.load_cert_chain("/proc/self/fd/%d" % memory)
    finally:
        os.close(memory)


def context_with(ca, certificate=None, key=None):
    """A client's TLS context that trusts `ca` only and shows `certificate`, all PEM as bytes."""
    context = ssl.create_default_context(cadata=ca.decode())
    if certificate:
        load_pair(context, certificate, key)
    return context


class Client:
    """One connection as the current context's user, or as nobody (anonymous=True)."""

    def __init__(self, config, anonymous=False):
        context = entry(config, "context", config["current-context"])
        cluster, user = (
            entry(config, "cluster", context["cluster"]),
            entry(config, "user", context["user"]),
        )
        pem = {
            name: base64.b64decode(user[name + "-data"])
            for name in ("client-certificate", "client-key")
            if name + "-data" in user
        }
        shown = () if anonymous else tuple(pem.values())
        tls = context_with(base64.b64decode(cluster["certificate-authority-data"]), *shown)
        address = urllib.parse.urlsplit(cluster["server"])
        self.connection = http.client.HTTPSConnection(
            address.hostname, address.port or 443, context=tls, timeout=15
        )

    def request(self, method, path, body=None):
        """(status, decoded JSON)."""
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        self.connection.request(
            method, path, json.dumps(body) if body is not None else None, headers
        )
        answer = self.connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content) if content.startswith(b"{") else content.decode(
            "utf-8", "replace"
        )
