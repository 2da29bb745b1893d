# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where Typha's PKI lives: a ConfigMap and three Secrets, through the Kubernetes API. It decides nothing."""

from __future__ import annotations

import base64
import binascii


class TyphaPkiStore:
    """names: {"ca_configmap", "ca_secret", "server_secret", "client_secret"}. PEMs are str, "" where absent.

    read() costs four GETs. Each write is one request that holds both halves of a pair, so a killed run leaves no half.
    """

    KEYS = {"ca_secret": ("ca.crt", "ca.key"), "server_secret": ("typha.crt", "typha.key"), "client_secret": ("calico-node.crt", "calico-node.key")}
    BUNDLE_KEY = "typhaca.crt"

    def __init__(self, api, namespace, names):
        self.api = api
        self.namespace = namespace
        self.names = names
        self.found = {}

    def read(self):
        """{"bundle": PEM, "ca_secret" | "server_secret" | "client_secret": (certificate PEM, key PEM)}."""
        content = {}
        for what in ("ca_configmap", *self.KEYS):
            self.found[what] = self.api.get(self._path(what))
        content["bundle"] = ((self.found["ca_configmap"] or {}).get("data") or {}).get(self.BUNDLE_KEY, "")
        for what, keys in self.KEYS.items():
            data = (self.found[what] or {}).get("data") or {}
            content[what] = tuple(_decoded(data.get(key, "")) for key in keys)
        return content

    def write_bundle(self, pem):
        self._write("ca_configmap", {"kind": "ConfigMap", "data": {self.BUNDLE_KEY: pem}})

    def write_pair(self, what, certificate_pem, key_pem):
        data = {key: base64.b64encode(pem.encode()).decode() for key, pem in zip(self.KEYS[what], (certificate_pem, key_pem))}
        self._write(what, {"kind": "Secret", "type": "Opaque", "data": data})

    def _write(self, what, body):
        there = self.found[what]
        if there is None:
            metadata = {"name": self.names[what], "namespace": self.namespace, "labels": {"app.kubernetes.io/managed-by": "hardway.calico"}}
            self.found[what] = self.api.create(self._collection(what), {"apiVersion": "v1", "metadata": metadata, **body})
        else:
            changed = {**there, "apiVersion": "v1", "kind": body["kind"], "data": {**(there.get("data") or {}), **body["data"]}}
            self.found[what] = self.api.replace(self._path(what), changed)

    def _collection(self, what):
        return "/api/v1/namespaces/%s/%s" % (self.namespace, "configmaps" if what == "ca_configmap" else "secrets")

    def _path(self, what):
        return "%s/%s" % (self._collection(what), self.names[what])


def _decoded(text):
    """Text of base64; what is no text counts as garbage PEM, not as absent."""
    try:
        return base64.b64decode(text).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "not text"
