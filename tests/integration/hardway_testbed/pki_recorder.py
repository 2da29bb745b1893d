# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records every version of Typha's certificates and the life of every Typha and calico/node pod, in
the order of the API.

resourceVersions of one cluster are revisions of one etcd, so they order changes of certificates and
starts and ends of pods.
"""

from __future__ import annotations

import base64
import json
import subprocess
import tempfile
import time
from dataclasses import dataclass

OBJECTS = {
    "bundle": ("configmap", "calico-typha-ca"),
    "server": ("secret", "calico-typha-certs"),
    "client": ("secret", "calico-node-certs"),
}
KEYS = {
    "bundle": ("typhaca.crt",),
    "server": ("typha.crt", "typha.key"),
    "client": ("calico-node.crt", "calico-node.key"),
}
PARTIES = {"calico-typha": "server", "calico-node": "client"}
FOR_EVER = 1 << 62


@dataclass
class Pod:
    """start, end: revisions."""

    party: str
    start: int
    end: int = FOR_EVER


class Recorder:
    """versions: {"bundle" | "server" | "client": [(revision, PEMs)]}; pods: {uid: Pod}; both are there after stop()."""

    def __init__(self, lab):
        self.lab = lab
        self.watches = {}
        self.versions = {what: [] for what in OBJECTS}
        self.pods = {}

    def __enter__(self):
        arguments = {what: ["get", *named] for what, named in OBJECTS.items()}
        arguments["pods"] = ["get", "pods", "-l", "k8s-app in (%s)" % ",".join(PARTIES)]
        for what, words in arguments.items():
            output = tempfile.TemporaryFile("w+")
            command = [
                self.lab.status["kubectl"],
                "--kubeconfig",
                self.lab.kubeconfig,
                "-n",
                "kube-system",
                *words,
                "--watch",
                "--output-watch-events",
                "-o",
                "json",
            ]
            self.watches[what] = (
                subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL, text=True),
                output,
            )
        deadline = time.monotonic() + 60
        while not all(output.seek(0, 2) for _process, output in self.watches.values()):
            assert time.monotonic() < deadline, "the watches show nothing"
            time.sleep(0.1)
        return self

    def __exit__(self, *exc):
        # What was written before this moment may still be on its way.
        time.sleep(2)
        for process, _output in self.watches.values():
            process.terminate()
            process.wait(timeout=10)
        if exc[0] is None:
            self._read()

    def _read(self):
        for what, (_process, output) in self.watches.items():
            for kind, body in _events(output):
                revision = int(body["metadata"]["resourceVersion"])
                if what == "pods":
                    self._pod(kind, body, revision)
                else:
                    self.versions[what].append(
                        (revision, tuple(_decoded(body, key) for key in KEYS[what]))
                    )

    def _pod(self, kind, body, revision):
        uid = body["metadata"]["uid"]
        if uid not in self.pods:
            self.pods[uid] = Pod(PARTIES[body["metadata"]["labels"]["k8s-app"]], revision)
        if kind == "DELETED":
            self.pods[uid].end = revision

    def version(self, what, revision):
        """The number of the version that was there at a revision.

        That of the first one for what is older than the record.
        """
        return max(
            [0]
            + [
                number
                for number, (since, _pems) in enumerate(self.versions[what])
                if since <= revision
            ]
        )

    def encounters(self):
        """{(Typha's bundle, Typha's leaf, node's bundle, node's leaf)}: every material with which a
        Typha and a node may have met.

        A Typha loads its files when it starts. A node reads them at each connection, and the
        kubelet refreshes each at any time after it changed, or not yet: all that was there since
        the node's pod started, until one of both ended.
        """
        found = set()
        for typha in (pod for pod in self.pods.values() if pod.party == "server"):
            for node in (pod for pod in self.pods.values() if pod.party == "client"):
                end = min(typha.end, node.end)
                if max(typha.start, node.start) < end:
                    ranges = [
                        range(self.version(what, node.start), self.version(what, end) + 1)
                        for what in ("bundle", "client")
                    ]
                    found |= {
                        (
                            self.version("bundle", typha.start),
                            self.version("server", typha.start),
                            bundle,
                            leaf,
                        )
                        for bundle in ranges[0]
                        for leaf in ranges[1]
                    }
        return found


def _events(output):
    """(type, object) of a stream of JSON documents."""
    output.seek(0)
    text, position, decoder = output.read().strip(), 0, json.JSONDecoder()
    while position < len(text):
        event, end = decoder.raw_decode(text, position)
        yield event["type"], event["object"]
        position = end + len(text[end:]) - len(text[end:].lstrip())


def _decoded(body, key):
    value = (body.get("data") or {}).get(key, "")
    return value if body["kind"] == "ConfigMap" else base64.b64decode(value).decode()
