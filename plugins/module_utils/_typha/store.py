# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where Typha's PKI lives: a ConfigMap and Secrets, through the Kubernetes API. It decides nothing."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._kubernetes import paths
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.api import (
    LABELS,
    KubernetesApi,
)
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.rollout.decide import (
    workload_pending,
)
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.secret import (
    data_of,
    lost_race,
    pair_of,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.ca_directory import CaDirectory
from ansible_collections.hardway.calico.plugins.module_utils._typha.material import (
    Material,
    PemPair,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.objects import (
    ANNOTATION,
    BUNDLE_KEY,
    CA_CONFIGMAP,
    CA_PLACE,
    CA_SECRET,
    DEFAULT_NAMES,
    LEAF_PLACES,
    PARTIES,
    PREVIOUS_CA_PLACE,
    Party,
    Place,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.state import Workload

# The CA last, so that what a killed run leaves is still of a known CA.
DELETION_ORDER = (*(place.option for place in LEAF_PLACES.values()), CA_CONFIGMAP, CA_SECRET)
DIRECTORY = "ca_directory"


class TyphaPkiStore:
    """The objects of a namespace. names: by the options that name them (objects.DEFAULT_NAMES).

    Without a ca_secret the CA is in directory, or not ours. read() costs one GET an object. Each write
    is one request that holds both halves of a pair, so a killed run leaves no half; it carries the
    resourceVersion that was read, and CalicoError tells the run that lost against another.
    """

    def __init__(
        self,
        api: KubernetesApi,
        namespace: str,
        names: dict[str, str],
        directory: CaDirectory | None = None,
    ) -> None:
        self.api = api
        self.directory = directory
        self.namespace = namespace
        self.names = names
        self.found: dict[str, dict[str, t.Any] | None] = {}

    def read(self) -> Material:
        """What is stored; pairs of the CA are absent without a ca_secret."""
        self.found = {option: self.api.get(self._path(option)) for option in self.names}
        configmap = self.found[CA_CONFIGMAP] or {}
        ca, previous = self._pair(CA_PLACE), self._pair(PREVIOUS_CA_PLACE)
        if self.directory:
            ca, previous = self.directory.read()
        return Material(
            bundle=(configmap.get("data") or {}).get(BUNDLE_KEY, ""),
            ca=ca,
            previous=previous,
            leaves={party: self._pair(place) for party, place in LEAF_PLACES.items()},
        )

    def read_workloads(self) -> dict[str, Workload | None]:
        """By party, None where there is none."""
        return {name: self._workload(party) for name, party in PARTIES.items()}

    def write_bundle(self, pem: str) -> None:
        self._write(CA_CONFIGMAP, {BUNDLE_KEY: pem})

    def write_ca(self, ca: PemPair, previous: PemPair) -> None:
        if self.directory:
            self.directory.write(ca, previous)
        else:
            self._write(CA_SECRET, {**_data(CA_PLACE, ca), **_data(PREVIOUS_CA_PLACE, previous)})

    def write_leaf(self, party: str, pair: PemPair) -> None:
        place = LEAF_PLACES[party]
        self._write(place.option, _data(place, pair))

    def existing(self) -> dict[str, str]:
        """{option: kind and name} of what read() found, in the order of deletion."""
        there = [option for option in DELETION_ORDER if self.found.get(option)]
        found = {option: self._called(option) for option in there}
        if self.directory and self.directory.exists():
            found[DIRECTORY] = "CA in %s" % self.directory.path
        return found

    def delete(self, option: str) -> None:
        """Delete what existing() named, as it was read."""
        if option == DIRECTORY and self.directory:
            self.directory.delete()
            return
        metadata = (self.found[option] or {})["metadata"]
        with self._race(option):
            self.api.delete(self._path(option), resource_version=metadata["resourceVersion"])

    def _pair(self, place: Place) -> PemPair:
        return pair_of(self.found.get(place.option), place.keys)

    def _write(self, option: str, change: t.Mapping[str, str | None]) -> None:
        """Create the object or change keys of its data; None takes one out."""
        there = self.found[option]
        merged = {**((there or {}).get("data") or {}), **change}
        body = {
            "apiVersion": "v1",
            "kind": _kind(option),
            "data": {key: value for key, value in merged.items() if value is not None},
        }
        with self._race(option):
            if there is None:
                created = {**body, **self._beginning(option)}
                self.found[option] = self.api.create(self._collection(option), created)
            else:
                self.found[option] = self.api.replace(self._path(option), {**there, **body})

    def _beginning(self, option: str) -> dict[str, t.Any]:
        metadata = {
            "name": self.names[option],
            "namespace": self.namespace,
            "labels": dict(LABELS),
        }
        secret = {} if option == CA_CONFIGMAP else {"type": "Opaque"}
        return {"metadata": metadata, **secret}

    def _race(self, option: str) -> t.ContextManager[None]:
        return lost_race(
            "Another run or person changed the %s while this run worked on it"
            % self._called(option),
            expected="it as this run had read it",
            remedy="nothing of the other change is lost: run again, when the other run is done",
        )

    def _called(self, option: str) -> str:
        return "%s %s/%s" % (_kind(option), self.namespace, self.names[option])

    def _collection(self, option: str) -> str:
        folder = paths.configmaps if option == CA_CONFIGMAP else paths.secrets
        return folder(self.namespace)

    def _path(self, option: str) -> str:
        return "%s/%s" % (self._collection(option), self.names[option])

    def _workload(self, party: Party) -> Workload | None:
        kind, name = party.kind, party.workload
        found = self.api.get(paths.workload(self.namespace, kind, name))
        if found is None:
            return None
        annotations = found["spec"]["template"].get("metadata", {}).get("annotations") or {}
        return Workload(
            kind,
            name,
            loaded=annotations.get(ANNOTATION, ""),
            pending=workload_pending(kind, name, found),
            on_delete=found["spec"].get("updateStrategy", {}).get("type") == "OnDelete",
        )


@contextlib.contextmanager
def opened(
    api: KubernetesApi, params: dict[str, t.Any], check_mode: bool
) -> t.Iterator[TyphaPkiStore]:
    """The store that the options of typha_pki name; alone with the CA's directory if that may change."""
    storage, directory = params["ca_storage"], None
    if storage == "directory":
        directory = CaDirectory(params["ca_directory"])
    names = {
        option: params[option]
        for option in DEFAULT_NAMES
        if option != CA_SECRET or storage == "secret"
    }
    store = TyphaPkiStore(api, params["namespace"], names, directory)
    if directory is None or check_mode or params["state"] == "absent" and not directory.exists():
        yield store
    else:
        with directory.locked():
            yield store


def _kind(option: str) -> str:
    return "ConfigMap" if option == CA_CONFIGMAP else "Secret"


def _data(place: Place, pair: PemPair) -> dict[str, str | None]:
    """None for an absent half, which takes it out of the Secret."""
    texts = dict(zip(place.keys, pair))
    encoded = data_of({key: text for key, text in texts.items() if text})
    return {key: encoded.get(key) for key in texts}
