# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pods that speak to one another: made, asked and removed through the Kubernetes API."""

from __future__ import annotations

import json
import os
import subprocess
import time

import kubernetes
from kubernetes.stream import stream

NAMESPACE = "hardway-traffic"
PORT = 8080
# busybox has httpd and wget, Debian-like images have Python (perhaps without its HTTP server) and curl: either will do.
SERVER = (
    """
import os, socket
listener = socket.create_server(("", %d))
while True:
    client = listener.accept()[0]
    client.recv(4096)
    client.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\n" + os.uname().nodename.encode())
    client.close()
"""
    % PORT
)
SERVE = (
    "if command -v python3 > /dev/null; then exec python3 -c '%s'; "
    "else mkdir -p /tmp/www && uname -n > /tmp/www/index.html && exec httpd -f -p %d -h /tmp/www; fi"
    % (SERVER, PORT)
)
FETCH = (
    "if command -v curl > /dev/null; then exec curl -sS -m 5 http://%s:%d/; "
    "else exec wget -q -T 5 -O - http://%s:%d/; fi"
)


def until(condition, what, timeout=60.0):
    """The condition's first true value; AssertionError with its last one after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, "%s: not within %d s" % (what, timeout)
        time.sleep(0.5)


class Api:
    """The kind cluster's API by the kubernetes package, as the admin."""

    def __init__(self):
        kubernetes.config.load_kube_config(os.environ["KUBECONFIG"], context="kind-hardway")
        self.core = kubernetes.client.CoreV1Api()

    def nodes(self):
        """{name: internal address}."""
        return {
            node.metadata.name: next(
                address.address for address in node.status.addresses if address.type == "InternalIP"
            )
            for node in self.core.list_node().items
        }

    def pods(self, label, namespace="kube-system"):
        return self.core.list_namespaced_pod(namespace, label_selector=label).items

    def exec(self, pod, *command, namespace="kube-system"):
        """What a command in a pod prints on both outputs. It has no exit code: let the command print what tells."""
        # stream() changes the client that it uses while it uses it, and several commands run at once.
        core = kubernetes.client.CoreV1Api(kubernetes.client.ApiClient())
        return stream(
            core.connect_get_namespaced_pod_exec,
            pod,
            namespace,
            command=list(command),
            stderr=True,
            stdin=False,
            stdout=True,
            tty=False,
        )

    def calicoctl(self, *arguments):
        """What calicoctl on the control plane prints, wherever Calico's data are."""
        return subprocess.run(
            ["docker", "exec", "hardway-control-plane", "calicoctl", *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout

    def set_pool_disabled(self, pool, disabled):
        self.calicoctl("patch", "ippool", pool, "-p", json.dumps({"spec": {"disabled": disabled}}))

    def pool(self, pool):
        return json.loads(self.calicoctl("get", "ippool", pool, "-o", "json"))["spec"]


class Traffic:
    """Test pods in a namespace of their own."""

    def __init__(self, api):
        self.api = api
        self.addresses = {}

    def make_namespace(self):
        self.api.core.create_namespace(
            {"metadata": {"name": NAMESPACE, "labels": {"hardway.calico/test": "traffic"}}}
        )

    def make(self, name, node, annotations=None):
        """A pod that answers on PORT with its name, on the node and past every taint."""
        self.api.core.create_namespaced_pod(
            NAMESPACE,
            {
                "metadata": {"name": name, "annotations": annotations or {}},
                "spec": {
                    "nodeName": node,
                    "tolerations": [{"operator": "Exists"}],
                    "terminationGracePeriodSeconds": 0,
                    "automountServiceAccountToken": False,
                    "containers": [
                        {
                            "name": "tools",
                            "image": os.environ.get("HARDWAY_KIND_TOOLS_IMAGE")
                            or "docker.io/library/busybox:1.37",
                            "imagePullPolicy": "IfNotPresent",
                            "command": ["sh", "-c", SERVE],
                        }
                    ],
                },
            },
        )

    def wait(self, name):
        """The pod's address, as soon as it runs."""

        def address():
            status = self.api.core.read_namespaced_pod(name, NAMESPACE).status
            return status.pod_ip if status.phase == "Running" else None

        self.addresses[name] = until(address, "the pod %s runs with an address" % name, 90)
        return self.addresses[name]

    def ping(self, source, target):
        """Whether three of three echoes come back."""
        return ", 0% packet loss" in self.api.exec(
            source, "ping", "-c", "3", "-W", "2", self.addresses[target], namespace=NAMESPACE
        )

    def fetch(self, source, target):
        """What `target` answers `source` over TCP."""
        address = self.addresses[target]
        return self.api.exec(
            source, "sh", "-c", FETCH % (address, PORT, address, PORT), namespace=NAMESPACE
        ).strip()

    def remove(self):
        """Delete the namespace and wait until it is gone."""
        self.api.core.delete_namespace(NAMESPACE)
        until(self.gone, "the namespace %s is gone" % NAMESPACE, 120)

    def gone(self):
        return NAMESPACE not in [
            namespace.metadata.name for namespace in self.api.core.list_namespace().items
        ]
