# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: a new key and a leaf for it, with the way up to its peers' CAs. It decides nothing."""

from __future__ import annotations

import typing as t
from datetime import datetime

from ansible_collections.hardway.calico.plugins.module_utils._pki import x509
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import LeafWanted


def issue(
    wanted: LeafWanted,
    ca: tuple[str, str],
    start: datetime,
    end: datetime,
    anchors: t.Container[str] | None = None,
) -> tuple[str, str]:
    """(certificate PEM, key PEM), signed by the first certificate of the CA's PEM.

    ca: (PEM, key PEM). anchors: fingerprints of the CAs that peers have; None: the CA is one of them.
    """
    key = x509.make_key(wanted.key_type, wanted.key_size)
    names = (wanted.common_name, wanted.usage)
    certificate = x509.issue_leaf(*names, key, *ca, start, end, wanted.uri_san)
    if anchors is not None:
        # Peers need the way up to a root: intermediates follow the leaf, as in any server's
        # certificate file.
        way = x509.by_fingerprint(ca[0]).items()
        intermediates = (pem for one, pem in way if one not in anchors)
        certificate = x509.joined(certificate, *intermediates)
    return certificate, key
