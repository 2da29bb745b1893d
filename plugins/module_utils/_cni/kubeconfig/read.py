# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: which credential a node's kubeconfig holds, and whether it can serve as far as a look at it tells."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.hardway.calico.plugins.module_utils._cni.kubeconfig.held import Held, held
from ansible_collections.hardway.calico.plugins.module_utils._cni.kubeconfig.probe import (
    client_context,
)
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._host.files import read_bytes
from ansible_collections.hardway.calico.plugins.module_utils._pki.der import (
    CertificateSummary,
    certificates,
)


def read(path: str) -> tuple[Held, CertificateSummary | None]:
    """What the file holds, and its client certificate if that can be read.

    Held.problem also names PEMs that are broken, and a key that does not belong to its certificate.
    """
    found, leaf = held(read_bytes(path)), None
    if found.problem:
        return found, leaf
    try:
        leaf = certificates("the file", found.client_certificate)[0]
        certificates("the file's cluster entry", found.cluster_ca)
        client_context(found.cluster_ca, found.client_certificate, found.client_key)
    except CalicoError as exc:
        return replace(found, problem=exc.what), leaf
    return found, leaf
