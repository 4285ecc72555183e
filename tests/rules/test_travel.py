"""Speed and consumption of trips."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.rules import travel

SPEED = {"exponent": 0.25, "lowest_kmh": 10.0, "highest_kmh": 70.0}


def test_mean_speed_holds_at_ten_kilometres():
    assert travel.speed_kmh(22.0, 10.0, 0.25, 10.0, 70.0) == pytest.approx(22.0)


def test_a_peak_commute_of_18_km_takes_the_reported_42_minutes():
    """Commuting report (S11): 42 minutes one way in Shanghai."""
    assert 60.0 * 18.0 / travel.speed_kmh(22.0, 18.0, 0.25, 10.0, 70.0) == pytest.approx(42.0, abs=1.0)


@given(short=st.floats(0.5, 100.0), longer=st.floats(1.0, 3.0))
def test_longer_trips_are_faster_but_take_longer(short, longer):
    slow = travel.speed_kmh(22.0, short, 0.25, 10.0, 70.0)
    fast = travel.speed_kmh(22.0, short * longer, 0.25, 10.0, 70.0)
    assert fast >= slow
    assert short * longer / fast >= short / slow - 1e-9


def test_consumption_of_the_catalogue_holds_at_the_reference_speed():
    assert travel.speed_factor(32.0, 3.2, 0.00006) == pytest.approx(1.0)


@pytest.mark.parametrize("speed", [12.0, 70.0])
def test_crawling_and_racing_cost_more(speed):
    assert travel.speed_factor(speed, 3.2, 0.00006) > 1.05


@pytest.mark.parametrize(
    ("temperature", "power"), [(0.0, 2.16), (18.0, 0.0), (21.0, 0.0), (24.0, 0.0), (38.0, 1.4)]
)
def test_cabin_power(temperature, power):
    assert travel.cabin_power_kw(temperature, 18.0, 24.0, 0.12, 0.10) == pytest.approx(power)


@given(km=st.floats(0.5, 200.0), hours=st.floats(0.05, 5.0), cabin=st.floats(0.0, 5.0))
def test_energy_adds_up_over_the_parts_of_a_trip(km, hours, cabin):
    whole = travel.trip_energy_kwh(km, hours, 0.15, 1.0, cabin)
    part = travel.trip_energy_kwh(0.4 * km, 0.4 * hours, 0.15, 1.0, cabin)
    rest = travel.trip_energy_kwh(0.6 * km, 0.6 * hours, 0.15, 1.0, cabin)
    assert whole == pytest.approx(part + rest)
    assert whole > 0.15 * km - 1e-9
