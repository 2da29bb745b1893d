# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter: carries out the plan for the CNI user's credentials."""

from __future__ import annotations

from datetime import datetime

from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.decide import (
    CredentialStep,
    DeleteCredential,
    SignCredential,
    require_usable,
)
from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.holder import (
    Credential,
    Holder,
)
from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.issue import Issuer
from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.store import (
    CredentialStore,
)
from ansible_collections.hardway.calico.plugins.module_utils._pki import x509
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import trouble
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan


def apply(
    plan: Plan[CredentialStep],
    store: CredentialStore,
    issuer: Issuer | None,
    authorities: str,
    now: datetime,
) -> dict[Holder, Credential]:
    """The credentials that were issued and stored.

    All are issued and looked at before the first is stored, and deletions come last: whatever ends a
    run leaves every node a credential that works. issuer: None if the plan signs nothing.
    authorities: PEM of the CAs that the API server takes clients from.
    """
    signed = [step for step in plan if isinstance(step, SignCredential)]
    issued = _issued(signed, issuer, authorities, now) if signed and issuer else {}
    for who, credential in issued.items():
        store.write(who, credential.certificate_pem, credential.key_pem)
    for step in plan:
        if isinstance(step, DeleteCredential):
            store.delete(step.holder)
    return issued


def _issued(
    steps: list[SignCredential], issuer: Issuer, authorities: str, now: datetime
) -> dict[Holder, Credential]:
    keys = {step.holder: x509.make_key(step.leaf.key_type, step.leaf.key_size) for step in steps}
    # The lifetime is an option of the module, and so the same for all.
    certificates = issuer.issue(keys, now, steps[0].leaf.lifetime)
    issued = {}
    for step in steps:
        who = step.holder
        pair = x509.read_pair(certificates[who], keys[who], authorities)
        # A signer's clock may be ahead of ours: the certificate is judged as of its own beginning.
        begins = pair.certificate.not_before if pair.certificate else now
        require_usable(who.user, pair.problem or trouble(pair, step.leaf, begins))
        issued[who] = Credential(certificates[who], keys[who], pair)
    return issued
