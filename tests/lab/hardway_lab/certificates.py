# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cluster's certificates, made by the openssl command line as kubeadm would lay them out."""

from __future__ import annotations

import base64
import subprocess

SUBJECTS = {
    "admin": "/O=system:masters/CN=kubernetes-admin",
    "controller-manager": "/CN=system:kube-controller-manager",
    "scheduler": "/CN=system:kube-scheduler",
    "kwok": "/O=system:masters/CN=kwok",
}


def authority(folder, subject):
    """A CA, ca.crt and ca.key, into folder."""
    key(folder / "ca.key")
    openssl(
        "req",
        "-x509",
        "-new",
        "-key",
        folder / "ca.key",
        "-subj",
        subject,
        "-days",
        "3650",
        "-out",
        folder / "ca.crt",
        "-addext",
        "keyUsage=critical,keyCertSign,cRLSign",
    )


def make(folder, address):
    """The CA, the API server's certificate, the accounts' and the service-account key, into folder."""
    authority(folder, "/CN=kubernetes")
    names = (
        "subjectAltName=IP:%s,IP:10.96.0.1,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
        % address
    )
    leaf(folder, "apiserver", "/CN=kube-apiserver", ["extendedKeyUsage=serverAuth", names])
    for name, subject in SUBJECTS.items():
        leaf(folder, name, subject, ["extendedKeyUsage=clientAuth"])
    key(folder / "sa.key")
    openssl("pkey", "-in", folder / "sa.key", "-pubout", "-out", folder / "sa.pub")


def key(path):
    path.touch(mode=0o600)
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)


def leaf(folder, name, subject, extensions):
    key(folder / (name + ".key"))
    request = folder / (name + ".csr")
    openssl("req", "-new", "-key", folder / (name + ".key"), "-subj", subject, "-out", request)
    (folder / "extensions").write_text("\n".join(extensions) + "\n", encoding="utf-8")
    openssl(
        "x509",
        "-req",
        "-in",
        request,
        "-CA",
        folder / "ca.crt",
        "-CAkey",
        folder / "ca.key",
        "-CAcreateserial",
        "-days",
        "365",
        "-extfile",
        folder / "extensions",
        "-out",
        folder / (name + ".crt"),
    )
    request.unlink()


def kubeconfig(folder, account, address, path):
    """A kubeconfig in kubeadm's shape."""

    def data(name):
        return base64.b64encode((folder / name).read_bytes()).decode()

    path.touch(mode=0o600)
    path.write_text(
        f"""apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: {data("ca.crt")}
    server: https://{address}:6443
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: kubernetes-{account}
  name: kubernetes-{account}@kubernetes
current-context: kubernetes-{account}@kubernetes
kind: Config
preferences: {{}}
users:
- name: kubernetes-{account}
  user:
    client-certificate-data: {data(account + ".crt")}
    client-key-data: {data(account + ".key")}
""",
        encoding="utf-8",
    )


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)
