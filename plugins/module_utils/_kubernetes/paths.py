# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the Kubernetes API keeps what more than one room asks for (pure)."""

from __future__ import annotations

import re

# The namespace of what is the cluster's own, and of Calico unless somebody says otherwise.
KUBE_SYSTEM = "kube-system"
# RFC 1123 as Kubernetes checks names of objects; their length is checked where it matters.
OBJECT_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
NODES = "/api/v1/nodes"
NAMESPACES = "/api/v1/namespaces"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
# Kind to the plural in paths, of the workloads whose rollout can be waited for.
WORKLOADS = {"Deployment": "deployments", "DaemonSet": "daemonsets"}


def namespace_of(name: str) -> str:
    """A namespace, and what the paths of its pods, Secrets and ConfigMaps begin with."""
    return "%s/%s" % (NAMESPACES, name)


def pods(namespace: str) -> str:
    return namespace_of(namespace) + "/pods"


def secrets(namespace: str) -> str:
    return namespace_of(namespace) + "/secrets"


def configmaps(namespace: str) -> str:
    return namespace_of(namespace) + "/configmaps"


def log(namespace: str, pod: str, container: str, lines: int, previous: bool) -> str:
    """The last lines of a container's log; previous: of the run before its last restart."""
    query = "container=%s&tailLines=%d%s" % (container, lines, "&previous=true" if previous else "")
    return "%s/%s/log?%s" % (pods(namespace), pod, query)


def events(namespace: str) -> str:
    return namespace_of(namespace) + "/events"


def apps(namespace: str) -> str:
    """What the paths of a namespace's workloads and ControllerRevisions begin with."""
    return "/apis/apps/v1/namespaces/%s" % namespace


def workload(namespace: str, kind: str, name: str) -> str:
    return "%s/%s/%s" % (apps(namespace), WORKLOADS[kind], name)
