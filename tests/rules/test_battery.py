"""Battery and converter: losses once each way, exact integration, limits near full and near empty."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.rules import battery

FIXED = battery.fixed_loss_share(0.933, 0.85)
PROPORTIONAL = battery.proportional_loss_share(0.933, 0.85)

capacities = st.floats(8.0, 120.0)
ratings = st.sampled_from([3.3, 6.6, 7.0, 11.0, 20.0, 60.0, 120.0])
socs = st.floats(0.0, 1.0)
limits = st.floats(8.0, 250.0)


def full_and_taper(capacity, limit):
    return 1.02 * capacity, 0.42 * capacity / limit


def test_efficiency_at_rating_and_at_a_fifth_of_it():
    assert battery.battery_side_kw(7.0, 7.0, FIXED, PROPORTIONAL) / 7.0 == pytest.approx(0.933)
    assert battery.battery_side_kw(1.4, 7.0, FIXED, PROPORTIONAL) / 1.4 == pytest.approx(0.933 * 0.85)


def test_round_trip_is_that_of_the_source():
    """Schram et al. 2020 (S63): 0.87, between 0.79 and 0.88."""
    stored = battery.battery_side_kw(7.0, 7.0, FIXED, PROPORTIONAL)
    given_for_it = -battery.battery_side_kw(-7.0, 7.0, FIXED, PROPORTIONAL)
    assert stored / given_for_it == pytest.approx(0.873, abs=0.003)


@given(power=st.floats(-60.0, 60.0), rating=ratings)
def test_losses_are_never_negative_and_sides_invert(power, rating):
    power = max(-rating, min(rating, power))
    inside = battery.battery_side_kw(power, rating, FIXED, PROPORTIONAL)
    assert inside <= power + 1e-12, (
        "a battery gets no more than the grid gives, and gives more than the grid gets"
    )
    if inside != 0.0:
        assert battery.grid_side_kw(inside, rating, FIXED, PROPORTIONAL) == pytest.approx(power, abs=1e-9)


def test_idle_loses_nothing():
    assert battery.battery_side_kw(0.0, 7.0, FIXED, PROPORTIONAL) == 0.0
    assert battery.grid_side_kw(0.0, 7.0, FIXED, PROPORTIONAL) == 0.0


@given(
    capacity=capacities,
    soc=socs,
    power=ratings,
    limit=limits,
    hours=st.floats(0.0, 30.0),
    cut=st.floats(0.0, 1.0),
)
def test_charging_in_two_steps_equals_charging_in_one(capacity, soc, power, limit, hours, cut):
    full, taper = full_and_taper(capacity, limit)
    start = soc * capacity
    once = battery.energy_after_kwh(start, hours, power, full, taper)
    half = battery.energy_after_kwh(start, cut * hours, power, full, taper)
    twice = battery.energy_after_kwh(half, (1.0 - cut) * hours, power, full, taper)
    assert once == pytest.approx(twice, rel=1e-9)
    assert start - 1e-9 <= once <= full
    assert once - start <= power * hours + 1e-9


@given(capacity=capacities, soc=socs, power=ratings, limit=limits, hours=st.floats(0.0, 20.0))
def test_energy_before_inverts_energy_after(capacity, soc, power, limit, hours):
    full, taper = full_and_taper(capacity, limit)
    start = soc * capacity
    end = battery.energy_after_kwh(start, hours, power, full, taper)
    if full - end > 1e-3:  # nearer to full, rounding eats the inverse
        assert battery.energy_before_kwh(end, hours, power, full, taper) == pytest.approx(start, abs=1e-6)
        if end > start + 1e-9:
            assert battery.hours_to_reach(start, end, power, full, taper) == pytest.approx(hours, abs=1e-6)


@given(capacity=capacities, limit=limits)
def test_power_falls_linearly_near_full(capacity, limit):
    """Full power up to 60%; from there in proportion to what is missing to 102%."""
    full, taper = full_and_taper(capacity, limit)
    for soc, share in ((0.3, 1.0), (0.59, 1.0), (0.81, 0.5), (0.978, 0.1)):
        start = soc * capacity
        taken_kw = (battery.energy_after_kwh(start, 1e-6, limit, full, taper) - start) / 1e-6
        assert taken_kw == pytest.approx(share * limit, rel=1e-3)


def test_weak_battery_gives_less():
    assert battery.discharge_limit_kw(30.0, 60.0, 80.0, 0.1) == 80.0
    assert battery.discharge_limit_kw(3.0, 60.0, 80.0, 0.1) == pytest.approx(40.0)
    assert battery.discharge_limit_kw(0.0, 60.0, 80.0, 0.1) == 0.0


@given(power=st.floats(0.0, 500.0))
def test_set_points_are_whole_watts(power):
    below, above = battery.whole_watts_below(power), battery.whole_watts_above(power)
    assert below <= power <= above
    assert above - below <= 1.0 / battery.WATT_GRID
    assert math.fmod(below * battery.WATT_GRID, 1.0) == 0.0
