# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where etcd's clients keep what they need for TLS: Secrets, through the Kubernetes API. It decides nothing."""

from __future__ import annotations

import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.held import Triple
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.objects import KEYS
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes import (
    paths,
    secret,
)
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.api import (
    LABELS,
    KubernetesApi,
)


class EtcdPkiStore:
    """A Secret a consumer. A write is one request that holds all three keys, bound to the revision that was read.

    So a killed run leaves no key beside another key's certificate, and of two runs at once one loses and says so.
    """

    def __init__(self, api: KubernetesApi, namespace: str, names: t.Mapping[str, str]) -> None:
        self.api, self.namespace, self.names = api, namespace, names
        self.found: dict[str, dict[str, t.Any] | None] = {}

    def read(self) -> dict[str, Triple]:
        """By consumer; one GET each."""
        folder = paths.secrets(self.namespace)
        self.found = {
            who: self.api.get("%s/%s" % (folder, name)) for who, name in self.names.items()
        }
        return {who: Triple(*secret.texts_of(found, KEYS)) for who, found in self.found.items()}

    def ours(self, consumer: str) -> bool:
        """Whether the collection made the Secret that was read, or has taken it over."""
        labels = ((self.found[consumer] or {}).get("metadata") or {}).get("labels") or {}
        return LABELS.items() <= labels.items()

    def others(self, consumer: str) -> tuple[str, ...]:
        """What else the Secret that was read has keys for."""
        data = (self.found[consumer] or {}).get("data") or {}
        return tuple(sorted(set(data) - set(KEYS)))

    def write(self, consumer: str, triple: Triple) -> None:
        """What else is in the Secret stays."""
        name = self.names[consumer]
        with secret.lost_race(
            "The Secret %s/%s was written by another run or person meanwhile"
            % (self.namespace, name),
            expected="the Secret as it was read a moment ago",
            remedy="run again when the other run has ended; what it wrote was left as it is",
        ):
            self.found[consumer] = secret.write(
                self.api,
                self.namespace,
                name,
                self.found[consumer],
                triple.by_key(),
                LABELS,
                "Opaque",
            )
