# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys and JSON of Calico's objects in etcd, and the manifests that they are (pure).

Sources: libcalico-go/lib/backend/model (keys and values), lib/clientv3/resources.go (what a new object gets),
lib/backend/k8s/resources/ipam_*.go (the same IPAM objects as custom resources, whose form the manifests have).

Most kinds are stored as they are, metadata and all, under /calico/resources/v3. IPAM's are older: a key that tells
what the object is about and a value without metadata. Manifests have the API version of the custom resources, so that
rules, plans and snapshots see one form.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.hardway.calico.plugins.module_utils._datastore import kinds
from ansible_collections.hardway.calico.plugins.module_utils._datastore.port import Kind, Manifest
from ansible_collections.hardway.calico.plugins.module_utils._release import crds
from ansible_collections.hardway.calico.plugins.module_utils._release.span import holds

ROOT = "/calico/"
RESOURCES = ROOT + "resources/v3/projectcalico.org/"
IPAM = ROOT + "ipam/v2/"
STORED_VERSION = "projectcalico.org/v3"
SHOWN_VERSION = crds.CALICO + "/v1"

# The order of Go's structs, in which calicoctl writes (ObjectMeta; IPPoolSpec of all releases).
METADATA = (
    "name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp",
    "deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers",
    "managedFields",
)  # fmt: skip
SPECS = {
    "IPPool": (
        "cidr", "vxlanMode", "ipipMode", "natOutgoing", "disabled", "disableBGPExport", "blockSize", "nodeSelector",
        "namespaceSelector", "ipip", "nat-outgoing", "allowedUses", "assignmentMode",
    ),
}  # fmt: skip
# Of the fields that rules look at: in etcd no schema keeps another type out.
TYPES: dict[str, dict[str, type]] = {
    "IPPool": {
        **dict.fromkeys(("cidr", "vxlanMode", "ipipMode", "nodeSelector", "namespaceSelector", "assignmentMode"), str),
        **dict.fromkeys(("natOutgoing", "disabled", "disableBGPExport"), bool),
        "blockSize": int,
        "allowedUses": list,
    },
}  # fmt: skip
BLOCK = (
    "cidr", "affinity", "affinity_claim_time", "allocations", "unallocated", "attributes", "sequenceNumber",
    "sequenceNumberForAllocation", "deleted", "hostAffinity",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A kind; crd: whether the releases that have its CRD have it in etcd too, else all have it."""

    kind: Kind
    crd: bool = True


NAMESPACED = ("NetworkPolicy", "NetworkSet", "StagedNetworkPolicy", "StagedKubernetesNetworkPolicy")
NAMES = (
    "BGPConfiguration", "BGPFilter", "BGPPeer", "BlockAffinity", "CalicoNodeStatus", "ClusterInformation",
    "FelixConfiguration", "GlobalNetworkPolicy", "GlobalNetworkSet", "HostEndpoint", "IPAMBlock", "IPAMConfig",
    "IPAMHandle", "IPPool", "IPReservation", "KubeControllersConfiguration", "NetworkPolicy", "NetworkSet",
    "StagedGlobalNetworkPolicy", "StagedKubernetesNetworkPolicy", "StagedNetworkPolicy", "Tier",
)  # fmt: skip
IRREGULAR = {
    "BlockAffinity": "blockaffinities",
    "CalicoNodeStatus": "caliconodestatuses",
    "GlobalNetworkPolicy": "globalnetworkpolicies",
    "NetworkPolicy": "networkpolicies",
    "StagedGlobalNetworkPolicy": "stagedglobalnetworkpolicies",
    "StagedKubernetesNetworkPolicy": "stagedkubernetesnetworkpolicies",
    "StagedNetworkPolicy": "stagednetworkpolicies",
}
# Of the kinds that are no CRDs: what a user may have set on a node, and profiles. WorkloadEndpoints are left out: they
# follow the pods, as the pods themselves do with the other datastore.
KINDS = {
    **{
        name: Row(Kind(name, IRREGULAR.get(name, name.lower() + "s"), name in NAMESPACED))
        for name in NAMES
    },
    kinds.NODE.name: Row(kinds.NODE, crd=False),
    kinds.PROFILE.name: Row(kinds.PROFILE, crd=False),
}


def kinds_of(minor: int) -> dict[str, Kind]:
    """The kinds that a minor of Calico 3 knows, by name."""
    found = {}
    for name, row in KINDS.items():
        span = crds.span("%s.%s" % (row.kind.plural, crds.CALICO)) if row.crd else (None, None)
        if span and holds(minor, *span):
            found[name] = row.kind
    return found


def prefixes(kind: Kind) -> tuple[str, ...]:
    """Where all objects of a kind are; other things may be there too, which manifest() leaves out."""
    form = FORMS.get(kind.name)
    return form.prefixes if form else (RESOURCES + kind.plural + "/",)


def key(kind: Kind, item: Manifest) -> str:
    """The key of an object."""
    form = FORMS.get(kind.name)
    if form:
        return form.key(item.get("spec") or {})
    return name_key(kind, item["metadata"]["name"], item["metadata"].get("namespace") or "")


def name_key(kind: Kind, name: str, namespace: str = "") -> str:
    """The key of an object by its name, of a kind that is stored by name."""
    return prefixes(kind)[0] + (namespace + "/" if kind.namespaced else "") + name


def by_name(kind: Kind) -> bool:
    """Whether a name tells the key. IPAM's names are made from what the objects are about, and do not."""
    return kind.name not in FORMS


def value(kind: Kind, item: Manifest) -> bytes:
    """What is stored for a manifest, byte by byte as Go's encoding/json has it."""
    form = FORMS.get(kind.name)
    if form:
        return encode(form.value(dict(item.get("spec") or {})))
    metadata = {k: v for k, v in item["metadata"].items() if k != "resourceVersion"}
    for maps in ("labels", "annotations"):
        if metadata.get(maps):
            metadata[maps] = dict(sorted(metadata[maps].items()))
    rest = {k: v for k, v in item.items() if k not in ("kind", "apiVersion", "metadata")}
    if isinstance(rest.get("spec"), dict):
        rest["spec"] = _ordered(rest["spec"], SPECS.get(kind.name, ()))
    head = {
        "kind": kind.name,
        "apiVersion": STORED_VERSION,
        "metadata": _ordered(metadata, METADATA),
    }
    return encode({**head, **rest})


def manifest(kind: Kind, path: str, stored: bytes, revision: int) -> Manifest | None:
    """The object under a key, None if what is there is none of that kind.

    Raises ValueError for a value that is no JSON object, and for one that Calico could not read.
    """
    form = FORMS.get(kind.name)
    match = (form.pattern if form else _pattern(kind)).fullmatch(path)
    if match is None:
        return None
    # Affinities of old releases have no value (model/block_affinity.go).
    found = json.loads(stored or b"{}")
    if not isinstance(found, dict):
        raise ValueError("no JSON object")
    if form:
        metadata, rest = form.manifest(match, found)
    else:
        _require_readable(kind, found)
        metadata = dict(found["metadata"])
        rest = {k: v for k, v in found.items() if k not in ("kind", "apiVersion", "metadata")}
    metadata["resourceVersion"] = str(revision)
    return {"apiVersion": SHOWN_VERSION, "kind": kind.name, "metadata": metadata, **rest}


def new(kind: Kind, item: Manifest, uid: str, now: str) -> Manifest:
    """An object as it is created: with uid and creation time, where the kind has metadata."""
    metadata = {k: v for k, v in item["metadata"].items() if k != "resourceVersion"}
    if by_name(kind):
        metadata = {"uid": uid, "creationTimestamp": now, **metadata}
    return {**item, "metadata": metadata}


def merged(there: t.Any, change: t.Any) -> t.Any:
    """A merge patch (RFC 7396)."""
    if not isinstance(change, dict):
        return change
    found = dict(there) if isinstance(there, dict) else {}
    for name, part in change.items():
        if part is None:
            found.pop(name, None)
        else:
            found[name] = merged(found.get(name), part)
    return found


def encode(found: t.Any) -> bytes:
    """JSON as Go writes it: no spaces, and <, > and & escaped."""
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, "\\u%04x" % ord(character))
    return text.encode()


