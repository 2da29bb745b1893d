# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What identifies a bundle of CAs and a leaf beside it, and how a bundle is shown (pure)."""

from __future__ import annotations

import hashlib
import typing as t

from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import (
    Certificate,
    Pair,
)
from ansible_collections.hardway.calico.plugins.module_utils._pki.times import day_in_words


def bundle_hash(bundle: t.Iterable[Certificate]) -> str:
    """Of its CAs, in whatever order."""
    fingerprints = "\n".join(sorted(ca.fingerprint for ca in bundle))
    return hashlib.sha256(fingerprints.encode()).hexdigest()[:16]


def material_hash(bundle: t.Sequence[Certificate], leaf: Pair) -> str:
    """Of what a pod mounts: the bundle's hash and the leaf's, joined by "-".

    "" if it could not work with it.
    """
    certificate = leaf.usable_certificate
    if not bundle or certificate is None:
        return ""
    return "%s-%s" % (bundle_hash(bundle), certificate.fingerprint[:16])


def cas_in_words(cas: t.Iterable[Certificate]) -> list[str]:
    return [
        "%s, until %s, %s" % (ca.subject, day_in_words(ca.not_after), ca.fingerprint[:16])
        for ca in cas
    ]
