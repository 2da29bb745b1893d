# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of fields that every kind of object can have, by a kind made up for the test."""

from __future__ import annotations

import pytest

from ansible_collections.hardway.calico.plugins.module_utils._datastore.fields import Field, Fields

FIELDS = Fields(
    Field("peer_ip", "peerIP", "The peer.", immutable=True, canonical=str.lower),
    Field("as_number", "asNumber", "Its AS.", type="int", written=lambda _spec, minor: 64500 + minor),
    Field("keep", "keepOriginalNextHop", "Whether so.", type="bool", assumed=False),
    Field(
        "modes",
        "modes",
        "How.",
        type="list",
        elements="str",
        choices=("Fast", "Slow", "Careful"),
        since=27,
        values_since={"Careful": 30},
        value_name="mode",
        written=["Slow"],
        same=lambda first, second: sorted(first) == sorted(second),
    ),
    Field("filter", "filter", "What.", choices=("All", "None"), values_since={"None": 31}),
)  # fmt: skip


def test_the_options_for_an_argument_spec():
    assert FIELDS.arguments() == {
        "peer_ip": {"type": "str"},
        "as_number": {"type": "int"},
        "keep": {"type": "bool"},
        "modes": {"type": "list", "elements": "str", "choices": ["Fast", "Slow", "Careful"]},
        "filter": {"type": "str", "choices": ["All", "None"]},
    }


def test_a_new_object_has_what_calicoctl_of_the_release_writes():
    assert FIELDS.defaults({}, 26) == {"asNumber": 64526}
    assert FIELDS.defaults({}, 27) == {"asNumber": 64527, "modes": ["Slow"]}
    wanted = {"peerIP": "fd00::1", "asNumber": 7, "keepOriginalNextHop": False, "filter": ""}
    assert FIELDS.new(wanted, 27) == {"peerIP": "fd00::1", "asNumber": 7, "modes": ["Slow"]}


def test_a_default_belongs_to_the_object_it_was_given_to():
    FIELDS.defaults({}, 27)["modes"].append("Fast")
    assert FIELDS.defaults({}, 27)["modes"] == ["Slow"]


def test_what_calico_assumes_for_what_is_missing_or_empty():
    stored = {"asNumber": 0, "modes": [], "filter": None, "somethingElse": 1}
    assert FIELDS.effective(stored, 26) == {
        "asNumber": 0,
        "keepOriginalNextHop": False,
        "modes": ["Slow"],
        "somethingElse": 1,
    }


def test_what_the_user_set():
    options = {"peer_ip": "FD00::1", "as_number": 0, "keep": None, "modes": [], "filter": ""}
    assert FIELDS.set_by_user(options, 27) == {
        "peerIP": "fd00::1",
        "asNumber": 0,
        "modes": ["Slow"],
        "filter": "",
    }
    assert FIELDS.set_by_user({"keep": False}, 27) == {"keepOriginalNextHop": False}


def test_only_what_does_not_mean_the_same_is_a_change():
    old = {"asNumber": 1, "modes": ["Fast", "Slow"], "filter": "All"}
    wanted = {"asNumber": 2, "modes": ["Slow", "Fast"], "keepOriginalNextHop": True}
    assert FIELDS.changes(old, wanted) == {"asNumber": 2, "keepOriginalNextHop": True}


@pytest.mark.parametrize(
    ("minor", "options", "unknown"),
    [
        (27, {"modes": ["Fast"]}, []),
        (26, {"modes": ["Fast"]}, [("modes", 27)]),
        (26, {"modes": []}, [("modes", 27)]),
        (29, {"modes": ["Slow", "Careful"]}, [("mode Careful", 30)]),
        (26, {"modes": ["Careful"]}, [("modes", 27), ("mode Careful", 30)]),
        (30, {"modes": ["Careful"], "filter": "None"}, [("value None", 31)]),
        (30, {"filter": "All"}, []),
    ],
)
def test_what_a_release_does_not_know(minor, options, unknown):
    assert list(FIELDS.release_problems("peer tor", options, minor)) == [
        "peer tor: Calico 3.%d has no %s, which came with 3.%d; leave it out or upgrade"
        % (minor, what, since)
        for what, since in unknown
    ]
