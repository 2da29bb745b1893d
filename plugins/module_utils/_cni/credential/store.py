# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the CNI user's credentials live: Secrets of type kubernetes.io/tls, through the Kubernetes API.

It decides nothing.
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.holder import (
    KEYS,
    OF_NODE,
    OF_SECRET,
    Holder,
    node_holder,
)
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes import (
    paths,
    secret,
)
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.api import (
    LABELS,
    KubernetesApi,
)
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.secret import (
    lost_race,
    pair_of,
)


class CredentialStore:
    """One Secret a Holder. A write is one request that holds both halves, bound to what was read.

    namespace: of the Secrets. user, secret: the options of that name, which nodes' derive from.
    """

    def __init__(self, api: KubernetesApi, namespace: str, user: str, secret: str) -> None:
        self.api, self.namespace, self.user, self.secret = api, namespace, user, secret
        self.collection = paths.secrets(namespace)
        self.found: dict[Holder, dict[str, t.Any] | None] = {}

    @property
    def stored(self) -> list[Holder]:
        """The Holders whose Secret was there when it was read."""
        return [who for who, item in self.found.items() if item is not None]

    def read(self, wanted: t.Collection[Holder] = ()) -> dict[Holder, tuple[str, str]]:
        """{Holder: (certificate PEM, key PEM)} of all that is stored, and of the wanted ones ("", "") where nothing is.

        A GET of the common Secret and a LIST of the nodes' by their label; a wanted one that the
        LIST lacks is asked for by name.
        """
        everybody = Holder(self.user, self.secret)
        self.found = {everybody: self._get(everybody), **self._labelled()}
        for who in wanted:
            if who not in self.found:
                self.found[who] = self._get(who)
        return {
            who: pair_of(item, KEYS)
            for who, item in self.found.items()
            if item is not None or who in wanted
        }

    def _labelled(self) -> dict[Holder, dict[str, t.Any]]:
        label = OF_SECRET.replace("/", "%2F")
        path = "%s?labelSelector=%s%%3D%s" % (self.collection, label, self.secret)
        found = {}
        for item in self.api.list(path):
            metadata = item["metadata"]
            labels = metadata.get("labels") or {}
            node = labels.get(OF_NODE)
            if node and labels.get(OF_SECRET) == self.secret:
                found[node_holder(self.user, metadata["name"], node)] = item
        return found

    def write(self, who: Holder, certificate_pem: str, key_pem: str) -> None:
        """Store a credential; what else is in the Secret stays."""
        texts = dict(zip(KEYS, (certificate_pem, key_pem)))
        labels = dict(LABELS)
        if who.node:
            labels.update({OF_SECRET: self.secret, OF_NODE: who.node})
        about = (self.namespace, who.secret, self.found[who])
        with self._bound(who):
            secret.write(self.api, *about, texts, labels, "kubernetes.io/tls")

    def delete(self, who: Holder) -> None:
        """Remove a Secret that was read."""
        metadata = (self.found[who] or {})["metadata"]
        with self._bound(who):
            self.api.delete(self._path(who), metadata.get("uid"), metadata.get("resourceVersion"))

    def _bound(self, who: Holder) -> contextlib.AbstractContextManager[None]:
        return lost_race(
            "The Secret %s/%s was written by another run or person meanwhile"
            % (self.namespace, who.secret),
            expected="the Secret as it was read a moment ago",
            remedy="run again when the other run has ended; its credential was left as it is",
        )

    def _get(self, who: Holder) -> dict[str, t.Any] | None:
        return self.api.get(self._path(who))

    def _path(self, who: Holder) -> str:
        return "%s/%s" % (self.collection, who.secret)
