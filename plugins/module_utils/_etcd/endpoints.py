# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The addresses of etcd's members, as users write them (pure)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from urllib.parse import urlsplit

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError

PORT = 2379


@dataclass(frozen=True)
class Endpoint:
    """A member's address for clients."""

    host: str
    port: int
    tls: bool

    @property
    def target(self) -> str:
        """Host and port, as gRPC has them."""
        return "%s:%d" % ("[%s]" % self.host if ":" in self.host else self.host, self.port)

    def __str__(self) -> str:
        return "%s://%s" % ("https" if self.tls else "http", self.target)


def parse(texts: t.Iterable[str], option: str = "etcd_endpoints") -> tuple[Endpoint, ...]:
    """The endpoints, each once. Raises CalicoError for what is none, and for a mixture of http and https."""
    found = tuple(dict.fromkeys(_endpoint(text.strip(), option) for text in texts))
    if len({endpoint.tls for endpoint in found}) > 1:
        raise CalicoError(
            "%s mixes http and https" % option,
            expected="one of them for all members",
            found=", ".join(map(str, found)),
            remedy="give every member's address with https",
        )
    return found


def _endpoint(text: str, option: str) -> Endpoint:
    try:
        parts = urlsplit(text)
        port = parts.port or PORT
    except ValueError:
        parts, port = urlsplit(""), PORT
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise CalicoError(
            "%s: %s is no address of a member" % (option, text or "(empty)"),
            expected="for example https://192.0.2.11:2379",
            remedy="correct it; several are a list",
        )
    return Endpoint(parts.hostname, port, parts.scheme == "https")
