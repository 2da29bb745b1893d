# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decisions on the CNI user's credentials over time; certificates are values, so ten years take no time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.hardway.calico.plugins.module_utils._cni.credential import (
    apply as applying,
)
from ansible_collections.hardway.calico.plugins.module_utils._cni.credential import (
    decide as planning,
)
from ansible_collections.hardway.calico.plugins.module_utils._cni.credential.holder import holder
from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.hardway.calico.plugins.module_utils._pki.certificate import (
    Certificate,
    Pair,
)

START = datetime(2026, 11, 21, tzinfo=timezone.utc)
DAY = timedelta(days=1)
OPTIONS = {
    "user": "calico-cni",
    "secret": "calico-cni-credential",
    "lifetime_days": 365,
    "renewal_days": 30,
    "timeout": 30,
    "key_type": "ECDSA",
    "key_size": None,
}
EVERYBODY = holder(OPTIONS)


def pair(
    user="calico-cni",
    begins=START,
    days=365.0,
    trusted=True,
    usages=("clientAuth",),
    key_type="ECDSA",
    key_size=256,
    key="aa",
    problem=None,
):
    certificate = Certificate(
        "CN=%s" % user,
        user,
        "CN=kubernetes",
        1,
        "ff",
        begins,
        begins + days * DAY,
        False,
        usages,
        key_type,
        key_size,
        "aa",
    )
    return Pair(certificate, key, problem, trusted)


def decide(found, now, who=EVERYBODY, force=False, **options):
    return planning.decide(
        {who: planning.wanted_leaf({**OPTIONS, **options}, who.user)},
        {who: found},
        now,
        force=force,
    )


@pytest.mark.parametrize(
    ("lifetime", "window", "granted", "every", "most"),
    [
        (365, 30, 365, 7, 11),
        (365, 30, 365, 1, 11),
        (365, 90, 365, 7, 14),
        (3650, 30, 3650, 7, 2),
        (365, 30, 90, 7, 61),
        (90, 89, 90, 7, 61),
        (365, 1, 365, 1, 11),
        (30, 10, 30, 7, 183),
    ],
)
def test_weekly_runs_over_ten_years(lifetime, window, granted, every, most):
    """Never expired when a run ends or before the next one.

    And never renewed more often than its lifetime less the window asks for.
    """
    found, now, issued, ends = Pair(), START, [], START + 3650 * DAY
    while now < ends:
        plan = decide(found, now, lifetime_days=lifetime, renewal_days=window)
        if issued:
            assert now < found.certificate.not_after, "it ran out between two runs"
        if plan:
            issued.append(now)
            found = pair(begins=now - timedelta(minutes=5), days=granted)
        assert decide(found, now, lifetime_days=lifetime, renewal_days=window).as_result() == [], (
            "a second run at once does nothing"
        )
        now += every * DAY
    assert len(issued) <= most
    least = (
        timedelta(days=granted)
        - min(timedelta(days=window), timedelta(days=granted) / 3)
        - timedelta(hours=1)
    )
    assert all(later - earlier >= least for earlier, later in zip(issued, issued[1:]))


@pytest.mark.parametrize(
    ("found", "after", "action", "reason"),
    [
        (Pair(), 0, "issue", "it does not exist"),
        (pair(), 0, None, None),
        (pair(), 334, None, None),
        (pair(), 335, "renew", "it expires in 30 days, the renewal window is 30 days"),
        (pair(), 365, "renew", "it expired on 2027-11-21"),
        (pair(), 900, "renew", "it expired on 2027-11-21"),
        (
            pair(),
            -2,
            "renew",
            "it is not valid before 2026-11-21 00:00 UTC: a clock was or is wrong",
        ),
        (pair(days=3), 1, None, None),
        (pair(days=3), 2.5, "renew", "it expires in 12 hours, the renewal window is 24 hours"),
        (pair(user="somebody"), 0, "renew", "its CN is somebody, wanted calico-cni"),
        (pair(trusted=False), 0, "renew", "it was signed by another CA (CN=kubernetes)"),
        (pair(key="bb"), 0, "renew", "its key does not match its certificate"),
        (
            pair(usages=("serverAuth",)),
            0,
            "renew",
            "its extended key usage is serverAuth, wanted clientAuth",
        ),
        (pair(key_type="RSA", key_size=2048), 0, "renew", "its key is RSA 2048, wanted ECDSA 256"),
        (
            pair(problem="its key is not PEM of an unencrypted private key", key=None),
            0,
            "renew",
            "its key is not PEM of an unencrypted private key",
        ),
        (Pair(problem="its key is missing"), 0, "renew", "its key is missing"),
    ],
)
def test_what_is_issued_anew_and_why(found, after, action, reason):
    plan = decide(found, START + after * DAY)
    assert [(step.action, step.reason) for step in plan] == ([(action, reason)] if action else [])


