# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which image a workload runs: registry, path, prefix, tag and digest (pure).

The words are the Tigera operator's, <registry>/<path>/<prefix><name>:<tag> (tigera/operator
api/v1/installation_types.go, pkg/components/references.go). Two things differ. A registry that is
given replaces upstream's path too, as `calico_registry` always has. And a digest stands beside the
tag, not in its place, since the tag says which release runs; a container runtime pulls by the digest
alone.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._release import minors
from ansible_collections.hardway.calico.plugins.module_utils._release.table import release

COMPONENTS = tuple(sorted(name.replace("-", "_") for name in minors.IMAGES))

# The operator's word for "as if it were empty".
USE_DEFAULT = "UseDefault"

# The grammar of image references: github.com/distribution/reference, regexp.go. Container runtimes parse with it.
HOST = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])"
PART = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
TAG = r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}"
DIGEST = r"sha256:[0-9a-f]{64}"
DIGESTS_AT_THE_END = re.compile(r"(?:@sha256:[^@/]*)+\Z")
PATH = r"%s(?:/%s)*" % (PART, PART)
REPOSITORY = re.compile(r"(?:%s(?::(?P<port>[0-9]+))?/)?%s\Z" % (HOST, PATH))
REFERENCE = re.compile(r"(?P<repository>.+?)(?::%s)?(?:@%s)?\Z" % (TAG, DIGEST))
LONGEST_REPOSITORY = 255
RELEASE = re.compile(r"v\d+\.\d+\.\d+\Z")

# {release: {component: digest}}
Digests = t.Mapping[str, t.Mapping[str, str]]


@dataclass(frozen=True)
class Source:
    """Where images come from and what they are called there; all empty is upstream.

    registry: host with port, and a path. path: below the registry, or upstream's registry without one.
    prefix: before each image's name. digests: of a release's images; if there are any, each image that
    is asked for must have one, as with the operator's ImageSet.
    """

    registry: str = ""
    path: str = ""
    prefix: str = ""
    digests: Digests = field(default_factory=dict)


def source_of(registry: t.Any, path: t.Any, prefix: t.Any, digests: t.Any) -> Source:
    """A Source of what users wrote. Raises CalicoError for digests that are malformed."""
    return Source(
        registry=_given(registry).rstrip("/"),
        path=_given(path).strip("/"),
        prefix=_given(prefix),
        digests=_digests_of(digests),
    )


def image(component: str, version: str, source: Source, whole: str = "") -> str:
    """The reference of a component's image, such as "quay.io/calico/node:v3.32.1".

    whole: a reference that somebody gave, which is returned as it is. Raises CalicoError for what no container runtime
    could read, for a component that is not in COMPONENTS, and for a missing digest.
    """
    if component not in COMPONENTS:
        raise CalicoError(
            "There is no image of %r" % component,
            expected="one of %s" % ", ".join(COMPONENTS),
            found=component,
            remedy="correct the lookup's argument",
        )
    if whole:
        _require_reference(component, whole)
        return whole
    about = release(version)
    repository = _repository(source, about["registry"], component.replace("_", "-"))
    digest = _digest(component, about["version"], source.digests)
    return "%s:%s%s" % (repository, about["version"], "@" + digest if digest else "")


def _given(value: t.Any) -> str:
    text = "" if value is None else str(value)
    return "" if text == USE_DEFAULT else text


def _repository(source: Source, upstreams: str, name: str) -> str:
    """Where a release's image is, without a tag. upstreams: registry and path of upstream's. Raises CalicoError."""
    if source.registry:
        _require_registry(source.registry)
    if source.path and not re.fullmatch(PATH, source.path):
        raise _malformed(
            "calico_image_path is no path of images", "such as team/calico", source.path
        )
    if not re.fullmatch(PATH, source.prefix + name):
        raise _malformed(
            "calico_image_prefix begins no image's name", "such as calico-", source.prefix
        )
    host, _slash, default_path = upstreams.partition("/")
    registry = source.registry or host
    path = source.path or ("" if source.registry else default_path)
    repository = "/".join(part for part in (registry, path, source.prefix + name) if part)
    if len(repository) > LONGEST_REPOSITORY:
        raise CalicoError(
            "The name of an image is too long",
            expected="at most %d characters without the tag" % LONGEST_REPOSITORY,
            found="%d, %s" % (len(repository), repository),
            remedy="shorten calico_registry, calico_image_path or calico_image_prefix",
        )
    return repository


