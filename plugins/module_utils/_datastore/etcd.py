# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The datastore in etcd v3. It decides nothing."""

from __future__ import annotations

import datetime
import typing as t
import uuid
from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._datastore import (
    etcd_model as model,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.cluster_information import (
    NAME as CLUSTER,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.cluster_information import (
    calico_version,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.kinds import (
    CLUSTER_INFORMATION,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import (
    Kind,
    Manifest,
    Manifests,
    title,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._etcd.client import (
    Compacted,
    Entry,
    EtcdClient,
    Range,
)
from ansible_collections.hardway.calico.plugins.module_utils._release import table

# How often an object is read again that others change while it is deleted, or a list whose revision etcd compacts.
TRIES = 5


@dataclass
class Moment:
    """The revision of the reads of one decision, 0 before the first of them."""

    revision: int = 0
    pinned: bool = False


class EtcdDatastore:
    """See the port for what the methods mean.

    A list is a request for each page of the client; what is written is one transaction, which counts only if the key
    has the revision that the object was read at.
    """

    def __init__(self, client: EtcdClient, moment: Moment | None = None) -> None:
        self._client = client
        self._moment = moment or Moment()

    def kinds(self) -> dict[str, Kind]:
        """Those of the release that calico/node wrote down, or of the default one on an empty etcd: one request."""
        release = calico_version(self.get(CLUSTER_INFORMATION, CLUSTER))
        try:
            minor = table.parse(release or table.DEFAULT)[0]
        except CalicoError:
            # Of a build of somebody's own. What is not there lists as nothing.
            minor = table.parse(table.DEFAULT)[0]
        return model.kinds_of(minor)

    def lacking(self, names: t.Collection[str]) -> CalicoError:
        release = calico_version(self.get(CLUSTER_INFORMATION, CLUSTER)) or table.DEFAULT
        return CalicoError(
            "Calico %s keeps no %s in etcd" % (release, ", ".join(sorted(names))),
            expected="kinds that this release has",
            found="etcd at %s" % self._client.address,
            remedy="use objects of this release, or upgrade Calico first",
        )

    def at_one_moment(self) -> EtcdDatastore:
        return EtcdDatastore(self._client, Moment(pinned=True))

    def get(self, kind: Kind, name: str, namespace: str = "") -> Manifest | None:
        if kind.name not in model.KINDS:
            return None
        if not model.by_name(kind):
            there = self.list(kind) or []
            return next((item for item in there if item["metadata"]["name"] == name), None)
        return self._get(kind, model.name_key(kind, name, namespace))

    def list(self, kind: Kind) -> Manifests | None:
        if kind.name not in model.KINDS:
            return None
        for _try in range(TRIES - 1):
            try:
                return self._list(kind)
            except Compacted:
                if self._moment.revision:
                    # Other reads of this decision are of that revision, so the decision is what begins again.
                    raise
        return self._list(kind)

    def create(self, kind: Kind, body: Manifest, dry_run: bool = False) -> Manifest:
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        item = model.new(kind, body, str(uuid.uuid4()), now)
        return self._write(kind, item, 0, dry_run)

    def update(self, kind: Kind, current: Manifest, change: Manifest) -> Manifest:
        revision = int(current["metadata"]["resourceVersion"])
        return self._write(kind, model.merged(current, change), revision, dry_run=False)

    def replace(self, kind: Kind, body: Manifest, dry_run: bool = False) -> Manifest:
        revision = body["metadata"].get("resourceVersion")
        if revision is None:
            there = self._get(kind, model.key(kind, body), fresh=True)
            if there is None:
                raise _conflict(_typed(kind, body), "nothing")
            revision = there["metadata"]["resourceVersion"]
        return self._write(kind, body, int(revision), dry_run)

    def delete(self, kind: Kind, current: Manifest) -> None:
        path = model.key(kind, current)
        wanted = current["metadata"].get("resourceVersion")
        for _try in range(TRIES):
            revision = int(wanted or 0)
            if not revision:
                there = self._get(kind, path, fresh=True)
                if there is None:
                    return
                _require_same(kind, current, there)
                revision = int(there["metadata"]["resourceVersion"])
            done = self._client.swap(path, revision, None)
            if done.done or done.there is None:
                return
            if wanted:
                break
        raise _conflict(_typed(kind, current), "a newer revision, %d" % done.revision)

    def _get(self, kind: Kind, path: str, fresh: bool = False) -> Manifest | None:
        """fresh: as it is now, whatever the decision's moment."""
        entry, revision = self._client.get(path, 0 if fresh else self._moment.revision)
        if not fresh:
            self._pin(revision)
        return self._manifest(kind, entry) if entry else None

    def _list(self, kind: Kind) -> Manifests:
        entries: Manifests = []
        revision = self._moment.revision
        for prefix in model.prefixes(kind):
            found: Range = self._client.prefix(prefix, revision)
            revision = found.revision
            items = [self._manifest(kind, entry) for entry in found.entries]
            entries += [item for item in items if item]
        self._pin(revision)
        return entries

    def _pin(self, revision: int) -> None:
        if self._moment.pinned:
            self._moment.revision = revision

    def _manifest(self, kind: Kind, entry: Entry) -> Manifest | None:
        try:
            return model.manifest(kind, entry.key, entry.value, entry.revision)
        except (ValueError, KeyError, TypeError) as exc:
            raise CalicoError(
                "The key %s in etcd cannot be read" % entry.key,
                expected="%s as Calico stores it" % kind.name,
                found=exc,
                remedy="see who wrote it; calicoctl cannot read it either",
            ) from exc

    def _write(self, kind: Kind, item: Manifest, revision: int, dry_run: bool) -> Manifest:
        """The object as it is stored. revision: 0 for an object that must not be there."""
        path, stored = model.key(kind, item), model.value(kind, item)
        if dry_run:
            there, _revision = self._client.get(path)
            is_at = there.revision if there else 0
            if is_at != revision:
                raise _conflict(_typed(kind, item), _at(is_at))
            return t.cast(Manifest, model.manifest(kind, path, stored, revision))
        done = self._client.swap(path, revision, stored)
        if not done.done:
            raise _conflict(_typed(kind, item), _at(done.revision))
        return t.cast(Manifest, model.manifest(kind, path, stored, done.revision))


def _typed(kind: Kind, item: Manifest) -> Manifest:
    return {"kind": kind.name, **item}


def _at(revision: int) -> str:
    return "revision %d" % revision if revision else "nothing"


def _require_same(kind: Kind, current: Manifest, there: Manifest) -> None:
    uid = current["metadata"].get("uid")
    if uid and there["metadata"].get("uid") != uid:
        raise _conflict(_typed(kind, current), "another object of that name")


def _conflict(item: Manifest, found: str) -> CalicoError:
    revision = item["metadata"].get("resourceVersion")
    return CalicoError(
        "%s was changed by somebody else meanwhile" % title(item),
        expected="revision %s" % revision if revision else "none",
        found="%s in etcd (409)" % found,
        remedy="another run or person changed the object: run again",
        status=409,
    )
