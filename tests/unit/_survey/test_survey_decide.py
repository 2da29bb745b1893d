# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the survey makes of what it saw: values in, Founds out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.holder import Holder
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import (
    Certificate,
    Pair,
)
from ansible_collections.hardway.calico.plugins.module_utils._survey.decide import MISSING, decide
from ansible_collections.hardway.calico.plugins.module_utils._survey.seen import (
    Bundle,
    NodeFile,
    Seen,
    Wanted,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.objects import (
    DEFAULT_NAMES,
    PARTIES,
)

START = datetime(2026, 11, 21, tzinfo=timezone.utc)
COMMON = Holder("calico-cni", "calico-cni-credential")
WANTED = Wanted("kube-system", DEFAULT_NAMES, COMMON, False, (), "")


def certificate(name, usage="clientAuth", is_ca=False):
    return Certificate(
        subject="CN=" + name,
        common_name=name,
        issuer="CN=ca",
        serial=1,
        fingerprint="print of " + name,
        not_before=START,
        not_after=START + timedelta(days=365),
        is_ca=is_ca,
        usages=(usage,),
        key_type="ECDSA",
        key_size=256,
        public_key="key",
    )


def pair(made, trusted=True):
    return Pair(made, "key", None, trusted)


CA = certificate("Calico Typha CA", is_ca=True)
CNI = certificate("calico-cni")
SEEN = Seen(
    published=Bundle((CA,), None),
    ca=pair(CA),
    leaves={
        name: pair(certificate(party.common_name, party.usage)) for name, party in PARTIES.items()
    },
    credentials={COMMON: pair(CNI)},
    judged=True,
    cluster=None,
    files=(),
    private_keys=("a private key",),
)


def problems(wanted, seen):
    return {found.what: found.problem for found in decide(wanted, seen)}


def test_a_sound_cluster_has_a_line_for_each_and_no_problem():
    founds = decide(WANTED, SEEN)
    assert {found.problem for found in founds} == {None}
    assert [(found.what, found.where, found.used_by) for found in founds] == [
        (
            "Typha CA, published",
            "ConfigMap kube-system/calico-typha-ca typhaca.crt",
            "Typha and calico/node, to trust each other",
        ),
        (
            "Typha CA, signing",
            "Secret kube-system/calico-typha-ca-key ca.crt",
            "hardway.calico.typha_pki",
        ),
        (
            "Typha server",
            "Secret kube-system/calico-typha-certs typha.crt",
            "Deployment calico-typha",
        ),
        (
            "calico/node client",
            "Secret kube-system/calico-node-certs calico-node.crt",
            "DaemonSet calico-node",
        ),
        (
            "CNI user calico-cni",
            "Secret kube-system/calico-cni-credential tls.crt",
            "CNI plugin on every node",
        ),
    ]


def test_what_was_not_looked_for_has_no_line():
    names = {option: name for option, name in DEFAULT_NAMES.items() if option != "ca_secret"}
    elsewhere = problems(replace(WANTED, names=names), replace(SEEN, ca=None))
    assert "Typha CA, signing" not in elsewhere and "cluster CA" not in elsewhere
    cluster = Bundle((certificate("kubernetes", is_ca=True),), None)
    assert problems(WANTED, replace(SEEN, cluster=cluster))["cluster CA"] is None


@pytest.mark.parametrize(
    ("judged", "problem"), [(True, "it was signed by another CA (CN=ca)"), (False, None)]
)
def test_a_credential_is_judged_by_its_ca_only_where_one_is_known(judged, problem):
    seen = replace(SEEN, judged=judged, credentials={COMMON: pair(CNI, trusted=False)})
    assert problems(WANTED, seen)["CNI user calico-cni"] == problem


def test_a_node_is_compared_with_the_credential_of_the_scope():
    own = Holder("calico-cni:cka001", "calico-cni-credential-cka001", "cka001")
    seen = replace(
        SEEN,
        credentials={COMMON: pair(CNI), own: pair(certificate(own.user))},
        files=(NodeFile("cka001", "/etc/x", "https://a", CNI, (), None),),
    )
    assert problems(WANTED, seen)["CNI user on cka001"] is None
    told = problems(replace(WANTED, per_node=True, nodes=("cka001", "cka002")), seen)
    assert "another one than the Secret's" in told["CNI user on cka001"]
    assert "nobody looked" in told["CNI user on cka002"]
    assert "a full run retires it" in told["CNI user calico-cni"]
    assert told["CNI user calico-cni:cka001"] is None


def test_an_empty_bundle_is_missing_and_no_key_is_shown():
    seen = replace(SEEN, published=Bundle((), None), ca=Pair())
    told = problems(WANTED, seen)
    assert told["Typha CA, published"] == told["Typha CA, signing"] == MISSING
    assert "a private key" not in repr(SEEN)
