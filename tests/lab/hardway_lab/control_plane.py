# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control plane: etcd, kube-apiserver, kube-controller-manager and kube-scheduler, all real,
and kwok for the kubelets.
"""

from __future__ import annotations

import json
import pathlib
import ssl
import urllib.error
import urllib.request

from hardway_lab import certificates, processes

SERVICE_NETWORK = "10.96.0.0/12"
POD_NETWORK = "10.244.0.0/16"
STAGES = sorted((pathlib.Path(__file__).resolve().parents[1] / "kwok").glob("*.yaml"))


class ControlPlane:
    def __init__(self, state, network, index, programs):
        self.state = state
        self.address = network.gateway
        self.programs = programs
        # Loopback ports of this lab's own: ten apart, below the kernel's ephemeral range.
        self.ports = {
            name: 21000 + 10 * index + offset
            for offset, name in enumerate(("etcd", "peer", "controllers", "scheduler", "kwok"))
        }
        self.url = "https://%s:6443" % self.address

    def start(self):
        certificates.make(self.state.pki, self.address)
        certificates.kubeconfig(self.state.pki, "admin", self.address, self.state.kubeconfig)
        for account in ("controller-manager", "scheduler", "kwok"):
            certificates.kubeconfig(
                self.state.pki, account, self.address, self.state.folder / (account + ".conf")
            )
        etcd = self._start("etcd", GOMEMLIMIT="400MiB")
        processes.wait_until(
            self.state,
            "etcd",
            lambda: processes.answers("http://127.0.0.1:%d/health" % self.ports["etcd"]),
            etcd,
            "etcd",
        )
        server = self._start("kube-apiserver", GOMEMLIMIT="1200MiB")
        processes.wait_until(self.state, "kube-apiserver", self._is_ready, server, "kube-apiserver")
        for name in ("kube-controller-manager", "kube-scheduler", "kwok"):
            self._start(name, GOMEMLIMIT="400MiB")

    def start_kwok(self):
        self._start("kwok", GOMEMLIMIT="400MiB")

    def _start(self, name, **environment):
        return processes.start(
            self.state, name, [self.programs[name], *self._arguments(name)], **environment
        )

    def _arguments(self, name):
        pki, folder, ports = self.state.pki, self.state.folder, self.ports
        client, peer = ("http://127.0.0.1:%d" % ports[part] for part in ("etcd", "peer"))
        return {
            "etcd": [
                "--data-dir",
                folder / "etcd",
                "--listen-client-urls",
                client,
                "--advertise-client-urls",
                client,
                "--listen-peer-urls",
                peer,
                "--initial-advertise-peer-urls",
                peer,
                "--initial-cluster",
                "default=" + peer,
                "--unsafe-no-fsync",
            ],
            "kube-apiserver": [
                "--etcd-servers",
                client,
                "--bind-address",
                self.address,
                "--advertise-address",
                self.address,
                "--secure-port",
                6443,
                "--service-cluster-ip-range",
                SERVICE_NETWORK,
                "--authorization-mode",
                "Node,RBAC",
                "--client-ca-file",
                pki / "ca.crt",
                "--tls-cert-file",
                pki / "apiserver.crt",
                "--tls-private-key-file",
                pki / "apiserver.key",
                "--allow-privileged",
                "--enable-admission-plugins",
                "NodeRestriction",
                "--service-account-issuer",
                "https://kubernetes.default.svc",
                "--service-account-key-file",
                pki / "sa.pub",
                "--service-account-signing-key-file",
                pki / "sa.key",
            ],
            "kube-controller-manager": [
                "--kubeconfig",
                folder / "controller-manager.conf",
                "--leader-elect=false",
                "--bind-address",
                "127.0.0.1",
                "--secure-port",
                ports["controllers"],
                "--root-ca-file",
                pki / "ca.crt",
                "--service-account-private-key-file",
                pki / "sa.key",
                "--cluster-signing-cert-file",
                pki / "ca.crt",
                "--cluster-signing-key-file",
                pki / "ca.key",
                "--use-service-account-credentials",
            ],
            "kube-scheduler": [
                "--kubeconfig",
                folder / "scheduler.conf",
                "--leader-elect=false",
                "--bind-address",
                "127.0.0.1",
                "--secure-port",
                ports["scheduler"],
            ],
            "kwok": [
                "--kubeconfig",
                folder / "kwok.conf",
                *("--config=%s" % stage for stage in self._stages()),
                "--manage-all-nodes=false",
                "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
                "--server-address",
                "127.0.0.1:%d" % ports["kwok"],
                "--node-lease-duration-seconds=40",
            ],
        }[name]

    def _stages(self):
        return [*STAGES, self.state.held] if self.state.held.exists() else STAGES

    def _is_ready(self):
        try:
            return self.request("GET", "/readyz", raw=True) == b"ok"
        except OSError:
            return False

    def request(self, method, path, body=None, raw=False, content_type="application/json"):
        """A request as the cluster's admin; returns the decoded JSON. Raises OSError (HTTPError among them)."""
        context = ssl.create_default_context(cafile=self.state.pki / "ca.crt")
        context.load_cert_chain(self.state.pki / "admin.crt", self.state.pki / "admin.key")
        request = urllib.request.Request(
            self.url + path, method=method, data=json.dumps(body).encode() if body else None
        )
        request.add_header("Content-Type", content_type)
        with urllib.request.urlopen(request, context=context, timeout=10) as answer:
            content = answer.read()
        return content if raw else json.loads(content)

    def exists(self, path):
        try:
            self.request("GET", path)
        except urllib.error.HTTPError as exc:
            if exc.code == 404:
                return False
            raise
        return True
