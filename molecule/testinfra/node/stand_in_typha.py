# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs on a node of the lab: a STAND-IN for Typha's TLS, where kwok plays the pods and no Typha runs.

Typha's rule: a client certificate is required, its chain must lead to TYPHA_CAFILE, its CN must be
TYPHA_CLIENTCN. After that Typha waits for its client to speak first. Ends with its standard input.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys
import threading

from kubeconfig_client import load_pair


def serve(settings, client_cn, plain):
    try:
        with settings.wrap_socket(plain, server_side=True) as tls:
            names = [
                value
                for part in tls.getpeercert()["subject"]
                for key, value in part
                if key == "commonName"
            ]
            if names == [client_cn]:
                tls.settimeout(30)
                tls.recv(1)
    except OSError:
        plain.close()


def accept(listener, settings, client_cn):
    while True:
        threading.Thread(
            target=serve, args=(settings, client_cn, listener.accept()[0]), daemon=True
        ).start()


def main(given):
    settings = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    settings.minimum_version = ssl.TLSVersion.TLSv1_2
    load_pair(settings, given["certificate"].encode(), given["key"].encode())
    settings.load_verify_locations(cadata=given["ca"])
    settings.verify_mode = ssl.CERT_REQUIRED
    with socket.create_server((given["address"], given["port"])) as server:
        threading.Thread(
            target=accept, args=(server, settings, given["client_cn"]), daemon=True
        ).start()
        print(json.dumps("ready"), flush=True)
        sys.stdin.buffer.read()