def _require_registry(registry: str) -> None:
    """Raises CalicoError. What stands before an @ may be a password, so no message has it."""
    if "@" in registry:
        raise CalicoError(
            "calico_registry holds a user, a password or a digest",
            expected="a host, and a port and a path if need be",
            found="something before @%s" % registry.rpartition("@")[2],
            remedy="credentials belong in a Secret that calico_image_pull_secrets names, digests in"
            " calico_image_digests",
        )
    if not _is_repository(registry + "/name"):
        raise _malformed(
            "calico_registry is no registry",
            "such as registry.example.com:5000/calico without https:// and without a tag",
            registry,
        )


def _require_reference(component: str, whole: str) -> None:
    match = REFERENCE.match(whole)
    if not match or not _is_repository(match["repository"]):
        raise _malformed(
            "%s_image is no image reference" % component,
            "such as registry.example.com/calico/node:v3.32.1, @sha256: and 64 hexadecimal digits after it or not",
            whole,
        )


def _is_repository(text: str) -> bool:
    match = REPOSITORY.match(text)
    return bool(match and int(match["port"] or 0) < 2**16 and len(text) <= LONGEST_REPOSITORY)


def _malformed(what: str, expected: str, found: str) -> CalicoError:
    return CalicoError(
        what,
        expected="%s, the path in small letters" % expected,
        found=_shown(found),
        remedy=_remedy("correct it", found),
    )


def _shown(value: t.Any) -> str:
    """A value for a message; what stands before an @ other than a digest's may be a password, so it is left out."""
    text = str(value)
    digests = DIGESTS_AT_THE_END.search(text)
    end = digests.start() if digests else len(text)
    _hidden, at, rest = text[:end].rpartition("@")
    return "something before %r" % (at + rest + text[end:]) if at else repr(value)


def _remedy(what: str, value: t.Any) -> str:
    """What to do; where a user or a password stands in the value, with the place that is meant for them."""
    if _shown(value) == repr(value):
        return what
    return what + "; credentials belong in a Secret that calico_image_pull_secrets names"


def _digests_of(digests: t.Any) -> Digests:
    """The digests, every one of them judged, also those of releases that nobody asks for now."""
    if not digests:
        return {}
    if not isinstance(digests, dict):
        raise _wrong_digests("a dictionary of releases", type(digests).__name__)
    for version, of_release in digests.items():
        if not RELEASE.match(str(version)):
            raise _wrong_digests("a release such as v3.32.1 as a key", version)
        if not isinstance(of_release, dict):
            raise _wrong_digests("digests by component below %s" % version, of_release)
        for component, digest in of_release.items():
            if component not in COMPONENTS:
                raise _wrong_digests(
                    "components of %s below %s" % (", ".join(COMPONENTS), version), component
                )
            if not re.fullmatch(DIGEST, str(digest)):
                raise _wrong_digests(
                    "sha256: and 64 hexadecimal digits in small letters for %s of %s"
                    % (component, version),
                    digest,
                )
    return digests


def _wrong_digests(expected: str, found: t.Any) -> CalicoError:
    return CalicoError(
        "calico_image_digests is malformed",
        expected=expected,
        found=_shown(found),
        remedy=_remedy(
            "write it as calico_image_digests: {v3.32.1: {node: sha256:..., typha: sha256:...}}",
            found,
        ),
    )


def _digest(component: str, version: str, digests: Digests) -> str:
    """A component's digest, "" if there are none at all.

    A release without digests beside one that has them is refused: an upgrade would else run unpinned images, or, with
    the old digests under the new tag, the old release.
    """
    if not digests:
        return ""
    if component not in digests.get(version, {}):
        raise CalicoError(
            "calico_image_digests has no digest of %s of Calico %s" % (component, version),
            expected="one for each image of the release, since other digests are given",
            found=", ".join(digests.get(version, {}))
            or "digests of %s" % ", ".join(sorted(digests)),
            remedy="add it (docs/mirror.md says where from), or give the whole image in %s_image"
            % component,
        )
    return digests[version][component]
