# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values: what an installation's certificates should be, and what was seen of them (pure)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.holder import (
    Holder,
    holder,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.state import Held
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import (
    Certificate,
    Pair,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.objects import (
    CA_SECRET,
    DEFAULT_NAMES,
)


@dataclass(frozen=True)
class Wanted:
    """What there should be.

    names: of Typha's objects, by the options that name them; without ca_secret the CA's key is kept
    elsewhere. common: whose credential all nodes share, or would. per_node: whether each of nodes has
    its own instead. server: URL that the nodes' files must name, "" for any. typha: whether there is Typha. etcd: the
    Secrets of etcd's clients by consumer. cni: whether there is a CNI user with a credential.
    """

    namespace: str
    names: dict[str, str]
    common: Holder
    per_node: bool
    nodes: tuple[str, ...]
    server: str
    typha: bool = True
    etcd: dict[str, str] = field(default_factory=dict)
    cni: bool = True

    def holders(self) -> list[Holder]:
        """Who must have a credential. Raises CalicoError for names that fit no certificate or no Secret."""
        names = {"user": self.common.user, "secret": self.common.secret}
        if not self.per_node:
            return [holder(names)]
        return [holder(names, node) for node in sorted(self.nodes)]


def wanted_of(params: dict[str, t.Any]) -> Wanted:
    """What the options of calico_certificate_info ask for."""
    names = {option: params[option] for option in DEFAULT_NAMES}
    if not names[CA_SECRET]:
        del names[CA_SECRET]
    return Wanted(
        namespace=params["namespace"],
        names=names,
        common=Holder(params["cni_user"], params["cni_secret"]),
        per_node=params["cni_scope"] == "node",
        nodes=tuple(params["nodes"]),
        server=params["server"],
        typha=params["typha"],
        etcd={who: params["etcd_secrets"][who] for who in params["etcd_consumers"]},
        cni=params["cni"],
    )


@dataclass(frozen=True)
class Bundle:
    """CAs in one PEM. problem: why it cannot be read, in words, or None."""

    certificates: tuple[Certificate, ...]
    problem: str | None


@dataclass(frozen=True)
class NodeFile:
    """A kubeconfig on a node. problem: why it cannot serve, in words, or None."""

    node: str
    path: str
    server: str
    certificate: Certificate | None
    cas: tuple[Certificate, ...]
    problem: str | None


@dataclass(frozen=True)
class Seen:
    """What there is.

    published: Typha's CAs; ca: the one that signs, None where its key is kept elsewhere; leaves: by
    party. credentials: the CNI user's; judged: whether a CA is known that could judge them. cluster:
    the cluster's CAs, None if they were not handed in. etcd: by consumer. private_keys: to be masked.
    """

    published: Bundle
    ca: Pair | None
    leaves: dict[str, Pair]
    credentials: dict[Holder, Pair]
    judged: bool
    cluster: Bundle | None
    files: tuple[NodeFile, ...]
    private_keys: tuple[str, ...] = field(repr=False)
    etcd: dict[str, Held] = field(default_factory=dict)
