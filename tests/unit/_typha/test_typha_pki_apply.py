# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps of Typha's PKI: each is carried out by what it is, and an unknown one is refused."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.hardway.calico.plugins.module_utils._pki import x509
from ansible_collections.hardway.calico.plugins.module_utils._plan import Plan
from ansible_collections.hardway.calico.plugins.module_utils._typha.apply import (
    Making,
    apply,
    remove,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.decide import decide_removal
from ansible_collections.hardway.calico.plugins.module_utils._typha.leaves import wanted_leaf
from ansible_collections.hardway.calico.plugins.module_utils._typha.material import (
    NOTHING,
    Material,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.objects import PARTIES
from ansible_collections.hardway.calico.plugins.module_utils._typha.state import CaPolicy
from ansible_collections.hardway.calico.plugins.module_utils._typha.steps import (
    CreateCa,
    DropOldCas,
    ForgetPreviousKey,
    IssueLeaf,
    PublishBundle,
    RenewLeaf,
    Source,
    TyphaStep,
)

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 21, tzinfo=timezone.utc)
SHOWN = {"target": "x", "reason": "y", "before": None, "after": None}
WANTED = {party: wanted_leaf(party, "ECDSA", 256, 365 * DAY, 30 * DAY) for party in PARTIES}
MAKING = Making(WANTED, CaPolicy(), None, NOW, timedelta(minutes=5))


def make_ca():
    key = x509.make_key("ECDSA", 256)
    return x509.make_ca("Calico Typha CA", key, NOW - DAY, NOW + 3650 * DAY), key


OLD = make_ca()
NEW = make_ca()


class Store:
    """Remembers what was written, in order."""

    def __init__(self):
        self.written = []

    def write_bundle(self, pem):
        self.written.append(("bundle", pem))

    def write_ca(self, ca, previous):
        self.written.append(("ca", ca, previous))

    def write_leaf(self, party, pair):
        self.written.append((party, pair))

    def delete(self, option):
        self.written.append(("delete", option))


def applied(material, *steps):
    store = Store()
    after = apply(Plan(steps), store, material, MAKING)
    return after, store.written


@pytest.mark.parametrize(("keep", "previous"), [(True, OLD), (False, NOTHING)])
def test_a_new_ca_keeps_the_one_before_it_only_when_told(keep, previous):
    after, written = applied(Material(ca=OLD), CreateCa(**SHOWN, keep_previous=keep))
    assert after.ca not in (OLD, NOTHING) and after.previous == previous
    assert written == [("ca", after.ca, previous)]


def test_the_previous_key_is_forgotten():
    after, written = applied(Material(ca=NEW, previous=OLD), ForgetPreviousKey(**SHOWN))
    assert after == Material(ca=NEW) and written == [("ca", NEW, NOTHING)]


def test_publishing_puts_the_wanted_ca_first_and_dropping_leaves_it_alone():
    missing = tuple(x509.by_fingerprint(OLD[0]))
    material, written = applied(
        Material(ca=NEW, previous=OLD), PublishBundle(**SHOWN, missing=missing)
    )
    assert material.bundle == NEW[0] + OLD[0] and written == [("bundle", material.bundle)]
    kept = tuple(x509.by_fingerprint(NEW[0]))
    after, written = applied(material, DropOldCas(**SHOWN, kept=kept))
    assert after.bundle == NEW[0] and written == [("bundle", NEW[0])]


@pytest.mark.parametrize("kind", [IssueLeaf, RenewLeaf])
@pytest.mark.parametrize(("source", "ca"), [(Source.CA, NEW), (Source.PREVIOUS_CA, OLD)])
def test_a_leaf_is_signed_by_the_ca_that_the_step_names(kind, source, ca):
    step = kind(**SHOWN, party="client", source=source)
    after, written = applied(Material(ca=NEW, previous=OLD), step)
    assert written == [("client", after.leaves["client"])]
    assert after.leaves["server"] == NOTHING
    pair = x509.read_pair(*after.leaves["client"], ca[0])
    assert pair.trusted and pair.certificate.common_name == "calico-node"


def test_an_unknown_step_is_not_passed_over():
    with pytest.raises(TypeError):
        applied(Material(), TyphaStep(**SHOWN))


def test_removal_deletes_what_is_there_in_its_order():
    existing = {"server_secret": "Secret a/b", "ca_directory": "CA in /x"}
    plan = decide_removal(existing)
    assert plan.as_result() == [
        {"action": "delete", "target": target, "reason": "state is absent"}
        for target in existing.values()
    ]
    store = Store()
    remove(plan, store)
    assert store.written == [("delete", "server_secret"), ("delete", "ca_directory")]
