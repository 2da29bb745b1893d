# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module's options ask for of the certificates of etcd's clients (pure)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import timedelta

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._etcd.endpoints import (
    PORT,
    Endpoint,
    parse,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.objects import USAGE
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.paths import OBJECT_NAME
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import LeafWanted
from ansible_collections.hardway.calico.plugins.module_utils._pki.options import (
    MOST_COMMON_NAME,
    key_size,
    require_between,
    require_days,
    require_window,
)

# etcd's user with all rights (rootUser in etcd's server/auth/store.go).
SUPERUSER = "root"


@dataclass(frozen=True)
class Wanted:
    """leaves: what each consumer's certificate must be; secrets: names by consumer; endpoints: the members, or domain:
    the one whose SRV records name them, "" for none.

    force: renew without need. trusted: the user's word that every member trusts the clients' CA. drop: whether CAs
    of servers that are no longer named go.
    """

    leaves: dict[str, LeafWanted]
    secrets: dict[str, str]
    endpoints: tuple[Endpoint, ...]
    domain: str
    force: bool
    trusted: bool
    drop: bool
    backdate: timedelta


def wanted_of(params: dict[str, t.Any]) -> Wanted:
    """Raises CalicoError for options that make no certificate, no Secret or no endpoint."""
    require_days(params, "leaf_lifetime_days")
    require_window(params, "leaf_lifetime_days")
    require_between(params, "backdate_minutes", 0, 1440)
    consumers = list(dict.fromkeys(params["consumers"]))
    secrets = {consumer: params["secrets"][consumer] for consumer in consumers}
    _require_names(secrets)
    leaves = {consumer: _leaf(params, consumer) for consumer in consumers}
    _require_own_names(leaves)
    return Wanted(
        leaves=leaves,
        secrets=secrets,
        endpoints=_members(params),
        domain=params["discovery_srv"] or "",
        force=params["force"],
        trusted=params["ca_is_trusted"],
        drop=params["drop_old_server_cas"],
        backdate=timedelta(minutes=params["backdate_minutes"]),
    )


def _leaf(params: dict[str, t.Any], consumer: str) -> LeafWanted:
    name = params["common_names"][consumer]
    _require_common_name(consumer, name)
    lifetime = timedelta(days=params["leaf_lifetime_days"])
    window = timedelta(days=params["renewal_days"])
    return LeafWanted(name, USAGE, params["key_type"], key_size(params), lifetime, window)


def _require_common_name(consumer: str, name: str) -> None:
    """The limit is counted in bytes, as by cryptography, though RFC 5280 speaks of characters."""
    size = len(name.encode(errors="replace"))
    found = None
    if not 1 <= size <= MOST_COMMON_NAME:
        found = "%d bytes" % size
    elif not name.isprintable() or name != name.strip():
        found = ascii(name)
    elif name == SUPERUSER:
        found = "%s, who may do everything in an etcd with authentication" % name
    if found:
        raise CalicoError(
            "common_names: that of %s cannot be a client certificate's CN" % consumer,
            expected="1 to %d bytes in UTF-8 without control characters, or blanks at an end, and not %s"
            % (MOST_COMMON_NAME, SUPERUSER),
            found=found,
            remedy="correct it or leave it out (in roles: calico_etcd_common_names)",
        )


def _require_own_names(leaves: dict[str, LeafWanted]) -> None:
    by_name: dict[str, list[str]] = {}
    for consumer, leaf in leaves.items():
        by_name.setdefault(leaf.common_name, []).append(consumer)
    for name, consumers in by_name.items():
        if len(consumers) > 1:
            raise CalicoError(
                "common_names: %s is the CN of more than one client" % name,
                expected="a CN of its own for each of %s" % ", ".join(leaves),
                found=", ".join(consumers),
                remedy="clients of one name cannot be told apart by etcd, nor one of them be cut off: name them"
                " differently (in roles: calico_etcd_common_names)",
            )


def _require_names(secrets: dict[str, str]) -> None:
    for consumer, name in secrets.items():
        if not OBJECT_NAME.fullmatch(name) or len(name) > 253:
            raise CalicoError(
                "secrets: that of %s is not the name of a Secret" % consumer,
                expected="lower-case letters, digits, - and .",
                found=name,
                remedy="choose another name",
            )
        if list(secrets.values()).count(name) > 1:
            raise CalicoError(
                "secrets: %s is named more than once" % name,
                expected="a Secret of its own for each of %s" % ", ".join(secrets),
                found=", ".join(one for one, other in secrets.items() if other == name),
                remedy="one certificate for several clients cannot be taken away from one of them:"
                " name another Secret, or leave clients out with consumers",
            )


def _members(params: dict[str, t.Any]) -> tuple[Endpoint, ...]:
    if params["endpoints"] and params["discovery_srv"]:
        raise CalicoError(
            "endpoints and discovery_srv are both set",
            expected="one of them",
            found=params["discovery_srv"],
            remedy="set one",
        )
    return with_tls(params["endpoints"], "endpoints")


def with_tls(urls: list[str], option: str) -> tuple[Endpoint, ...]:
    """The members, which are reached with TLS. Raises CalicoError for what is none."""
    found = parse(urls, option)
    if found and not found[0].tls:
        raise CalicoError(
            "%s: etcd's members are reached without TLS" % option,
            expected="https://ADDRESS:%d" % PORT,
            found=str(found[0]),
            remedy="correct it, or leave this module out: without TLS etcd knows no client certificates",
        )
    return found
