"""Plug-in habits and battery wear."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.rules import plugging, wear


@given(soc=st.floats(0.0, 1.0), lower=st.floats(0.0, 0.5), routine=st.floats(0.0, 1.0))
def test_an_emptier_battery_is_plugged_in_more_often(soc, lower, routine):
    fuller = plugging.plug_in_probability(soc, 0.4, 0.05, routine)
    emptier = plugging.plug_in_probability(max(0.0, soc - lower), 0.4, 0.05, routine)
    assert routine - 1e-12 <= fuller <= emptier <= 1.0


def test_routine_has_the_wanted_mean():
    draws = (np.arange(100_000) + 0.5) / 100_000
    owners = [plugging.routine_of_owner(float(draw), 0.1) for draw in draws[::50]]
    assert np.mean(owners) == pytest.approx(0.1, rel=0.01)


def test_energy_is_tight_by_what_is_left_after_the_trip():
    assert plugging.energy_is_tight(10.0, 4.0, 60.0, 0.12)
    assert not plugging.energy_is_tight(12.0, 4.0, 60.0, 0.12)


def test_calendar_fade_follows_the_square_root_of_age():
    """BLAST-Lite (S62): 5.4% in ten years for LFP; 1.55% in the first year fits 4.9%."""
    ten_years = wear.calendar_loss_pct(0.0, 3650.0, 1.55)
    assert ten_years == pytest.approx(1.55 * 10**0.5)
    assert 4.5 < ten_years < 5.8


@pytest.mark.parametrize(
    ("chemistry", "pct", "price", "table"),
    [("LFP", 0.0028, 81 * 7.1, 0.08), ("NMC", 0.0037, 128 * 7.1, 0.17)],
)
def test_wear_per_kwh_sold_agrees_with_the_table(chemistry, pct, price, table):
    """wear_cost_pack_dead_at_80pct of batteries.csv, per kWh delivered."""
    efc = wear.equivalent_full_cycles(1.0, 60.0)
    cost = wear.wear_cost_yuan(wear.cycle_loss_pct(efc, pct), 60.0, price, 0.2)
    assert cost == pytest.approx(table, rel=0.02)


@given(energy=st.floats(0.0, 5000.0), capacity=st.floats(10.0, 100.0))
def test_wear_is_proportional_to_energy(energy, capacity):
    one = wear.wear_cost_yuan(
        wear.cycle_loss_pct(wear.equivalent_full_cycles(energy, capacity), 0.003), capacity, 600.0, 0.2
    )
    two = wear.wear_cost_yuan(
        wear.cycle_loss_pct(wear.equivalent_full_cycles(2 * energy, capacity), 0.003), capacity, 600.0, 0.2
    )
    assert two == pytest.approx(2 * one)
    assert one >= 0.0
