# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decisions of typha_pki over years, and over every kill of a rotation, on a cluster of values (pki_world)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from pki_world import BACKDATE, Killed, World

from ansible_collections.hardway.calico.plugins.module_utils._typha.ca import rotate_before
from ansible_collections.hardway.calico.plugins.module_utils._typha.leaves import wanted_leaf
from ansible_collections.hardway.calico.plugins.module_utils._typha.objects import PARTIES
from ansible_collections.hardway.calico.plugins.module_utils._typha.rotation import phase
from ansible_collections.hardway.calico.plugins.module_utils._typha.state import CaPolicy

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=timezone.utc)
DAY = timedelta(days=1)
WANTED = {party: wanted_leaf(party, "ECDSA", 256, 365 * DAY, 30 * DAY) for party in PARTIES}
POLICY = CaPolicy(lifetime=3650 * DAY, rotate_before=rotate_before(365 * DAY, 30 * DAY))


def at_rest(world, now):
    state = world.state
    return (
        phase(world.policy, state, now) == "none"
        and state.bundle == (state.ca.certificate,)
        and state.previous.absent
        and all(pair.chain == (state.ca.certificate,) for pair in state.leaves.values())
    )


def years(step_days, missed=()):
    """A World after 21 years of runs every step_days, but for those between the days of `missed`."""
    world = World(WANTED, POLICY)
    for day in range(0, 21 * 365, step_days):
        now = NOW + day * DAY
        if any(first <= day < last for first, last in missed):
            world.require_handshakes(now)
            continue
        if day:
            # Until the moment of the run all must have worked.
            world.require_handshakes(now)
        world.run(now)
        assert at_rest(world, now)
        world.require_handshakes(now)
        assert not world.run(now), "a second run has nothing to do"
    return world


@pytest.mark.parametrize(
    ("step", "missed"), [(7, ()), (30, ()), (1, ()), (7, ((330, 357), (3255, 3281)))]
)
def test_years_of_runs(step, missed):
    """No moment without valid chains, each certificate of full lifetime, none renewed sooner than it must be."""
    world = years(step, missed)
    slack = step * DAY + (28 * DAY if missed else timedelta(0))
    assert len(world.cas) == 3
    for (_time, old), (time, _new) in zip(world.cas, world.cas[1:]):
        assert (
            365 * DAY <= old.not_after - time <= 395 * DAY
            and old.not_after - time > 395 * DAY - slack
        )
    rotations = {time for time, _ca in world.cas}
    for party in PARTIES:
        made = [(time, leaf) for name, time, leaf in world.issued if name == party]
        assert all(
            leaf.not_after - leaf.not_before == 365 * DAY + BACKDATE for _time, leaf in made
        ), "full lifetime, whatever is left of the CA"
        for (sooner, _leaf), (later, _leaf2) in zip(made, made[1:]):
            assert 335 * DAY - BACKDATE <= later - sooner < 335 * DAY + slack or later in rotations
        assert len([time for time, _leaf in made if time in rotations]) == 3, "once for each CA"


@pytest.mark.parametrize(
    ("ca", "leaf", "window", "step", "kind"),
    [
        (3650, 365, 30, 7, ("ECDSA", 256)),
        (3650, 365, 30, 7, ("RSA", 4096)),
        (3650, 90, 30, 7, ("ECDSA", 384)),
        (3650, 30, 8, 7, ("RSA", 2048)),
        (3650, 365, 364, 7, ("ECDSA", 256)),
        (3650, 825, 60, 30, ("ECDSA", 256)),
        (730, 365, 30, 7, ("ECDSA", 256)),
        (500, 365, 30, 7, ("ECDSA", 256)),
        (365, 365, 30, 7, ("ECDSA", 256)),
        (60, 30, 9, 7, ("ECDSA", 256)),
        (30, 30, 10, 7, ("ECDSA", 256)),
        (7, 4, 2, 1, ("ECDSA", 256)),
    ],
)
def test_ten_years_of_weekly_runs(ca, leaf, window, step, kind):
    """Nothing but runs: no moment without valid chains, each CA replaced in time and not sooner.

    No leaf is renewed more often than it must be.
    """
    wanted = {party: wanted_leaf(party, *kind, leaf * DAY, window * DAY) for party in PARTIES}
    policy = CaPolicy(
        lifetime=ca * DAY,
        rotate_before=rotate_before(leaf * DAY, window * DAY),
        key_type=kind[0],
        key_size=kind[1],
    )
    world = World(wanted, policy)
    for day in range(0, 3650, step):
        now = NOW + day * DAY
        # Nothing runs out between two runs: what the last one left behind is still good now, and
        # now is the worst moment.
        world.require_handshakes(now)
        world.run(now)
        world.require_handshakes(now)
        assert at_rest(world, now) and not world.run(now)
    assert {one.key_type for _party, _time, one in world.issued} == {kind[0]}
    due = min((leaf + window) * DAY, (ca * DAY + BACKDATE) / 2)
    assert len(world.cas) >= 3650 // ca
    for (_time, old), (time, _new) in zip(world.cas, world.cas[1:]):
        assert due - step * DAY < old.not_after - time <= due
    rotations = {time for time, _ca in world.cas}
    for party in PARTIES:
        made = [(time, one) for name, time, one in world.issued if name == party]
        assert all(time in rotations or one.not_after - time == leaf * DAY for time, one in made), (
            "full lifetime, but for a CA that lives no longer"
        )
        for (_sooner, one), (later, _next) in zip(made, made[1:]):
            used = one.not_after - later
            assert later in rotations or used <= min(
                window * DAY, (one.not_after - one.not_before) / 3
            ), "sooner than it must"


