# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where Typha's PKI lives: a ConfigMap and Secrets, through the Kubernetes API. It decides nothing."""

from __future__ import annotations

import base64
import binascii

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.rollout.decide import (
    workload_pending,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.state import Workload

NAMES = {
    "ca_configmap": "calico-typha-ca",
    "ca_secret": "calico-typha-ca-key",
    "server_secret": "calico-typha-certs",
    "client_secret": "calico-node-certs",
}
# Who mounts a party's material; the roles typha and node put the hash on the pod templates.
WORKLOADS = {"server": ("Deployment", "calico-typha"), "client": ("DaemonSet", "calico-node")}
ANNOTATION = "hardway.calico/typha-certificates"


class TyphaPkiStore:
    """names: {"ca_configmap", "ca_secret", "server_secret", "client_secret"}; without "ca_secret" the CA is in directory, or not ours.

    read() costs one GET an object. Each write is one request that holds both halves of a pair, so a killed run leaves no half; it
    carries the resourceVersion that was read, and CalicoError tells the run that lost against another.
    """

    PAIRS = {
        "ca": ("ca_secret", "ca.crt", "ca.key"),
        "previous": ("ca_secret", "previous-ca.crt", "previous-ca.key"),
        "server": ("server_secret", "typha.crt", "typha.key"),
        "client": ("client_secret", "calico-node.crt", "calico-node.key"),
    }
    BUNDLE_KEY = "typhaca.crt"

    def __init__(self, api, namespace, names, directory=None):
        self.api = api
        self.directory = directory
        self.namespace = namespace
        self.names = names
        self.found = {}

    def read(self):
        """The content (see material). Pairs of the CA are ("", "") without a ca_secret."""
        self.found = {what: self.api.get(self._path(what)) for what in self.names}
        content = {
            "bundle": (self.found["ca_configmap"] or {}).get("data", {}).get(self.BUNDLE_KEY, "")
        }
        for pair, (what, *keys) in self.PAIRS.items():
            data = (self.found.get(what) or {}).get("data") or {}
            content[pair] = tuple(_decoded(data.get(key, "")) for key in keys)
        return {**content, **(self.directory.read() if self.directory else {})}

    def read_workloads(self):
        """{party: Workload, or None where there is none}."""
        return {party: self._workload(kind, name) for party, (kind, name) in WORKLOADS.items()}

    def write_bundle(self, pem):
        self._write("ca_configmap", "ConfigMap", {self.BUNDLE_KEY: pem})

    def write_ca(self, ca, previous):
        if self.directory:
            self.directory.write(ca, previous)
        else:
            self._write(
                "ca_secret", "Secret", {**self._data("ca", ca), **self._data("previous", previous)}
            )

    def write_leaf(self, party, pair):
        self._write(self.PAIRS[party][0], "Secret", self._data(party, pair))

    def existing(self):
        """{which: kind and name} of what read() found, the CA last."""
        found = {
            what: self._called(what)
            for what in ("server_secret", "client_secret", "ca_configmap", "ca_secret")
            if self.found.get(what)
        }
        return {
            **found,
            **(
                {"ca_directory": "CA in %s" % self.directory.path}
                if self.directory and self.directory.exists()
                else {}
            ),
        }

    def delete(self, what):
        if what == "ca_directory":
            self.directory.delete()
            return
        self._changing(
            what,
            lambda: self.api.delete(
                self._path(what), resource_version=self.found[what]["metadata"]["resourceVersion"]
            ),
        )

    def _data(self, pair, pems):
        return {
            key: base64.b64encode(pem.encode()).decode() if pem else None
            for key, pem in zip(self.PAIRS[pair][1:], pems)
        }

    def _write(self, what, kind, data):
        there = self.found[what]
        merged = {**((there or {}).get("data") or {}), **data}
        body = {
            "apiVersion": "v1",
            "kind": kind,
            "data": {key: value for key, value in merged.items() if value is not None},
        }
        if there is None:
            metadata = {
                "name": self.names[what],
                "namespace": self.namespace,
                "labels": {"app.kubernetes.io/managed-by": "hardway.calico"},
            }
            body.update({"metadata": metadata, **({"type": "Opaque"} if kind == "Secret" else {})})
            self.found[what] = self._changing(
                what, lambda: self.api.create(self._collection(what), body)
            )
        else:
            self.found[what] = self._changing(
                what, lambda: self.api.replace(self._path(what), {**there, **body})
            )

    def _changing(self, what, request):
        try:
            return request()
        except CalicoError as exc:
            if exc.status != 409:
                raise
            raise CalicoError(
                "Another run or person changed the %s while this run worked on it"
                % self._called(what),
                expected="it as this run had read it",
                found=exc.found,
                remedy="nothing of the other change is lost: run again, when the other run is done",
            ) from exc

    def _called(self, what):
        return "%s %s/%s" % (
            "ConfigMap" if what == "ca_configmap" else "Secret",
            self.namespace,
            self.names[what],
        )

    def _collection(self, what):
        return "/api/v1/namespaces/%s/%s" % (
            self.namespace,
            "configmaps" if what == "ca_configmap" else "secrets",
        )

    def _path(self, what):
        return "%s/%s" % (self._collection(what), self.names[what])

    def _workload(self, kind, name):
        found = self.api.get(
            "/apis/apps/v1/namespaces/%s/%ss/%s" % (self.namespace, kind.lower(), name)
        )
        if found is None:
            return None
        annotations = found["spec"]["template"].get("metadata", {}).get("annotations") or {}
        on_delete = found["spec"].get("updateStrategy", {}).get("type") == "OnDelete"
        return Workload(
            kind,
            name,
            annotations.get(ANNOTATION, ""),
            workload_pending(kind, name, found),
            on_delete,
        )


def _decoded(text):
    """Text of base64; what is no text counts as garbage PEM, not as absent."""
    try:
        return base64.b64decode(text).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "not text"
