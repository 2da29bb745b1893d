# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The port to Calico's datastore: what every datastore must offer, whatever it is made of (pure).

Calico keeps its objects in the Kubernetes API or in etcd. Rules, plans and modules know this interface only; an
adapter behind it decides nothing. Objects are manifests: dicts with apiVersion, kind, metadata and spec.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError

Manifest = dict[str, t.Any]
Manifests = list[Manifest]  # inside the classes, `list` is a method


def title(item: Manifest) -> str:
    """Kind, namespace and name, for people: "NetworkPolicy shop/default.web"."""
    namespace = item["metadata"].get("namespace")
    place = namespace + "/" if namespace else ""
    return "%s %s%s" % (item["kind"], place, item["metadata"]["name"])


@dataclass(frozen=True)
class Kind:
    """A kind of object. name: such as "IPPool"; plural: such as "ippools"; version: of its API, such as "v1"."""

    name: str
    plural: str
    namespaced: bool = False
    version: str = "v1"


class Datastore(t.Protocol):
    """Every method raises CalicoError for a refusal; `status` 409 tells that another writer came in between.

    A write is bound to the revision that the object was read at, metadata.resourceVersion, so nobody's change is lost.
    What is read carries apiVersion and kind; in what is written the adapter adds them where they are missing.
    """

    def kinds(self) -> dict[str, Kind]:
        """The kinds that the datastore can hold now, by name."""

    def lacking(self, names: t.Collection[str]) -> CalicoError:
        """The error, to be raised, for kinds that are needed and that the datastore does not have."""

    def at_one_moment(self) -> Datastore:
        """This datastore for the reads of one decision: all of one revision, where the datastore can do that."""

    def get(self, kind: Kind, name: str, namespace: str = "") -> Manifest | None:
        """The object, or None if there is none or the datastore does not have the kind."""

    def list(self, kind: Kind) -> Manifests | None:
        """Every object of a kind in all namespaces, or None if the datastore does not have the kind."""

    def create(self, kind: Kind, body: Manifest, dry_run: bool = False) -> Manifest:
        """The object as it is stored, or would be."""

    def update(self, kind: Kind, current: Manifest, change: Manifest) -> Manifest:
        """Change fields of an object as it was read: a merge patch (RFC 7396), in which None removes a field."""

    def replace(self, kind: Kind, body: Manifest, dry_run: bool = False) -> Manifest:
        """Replace an object as a whole; the revision is the one in the body's metadata."""

    def delete(self, kind: Kind, current: Manifest) -> None:
        """Delete the object that was read: the same uid, and the same revision, where `current` has them.

        One that is gone already is no error.
        """
