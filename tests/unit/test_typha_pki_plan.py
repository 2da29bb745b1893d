# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decisions of typha_pki and cni_credential: values in, plan out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.hardway.calico.plugins.module_utils import _cni_credential_plan as credential
from ansible_collections.hardway.calico.plugins.module_utils._certificate import Certificate, LeafWanted, Pair, require_days
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._typha_pki_plan import PARTIES, TyphaPki, decide, wanted_leaf

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=timezone.utc)
DAY = timedelta(days=1)
WANTED = {party: wanted_leaf(party, "ECDSA", 256, 365 * DAY, 30 * DAY) for party in PARTIES}


def certificate(name, usages=(), start=NOW - DAY, end=NOW + 300 * DAY, is_ca=False, **other):
    values = {"issuer": "CN=Calico Typha CA", "serial": 1, "key_type": "ECDSA", "key_size": 256, "public_key": "key of " + name, **other}
    return Certificate(subject="CN=" + name, common_name=name, fingerprint="print of %s of %s" % (name, start), not_before=start, not_after=end,
                       is_ca=is_ca, usages=usages, **values)


def pair(made, trusted=True):
    return Pair(made, made.public_key, None, trusted)


CA = certificate("Calico Typha CA", end=NOW + 3000 * DAY, is_ca=True)
LEAVES = {party: pair(certificate(name, (usage,))) for party, (name, usage) in PARTIES.items()}
GOOD = TyphaPki(pair(CA), (CA,), None, LEAVES)


def with_server(made=None, **changes):
    """GOOD with another server leaf."""
    server = made if made is not None else pair(replace(LEAVES["server"].certificate, **changes))
    return replace(GOOD, leaves={**LEAVES, "server": server})


def test_good_state_needs_nothing():
    assert decide(WANTED, GOOD, NOW)[0].as_result() == [] and decide(WANTED, GOOD, NOW)[1] == []


def test_empty_cluster_gets_everything_in_the_order_that_survives_a_kill():
    plan, warnings = decide(WANTED, TyphaPki(Pair(), (), None, {"server": Pair(), "client": Pair()}), NOW)
    assert [step.action for step in plan] == ["create", "publish", "issue", "issue"] and warnings == []


@pytest.mark.parametrize(
    ("state", "action", "reason"),
    [
        (with_server(Pair()), "issue", "does not exist"),
        (with_server(Pair(problem="its key is missing")), "renew", "its key is missing"),
        (with_server(Pair(problem="its certificate is not PEM of a certificate")), "renew", "not PEM"),
        (with_server(pair(LEAVES["server"].certificate, trusted=False)), "renew", "signed by another CA"),
        (with_server(LEAVES["client"]), "renew", "its CN is calico-node, wanted calico-typha"),
        (with_server(Pair(LEAVES["server"].certificate, "other", None, True)), "renew", "its key does not match"),
        (with_server(usages=("clientAuth",)), "renew", "extended key usage is clientAuth, wanted serverAuth"),
        (with_server(key_type="RSA", key_size=4096), "renew", "RSA 4096, wanted ECDSA 256"),
        (with_server(not_before=NOW + DAY), "renew", "not valid before"),
        (with_server(not_after=NOW + 12 * DAY, not_before=NOW - 353 * DAY), "renew", "it expires in 12 days, the renewal window is 30 days"),
        (with_server(not_after=NOW + 5 * timedelta(hours=1)), "renew", "it expires in 5 hours, the renewal window is 9 hours"),
        (with_server(not_after=NOW - DAY, not_before=NOW - 366 * DAY), "renew", "it expired on 2026-11-20"),
    ],
)
def test_one_bad_leaf_is_replaced_and_nothing_else(state, action, reason):
    plan, warnings = decide(WANTED, state, NOW)
    assert [(step.action, step.target) for step in plan] == [(action, "server")] and reason in plan.steps[0].reason and warnings == []


def test_leaf_without_extended_key_usage_stays_as_go_accepts_it():
    assert not decide(WANTED, with_server(usages=()), NOW)[0]


def test_swapped_secrets_are_both_renewed():
    swapped = replace(GOOD, leaves={"server": LEAVES["client"], "client": LEAVES["server"]})
    assert [step.target for step in decide(WANTED, swapped, NOW)[0]] == ["server", "client"]