def test_years_without_a_run_are_mended_by_one():
    world = World(WANTED, POLICY)
    world.run(NOW)
    for later in (400 * DAY, 4200 * DAY, 4230 * DAY):
        world.strict = False
        world.run(NOW + later)
        world.strict = True
        world.require_handshakes(NOW + later)
        assert at_rest(world, NOW + later)


def begun(now=NOW):
    world = World(WANTED, POLICY)
    world.run(now)
    world.run(now + 335 * DAY)
    return world


def test_rotation_takes_these_steps():
    world = begun()
    assert world.run(NOW + 400 * DAY, ("ca",)) == [
        ("create", "CA Calico Typha CA"),
        ("publish", "CA bundle"),
        ("renew", "server"),
        ("renew", "client"),
        ("drop", "CA bundle"),
        ("forget", "key of the previous CA"),
    ]
    assert at_rest(world, NOW + 400 * DAY)


ACTS = 6 + 3 * (2 + 2 + 3)


def test_number_of_acts():
    """What test_killed_rotation goes through.

    Six steps, and three rolls of two annotations, two Typhas and three nodes.
    """
    world = begun()
    world.acts = 0
    world.run(NOW + 400 * DAY, ("ca",))
    assert world.acts == ACTS


@pytest.mark.parametrize("later", [timedelta(0), 20 * DAY, 280 * DAY])
@pytest.mark.parametrize("again", [(), ("ca",)])
@pytest.mark.parametrize("kill_at", range(1, ACTS + 1))
def test_killed_rotation_is_finished_by_the_next_run(kill_at, again, later):
    """At any act, with the next run at once, weeks later or when leaves must be renewed meanwhile.

    By site.yml or the playbook itself.
    """
    world = begun()
    world.acts, world.kill_at = 0, kill_at
    with pytest.raises(Killed):
        world.run(NOW + 400 * DAY, ("ca",))
    world.require_handshakes(NOW + 400 * DAY)
    world.kill_at = None
    world.require_handshakes(NOW + 400 * DAY + later)
    world.run(NOW + 400 * DAY + later, again)
    assert at_rest(world, NOW + 400 * DAY + later)
    world.require_handshakes(NOW + 400 * DAY + later)
    world.run(NOW + 400 * DAY + later)
    assert not world.run(NOW + 400 * DAY + later)


@pytest.mark.parametrize("second", range(1, 12))
@pytest.mark.parametrize("first", range(1, ACTS, 3))
def test_rotation_killed_twice(first, second):
    world = begun()
    for kill_at in (first, second):
        world.acts, world.kill_at = 0, kill_at
        try:
            world.run(NOW + 400 * DAY, ("ca",) if kill_at == first else ())
        except Killed:
            world.require_handshakes(NOW + 400 * DAY)
    world.kill_at = None
    world.run(NOW + 400 * DAY)
    assert at_rest(world, NOW + 400 * DAY)


def test_the_world_sees_a_wrong_order():
    """The oracle of these tests can fail: leaves of a new CA before all know it are noticed."""
    world = begun()
    now = NOW + 400 * DAY
    world.workloads = lambda: {"server": None, "client": None}
    with pytest.raises(AssertionError, match="the peer does not have"):
        world.run(now, ("ca",))
        world._decide(now, ())
