"""Commutes: the gravity model meets homes, jobs and the reported trip lengths."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.city import commuting
from sim.city.geography import build_zones, districts
from sim.scenario.demand_side import CitySection

CITY = CitySection()
ZONES = build_zones(CITY)


def sampled_km(trips):
    return commuting.sampled_km(trips, ZONES, 200_000, 1)


@pytest.mark.parametrize(("owners", "stretch"), [(False, 1.0), (True, CITY.car_commuter_distance_multiplier)])
def test_lengths_meet_the_reports(owners, stretch):
    """46% of commutes below 5 km (S12), 8% above 25 km (S13); car owners so many times as far."""
    km = sampled_km(commuting.commutes(CITY, owners))
    assert np.mean(km < 5.0 * stretch) == pytest.approx(0.46, abs=0.01)
    assert np.mean(km > 25.0 * stretch) == pytest.approx(0.08, abs=0.005)


def test_mean_length_agrees_with_the_report_it_was_not_fitted_to():
    """9.0 to 10.0 km one way in Shanghai (S11, S12)."""
    assert 8.5 < sampled_km(commuting.commutes(CITY, car_owners=False)).mean() < 10.0


@pytest.mark.parametrize("owners", [False, True])
def test_homes_and_jobs_are_met(owners):
    trips = commuting.commutes(CITY, owners)
    homes = ZONES.cars if owners else ZONES.people
    assert trips.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(trips.sum(axis=1), homes, rtol=1e-8)
    np.testing.assert_allclose(trips.sum(axis=0), ZONES.jobs, rtol=1e-8)


def test_districts_keep_their_sourced_shares():
    for district in districts():
        here = ZONES.district == district.index
        assert ZONES.people[here].sum() == pytest.approx(district.population_share, abs=1e-3)
        assert ZONES.jobs[here].sum() == pytest.approx(district.jobs_share, abs=1e-3)
        assert ZONES.cars[here].sum() == pytest.approx(district.cars_share, abs=1e-3)


@given(st.integers(2, 12), st.integers(0, 10_000))
def test_gravity_balances_any_city(n, seed):
    rng = np.random.default_rng(seed)
    homes, jobs = rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(n))
    trips = commuting.gravity(homes, jobs, np.exp(-rng.random((n, n))))
    np.testing.assert_allclose(trips.sum(axis=1), homes, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(trips.sum(axis=0), jobs, rtol=1e-6, atol=1e-12)


def test_reach_counts_pairs():
    everything = commuting.reach(ZONES, 500.0)
    assert everything.min() == 1.0
    assert commuting.reach(ZONES, 1e-6).max() < 0.15  # only points that coincide
    assert np.all(np.diff([commuting.reach(ZONES, km).sum() for km in (1, 5, 10, 25)]) > 0)


def test_errands_fade_with_distance():
    shares = commuting.destinations(ZONES.people, ZONES.straight_distance_km(), 5.0)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    wide = commuting.destinations(ZONES.people, ZONES.straight_distance_km(), 20.0)
    distance = ZONES.straight_distance_km()
    assert (shares * distance).sum() < (wide * distance).sum()
