# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decisions on the certificates of etcd's clients over time; certificates are values, so ten years take no time."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.bundle import (
    servers_of,
    servers_trouble,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.decide import (
    asks_members,
    decide,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.objects import CONSUMERS
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.report import (
    rotation_result,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.state import (
    Held,
    Members,
    Offer,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.steps import (
    CertificateStep,
    Source,
)
from ansible_collections.hardway.calico.plugins.module_utils._etcd_pki.wanted import wanted_of
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import (
    Certificate,
    Pair,
)

NOW = datetime(2026, 11, 21, tzinfo=timezone.utc)
DAY = timedelta(days=1)
BACKDATE = timedelta(minutes=5)
OPTIONS = {
    "consumers": ["cni"],
    "secrets": {name: about.secret for name, about in CONSUMERS.items()},
    "common_names": {name: about.common_name for name, about in CONSUMERS.items()},
    "endpoints": [],
    "discovery_srv": None,
    "key_type": "ECDSA",
    "key_size": None,
    "leaf_lifetime_days": 365,
    "renewal_days": 30,
    "backdate_minutes": 5,
    "force": False,
    "ca_is_trusted": False,
    "drop_old_server_cas": False,
}
NUMBERS = itertools.count()


def certificate(name, usages=(), begins=NOW - DAY, ends=NOW + 3000 * DAY, is_ca=False, **other):
    number = next(NUMBERS)
    values = {"issuer": "CN=etcd-ca", "key_type": "ECDSA", "key_size": 256, **other}
    return Certificate(
        subject="CN=" + name,
        common_name=name,
        serial=number,
        fingerprint="%064d" % number,
        not_before=begins,
        not_after=ends,
        is_ca=is_ca,
        usages=usages,
        public_key="key %d" % number,
        **values,
    )


CA, SERVERS = certificate("etcd-ca", is_ca=True), certificate("servers", is_ca=True)
SIGNING = Offer(CA, True, {}, (SERVERS,))
TRUSTING, ASKED = Members(told=True), Members(answers={"one": None, "two": None})
REFUSING = Members(answers={"one": None, "two": "it refused the certificate"})


def leaf(name="calico-cni", days=300.0, trusted=True, key=None, usages=("clientAuth",), **other):
    made = certificate(name, usages, ends=NOW + days * DAY, **other)
    return Pair(made, key or made.public_key, None, trusted, (CA,) if trusted else ())


def held(pair=None, servers=(SERVERS,), ours=True, **other):
    there = pair or leaf()
    filled = not there.absent or bool(servers)
    return Held(there, servers, filled=filled, ours=ours, **other)


NOTHING = Held()


def decided(found, offer=SIGNING, members=None, now=NOW, **options):
    wanted = wanted_of({**OPTIONS, **options})
    return decide(wanted, offer, {"cni": found}, members or Members(), now)


def shown(found, *arguments, **options):
    plan = decided(found, *arguments, **options).plan
    return [(step.action, step.reason) for step in plan]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (NOTHING, [("issue", "it does not exist")]),
        (held(), []),
        (held(leaf(days=31)), []),
        (held(leaf(days=30, begins=NOW - 335 * DAY)),
         [("renew", "it expires in 30 days, the renewal window is 30 days")]),
        (held(leaf(days=0)), [("renew", "it expired on 2026-11-21")]),
        (held(leaf("etcd-client")), [("renew", "its CN is etcd-client, wanted calico-cni")]),
        (held(leaf(key="another")), [("renew", "its key does not match its certificate")]),
        (held(leaf(usages=("serverAuth",))),
         [("renew", "its extended key usage is serverAuth, wanted clientAuth")]),
        (held(leaf(key_type="RSA", key_size=2048)),
         [("renew", "its key is RSA 2048, wanted ECDSA 256")]),
        (held(Pair(problem="its key is missing")), [("renew", "its key is missing")]),
        (held(leaf(days=0, trusted=False)), [("renew", "it was signed by another CA (CN=etcd-ca)")]),
        (held(leaf(trusted=False)), []),
        (held(servers=()), [("trust", "it lacks a CA of etcd's servers")]),
        (held(leaf(days=0), servers=()),
         [("renew", "it expired on 2026-11-21; it lacks a CA of etcd's servers")]),
        (held(problem="no PEM", servers=()),
         [("trust", "its CAs of etcd's servers cannot be read (no PEM)")]),
    ],
)  # fmt: skip
def test_what_is_done_and_why(found, expected):
    assert shown(found) == expected


@pytest.mark.parametrize("pair", [leaf(), leaf("etcd-client"), leaf(days=31), leaf(days=2)])
@pytest.mark.parametrize("members", [Members(), REFUSING, TRUSTING, ASKED])
def test_what_works_stays_until_all_trust_the_new_one(pair, members):
    """Whatever else would be a reason: a member that does not know the CA lets nobody in."""
    old = held(replace(pair, trusted=False, chain=()))
    decision = decided(old, members=members)
    trust = members in (TRUSTING, ASKED)
    assert [step.action for step in decision.plan] == (["renew"] if trust else [])
    assert decision.waiting == (() if trust else ("cni",))
    assert decision.switched == (("cni",) if trust else ())
    assert bool(decision.warnings) is not trust
    assert asks_members(wanted_of(OPTIONS), SIGNING, {"cni": old}, NOW) == ["cni"]


def test_force_does_not_replace_what_members_would_refuse():
    old = held(leaf(trusted=False))
    assert shown(old, force=True) == []
    assert shown(old, force=True, members=TRUSTING)
    assert shown(held(), force=True) == [("renew", "force asks for it")]


def test_nobody_is_asked_without_need():
    for found in (NOTHING, held(), held(leaf(days=0)), held(leaf(days=0, trusted=False))):
        assert asks_members(wanted_of(OPTIONS), SIGNING, {"cni": found}, NOW) == []


@pytest.mark.parametrize(
    ("found", "warns"),
    [
        (held(), None),
        (held(leaf(key_type="RSA", key_size=2048)), None),
        (held(leaf(days=12, begins=NOW - 353 * DAY)), "it expires in 12 days"),
        (held(leaf("etcd-client")), "its CN is etcd-client, wanted calico-cni"),
        (held(leaf(days=12, begins=NOW - 353 * DAY), ours=False), "it works for another 12 days"),
    ],
)
@pytest.mark.parametrize("offer", [Offer(), Offer(CA), Offer(servers=(SERVERS,))])
def test_without_a_key_it_warns_while_it_works(found, warns, offer):
    decision = decided(found, offer)
    assert not decision.plan and bool(decision.warnings) is bool(warns)
    if warns:
        assert warns in decision.warnings[0] and "hand in ca_content" in decision.warnings[0]


@pytest.mark.parametrize(
    "found",
    [NOTHING, held(leaf(days=0)), held(leaf(key="another")), held(Pair(problem="no PEM"))],
)
@pytest.mark.parametrize("offer", [Offer(), Offer(CA, servers=(SERVERS,))])
def test_without_a_key_it_refuses_what_does_not_work(found, offer):
    with pytest.raises(CalicoError) as refusal:
        decided(found, offer)
    assert "cni: " in str(refusal.value) and refusal.value.remedy


def test_without_a_ca_of_servers():
    with pytest.raises(CalicoError, match="by which CA etcd's servers are trusted"):
        decided(NOTHING, Offer(CA, True))
    assert shown(NOTHING, Offer(CA, True, servers=(CA,)))


@pytest.mark.parametrize(
    ("found", "ok"),
    [
        (held(ours=False), True),
        (held(leaf("etcd-client"), ours=False), False),
        (held(leaf("etcd-client", days=0), ours=False), True),
        (held(leaf(days=0), ours=False), True),
        (Held(others=("tls.crt", "tls.key")), False),
        (held(others=("more",), ours=False), True),
        (held(leaf("etcd-client"), others=("more",)), True),
        (NOTHING, True),
        (held(leaf(key="another"), ours=False), False),
        (held(leaf(usages=("serverAuth",)), ours=False), False),
        (held(Pair(problem="its key is missing"), ours=False), False),
        (held(servers=(), ours=False), False),
        (held(servers=(), problem="no PEM", ours=False), False),
        (held(Pair(), ours=False), False),
    ],
)
def test_what_somebody_else_put_there(found, ok):
    if ok:
        decided(found)
    else:
        with pytest.raises(CalicoError, match="calico-etcd-cni") as refusal:
            decided(found)
        assert "force" in (refusal.value.remedy or "")
        assert decided(found, force=True).plan


def test_force_without_anything_to_issue_from():
    with pytest.raises(CalicoError, match="force asks for certificates"):
        decided(held(), Offer(), force=True)


def test_handed_in():
    given = leaf(days=25, begins=NOW - 300 * DAY)
    offer = Offer(CA, True, {"cni": given}, (SERVERS,))
    assert shown(NOTHING, offer) == [("issue", "it does not exist")]
    assert shown(held(), offer) == [("renew", "another one was handed in")]
    plan = decided(held(), offer).plan
    assert [step.source for step in plan] == [Source.HANDED_IN]
    same = decided(held(given), offer, force=True)
    assert not same.plan, "nothing else was handed in"
    assert same.warnings == [
        "The certificate that was handed in for cni expires in 25 days: hand in a new one"
    ]
    old = held(leaf(trusted=False))
    assert decided(old, offer, REFUSING).waiting == ("cni",)
    assert shown(old, offer, ASKED)


def test_a_ca_that_ends_is_told_and_not_worn_out():
    """Certificates end with it: another one would be no better."""
    ending = replace(CA, not_after=NOW + 20 * DAY)
    offer = replace(SIGNING, ca=ending)
    decision = decided(held(leaf(days=20, begins=NOW - 300 * DAY)), offer)
    assert not decision.plan and "expires in 20 days" in decision.warnings[0]
    assert shown(held(leaf(days=10, begins=NOW - 300 * DAY)), offer)


def test_cas_of_servers():
    old, ended = (
        certificate("old", is_ca=True),
        certificate("ended", ends=NOW - DAY, is_ca=True),
    )
    both = held(servers=(old, ended))
    assert servers_of([both], (), False, NOW) == (old,)
    assert servers_of([both], (SERVERS,), False, NOW) == (SERVERS, old)
    assert servers_of([both, NOTHING], (SERVERS,), True, NOW) == (SERVERS,)
    assert servers_of([both], (), True, NOW) == (old,), "nothing is dropped for nothing"
    assert servers_trouble(both, (ended, old)) is None, "order is nobody's concern"
    assert servers_trouble(both, (old,))
    assert servers_trouble(both, (SERVERS, old, ended))


# ---- ten years ----


class Etcd:
    """Members that their owner starts with a file of CAs, and clients that hold what plans gave them."""

    def __init__(self, consumers, members=3, **options):
        self.wanted = wanted_of({**OPTIONS, "consumers": list(consumers), **options})
        self.held = dict.fromkeys(consumers, NOTHING)
        self.ca = self.new_ca(NOW, 3650)
        self.trusts = [[self.ca] for _number in range(members)]
        self.made_by, self.issued = {}, []

    @staticmethod
    def new_ca(now, days):
        return certificate("etcd-ca", begins=now, ends=now + days * DAY, is_ca=True)

    def run(self, now, asked=True):
        """One of the playbook's runs; the phase that it tells."""
        offer = Offer(self.ca, True, {}, (SERVERS,))
        self.held = {who: self.judged(one) for who, one in self.held.items()}
        answers = {
            str(number): None if self.ca in cas else "it refused the certificate"
            for number, cas in enumerate(self.trusts)
        }
        members = Members()
        if asked and asks_members(self.wanted, offer, self.held, now):
            members = Members(answers=answers)
        decision = decide(self.wanted, offer, self.held, members, now)
        for step in decision.plan:
            assert isinstance(step, CertificateStep)
            end = min(now + self.wanted.leaves[step.consumer].lifetime, self.ca.not_after)
            name = self.wanted.leaves[step.consumer].common_name
            made = certificate(name, ("clientAuth",), begins=now - BACKDATE, ends=end)
            self.made_by[made.fingerprint] = self.ca
            self.issued.append((step.consumer, now, made))
            pair = Pair(made, made.public_key, None, True, (self.ca,))
            self.held[step.consumer] = held(pair)
        told = rotation_result(decision, self.held, offer, members, now)["rotation"]
        self.require_handshakes(now)
        return told

    def judged(self, one):
        if one.pair.absent:
            return one
        by = self.made_by[one.pair.certificate.fingerprint]
        return replace(one, pair=replace(one.pair, trusted=by == self.ca))

    def require_handshakes(self, now):
        for who, one in self.held.items():
            made = one.pair.certificate
            assert made.not_before <= now < made.not_after, "%s ran out" % who
            by = self.made_by[made.fingerprint]
            assert all(by in cas for cas in self.trusts), "a member refuses %s" % who
            assert now < by.not_after


@pytest.mark.parametrize(
    ("lifetime", "window", "every", "most"),
    [(365, 30, 7, 11), (365, 30, 1, 11), (365, 90, 7, 14), (90, 30, 7, 62), (90, 89, 7, 62),
     (30, 10, 7, 183), (3000, 30, 7, 2)],
)  # fmt: skip
def test_ten_years_of_weekly_runs(lifetime, window, every, most):
    """Never without a valid certificate, never renewed sooner than it must, also when the CA itself ends."""
    etcd = Etcd(CONSUMERS, leaf_lifetime_days=lifetime, renewal_days=window)
    for day in range(0, 3650, every):
        now = NOW + day * DAY
        if day:
            etcd.require_handshakes(now)
        etcd.run(now)
        count = len(etcd.issued)
        etcd.run(now)
        assert len(etcd.issued) == count, "a second run at once does nothing"
    for consumer in CONSUMERS:
        made = [(when, one) for who, when, one in etcd.issued if who == consumer]
        assert len(made) <= most
        for (_sooner, one), (later, _next) in zip(made, made[1:]):
            left = one.not_after - later
            assert left <= min(window * DAY, (one.not_after - one.not_before) / 3)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("start", [100, 330, 340, 360])
def test_the_owner_replaces_the_ca_member_by_member(start, order):
    """Whatever order, and whether certificates are due meanwhile: members learn the new CA one a day, then forget the
    old one when nobody has a certificate of it; a client is refused at no moment."""
    etcd = Etcd(CONSUMERS)
    for day in range(0, start + 1, 7):
        etcd.run(NOW + day * DAY)
    now, old = NOW + start * DAY, etcd.ca
    etcd.ca = etcd.new_ca(now, 3650)
    count = len(etcd.issued)
    for number in order:
        told = etcd.run(now)
        assert told["phase"] == "introduce" and set(told["waiting"]) == set(CONSUMERS)
        assert [one["consumers"] for one in told["client_cas"]] == [[], list(CONSUMERS)]
        assert len(told["refused_by"]) == 3 - order.index(number)
        etcd.trusts[number].append(etcd.ca)
        now += DAY
    assert len(etcd.issued) == count
    told = etcd.run(now)
    assert told["phase"] == "switch" and told["waiting"] == [] and told["refused_by"] == {}
    assert [one["consumers"] for one in told["client_cas"]] == [list(CONSUMERS)]
    assert etcd.run(now)["phase"] == "none"
    for cas in etcd.trusts:
        cas.remove(old)
        etcd.require_handshakes(now)
    for day in range(0, 800, 7):
        etcd.run(now + day * DAY)


def test_a_run_that_asks_nobody_leaves_what_works():
    etcd = Etcd(CONSUMERS)
    etcd.run(NOW)
    etcd.ca = etcd.new_ca(NOW, 3650)
    for cas in etcd.trusts:
        cas.append(etcd.ca)
    for day in range(0, 364, 7):
        assert etcd.run(NOW + day * DAY, asked=False)["phase"] == "introduce"
    assert etcd.run(NOW + 364 * DAY)["phase"] == "switch"


def test_the_world_sees_a_wrong_order():
    """The oracle of these tests can fail."""
    etcd = Etcd(CONSUMERS)
    etcd.run(NOW)
    etcd.ca = etcd.new_ca(NOW, 3650)
    etcd.wanted = replace(etcd.wanted, trusted=True)
    etcd.trusts[0].append(etcd.ca)
    with pytest.raises(AssertionError, match="a member refuses"):
        etcd.held = {who: replace(one, pair=Pair()) for who, one in etcd.held.items()}
        etcd.run(NOW)
