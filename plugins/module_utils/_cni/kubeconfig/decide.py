# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides whether a credential may be written to a node, and whether the CNI user's kubeconfig must be (pure)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from ansible_collections.hardway.calico.plugins.module_utils._cni.kubeconfig.content import (
    difference,
    kubeconfig,
    parsed,
    render,
    shown,
)
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
from ansible_collections.hardway.calico.plugins.module_utils._pki.der import (
    CertificateSummary,
    certificates,
)
from ansible_collections.hardway.calico.plugins.module_utils._pki.times import in_result
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan


class Address(t.NamedTuple):
    """Where an API server listens. path: what comes before the API's own, without a slash at its end."""

    host: str
    port: int
    path: str


@dataclass(frozen=True)
class Wanted:
    """What the module's options ask for.

    credential, config: the client certificate, and the kubeconfig with it; None in check mode when
    the credential is not issued yet.
    """

    address: Address
    credential: CertificateSummary | None
    config: dict[str, t.Any] | None


def wanted_of(params: dict[str, t.Any], now: datetime, check_mode: bool) -> Wanted:
    """What is wanted. Raises CalicoError for an address, a CA or a credential that cannot serve."""
    address = require_server(params["server"])
    certificates("cluster_ca", params["cluster_ca"])
    if params["client_key"]:
        certificate, key = params["client_certificate"], params["client_key"]
        credential = require_credential(certificate, key, params["user"], now)
        return Wanted(address, credential, kubeconfig(params))
    if not check_mode:
        raise CalicoError(
            "no credential for %s was given" % params["user"],
            expected="client_certificate and client_key",
            found="neither",
            remedy="issue it with hardway.calico.cni_credential and return_content=true",
        )
    return Wanted(address, None, None)


def require_server(url: str | None) -> Address:
    """The Address in an API server's URL; only https, since the credential is a client certificate."""
    try:
        parts = urlsplit(url or "")
        host, port = parts.hostname, parts.port or 443
    except ValueError as exc:
        raise CalicoError(
            "server is not a URL", expected="https://HOST:PORT", found="%s (%s)" % (url, exc)
        ) from exc
    if parts.scheme != "https" or not host:
        raise CalicoError(
            "server is not an https URL",
            expected="https://HOST:PORT",
            found=url,
            remedy="give the API server's address as nodes reach it",
        )
    return Address(host, port, parts.path.rstrip("/"))


def require_credential(certificate: str, key: str, user: str, now: datetime) -> CertificateSummary:
    """The client certificate, if it is the user's and valid now."""
    leaf = certificates("client_certificate", certificate)[0]
    if "PRIVATE KEY-----" not in key:
        raise CalicoError(
            "client_key holds no private key",
            expected="PEM of a private key",
            found="other text (not shown)",
        )
    if leaf.common_name != user:
        raise CalicoError(
            "client_certificate is another user's",
            expected="common name %s" % user,
            found="common name %s" % leaf.common_name,
            remedy="issue the credential for %s or set the option user" % user,
        )
    if now > leaf.not_after:
        raise CalicoError(
            "client_certificate of %s has expired" % user,
            expected="a certificate valid at %s, this node's clock" % in_result(now),
            found="it ended at %s" % in_result(leaf.not_after),
            remedy="issue a new one (hardway.calico.cni_credential), or correct this node's clock",
        )
    if now < leaf.not_before:
        raise CalicoError(
            "client_certificate of %s is not valid yet" % user,
            expected="a certificate valid at %s, this node's clock" % in_result(now),
            found="it begins at %s" % in_result(leaf.not_before),
            remedy="correct this node's clock: compare `date -u` here and on the control plane",
        )
    return leaf


def decide(place: Place, config: dict[str, t.Any] | None, seen: Seen) -> Plan[FileStep]:
    """Plan for the file. config: None in check mode when the credential is not issued yet."""
    current = parsed(seen.content)
    before = shown(current)
    if config is None:
        after = "the credential will be issued in the run itself\n"
        compared = Comparison(before, after, "the credential is not issued yet")
        return single_file.decide(place, None, seen, compared)
    after_shown = shown(config)
    reason = difference(before, after_shown) if current != config else None
    compared = Comparison(before, after_shown, reason)
    return single_file.decide(place, render(config).encode(), seen, compared)
