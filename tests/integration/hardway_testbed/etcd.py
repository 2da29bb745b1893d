# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real etcd of three members as somebody would run it for Calico.

TLS, client certificates required, authentication on: users by the common name of their certificate, each with its
role. What its administrator does goes over the stubs of etcd's protocol, without the code under test.
"""

from __future__ import annotations

import json
import os
import pathlib
import signal
import socket
import subprocess
import time

import grpc
from aetcd import rpc
from hardway_lab.binaries import find_one
from node_side import Authority

READ, READWRITE = rpc.Permission.READ, rpc.Permission.READWRITE
# User: (password or None, permission, prefix).
USERS = {
    "calico": (None, READWRITE, b"/calico/"),
    "reader": (None, READ, b"/calico/"),
    "nobody": (None, READWRITE, b"/other/"),
    "with-password": ("s3cret-of-etcd", READWRITE, b"/calico/"),
}
# For kube-controllers besides the role calico: the key that their compactor begins each round with.
COMPACTOR, COMPACTION = "calico-kube-controllers", b"compact_rev_key"


class Etcd:
    def __init__(self, folder, members=3):
        self.folder = pathlib.Path(folder)
        self.program = find_one("etcd")
        self.authority = Authority(self.folder / "ca", "etcd-ca")
        self.stranger = Authority(self.folder / "stranger", "another-ca")
        ports = _free_ports(2 * members)
        self.clients, self.peers = ports[:members], ports[members:]
        self.processes = {}
        self.ca = self._file("ca.crt", self.authority.certificate)
        names = "IP:127.0.0.1,DNS:localhost"
        self._server = self._pair("server", *self._issue("server", names))
        self.pairs = {
            name: self._pair(name, *self._issue(name)) for name in ["root", "unknown", *USERS]
        }
        self.pairs["stranger"] = self._pair("stranger", *self.stranger.issue("root", "clientAuth"))

    def _issue(self, name, names=""):
        usage = "serverAuth,clientAuth" if names else "clientAuth"
        return self.authority.issue(name, usage, names)

    def _pair(self, name, certificate, key):
        return self._file(name + ".crt", certificate), self._file(name + ".key", key)

    def _file(self, name, content):
        path = self.folder / name
        path.write_text(content)
        path.chmod(0o600)
        return str(path)

    @property
    def endpoints(self):
        return ["https://127.0.0.1:%d" % port for port in self.clients]

    def options(self, user="calico", **others):
        """A module's options of access as a user."""
        certificate, key = self.pairs[user]
        return {
            "datastore_type": "etcdv3",
            "etcd_endpoints": self.endpoints,
            "etcd_ca_cert": self.ca,
            "etcd_cert": certificate,
            "etcd_key": key,
            **others,
        }

    def up(self):
        for number in range(len(self.clients)):
            self.start(number)
        self.wait()
        self._enable_auth()
        return self

    def start(self, number):
        client, peer = self.clients[number], self.peers[number]
        cluster = ",".join("m%d=http://127.0.0.1:%d" % pair for pair in enumerate(self.peers))
        address, peers = "https://127.0.0.1:%d" % client, "http://127.0.0.1:%d" % peer
        arguments = {
            "name": "m%d" % number,
            "data-dir": self.folder / ("data%d" % number),
            # The second address is not in the certificate.
            "listen-client-urls": address + ",https://127.0.0.2:%d" % client,
            "advertise-client-urls": address,
            "listen-peer-urls": peers,
            "initial-advertise-peer-urls": peers,
            "initial-cluster": cluster,
            "client-cert-auth": "true",
            "trusted-ca-file": self.ca,
            "cert-file": self._server[0],
            "key-file": self._server[1],
            "unsafe-no-fsync": "true",
            "log-level": "warn",
        }
        with open(self.folder / ("m%d.log" % number), "ab") as log:
            self.processes[number] = subprocess.Popen(
                [self.program, *("--%s=%s" % item for item in arguments.items())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={"PATH": os.environ["PATH"], "GOMEMLIMIT": "200MiB"},
            )

    def kill(self, number):
        """End a member at once."""
        process = self.processes.pop(number)
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait(timeout=10)

    def freeze(self, number):
        """A member that takes connections and says nothing."""
        self.processes[number].send_signal(signal.SIGSTOP)

    def thaw(self, number):
        self.processes[number].send_signal(signal.SIGCONT)

    def heal(self):
        """All members run, none is frozen, no alarm is on, and there is a leader."""
        for number in range(len(self.clients)):
            if number in self.processes:
                self.thaw(number)
            else:
                self.start(number)
        self.wait()
        self.alarm(on=False)

    def down(self):
        for number in list(self.processes):
            self.kill(number)

    def wait(self, seconds=60):
        """Until every member knows a leader."""
        deadline = time.monotonic() + seconds
        for number in range(len(self.clients)):
            while True:
                try:
                    if self.status(number).leader:
                        break
                except grpc.RpcError:
                    pass
                assert time.monotonic() < deadline, (self.folder / ("m%d.log" % number)).read_text()
                time.sleep(0.1)

    def channel(self, number=0, user="root"):
        certificate, key = (pathlib.Path(path).read_bytes() for path in self.pairs[user])
        credentials = grpc.ssl_channel_credentials(
            pathlib.Path(self.ca).read_bytes(), key, certificate
        )
        return grpc.secure_channel("127.0.0.1:%d" % self.clients[number], credentials)

    def status(self, number):
        with self.channel(number) as channel:
            return rpc.MaintenanceStub(channel).Status(rpc.StatusRequest(), timeout=2)

    def leader(self):
        """The number of the member that leads."""
        found = [self.status(number) for number in range(len(self.clients))]
        return next(n for n, each in enumerate(found) if each.header.member_id == each.leader)

    def move_leader(self):
        """Have another member lead."""
        number = self.leader()
        other = self.status((number + 1) % len(self.clients)).header.member_id
        with self.channel(number) as channel:
            rpc.MaintenanceStub(channel).MoveLeader(
                rpc.MoveLeaderRequest(targetID=other), timeout=5
            )

    def alarm(self, on):
        """The alarm NOSPACE, as a member raises it that has no room left; never for a member alone."""
        action = rpc.AlarmRequest.ACTIVATE if on else rpc.AlarmRequest.DEACTIVATE
        for number in range(len(self.clients)):
            member = self.status(number).header.member_id
            with self.channel(number) as channel:
                rpc.MaintenanceStub(channel).Alarm(
                    rpc.AlarmRequest(action=action, memberID=member, alarm=rpc.NOSPACE), timeout=5
                )

    def kv(self, call, request):
        """A request as root, to any member that runs."""
        refusals = []
        for number in sorted(self.processes):
            try:
                with self.channel(number) as channel:
                    return getattr(rpc.KVStub(channel), call)(request, timeout=5)
            except grpc.RpcError as exc:
                refusals.append(exc)
        raise refusals[-1]

    def everything(self):
        """{key: (value, mod_revision)} of all of Calico's."""
        found = self.kv("Range", rpc.RangeRequest(key=b"/calico/", range_end=b"/calico0"))
        return {each.key.decode(): (each.value.decode(), each.mod_revision) for each in found.kvs}

    def version_of(self, key):
        """How often a key was written since it was created."""
        return self.kv("Range", rpc.RangeRequest(key=key.encode())).kvs[0].version

    def objects(self):
        """{key: decoded JSON}."""
        return {key: json.loads(value) for key, (value, _rev) in self.everything().items()}

    def put(self, key, value):
        text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
        return self.kv("Put", rpc.PutRequest(key=key.encode(), value=text.encode()))

    def clear(self):
        self.kv("DeleteRange", rpc.DeleteRangeRequest(key=b"/calico/", range_end=b"/calico0"))

    def compact(self):
        revision = self.status(min(self.processes)).header.revision
        self.kv("Compact", rpc.CompactionRequest(revision=revision, physical=True))

    def _enable_auth(self):
        with self.channel() as channel:
            auth = rpc.AuthStub(channel)
            auth.RoleAdd(rpc.AuthRoleAddRequest(name="root"), timeout=5)
            self._add_user(auth, "root", None, "root")
            for name, (password, kind, prefix) in USERS.items():
                auth.RoleAdd(rpc.AuthRoleAddRequest(name=name), timeout=5)
                end = prefix[:-1] + bytes([prefix[-1] + 1])
                permission = rpc.Permission(permType=kind, key=prefix, range_end=end)
                auth.RoleGrantPermission(
                    rpc.AuthRoleGrantPermissionRequest(name=name, perm=permission), timeout=5
                )
                self._add_user(auth, name, password, name)
            auth.RoleAdd(rpc.AuthRoleAddRequest(name=COMPACTOR), timeout=5)
            permission = rpc.Permission(permType=READWRITE, key=COMPACTION)
            auth.RoleGrantPermission(
                rpc.AuthRoleGrantPermissionRequest(name=COMPACTOR, perm=permission), timeout=5
            )
            auth.AuthEnable(rpc.AuthEnableRequest(), timeout=5)

    @staticmethod
    def _add_user(auth, name, password, role):
        options = rpc.UserAddOptions(no_password=password is None)
        auth.UserAdd(
            rpc.AuthUserAddRequest(name=name, password=password or "", options=options), timeout=5
        )
        auth.UserGrantRole(rpc.AuthUserGrantRoleRequest(user=name, role=role), timeout=5)


def _free_ports(count):
    """Ports of the loopback that nobody uses now."""
    sockets = [socket.socket() for _each in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
