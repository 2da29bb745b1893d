# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fields of KubeControllersConfiguration, in Calico's own names (pure).

What a field's row says is what kube-controllers of the release writes into the object that it makes
at its start (kube-controllers/pkg/config/runconfig.go), which is what a new object of ours gets too:
with one without leakGracePeriod, addresses that leaked on a living node would never be released
(kube-controllers/pkg/controllers/node/ipam.go).
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._datastore.fields import (
    Field,
    Fields,
    Spec,
)

NAME = "default"

SWITCH = ("Enabled", "Disabled")
# What libcalico-go's validator takes in every release. CRDs and documentation allow None and Panic
# besides, with which kube-controllers up to 3.31 never gets through its start: it cannot write its status.
SEVERITIES = ("Debug", "Info", "Warning", "Error", "Fatal")

DURATION_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}

# Go's time.Duration counts nanoseconds in 63 bits.
LONGEST = "2562047h47m16.85s"
LONGEST_SECONDS = (2**63 - 1) / 1e9


def seconds(text: t.Any) -> float | None:
    """A duration as Go's time.ParseDuration reads it, such as "1h30m"; None if it is none, negative or too long."""
    if text == "0":
        return 0.0
    if not isinstance(text, str) or not re.fullmatch("(?:%s)+" % DURATION_PART.pattern, text):
        return None
    parts = DURATION_PART.findall(text)
    total = round(sum(float(number) * SECONDS[unit] for number, unit in parts), 9)
    return total if total < LONGEST_SECONDS else None


def same_duration(first: t.Any, second: t.Any) -> bool:
    """kube-controllers writes "5m" back as "5m0s"."""
    lasts = seconds(first)
    return first == second or (lasts is not None and lasts == seconds(second))


def same_list(first: t.Any, second: t.Any) -> bool:
    """None and an empty list are the same."""
    return (first or []) == (second or [])


def nothing(_spec: Spec, _minor: int) -> None:
    """What a missing field means differs by release and by field, so a declared one is always written."""


def auto_create(_spec: Spec, minor: int) -> str | None:
    return "Disabled" if minor >= 30 else None


def _field(path: str, words: str, kind: str, **more: t.Any) -> Field:
    """kind: a type of Ansible's, or duration."""
    return Field(path, path, words, type=kind, assumed=nothing, **more)


def _duration(path: str, words: str, written: str) -> Field:
    return _field(path, words, "duration", written=written, same=same_duration)


FIELDS = Fields(
    _field(
        "logSeverityScreen",
        "Severity of what is logged.",
        "str",
        choices=SEVERITIES,
        written="Info",
    ),
    _field(
        "healthChecks",
        "Whether kube-controllers checks its way to the API and to the datastore.",
        "str",
        choices=SWITCH,
        written="Enabled",
    ),
    _duration(
        "etcdV3CompactionPeriod",
        "How often etcd is compacted; 0s for never. For etcd only.",
        "10m0s",
    ),
    _field("prometheusMetricsPort", "Port of the metrics; 0 for none.", "int", written=9094),
    _field("debugProfilePort", "Port of Go's profiles; 0 for none.", "int"),
    _duration(
        "controllers.node.reconcilerPeriod", "Has no effect; Calico keeps the field.", "5m0s"
    ),
    _field(
        "controllers.node.syncLabels",
        "Whether labels of Kubernetes' nodes are copied to Calico's. For etcd only.",
        "str",
        choices=SWITCH,
        written="Enabled",
    ),
    _field(
        "controllers.node.hostEndpoint.autoCreate",
        "Whether each node gets host endpoints, which policies apply to.",
        "str",
        choices=SWITCH,
        written=auto_create,
    ),
    _field(
        "controllers.node.hostEndpoint.createDefaultHostEndpoint",
        "Whether one of them is for all interfaces.",
        "str",
        choices=SWITCH,
        since=30,
        written="Enabled",
    ),
    _field(
        "controllers.node.hostEndpoint.templates",
        "Host endpoints of chosen interfaces and nodes.",
        "list",
        elements="dict",
        since=30,
        same=same_list,
    ),
    _duration(
        "controllers.node.leakGracePeriod",
        "How long an address without a pod is left alone before it is released; 0s for ever.",
        "15m0s",
    ),
    _duration(
        "controllers.policy.reconcilerPeriod", "How often all is compared. For etcd only.", "5m0s"
    ),
    _duration(
        "controllers.workloadEndpoint.reconcilerPeriod",
        "How often all is compared. For etcd only.",
        "5m0s",
    ),
    _duration(
        "controllers.serviceAccount.reconcilerPeriod",
        "How often all is compared. For etcd only.",
        "5m0s",
    ),
    _duration(
        "controllers.namespace.reconcilerPeriod",
        "How often all is compared. For etcd only.",
        "5m0s",
    ),
    _field(
        "controllers.loadBalancer.assignIPs",
        "Which services of type LoadBalancer get an address.",
        "str",
        choices=("AllServices", "RequestedServicesOnly"),
        since=30,
        written="AllServices",
    ),
    _field(
        "controllers.policyMigration.enabled",
        "Whether policies that older releases stored under default.NAME are renamed.",
        "str",
        choices=SWITCH,
        since=32,
        written="Enabled",
    ),
)
PATHS = frozenset(field.key for field in FIELDS)
# "controllers", "controllers.node", ...
SECTIONS = frozenset(
    path.rsplit(".", depth)[0] for path in PATHS for depth in range(1, path.count(".") + 1)
)

# The fields of one of controllers.node.hostEndpoint.templates, and since which minor.
TEMPLATE_FIELDS = {
    "generateName": 30,
    "interfaceCIDRs": 30,
    "interfacePattern": 31,
    "labels": 30,
    "nodeSelector": 30,
}


def flat(spec: Spec, inside: str = "") -> Spec:
    """{path: value} of the fields in a nested spec; what is no field stands under its own path."""
    found: Spec = {}
    for key, value in spec.items():
        path = inside + str(key)
        if path in SECTIONS and isinstance(value, dict):
            found.update(flat(value, path + "."))
        else:
            found[path] = value
    return found


def nested(values: Spec) -> Spec:
    """The spec of {path: value}."""
    spec: Spec = {}
    for path, value in values.items():
        *sections, leaf = path.split(".")
        place = spec
        for section in sections:
            place = place.setdefault(section, {})
        place[leaf] = value
    return spec