@pytest.mark.parametrize(
    ("state", "steps", "reason"),
    [
        (replace(GOOD, bundle=()), ["publish"], "lacks the CA"),
        (replace(GOOD, bundle=(), bundle_problem="it is not PEM"), ["publish"], "not PEM"),
        (replace(GOOD, ca=pair(replace(CA, not_after=NOW))), ["create", "publish", "renew", "renew"], "it expired"),
        (replace(GOOD, ca=pair(replace(CA, is_ca=False))), ["create", "publish", "renew", "renew"], "not that of a CA"),
        (replace(GOOD, ca=Pair(problem="its key is missing"), bundle=()), ["create", "publish", "renew", "renew"], "its key is missing"),
    ],
)
def test_bad_ca_is_replaced_or_published_again(state, steps, reason):
    plan = decide(WANTED, state, NOW)[0]
    assert [step.action for step in plan] == steps and reason in plan.steps[0].reason


LOST = replace(GOOD, ca=Pair())


def test_lost_ca_key_is_a_warning_while_leaves_work():
    plan, warnings = decide(WANTED, LOST, NOW)
    assert not plan and "key of the Typha CA is lost" in warnings[0]


def test_lost_ca_key_does_not_ask_for_another_key_type():
    """Who followed the guide by hand has RSA leaves and no CA key in the cluster: they keep working."""
    wanted = {party: replace(leaf, key_type="RSA", key_size=4096) for party, leaf in WANTED.items()}
    assert not decide(wanted, LOST, NOW)[0]


def test_lost_ca_key_refuses_when_a_leaf_is_needed():
    with pytest.raises(CalicoError) as error:
        decide(WANTED, replace(LOST, leaves={**LEAVES, "client": Pair(problem="its key is missing")}), NOW)
    assert "client (its key is missing)" in str(error.value) and "restore the Secret" in str(error.value)


def test_ca_that_begins_in_the_future_is_a_wrong_clock():
    with pytest.raises(CalicoError, match="clock"):
        decide(WANTED, replace(GOOD, ca=pair(replace(CA, not_before=NOW + DAY))), NOW)


def test_ageing_ca_is_named_in_time():
    assert "expires in 170 days" in decide(WANTED, replace(GOOD, ca=pair(replace(CA, not_after=NOW + 170 * DAY))), NOW)[1][0]


def test_ten_years_of_weekly_runs():
    """No moment without valid leaves; each is renewed once in 335 days, give or take the week between two runs."""
    state, issued = TyphaPki(Pair(), (), None, {"server": Pair(), "client": Pair()}), []
    now, end = NOW, NOW + 3650 * DAY
    while now < NOW + 3300 * DAY:
        for step in decide(WANTED, state, now)[0]:
            if step.action == "create":
                state = replace(state, ca=pair(certificate("Calico Typha CA", start=now, end=end, is_ca=True)))
            elif step.action == "publish":
                state = replace(state, bundle=(state.ca.certificate,))
            else:
                name, usage = PARTIES[step.detail]
                made = certificate(name, (usage,), now - timedelta(minutes=5), min(now + 365 * DAY, end))
                state = replace(state, leaves={**state.leaves, step.detail: pair(made)})
                issued.append((step.detail, now))
        assert not decide(WANTED, state, now)[0]
        assert all(leaf.certificate.not_before <= now and now + 7 * DAY < leaf.certificate.not_after for leaf in state.leaves.values())
        now += 7 * DAY
    for party in PARTIES:
        times = [time for name, time in issued if name == party]
        assert len(times) == 10 and all(330 <= (later - sooner).days <= 342 for sooner, later in zip(times, times[1:]))


def test_credential_is_issued_and_renewed():
    wanted = LeafWanted("calico-cni", "clientAuth", "ECDSA", 256, 365 * DAY, 30 * DAY)
    assert [step.action for step in credential.decide(wanted, Pair(), NOW)] == ["issue"]
    good = pair(certificate("calico-cni", ("clientAuth",)))
    assert not credential.decide(wanted, good, NOW)
    assert "another CA" in credential.decide(wanted, replace(good, trusted=False), NOW).steps[0].reason


def test_short_certificate_of_the_signer_is_not_renewed_in_every_run():
    wanted = LeafWanted("calico-cni", "clientAuth", "ECDSA", 256, 365 * DAY, 30 * DAY)
    assert not credential.decide(wanted, pair(certificate("calico-cni", ("clientAuth",), NOW, NOW + 20 * DAY)), NOW + 10 * DAY)
    assert credential.decide(wanted, pair(certificate("calico-cni", ("clientAuth",), NOW, NOW + 20 * DAY)), NOW + 14 * DAY)


@pytest.mark.parametrize("days", [0, -1, 36501])
def test_senseless_lifetimes_are_refused(days):
    with pytest.raises(CalicoError, match="leaf_lifetime_days"):
        require_days({"leaf_lifetime_days": days}, "leaf_lifetime_days")