def _require_readable(kind: Kind, found: Manifest) -> None:
    metadata, spec = found.get("metadata"), found.get("spec")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if not name or not isinstance(name, str):
        raise ValueError("it has no metadata.name")
    if spec is not None and not isinstance(spec, dict):
        raise ValueError("its spec is no object")
    for field, wanted in TYPES.get(kind.name, {}).items():
        part = (spec or {}).get(field, wanted())
        # For Python true is a number, too.
        if not isinstance(part, wanted) or (isinstance(part, bool) and wanted is not bool):
            raise ValueError("its spec.%s is %s" % (field, json.dumps(part)))


def _ordered(found: Manifest, order: t.Sequence[str]) -> Manifest:
    """What is not in the order comes last, as it came."""
    return {
        **{name: found[name] for name in order if name in found},
        **{name: part for name, part in found.items() if name not in order},
    }


def _pattern(kind: Kind) -> re.Pattern[str]:
    return re.compile(
        re.escape(prefixes(kind)[0]) + ("[^/]+/[^/]+" if kind.namespaced else "[^/]+")
    )


class Form(t.NamedTuple):
    """How an IPAM kind is stored. manifest: metadata and the rest, from the key's match and the value."""

    prefixes: tuple[str, ...]
    pattern: re.Pattern[str]
    key: t.Callable[[Manifest], str]
    value: t.Callable[[Manifest], Manifest]
    manifest: t.Callable[[re.Match[str], Manifest], tuple[Manifest, Manifest]]


def _in_key(cidr: str) -> str:
    """ "ipv4/block/10.244.0.0-26": how a block's network ends a key."""
    network = ipaddress.ip_network(cidr, strict=False)
    return "ipv%d/block/%s" % (network.version, str(network).replace("/", "-"))


