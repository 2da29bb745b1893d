# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lab's etcd for Calico's data, looked at over the stubs of etcd's protocol, without the code under test."""

from __future__ import annotations

import json
import pathlib

import grpc
from aetcd import rpc


class CalicosEtcd:
    def __init__(self, lab):
        self.endpoints = lab.status["etcd"]
        self.pki = pathlib.Path(lab.kubeconfig).parent / "etcd-pki"

    def pem(self, name):
        return (self.pki / name).read_bytes()

    def channel(self, pair=None, number=0):
        """As root, or with (certificate, key) as text."""
        certificate, key = pair or (self.pem("root.crt").decode(), self.pem("root.key").decode())
        credentials = grpc.ssl_channel_credentials(
            self.pem("ca.crt"), key.encode(), certificate.encode()
        )
        return grpc.secure_channel(self.endpoints[number].partition("//")[2], credentials)

    def range(self, prefix=b"/calico/", pair=None):
        end = prefix[:-1] + bytes([prefix[-1] + 1])
        with self.channel(pair) as channel:
            return rpc.KVStub(channel).Range(rpc.RangeRequest(key=prefix, range_end=end), timeout=5)

    def everything(self):
        """{key: (value, revision)} of all keys, and the revision of all under None."""
        found = self.range(b"\x01")
        return {
            None: ["", found.header.revision],
            **{each.key.decode(): [each.value.decode(), each.mod_revision] for each in found.kvs},
        }

    def objects(self):
        return {each.key.decode(): json.loads(each.value) for each in self.range().kvs}

    def put(self, key, value):
        with self.channel() as channel:
            rpc.KVStub(channel).Put(
                rpc.PutRequest(key=key.encode(), value=json.dumps(value).encode()), timeout=5
            )
