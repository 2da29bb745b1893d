# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Networks as pools, blocks and users write them (pure)."""

from __future__ import annotations

import ipaddress
import typing as t

Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]


def parsed(cidr: str) -> Network | None:
    """The network, or None if it cannot be read or has host bits set."""
    return _network(cidr, strict=True)


def covered(cidr: str) -> Network | None:
    """The network that a CIDR covers, or None if it cannot be read; others' pools may have host bits."""
    return _network(cidr, strict=False)


def canonical(cidr: str) -> str:
    """The usual notation, or what was given where it is no network."""
    network = parsed(cidr)
    return cidr if network is None else str(network)


def same(first: str, second: str) -> bool:
    return first == second or canonical(first) == canonical(second)


def overlap(first: Network | None, second: Network | None) -> bool:
    if first is None or second is None:
        return False
    return first.version == second.version and first.overlaps(second)


def inside(inner: Network, outer: Network | None) -> bool:
    """Whether one network is a part of another, or the same."""
    if isinstance(inner, ipaddress.IPv4Network):
        return isinstance(outer, ipaddress.IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, ipaddress.IPv6Network) and inner.subnet_of(outer)


def _network(cidr: str, strict: bool) -> Network | None:
    try:
        return ipaddress.ip_network(cidr, strict=strict)
    except ValueError:
        return None