def _in_name(cidr: str) -> str:
    """How a network is part of an object's name (lib/names/cidr.go)."""
    return re.sub("[.:/]", "-", cidr)


def _block_key(spec: Manifest) -> str:
    return IPAM + "assignment/" + _in_key(spec["cidr"])


def _block_value(spec: Manifest) -> Manifest:
    spec.pop("strictAffinity", None)  # of custom resources only, and unused since 3.0
    if "affinityClaimTime" in spec:
        spec["affinity_claim_time"] = spec.pop("affinityClaimTime")
    empty = {
        "affinity": None,
        "sequenceNumber": 0,
        "sequenceNumberForAllocation": None,
        "deleted": False,
    }
    return _ordered({**empty, **spec}, BLOCK)


def _block(match: re.Match[str], found: Manifest) -> tuple[Manifest, Manifest]:
    names = {"affinity_claim_time": "affinityClaimTime"}
    spec = {
        names.get(name, name): part
        for name, part in found.items()
        if part is not None or name not in ("affinity", "sequenceNumberForAllocation")
    }
    return {"name": _in_name(spec["cidr"])}, {"spec": spec}


def _affinity_key(spec: Manifest) -> str:
    return "%s%s/%s/%s" % (IPAM, spec.get("type") or "host", spec["node"], _in_key(spec["cidr"]))


def _affinity_value(spec: Manifest) -> Manifest:
    return {"state": spec.get("state", ""), "deleted": spec.get("deleted") in (True, "true")}


def _affinity(match: re.Match[str], found: Manifest) -> tuple[Manifest, Manifest]:
    cidr = match["cidr"].replace("-", "/")
    spec = {
        "cidr": cidr,
        "deleted": "true" if found.get("deleted") else "false",
        "node": match["host"],
        "state": found.get("state", ""),
        "type": match["type"],
    }
    return {"name": _affinity_name(match["host"], _in_name(cidr))}, {"spec": spec}


def _affinity_name(host: str, block: str) -> str:
    """Host and network, shortened with a hash where a name may not be as long (ipam_affinity_v1.go, parseKey)."""
    name = "%s-%s" % (host, block)
    if len(name) < 253:
        return name
    digest = hashlib.sha256(("%s+%s" % (host, block)).encode()).hexdigest()
    return "%s-%s-%s" % (host[: 252 - len(block) - 13], block, digest[:11])


def _handle_key(spec: Manifest) -> str:
    return IPAM + "handle/" + spec["handleID"]


def _handle_value(spec: Manifest) -> Manifest:
    block = spec.get("block")
    return {
        "block": dict(sorted(block.items())) if block else block,
        "deleted": bool(spec.get("deleted")),
    }


def _handle(match: re.Match[str], found: Manifest) -> tuple[Manifest, Manifest]:
    spec = {
        "block": found.get("block"),
        "deleted": bool(found.get("deleted")),
        "handleID": match["id"],
    }
    return {"name": match["id"].lower()}, {"spec": spec}


# Name in the manifest: (in etcd, whether it is always in the manifest).
CONFIG = {
    "strictAffinity": ("strict_affinity", True),
    "autoAllocateBlocks": ("auto_allocate_blocks", True),
    "maxBlocksPerHost": ("maxBlocksPerHost", False),
    "kubeVirtVMAddressPersistence": ("kubeVirtVMAddressPersistence", False),
}


def _config_value(spec: Manifest) -> Manifest:
    return {stored: spec[name] for name, (stored, _always) in CONFIG.items() if spec.get(name)}


def _config(match: re.Match[str], found: Manifest) -> tuple[Manifest, Manifest]:
    spec = {
        name: found.get(stored, False)
        for name, (stored, always) in CONFIG.items()
        if always or stored in found
    }
    return {"name": "default"}, {"spec": spec}


FORMS = {
    kinds.IPAM_BLOCK.name: Form(
        (IPAM + "assignment/",),
        re.compile(re.escape(IPAM) + r"assignment/ipv[46]/block/[^/]+"),
        _block_key,
        _block_value,
        _block,
    ),
    kinds.BLOCK_AFFINITY.name: Form(
        (IPAM + "host/", IPAM + "virtual/"),
        re.compile(
            re.escape(IPAM)
            + r"(?P<type>host|virtual)/(?P<host>[^/]+)/ipv[46]/block/(?P<cidr>[^/]+)"
        ),
        _affinity_key,
        _affinity_value,
        _affinity,
    ),
    kinds.IPAM_HANDLE.name: Form(
        (IPAM + "handle/",),
        re.compile(re.escape(IPAM) + r"handle/(?P<id>[^/]+)"),
        _handle_key,
        _handle_value,
        _handle,
    ),
    kinds.IPAM_CONFIG.name: Form(
        (IPAM + "config",),
        re.compile(re.escape(IPAM) + "config"),
        lambda spec: IPAM + "config",
        _config_value,
        _config,
    ),
}
