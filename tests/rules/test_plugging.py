"""Plug-in habits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.rules import plugging


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


@given(probability=st.floats(0.0, 1.0), shift=st.floats(-5.0, 5.0))
def test_a_shift_moves_log_odds(probability, shift):
    moved = plugging.shifted_probability(probability, shift)
    assert 0.0 <= moved <= 1.0
    assert plugging.shifted_probability(moved, -shift) == pytest.approx(probability, abs=1e-9)
    assert (moved >= probability) == (shift >= 0.0) or moved == pytest.approx(probability)
