# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The second half of `make demo`: runs the main job on the lab "demo" and says in a few lines what is where now."""

from __future__ import annotations

import base64
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "integration"))

from hardway_testbed.ansible import command, environment  # noqa: E402
from hardway_testbed.lab import LAB, ROOT, Lab  # noqa: E402

UP = """
Calico's control side is up. The API server, scheduler, controllers and etcd are real, the SSH hosts are
network namespaces, kwok stands in for the kubelets, and the release's files are stand-ins: no pod really runs.
"""


def not_after(lab, secret, key):
    data = json.loads(lab.kubectl("get", "secret", "-n", "kube-system", secret, "-o", "json"))[
        "data"
    ]
    told = subprocess.run(
        ["openssl", "x509", "-noout", "-enddate"],
        input=base64.b64decode(data[key]),
        capture_output=True,
        check=True,
        timeout=10,
    )
    return told.stdout.decode().strip().split("=", 1)[1]


def ready(lab, kind, name):
    status = json.loads(lab.kubectl("get", kind, "-n", "kube-system", name, "-o", "json"))["status"]
    if kind == "deployment":
        return "%d of %d ready" % (status.get("readyReplicas", 0), status.get("replicas", 0))
    return "%d of %d ready" % (status["numberReady"], status["desiredNumberScheduled"])


def summary(lab):
    crds = sum(
        "projectcalico" in crd["metadata"]["name"]
        for crd in lab.objects("customresourcedefinitions")
    )
    yield "datastore   %d Calico CRDs; calicoctl on %s" % (crds, lab.control_plane)
    for pool in lab.objects("ippools.crd.projectcalico.org"):
        spec = pool["spec"]
        yield "IP pool     %s %s %s" % (
            pool["metadata"]["name"],
            spec["cidr"],
            "disabled" if spec.get("disabled") else "enabled",
        )
    for host in lab.hosts:
        binaries = lab.exec(host, "sh", "-c", "ls /opt/cni/bin | xargs").strip()
        yield "%-11s /opt/cni/bin: %s; /etc/cni/net.d: %s" % (
            host,
            binaries,
            lab.exec(host, "sh", "-c", "ls /etc/cni/net.d | xargs").strip(),
        )
    yield "Typha       %s; certificate until %s" % (
        ready(lab, "deployment", "calico-typha"),
        not_after(lab, "calico-typha-certs", "typha.crt"),
    )
    yield "calico/node %s; certificate until %s" % (
        ready(lab, "daemonset", "calico-node"),
        not_after(lab, "calico-node-certs", "calico-node.crt"),
    )
    yield "kube-controllers %s" % ready(lab, "deployment", "calico-kube-controllers")
    yield "CNI user    calico-cni; certificate until %s" % not_after(
        lab, "calico-cni-credential", "tls.crt"
    )


def main():
    lab = Lab("demo").up()
    done = subprocess.run(
        command(lab.inventory, "hardway.calico.site"),
        env=environment(),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        timeout=900,
        check=False,
    )
    if done.returncode != 0:
        return done.returncode
    print(UP)
    for line in summary(lab):
        print("  " + line)
    print("\nLook around:   export KUBECONFIG=%s" % lab.kubeconfig)
    print(
        "               %s exec --name demo cka002 cat /etc/cni/net.d/10-calico.conflist"
        % LAB.relative_to(ROOT)
    )
    print(
        "Run it again:  .venv/bin/ansible-playbook -i %s hardway.calico.site --check --diff"
        % lab.inventory
    )
    print("Take it down:  make down")
    return 0


if __name__ == "__main__":
    sys.exit(main())
