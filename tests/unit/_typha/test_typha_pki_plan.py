# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decisions of typha_pki: values in, plan out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._pki.bundle import bundle_hash
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import (
    Certificate,
    Pair,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.decide import decide
from ansible_collections.hardway.calico.plugins.module_utils._typha.external import require_handed
from ansible_collections.hardway.calico.plugins.module_utils._typha.leaves import (
    REPLACED,
    wanted_leaf,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.objects import PARTIES
from ansible_collections.hardway.calico.plugins.module_utils._typha.rotation import (
    material_hash,
    phase,
    rolls,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.state import (
    CaPolicy,
    TyphaPki,
    Workload,
)
from ansible_collections.hardway.calico.plugins.module_utils._typha.steps import Source

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=timezone.utc)
DAY = timedelta(days=1)
WANTED = {party: wanted_leaf(party, "ECDSA", 256, 365 * DAY, 30 * DAY) for party in PARTIES}


def certificate(name, usages=(), start=NOW - DAY, end=NOW + 300 * DAY, is_ca=False, **other):
    values = {
        "issuer": "CN=Calico Typha CA",
        "serial": 1,
        "key_type": "ECDSA",
        "key_size": 256,
        "public_key": "key of " + name,
        **other,
    }
    return Certificate(
        subject="CN=" + name,
        common_name=name,
        fingerprint="print of %s of %s" % (name, start),
        not_before=start,
        not_after=end,
        is_ca=is_ca,
        usages=usages,
        **values,
    )


CA = certificate("Calico Typha CA", end=NOW + 3000 * DAY, is_ca=True)
OLD = certificate("Calico Typha CA", start=NOW - 3300 * DAY, end=NOW + 350 * DAY, is_ca=True)


def pair(made, trusted=True, ca=CA):
    return Pair(made, made.public_key, None, trusted, (ca,) if trusted else ())


def leaves(ca=CA, **changes):
    return {
        name: pair(
            certificate(party.common_name, (party.usage,), issuer=ca.fingerprint, **changes), ca=ca
        )
        for name, party in PARTIES.items()
    }


POLICY = CaPolicy()
LEAVES = leaves()
GOOD = TyphaPki(pair(CA), Pair(), (CA,), None, LEAVES)
EMPTY = TyphaPki(Pair(), Pair(), (), None, {"server": Pair(), "client": Pair()})


def plan_for(state, now=NOW, force=(), policy=POLICY, wanted=None):
    return decide(wanted or WANTED, policy, state, now, force)


def shown(state, **options):
    return [(step.action, step.target) for step in plan_for(state, **options)[0]]


def at_work(state, server="all", client="all"):
    """The state with workloads that have loaded "all", the "bundle" or "old" material, or are "rolling"."""
    made = {}
    for party, kind, name, what in (
        ("server", "Deployment", "calico-typha", server),
        ("client", "DaemonSet", "calico-node", client),
    ):
        loaded = {"bundle": bundle_hash(state.bundle) + "-old", "old": "old-old"}.get(
            what, material_hash(state, party)
        )
        made[party] = Workload(
            kind, name, loaded, "1 of 2 pods are available" if what == "rolling" else None
        )
    return replace(state, workloads=made)


def with_server(made=None, **changes):
    """GOOD with another server leaf."""
    server = made if made is not None else pair(replace(LEAVES["server"].certificate, **changes))
    return replace(GOOD, leaves={**LEAVES, "server": server})


def test_good_state_needs_nothing():
    plan, warnings = plan_for(GOOD)
    assert plan.as_result() == [] and warnings == [] and phase(POLICY, GOOD, NOW) == "none"


def test_empty_cluster_gets_everything_in_the_order_that_survives_a_kill():
    plan, warnings = plan_for(EMPTY)
    assert [step.action for step in plan] == [
        "create",
        "publish",
        "issue",
        "issue",
    ] and warnings == []


@pytest.mark.parametrize(
    ("state", "action", "reason"),
    [
        (with_server(Pair()), "issue", "does not exist"),
        (with_server(Pair(problem="its key is missing")), "renew", "its key is missing"),
        (
            with_server(Pair(problem="its certificate is not PEM of a certificate")),
            "renew",
            "not PEM",
        ),
        (
            with_server(pair(LEAVES["server"].certificate, trusted=False)),
            "renew",
            "signed by another CA",
        ),
        (with_server(LEAVES["client"]), "renew", "its CN is calico-node, wanted calico-typha"),
        (
            with_server(Pair(LEAVES["server"].certificate, "other", None, True)),
            "renew",
            "its key does not match",
        ),
        (
            with_server(usages=("clientAuth",)),
            "renew",
            "extended key usage is clientAuth, wanted serverAuth",
        ),
        (with_server(key_type="RSA", key_size=4096), "renew", "RSA 4096, wanted ECDSA 256"),
        (
            with_server(uri_sans=("spiffe://a/typha",)),
            "renew",
            "its URI SAN is spiffe://a/typha, wanted none",
        ),
        (with_server(not_before=NOW + DAY), "renew", "not valid before"),
        (
            with_server(not_after=NOW + 12 * DAY, not_before=NOW - 353 * DAY),
            "renew",
            "it expires in 12 days, the renewal window is 30 days",
        ),
        (
            with_server(not_after=NOW + 5 * timedelta(hours=1)),
            "renew",
            "it expires in 5 hours, the renewal window is 9 hours",
        ),
        (
            with_server(not_after=NOW - DAY, not_before=NOW - 366 * DAY),
            "renew",
            "it expired on 2026-11-20",
        ),
    ],
)
def test_one_bad_leaf_is_replaced_and_nothing_else(state, action, reason):
    plan, warnings = plan_for(state)
    assert (
        [(step.action, step.target) for step in plan] == [(action, "server")]
        and reason in plan.steps[0].reason
        and warnings == []
    )


def test_leaf_without_extended_key_usage_stays_as_go_accepts_it():
    assert not plan_for(with_server(usages=()))[0] and not plan_for(with_server(usages=("any",)))[0]


def test_swapped_secrets_are_both_renewed():
    swapped = replace(GOOD, leaves={"server": LEAVES["client"], "client": LEAVES["server"]})
    assert shown(swapped) == [("renew", "server"), ("renew", "client")]


@pytest.mark.parametrize(
    ("state", "steps", "reason"),
    [
        (replace(GOOD, bundle=()), ["publish"], "lacks the CA"),
        (replace(GOOD, bundle=(), bundle_problem="it is not PEM"), ["publish"], "not PEM"),
        (
            replace(
                GOOD, ca=pair(replace(CA, not_after=NOW)), leaves=leaves(replace(CA, not_after=NOW))
            ),
            ["create", "publish", "renew", "renew"],
            "it expired",
        ),
        (
            replace(
                GOOD, ca=pair(replace(CA, is_ca=False)), leaves=leaves(replace(CA, is_ca=False))
            ),
            ["create", "publish", "renew", "renew"],
            "not that of a CA",
        ),
        (
            replace(EMPTY, ca=Pair(problem="its key is missing")),
            ["create", "publish", "issue", "issue"],
            "its key is missing",
        ),
    ],
)
def test_bad_ca_is_replaced_or_published_again(state, steps, reason):
    plan = plan_for(state)[0]
    assert [step.action for step in plan] == steps and reason in plan.steps[0].reason


LOST = replace(GOOD, ca=Pair())
RSA = {party: replace(leaf, key_type="RSA", key_size=4096) for party, leaf in WANTED.items()}


def test_lost_ca_key_is_a_warning_while_leaves_work():
    plan, warnings = plan_for(LOST)
    assert not plan and "key of the Typha CA is lost" in warnings[0]


def test_lost_ca_key_does_not_ask_for_another_key_type():
    """Who followed the guide by hand has RSA leaves and no CA key in the cluster: they keep working."""
    assert not plan_for(LOST, wanted=RSA)[0]


def test_lost_ca_key_leads_to_a_new_ca_beside_the_old_one_when_a_leaf_nears_its_end():
    old = replace(LOST, leaves=leaves(start=NOW - 345 * DAY, end=NOW + 20 * DAY))
    plan = plan_for(old)[0]
    assert (
        [step.action for step in plan] == ["create", "publish"]
        and "key is lost" in plan.steps[0].reason
        and "expires in 20 days" in plan.steps[0].reason
    )
    assert not plan.steps[0].keep_previous, "there is no key to keep"


def test_lost_ca_key_and_a_broken_leaf():
    """The broken leaf cannot wait, the working one does."""
    plan, warnings = plan_for(
        replace(LOST, leaves={**LEAVES, "client": Pair(problem="its key is missing")})
    )
    assert [step.action for step in plan] == ["create", "publish", "renew"]
    assert (plan.steps[2].party, plan.steps[2].source) == ("client", Source.CA)
    assert any("client certificate cannot wait" in warning for warning in warnings)


def test_ca_that_begins_in_the_future_is_a_wrong_clock():
    with pytest.raises(CalicoError, match="clock"):
        plan_for(replace(GOOD, ca=pair(replace(CA, not_before=NOW + DAY))))


# ---- from one CA to the next ---------------------------------------------------------------------

DUE = TyphaPki(pair(OLD), Pair(), (OLD,), None, leaves(OLD))
PUBLISHED = replace(DUE, ca=pair(CA), previous=pair(OLD), bundle=(OLD, CA))
SWITCHED = replace(PUBLISHED, leaves=LEAVES)


def test_ca_is_replaced_while_leaves_still_get_their_full_lifetime():
    plan = plan_for(DUE)[0]
    assert [step.action for step in plan] == ["create", "publish"]
    assert plan.steps[0].keep_previous is True
    assert "expires in 350 days, it is replaced 395 days before its end" in plan.steps[0].reason
    assert (
        "leaves of the new CA follow when Typha and calico/node have loaded both"
        in plan.steps[1].reason
    )
    younger = replace(OLD, not_after=NOW + 396 * DAY)
    assert not plan_for(replace(DUE, ca=pair(younger), bundle=(younger,), leaves=leaves(younger)))[
        0
    ]


def test_short_ca_is_replaced_at_half_its_life():
    for days, actions in ((183, []), (182, ["create", "publish"])):
        ca = certificate(
            "Calico Typha CA", start=NOW - (365 - days) * DAY, end=NOW + days * DAY, is_ca=True
        )
        state = replace(DUE, ca=pair(ca), bundle=(ca,), leaves=leaves(ca, end=NOW + days * DAY))
        assert [step.action for step in plan_for(state)[0]] == actions


@pytest.mark.parametrize(
    ("state", "steps", "at"),
    [
        # The new CA is kept, a run was killed before it was published.
        (at_work(replace(PUBLISHED, bundle=(OLD,))), [("publish", "CA bundle")], "introduce"),
        (at_work(PUBLISHED, "old", "old"), [], "introduce"),
        (at_work(PUBLISHED, "bundle", "old"), [], "introduce"),
        (at_work(PUBLISHED, "bundle", "rolling"), [], "introduce"),
        (at_work(PUBLISHED), [("renew", "server"), ("renew", "client")], "introduce"),
        (
            replace(PUBLISHED, workloads={"server": None, "client": None}),
            [("renew", "server"), ("renew", "client")],
            "introduce",
        ),
        # Killed between the two leaves.
        (
            at_work(
                replace(PUBLISHED, leaves={**LEAVES, "client": DUE.leaves["client"]}), "bundle"
            ),
            [("renew", "client")],
            "introduce",
        ),
        (at_work(SWITCHED, "bundle", "bundle"), [], "switch"),
        (at_work(SWITCHED, "all", "bundle"), [], "switch"),
        (at_work(SWITCHED, "rolling"), [], "switch"),
        (
            at_work(SWITCHED),
            [("drop", "CA bundle"), ("forget", "key of the previous CA")],
            "switch",
        ),
        (replace(SWITCHED, bundle=(CA,)), [("forget", "key of the previous CA")], "switch"),
        (replace(SWITCHED, bundle=(CA,), previous=Pair()), [], "none"),
    ],
)
def test_each_phase_begins_when_all_have_loaded_the_last_one(state, steps, at):
    assert shown(state) == steps and phase(POLICY, state, NOW) == at
    assert all(step.reason for step in plan_for(state)[0])
    if steps == [("renew", "server"), ("renew", "client")]:
        assert all(
            step.reason == REPLACED and step.source is Source.CA for step in plan_for(state)[0]
        )


def test_typha_is_rolled_before_calico_node_and_only_who_must():
    assert [roll["name"] for roll in rolls(at_work(PUBLISHED, "old", "old"))] == [
        "calico-typha",
        "calico-node",
    ]
    assert [roll["name"] for roll in rolls(at_work(SWITCHED, "all", "bundle"))] == ["calico-node"]
    assert [roll["name"] for roll in rolls(at_work(SWITCHED, "rolling", "all"))] == ["calico-typha"]
    assert rolls(at_work(SWITCHED)) == rolls(GOOD) == []


def test_waiting_is_named():
    assert (
        "DaemonSet calico-node was not rolled"
        in plan_for(at_work(PUBLISHED, "bundle", "old"))[1][0]
    )
    assert "1 of 2 pods are available" in plan_for(at_work(PUBLISHED, "bundle", "rolling"))[1][0]


def test_until_all_trust_the_new_ca_the_old_one_signs():
    broken = at_work(
        replace(
            PUBLISHED, leaves={**PUBLISHED.leaves, "server": Pair(problem="its key is missing")}
        ),
        "old",
        "old",
    )
    assert [(step.party, step.source) for step in plan_for(broken)[0]] == [
        ("server", Source.PREVIOUS_CA)
    ]
    near = leaves(OLD, start=NOW - 340 * DAY, end=NOW + 25 * DAY)
    assert shown(at_work(replace(PUBLISHED, leaves=near), "old", "old")) == [], (
        "it is renewed from the new CA, not twice"
    )
    nearer = leaves(OLD, start=NOW - 355 * DAY, end=NOW + 10 * DAY)
    assert [
        step.source
        for step in plan_for(at_work(replace(PUBLISHED, leaves=nearer), "old", "old"))[0]
    ] == [Source.PREVIOUS_CA, Source.PREVIOUS_CA]


def test_ca_that_was_put_into_the_secret_by_hand_is_introduced_too():
    by_hand = replace(GOOD, ca=pair(replace(CA, fingerprint="another")))
    assert shown(by_hand) == [("publish", "CA bundle")]
    published = replace(by_hand, bundle=(CA, by_hand.ca.certificate))
    assert shown(at_work(published, "old", "old")) == [] and shown(at_work(published)) == [
        ("renew", "server"),
        ("renew", "client"),
    ]


def test_force():
    assert [step.reason for step in plan_for(GOOD, force=("leaf",))[0]] == ["force asks for it"] * 2
    assert (
        shown(GOOD, force=("ca",))
        == shown(GOOD, force=("leaf", "ca"))
        == [("create", "CA Calico Typha CA"), ("publish", "CA bundle")]
    )
    # Under way already.
    assert shown(at_work(PUBLISHED, "old", "old"), force=("leaf", "ca")) == []
    assert shown(at_work(SWITCHED), force=("leaf", "ca")) == [
        ("drop", "CA bundle"),
        ("forget", "key of the previous CA"),
    ]
    assert shown(LOST, force=("ca",)) == [
        ("create", "CA Calico Typha CA"),
        ("publish", "CA bundle"),
    ]


def test_an_unwanted_ca_in_the_bundle_is_dropped_when_all_are_rolled():
    state = replace(GOOD, bundle=(OLD, CA))
    assert shown(at_work(state, "old", "old")) == [] and shown(at_work(state)) == [
        ("drop", "CA bundle")
    ]


DIRECTORY = CaPolicy("directory")


def test_directory_of_another_host_does_not_start_a_second_ca():
    assert not plan_for(LOST, policy=DIRECTORY)[0], "while nothing is needed it is a warning"
    with pytest.raises(CalicoError, match="not on this host"):
        plan_for(replace(LOST, leaves={**LEAVES, "client": Pair()}), policy=DIRECTORY)
    other = replace(GOOD, ca=pair(replace(CA, fingerprint="another")))
    with pytest.raises(CalicoError, match="not the one that the cluster trusts"):
        plan_for(other, policy=DIRECTORY)
    assert shown(other, policy=DIRECTORY, force=("ca",)) == [("publish", "CA bundle")]
    assert shown(LOST, policy=DIRECTORY, force=("ca",)) == [
        ("create", "CA Calico Typha CA"),
        ("publish", "CA bundle"),
    ]
    assert (
        not plan_for(at_work(PUBLISHED, "old", "old"), policy=DIRECTORY)[0]
        and plan_for(EMPTY, policy=DIRECTORY)[0]
    )


def test_external_ca_is_introduced_and_never_replaced_by_us():
    policy = CaPolicy("external", anchors=(CA.fingerprint,))
    assert not plan_for(GOOD, policy=policy)[0]
    assert shown(replace(DUE, ca=pair(CA)), policy=policy) == [("publish", "CA bundle")]
    assert shown(at_work(replace(PUBLISHED, previous=Pair()), "old"), policy=policy) == []
    assert shown(at_work(replace(PUBLISHED, previous=Pair())), policy=policy) == [
        ("renew", "server"),
        ("renew", "client"),
    ]
    assert shown(at_work(replace(SWITCHED, previous=Pair())), policy=policy) == [
        ("drop", "CA bundle")
    ]
    with pytest.raises(CalicoError, match="not ours to replace"):
        plan_for(GOOD, policy=policy, force=("ca",))


def test_handed_in_leaves_wait_until_all_trust_their_ca():
    policy = CaPolicy("external", anchors=(CA.fingerprint,), handed=LEAVES)
    no_ca = replace(DUE, ca=Pair())
    assert shown(no_ca, policy=policy) == [("publish", "CA bundle")]
    assert shown(at_work(replace(no_ca, bundle=(OLD, CA)), "old"), policy=policy) == []
    plan = plan_for(at_work(replace(no_ca, bundle=(OLD, CA))), policy=policy)[0]
    assert [(step.party, step.source) for step in plan] == [
        ("server", Source.HANDED_IN),
        ("client", Source.HANDED_IN),
    ]
    assert plan.steps[0].reason == REPLACED
    stored = replace(no_ca, bundle=(CA,), leaves=LEAVES)
    assert not plan_for(stored, policy=policy, force=("leaf",))[0]
    assert [step.action for step in plan_for(replace(EMPTY), policy=policy)[0]] == [
        "publish",
        "issue",
        "issue",
    ]
    assert (
        "expires in 12 days: hand in a new one"
        in plan_for(stored, policy=policy, now=NOW + 288 * DAY)[1][0]
    )


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (lambda made: Pair(), "neither"),
        (lambda made: replace(made, key="other"), "key does not match"),
        (lambda made: replace(made, trusted=False), "another CA"),
        (lambda made: pair(replace(made.certificate, not_after=NOW - DAY)), "expired"),
        (lambda made: LEAVES["client"], "CN is calico-node"),
        (lambda made: pair(replace(made.certificate, usages=("clientAuth",))), "usage"),
        (lambda made: replace(made, chain=(replace(CA, not_after=NOW),)), "chain"),
    ],
)
def test_handed_in_leaf_that_a_peer_would_refuse_is_refused(harm, reason):
    require_handed("server", LEAVES["server"], WANTED["server"], NOW)
    require_handed(
        "server",
        pair(replace(LEAVES["server"].certificate, key_type="RSA", key_size=2048, usages=())),
        WANTED["server"],
        NOW,
    )
    with pytest.raises(CalicoError, match=reason):
        require_handed("server", harm(LEAVES["server"]), WANTED["server"], NOW)
