# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""crds.yaml as objects that compare without false differences."""

from __future__ import annotations

import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError


def parse(text: str | bytes, url: str, names: t.Iterable[str]) -> list[dict[str, t.Any]]:
    """The CustomResourceDefinitions of a crds.yaml, by name, ready to be applied.

    names: those that must be among them. Dropped are what the API server does not give back as it
    was: `status` (in the files up to v3.29), `preserveUnknownFields: false` (since v3.24; the default
    in apiextensions.k8s.io/v1) and null creationTimestamps. Raises CalicoError for text that is no
    such list.
    """
    crds = sorted(map(_settled, _documents(text, url)), key=lambda crd: crd["metadata"]["name"])
    wanted = set(names)
    missing = sorted(wanted - {crd["metadata"]["name"] for crd in crds})
    if missing:
        raise _unusable(
            url,
            "the release's %d CRDs" % len(wanted),
            "%d, without %s" % (len(crds), ", ".join(missing)),
        )
    return crds


def _documents(text: str | bytes, url: str) -> list[dict[str, t.Any]]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        documents = [document for document in yaml.load_all(text, Loader=loader) if document]
    except yaml.YAMLError as exc:
        raise _unusable(url, "YAML", " ".join(str(exc).split())) from exc
    for document in documents:
        kind = document.get("kind") if isinstance(document, dict) else type(document).__name__
        if kind != "CustomResourceDefinition":
            raise _unusable(url, "CustomResourceDefinitions only", "a document of kind %s" % kind)
    return documents


def _settled(crd: dict[str, t.Any]) -> dict[str, t.Any]:
    metadata = {key: value for key, value in crd["metadata"].items() if value is not None}
    spec = {
        key: value
        for key, value in crd["spec"].items()
        if (key, value) != ("preserveUnknownFields", False)
    }
    kept = {key: value for key, value in crd.items() if key != "status"}
    return {**kept, "metadata": metadata, "spec": spec}


def _unusable(url: str, expected: str, found: str) -> CalicoError:
    return CalicoError(
        "%s is not the release's crds.yaml" % url,
        expected=expected,
        found=found,
        remedy="use the file manifests/crds.yaml of that release",
    )
