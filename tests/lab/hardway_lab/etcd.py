# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An etcd of Calico's own, as somebody would run it: three members, TLS, client certificates, authentication on.

It is not the etcd of the lab's Kubernetes. Its CA is on the control planes where the roles look for it.
"""

from __future__ import annotations

import base64
import json
import ssl
import urllib.request

from hardway_lab import certificates, processes

MEMBERS = 3
CLIENT_PORT, PEER_PORT = 23790, 23800
# The users are the common names of the clients' certificates (plugins/module_utils/_etcd_pki/objects.py).
USERS = ("calico-node", "calico-cni", "calico-kube-controllers", "calicoctl", "hardway-calico")
PREFIX = b"/calico/"
# For kube-controllers besides: the key that their compactor begins each round with.
COMPACTOR, COMPACTION = "calico-kube-controllers", b"compact_rev_key"


class Etcd:
    def __init__(self, state, address, program):
        self.state, self.address, self.program = state, address, program
        self.pki = state.folder / "etcd-pki"

    @property
    def endpoints(self):
        return ["https://%s:%d" % (self.address, CLIENT_PORT + number) for number in range(MEMBERS)]

    def start(self):
        self.pki.mkdir(mode=0o700)
        certificates.authority(self.pki, "/CN=etcd-ca")
        # The common name stays empty: etcd's gateway for JSON would be the user of that name.
        names = "subjectAltName=IP:%s,IP:127.0.0.1" % self.address
        certificates.leaf(
            self.pki, "member", "/O=lab", ["extendedKeyUsage=serverAuth,clientAuth", names]
        )
        certificates.leaf(self.pki, "root", "/CN=root", ["extendedKeyUsage=clientAuth"])
        for number in range(MEMBERS):
            self.start_member(number)
        processes.wait_until(self.state, "Calico's etcd", self._is_healthy, log="calico-etcd0")
        self._enable_authentication()

    def start_member(self, number):
        client = self.endpoints[number]
        peers = ["http://%s:%d" % (self.address, PEER_PORT + other) for other in range(MEMBERS)]
        arguments = {
            "name": "m%d" % number,
            "data-dir": self.state.folder / ("calico-etcd%d" % number),
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "listen-peer-urls": peers[number],
            "initial-advertise-peer-urls": peers[number],
            "initial-cluster": ",".join("m%d=%s" % pair for pair in enumerate(peers)),
            "client-cert-auth": "true",
            "trusted-ca-file": self.pki / "ca.crt",
            "cert-file": self.pki / "member.crt",
            "key-file": self.pki / "member.key",
            "unsafe-no-fsync": "true",
            "log-level": "warn",
        }
        command = [self.program, *("--%s=%s" % item for item in arguments.items())]
        processes.start(self.state, "calico-etcd%d" % number, command, GOMEMLIMIT="200MiB")

    def _enable_authentication(self):
        """Through the JSON gateway, which knows no users: it answers until authentication is on."""
        self._ask("auth/role/add", name="root")
        self._ask("auth/role/add", name="calico")
        end = PREFIX[:-1] + bytes([PREFIX[-1] + 1])
        self._ask(
            "auth/role/grant",
            name="calico",
            perm={"permType": "READWRITE", "key": _b64(PREFIX), "range_end": _b64(end)},
        )
        self._ask("auth/role/add", name=COMPACTOR)
        self._ask(
            "auth/role/grant",
            name=COMPACTOR,
            perm={"permType": "READWRITE", "key": _b64(COMPACTION)},
        )
        for user, role in (("root", "root"), *((user, "calico") for user in USERS)):
            self._ask("auth/user/add", name=user, options={"no_password": True})
            self._ask("auth/user/grant", user=user, role=role)
        self._ask("auth/user/grant", user="calico-kube-controllers", role=COMPACTOR)
        self._ask("auth/enable")

    def _is_healthy(self):
        try:
            return all(
                json.loads(self._open(endpoint + "/health"))["health"] == "true"
                for endpoint in self.endpoints
            )
        except OSError:
            return False

    def _ask(self, path, **body):
        return self._open("%s/v3/%s" % (self.endpoints[0], path), json.dumps(body).encode())

    def _open(self, url, body=None):
        context = ssl.create_default_context(cafile=self.pki / "ca.crt")
        context.load_cert_chain(self.pki / "root.crt", self.pki / "root.key")
        with urllib.request.urlopen(url, body, timeout=10, context=context) as answer:
            return answer.read()


def _b64(content):
    return base64.b64encode(content).decode()
