# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides which files the CNI plugin gets to reach etcd with, and what its configuration says of them (pure).

Names of the files: those of upstream's install-cni (cni-plugin/pkg/install), in /etc/cni/net.d/calico-tls.
"""

from __future__ import annotations

import hashlib
import posixpath
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._host.attributes import Place
from ansible_collections.hardway.calico.plugins.module_utils._host.single_file import (
    decide as single_file,
)
from ansible_collections.hardway.calico.plugins.module_utils._host.single_file.decide import (
    Comparison,
    FileStep,
    Seen,
)
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan

MODE = 0o600
# Option with the content, file, key of the plugin's configuration. In the order in which they are replaced: a CA that
# is changed with overlap trusts both before a certificate of the new one is shown.
FILES = (
    ("etcd_ca_content", "etcd-ca", "etcd_ca_cert_file"),
    ("etcd_certificate_content", "etcd-cert", "etcd_cert_file"),
    ("etcd_key_content", "etcd-key", "etcd_key_file"),
)
HEADINGS = {
    "etcd_ca_content": "-----BEGIN CERTIFICATE-----",
    "etcd_certificate_content": "-----BEGIN CERTIFICATE-----",
    "etcd_key_content": "PRIVATE KEY-----",
}


def wanted(params: dict[str, t.Any]) -> bool:
    """Whether the options are about etcd at all. Raises CalicoError for options that make no sense together."""
    access = bool(params["etcd_endpoints"] or params["etcd_discovery_srv"])
    given = [option for option, _name, _key in FILES if params[option]]
    if not access and given:
        raise CalicoError(
            "there are certificates for etcd, but no etcd",
            expected="etcd_endpoints or etcd_discovery_srv beside %s" % ", ".join(given),
            found="neither",
        )
    if access and params["datastore_type"] != "etcdv3":
        raise CalicoError(
            "the datastore is not etcd, although endpoints of etcd are given",
            expected="datastore_type etcdv3",
            found=params["datastore_type"],
        )
    for option in given:
        if HEADINGS[option] not in params[option]:
            raise CalicoError(
                "%s is no PEM" % option,
                expected='text with "%s"' % HEADINGS[option],
                found="%d characters without" % len(params[option]),
            )
    return access


def settings(params: dict[str, t.Any]) -> dict[str, str]:
    """What the plugin's configuration says about etcd."""
    found: dict[str, str] = {}
    if params["etcd_endpoints"]:
        found["etcd_endpoints"] = ",".join(params["etcd_endpoints"])
    if params["etcd_discovery_srv"]:
        found["etcd_discovery_srv"] = params["etcd_discovery_srv"]
    for _option, name, key in FILES:
        found[key] = posixpath.join(params["etcd_tls_directory"], name)
    return found


def contents(params: dict[str, t.Any], check_mode: bool) -> dict[str, bytes | None]:
    """{file: its content}; None for one that is not issued yet, which only a check run may meet."""
    found: dict[str, bytes | None] = {}
    for option, name, _key in FILES:
        if not params[option] and not check_mode:
            raise CalicoError(
                "%s is missing" % option, expected="PEM text beside the endpoints of etcd", found=""
            )
        found[name] = params[option].strip().encode() + b"\n" if params[option] else None
    return found


def decide(
    places: dict[str, Place], content: dict[str, bytes | None], seen: dict[str, Seen]
) -> Plan[FileStep]:
    """Plan for the files, by their names. A diff shows digests, and of the key nothing."""
    plan: Plan[FileStep] = Plan()
    for name, place in places.items():
        new, old = content[name], seen[name].content
        reason = None
        if new is None and old:
            # A check run: what is there is kept as far as one can tell.
            continue
        if new is None:
            reason = "it is not issued yet"
        elif old != new:
            reason = "another %s" % ("CA" if name == "etcd-ca" else name.partition("-")[2])
        compared = Comparison(_shown(name, old), _shown(name, new), reason)
        plan += single_file.decide(place, new, seen[name], compared)
    return plan


def _shown(name: str, content: bytes | None) -> str:
    if content is None:
        return "(not known yet)"
    if name == "etcd-key":
        return "(a private key)"
    return "SHA-256 of the file: %s" % hashlib.sha256(content).hexdigest()
