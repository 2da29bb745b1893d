# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data of a Secret as text and back, and how a write that lost against another one is told."""

from __future__ import annotations

import base64
import contextlib
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.api import (
    KubernetesApi,
    Manifest,
)
from ansible_collections.hardway.calico.plugins.module_utils._kubernetes.paths import secrets


def texts_of(secret: dict[str, t.Any] | None, keys: t.Sequence[str]) -> tuple[str, ...]:
    """The text of each key of a Secret as the API returns it, "" where Secret or key is absent.

    What is no text is garbage, not absent: it must be judged as broken, never as missing.
    """
    data = (secret or {}).get("data") or {}
    return tuple(_text(data.get(key) or "") for key in keys)


def pair_of(secret: dict[str, t.Any] | None, keys: tuple[str, str]) -> tuple[str, str]:
    """(certificate PEM, key PEM) of a Secret; see texts_of()."""
    certificate, key = texts_of(secret, keys)
    return certificate, key


def data_of(texts: t.Mapping[str, str]) -> dict[str, str]:
    """A Secret's data of texts by key, such as {"tls.crt": PEM}."""
    return {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}


def write(
    api: KubernetesApi,
    namespace: str,
    name: str,
    there: Manifest | None,
    texts: t.Mapping[str, str],
    labels: t.Mapping[str, str],
    kind: str,
) -> Manifest:
    """The Secret after one request that creates it, or changes these keys of the one that was read.

    there: as it was read, None for a new one; what else is in it stays. kind: the type of a new one. Raises
    CalicoError, with status 409 if it is not any more as it was read.
    """
    data = data_of(texts)
    body: Manifest = {"apiVersion": "v1", "kind": "Secret"}
    if there is None:
        metadata: Manifest = {"name": name, "namespace": namespace, "labels": dict(labels)}
        new = {**body, "metadata": metadata, "type": kind, "data": data}
        return api.create(secrets(namespace), new)
    old = there["metadata"]
    metadata = {**old, "labels": {**(old.get("labels") or {}), **labels}}
    data = {**(there.get("data") or {}), **data}
    changed = {**there, **body, "metadata": metadata, "data": data}
    return api.replace("%s/%s" % (secrets(namespace), name), changed)


@contextlib.contextmanager
def lost_race(what: str, expected: str, remedy: str) -> t.Iterator[None]:
    """Requests bound to what was read: a conflict (409) raises a CalicoError of these words instead of the server's."""
    try:
        yield
    except CalicoError as exc:
        if exc.status != 409:
            raise
        raise CalicoError(what, expected=expected, found=exc.found, remedy=remedy) from exc


def _text(encoded: str) -> str:
    try:
        # A PEM among bytes that are no UTF-8 stays readable, as it is for the Go programs that mount it.
        return base64.b64decode(encoded).decode(errors="replace")
    except ValueError:
        return "not base64"
