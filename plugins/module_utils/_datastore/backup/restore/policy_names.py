# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which stored policies are one policy, and under which name one comes back (pure).

Before 3.32, the policy `foo` of the tier default is stored as `default.foo`; 3.32 stores it as `foo`, and its
kube-controllers rename the old ones: they create `foo`, take one that is there for theirs, and delete `default.foo`
(kube-controllers/pkg/controllers/networkpolicy/policy_name_migrator.go). So names alone do not tell whether a policy of
the snapshot is in the cluster, and one restored as `default.foo` beside `foo` would be deleted again.
"""

from __future__ import annotations

import json
import re

from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.restore.rules import (
    MADE,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.backup.snapshot.content import (
    Identity,
    identity,
)
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import (
    Manifest,
    Manifests,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._etcd.arguments import ETCD

KINDS = (
    "GlobalNetworkPolicy",
    "NetworkPolicy",
    "StagedGlobalNetworkPolicy",
    "StagedNetworkPolicy",
)
TIER = "default"
PREFIX = TIER + "."
ANNOTATION = "projectcalico.org/metadata"
MINOR = re.compile(r"v?3\.(\d+)")
# As Go writes it.
NAME_FIRST = {"name": ""}
# The first that stores a policy under its own name, and the first that reads tiers from names.
OWN_NAMES, TIERED_NAMES = 32, 29
# Names that no release changes (lib/names/policy.go).
SETTLED = ("knp.", *MADE["GlobalNetworkPolicy"], "ossg.")


def policy(item: Manifest, datastore: str) -> Identity:
    """The object's identity, in which a policy of the tier default has the name that users know it by."""
    kind, namespace, _name = identity(item)
    return kind, namespace, _users_name(item, datastore)


def _users_name(item: Manifest, datastore: str) -> str:
    """As libcalico-go reads it (determinePolicyName in backend/model/keys.go and backend/k8s/resources/resources.go).

    What kubectl wrote into the Kubernetes API has no annotation, and its name is read as it is.
    """
    name: str = item["metadata"]["name"]
    if not _is_of_tier(item):
        return name
    kept = _kept_metadata(item)
    if kept is None:
        return name.removeprefix(PREFIX) if datastore == ETCD else name
    return kept.get("name") or name.removeprefix(PREFIX)


def _is_of_tier(item: Manifest) -> bool:
    return item["kind"] in KINDS and ((item.get("spec") or {}).get("tier") or TIER) == TIER


def _kept_metadata(item: Manifest) -> Manifest | None:
    """The metadata that libcalico-go keeps in an annotation, None where there is none that can be read."""
    text = (item["metadata"].get("annotations") or {}).get(ANNOTATION)
    try:
        found = json.loads(text or "null")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def as_stored(items: Manifests, there: Manifests, release: str, datastore: str) -> Manifests:
    """The snapshot's objects, each under the name that the cluster has it by or, if it is not there, would give it.

    there: the cluster's objects; release: that the cluster runs, "" if it is not known. Where both names of a policy
    are stored, the one counts that the release reads and leaves. Raises CalicoError for two policies of one name.
    """
    match = MINOR.match(release)
    minor = int(match.group(1)) if match else None
    stored, once = _by_policy(there, minor, datastore), _by_policy(items, minor, datastore)
    free = {identity(item): item for its, item in stored.items() if its not in once}
    names = {}
    for its, item in once.items():
        if its in stored:
            names[its] = stored[its]["metadata"]["name"]
        else:
            names[its] = _same_name(item, free, datastore) or _new_name(item, its, minor)
    found = []
    for item in items:
        its = policy(item, datastore)
        if its not in once:
            found.append(item)
        elif once[its] is item:
            found.append(_renamed(item, names[its], its[-1]))
    _require_one_each(found, there, release, datastore)
    return found


def _same_name(item: Manifest, free: dict[Identity, Manifest], datastore: str) -> str | None:
    """The object's own name if the cluster has one of that name that is none of the snapshot's others.

    That one may be the same only where one of the two does not tell the name for users. free: what the snapshot lacks.
    """
    there = free.get(identity(item))
    if there is None or (_tells(item, datastore) and _tells(there, datastore)):
        return None
    name: str = item["metadata"]["name"]
    return name


def _tells(item: Manifest, datastore: str) -> bool:
    return datastore == ETCD or bool(_kept_metadata(item))


def _require_one_each(found: Manifests, there: Manifests, release: str, datastore: str) -> None:
    """Raise CalicoError where two policies would be stored under one name."""
    holders = {identity(item): item for item in there if _tells(item, datastore)}
    users: dict[Identity, set[str]] = {}
    for item in found:
        if item["kind"] in KINDS:
            name = identity(item)
            its = users.setdefault(name, set())
            its.add(policy(item, datastore)[-1])
            if name in holders and _tells(item, datastore):
                its.add(policy(holders[name], datastore)[-1])
    twice = {name: its for name, its in users.items() if len(its) > 1}
    if twice:
        raise CalicoError(
            "Two policies would be stored under one name",
            expected="one name for each, as Calico %s stores them" % (release or "?"),
            found="; ".join(
                "%s %s for %s" % (name[0], name[-1], " and ".join(sorted(its)))
                for name, its in sorted(twice.items())
            ),
            remedy="delete or rename one of them, or restore into a Calico of the snapshot's release",
        )


def _by_policy(items: Manifests, minor: int | None, datastore: str) -> dict[Identity, Manifest]:
    """The policies among objects; of one that is stored twice, the short name from the release on that has them."""
    found: dict[Identity, Manifest] = {}
    for item in items:
        its = policy(item, datastore)
        is_short = item["metadata"]["name"] == its[-1]
        is_better = is_short == (minor is None or minor >= OWN_NAMES)
        if item["kind"] in KINDS and (its not in found or is_better):
            found[its] = item
    return found


def _new_name(item: Manifest, its: Identity, minor: int | None) -> str:
    """What an object that is not there is stored as; without a known release, as the snapshot has it."""
    name: str = item["metadata"]["name"]
    if minor is None or not _is_of_tier(item) or name.startswith(SETTLED):
        return name
    if minor >= OWN_NAMES:
        return its[-1]
    # A name with a dot is not prefixed from 3.29 on (TieredPolicyName).
    if name.startswith(PREFIX) or ("." in name and minor >= TIERED_NAMES):
        return name
    return PREFIX + name


def _renamed(item: Manifest, name: str, users: str) -> Manifest:
    """Under another name, and with the annotation that tells the one for users, without which some would be misread."""
    metadata = item["metadata"]
    if name == metadata["name"]:
        return item
    metadata = {**metadata, "name": name}
    kept = _kept_metadata(item) or {}
    if kept.get("name") != users:
        text = json.dumps({**NAME_FIRST, **kept, "name": users}, separators=(",", ":"))
        metadata["annotations"] = {**(metadata.get("annotations") or {}), ANNOTATION: text}
    return {**item, "metadata": metadata}