def test_one_node_of_many():
    nodes = [holder(OPTIONS, "node%d" % number) for number in range(5)]
    wanted = {who: planning.wanted_leaf(OPTIONS, who.user) for who in nodes}
    found = {who: pair(user=who.user) for who in nodes}
    found[nodes[3]] = pair(user=nodes[2].user)
    plan = planning.decide(wanted, found, START)
    assert [(step.holder.node, step.reason) for step in plan] == [
        ("node3", "its CN is calico-cni:node2, wanted calico-cni:node3")
    ]


def test_a_lost_right_is_a_node_cut_off():
    one, two, three = (holder(OPTIONS, node) for node in ("one", "two", "three"))
    stored = [EVERYBODY, one, three]
    assert planning.unwanted(stored, [one], None) == []
    leaving = planning.unwanted(stored, [one], ["two"])
    assert [who for who, _reason in leaving] == [three]
    assert planning.users([one], [two], stored, [three]) == [
        "calico-cni",
        "calico-cni:one",
        "calico-cni:two",
    ]


@pytest.mark.parametrize(
    ("node", "options"),
    [
        ("", {"user": ""}),
        ("", {"user": "x" * 65}),
        ("n" * 54, {}),
        ("Node", {}),
        ("a/b", {}),
        ("", {"secret": "Secret"}),
        ("one", {"secret": "s" * 64}),
    ],
)
def test_names_that_fit_no_certificate_or_secret(node, options):
    with pytest.raises(CalicoError) as refusal:
        holder({**OPTIONS, **options}, node)
    assert refusal.value.remedy


ASKED = {**OPTIONS, "state": "present", "nodes": None, "kept_nodes": None}


def test_nobody_wanted_is_not_everybody_unwanted():
    """Without nodes to serve, those that are kept keep theirs, and so does everybody without kept_nodes."""
    one, two = (holder(OPTIONS, node) for node in ("one", "two"))
    stored = [EVERYBODY, one, two]
    nobody = planning.wanted_of({**ASKED, "nodes": []})
    assert nobody.present and not nobody.leaves and planning.leaving(nobody, stored) == []
    keeping = planning.wanted_of({**ASKED, "nodes": [], "kept_nodes": ["one"]})
    assert planning.leaving(keeping, stored) == [(two, "the node is revoked or gone")]


def test_absent_removes_what_is_named_and_stored():
    one, two = (holder(OPTIONS, node) for node in ("one", "two"))
    absent = {**ASKED, "state": "absent"}
    for nodes, gone in ((None, [EVERYBODY]), ([], []), (["two", "one", "gone"], [one, two])):
        wanted = planning.wanted_of({**absent, "nodes": nodes})
        assert not wanted.leaves
        leaving = planning.leaving(wanted, [EVERYBODY, one, two])
        assert leaving == [(who, "state is absent") for who in gone]


def test_nodes_are_served_in_order_and_once():
    wanted = planning.wanted_of({**ASKED, "nodes": ["two", "one", "two"]})
    assert [who.node for who in wanted.leaves] == ["one", "two"]


class Recorder:
    """An issuer and a store that write down what they are asked."""

    def __init__(self):
        self.log = []

    def issue(self, keys, now, lifetime):
        self.log.append(("issue", [who.node for who in keys]))
        return dict.fromkeys(keys, "certificate")

    def write(self, who, certificate_pem, key_pem):
        self.log.append(("write", who.node))

    def delete(self, who):
        self.log.append(("delete", who.node))


@pytest.mark.parametrize("bad", [None, "two"])
def test_all_are_issued_and_looked_at_before_one_is_stored(monkeypatch, bad):
    one, two, three = (holder(OPTIONS, node) for node in ("one", "two", "three"))
    wanted = {who: planning.wanted_leaf(OPTIONS, who.user) for who in (one, two)}
    found = {one: Pair(), two: pair(user=two.user, days=1), three: pair()}
    plan = planning.decide(wanted, found, START + 2 * DAY, [(three, "it is gone")])
    assert [step.action for step in plan] == ["issue", "renew", "delete"]
    issued = iter(pair(user=who.user, trusted=who.node != bad) for who in (one, two))
    monkeypatch.setattr(applying.x509, "make_key", lambda *kind: "key")
    monkeypatch.setattr(applying.x509, "read_pair", lambda *pems: next(issued))
    world = Recorder()
    if bad:
        with pytest.raises(CalicoError, match="cannot be used"):
            applying.apply(plan, world, world, "", START)
        assert world.log == [("issue", ["one", "two"])]
    else:
        assert set(applying.apply(plan, world, world, "", START)) == {one, two}
        assert world.log == [
            ("issue", ["one", "two"]),
            ("write", "one"),
            ("write", "two"),
            ("delete", "three"),
        ]
