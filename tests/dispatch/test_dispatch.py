"""Level dispatch, water levels, policies, forecast."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.dispatch import level, water
from sim.dispatch.forecast import Forecast
from sim.dispatch.policies.immediate import Immediate
from sim.dispatch.policies.peak_shaving import PeakShaving
from sim.dispatch.policies.valley import Valley
from sim.dispatch.policy import Moment, NoSettings, Outlook
from sim.dispatch.signal import LEVEL

bins = st.lists(st.floats(0.0, 1000.0), min_size=level.LAXITY_BINS, max_size=level.LAXITY_BINS)


def answer(book, signal):
    """What the fleet does on average when it follows a signal."""
    room, give = book[: level.LAXITY_BINS], book[level.LAXITY_BINS : -1]
    power = book[-1]
    for position in range(level.LAXITY_BINS):
        charging = float(position < signal.charge_bin) or signal.charge_share * (
            position == signal.charge_bin
        )
        feeding = float(position > signal.discharge_bin) or signal.discharge_share * (
            position == signal.discharge_bin
        )
        power += charging * room[position] - feeding * give[position]
    return power


@given(room=bins, give=bins, must=st.floats(0.0, 5000.0), target=st.floats(-100_000.0, 200_000.0))
def test_the_fleet_meets_the_target_or_comes_as_near_as_is_safe(room, give, must, target):
    book = np.array([*room, *give, must])
    signal = level.clear(book, target)
    nearest = min(max(target, must - sum(give)), must + sum(room))
    assert answer(book, signal) == pytest.approx(nearest, rel=1e-9, abs=1e-6)
    assert signal.kind == LEVEL


def test_those_who_can_wait_least_charge_first_and_those_who_can_wait_most_discharge():
    book = np.zeros(level.BOOK_ENTRIES)
    book[[2, 50]] = 100.0  # room to charge
    book[[level.LAXITY_BINS + 10, level.LAXITY_BINS + 100]] = 100.0  # room to discharge
    assert level.clear(book, 100.0)[1:3] == (2, 1.0)
    down = level.clear(book, -100.0)
    assert (down.discharge_bin, down.discharge_share) == (100, 1.0)
    assert level.clear(book, -150.0)[3:5] == (10, 0.5)


def test_infinite_wishes_are_met_as_far_as_is_safe():
    book = np.ones(level.BOOK_ENTRIES)
    assert answer(book, level.clear(book, np.inf)) == 1.0 + level.LAXITY_BINS
    assert answer(book, level.clear(book, -np.inf)) == 1.0 - level.LAXITY_BINS


def test_an_empty_book_is_no_trouble():
    signal = level.clear(np.zeros(level.BOOK_ENTRIES), 1000.0)
    assert signal.charge_bin == level.LAXITY_BINS


@given(laxity=st.floats(-100.0, 1e9))
def test_every_laxity_has_a_bin(laxity):
    assert 0 <= level.laxity_bin(laxity) < level.LAXITY_BINS


days = st.lists(st.floats(100.0, 50_000.0), min_size=4, max_size=48)


@given(net=days, power=st.floats(1.0, 5000.0), share=st.floats(0.01, 0.95))
def test_what_is_filled_in_below_the_level_is_what_was_asked(net, power, share):
    net, limit = np.array(net), np.full(len(net), power)
    energy = share * limit.sum() * 0.25
    found = water.fill_level(net, limit, energy, 0.25)
    assert water.filled_below(net, limit, found, 0.25) == pytest.approx(energy, rel=1e-6)


@given(net=days, power=st.floats(1.0, 5000.0), share=st.floats(0.01, 0.95))
def test_what_is_shaved_off_above_the_level_is_what_there_is(net, power, share):
    net, limit = np.array(net), np.full(len(net), power)
    energy = share * limit.sum() * 0.25
    found = water.shave_level(net, limit, energy, 0.25)
    assert water.sold_above(net, limit, found, 0.25) == pytest.approx(energy, rel=1e-6)


def test_levels_at_the_ends():
    net, power = np.array([10.0, 20.0]), np.array([5.0, 5.0])
    assert water.fill_level(net, power, 0.0, 1.0) == -np.inf
    assert water.fill_level(net, power, 10.0, 1.0) == np.inf
    assert water.shave_level(net, power, 0.0, 1.0) == np.inf
    assert water.shave_level(net, 0.0 * power, 5.0, 1.0) == np.inf


def at(net_load_mw):
    return Moment(0, net_load_mw, np.ones((5, 8)), np.ones(8))


def outlook(net, owed=0.0, spare=0.0, charge=1000.0, discharge=1000.0):
    net = np.array(net, dtype=float)
    return Outlook(1.0, net, np.full(len(net), charge), np.full(len(net), discharge), owed, spare, 0.87)


HILL = [30_000.0, 31_000.0, 38_000.0, 40_000.0, 39_000.0, 29_000.0, 28_000.0, 30_000.0]


def test_immediate_wishes_nothing():
    policy = Immediate(NoSettings())
    policy.plan(outlook(HILL))
    assert policy.wish(at(35_000.0)) is None


def test_valley_fills_the_night_and_never_feeds_in():
    policy = Valley(NoSettings())
    policy.plan(outlook(HILL, owed=1500.0))
    wishes = [policy.wish(at(net)) for net in HILL]
    assert min(wishes) == 0.0
    assert np.argmax(wishes) == int(np.argmin(HILL))
    assert sum(min(wish, 1000.0) for wish in wishes) == pytest.approx(1500.0)


def test_peak_shaving_cuts_the_top_and_buys_back_with_losses():
    policy = PeakShaving(NoSettings())
    policy.plan(outlook(HILL, owed=200.0, spare=1200.0))
    wishes = np.clip([policy.wish(at(net)) for net in HILL], -1000.0, 1000.0)
    sold, bought = -wishes[wishes < 0].sum(), wishes[wishes > 0].sum()
    assert sold == pytest.approx(1200.0)
    assert bought == pytest.approx(200.0 + 1200.0 / 0.87)
    after = np.array(HILL) + wishes
    assert after.max() < max(HILL)
    assert policy.fill_mw < policy.shave_mw


def test_peak_shaving_with_more_energy_than_hill_finds_one_level():
    policy = PeakShaving(NoSettings())
    policy.plan(outlook([100.0, 120.0, 100.0, 80.0], owed=0.0, spare=5000.0))
    assert policy.fill_mw == policy.shave_mw
    assert 80.0 < policy.fill_mw < 120.0


def test_peak_shaving_without_spare_energy_is_valley_filling():
    both = [Valley(NoSettings()), PeakShaving(NoSettings())]
    for policy in both:
        policy.plan(outlook(HILL, owed=900.0, spare=0.0))
    assert [both[1].wish(at(net)) for net in HILL] == pytest.approx([both[0].wish(at(net)) for net in HILL])


def test_forecast_knows_the_usual_day_and_its_own_error_only():
    """The operator never sees the noise of steps to come: no perfect foresight."""
    expected = np.tile(np.linspace(100.0, 200.0, 24), 3)
    forecast = Forecast(expected, 24, 1.0, memory_hours=3.0)
    np.testing.assert_allclose(forecast.ahead(0, 24), expected[:24])
    forecast.observe(0, expected[0] + 30.0, 7.0)
    ahead = forecast.ahead(1, 48)
    assert ahead[0] == pytest.approx(expected[1] + 30.0 * np.exp(-1 / 3))
    assert ahead[12] == pytest.approx(expected[13] + 30.0 * np.exp(-13 / 3))
    assert ahead[23] == pytest.approx(expected[24] + 7.0, abs=0.02), (
        "cars nobody steers, as on the days before"
    )
    forecast.observe(24, expected[24], 3.0)
    assert forecast.ahead(25, 24)[23] == pytest.approx(expected[48] + 5.0)


def test_forecast_reaches_beyond_the_end_of_the_run():
    forecast = Forecast(np.array([1.0, 2.0]), 2, 12.0, 3.0)
    assert len(forecast.ahead(1, 6)) == 6
