"""The plug-in rule, who is how eager, and the choice of a place."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.rules import place_choice, plugging

socs, alphas = st.floats(0.0, 1.0), st.floats(0.0, 20.0)


@given(soc=socs, lower=st.floats(0.0, 0.5), need=st.floats(0.0, 0.6), alpha=alphas)
def test_an_emptier_battery_is_plugged_in_more_often(soc, lower, need, alpha):
    fuller = plugging.plug_in_probability(soc, need, 0.9, alpha)
    emptier = plugging.plug_in_probability(max(0.0, soc - lower), need, 0.9, alpha)
    assert 0.0 <= fuller <= emptier <= 1.0


@given(soc=socs, need=st.floats(0.0, 0.6), alpha=alphas, more=st.floats(0.0, 5.0))
def test_who_is_more_eager_plugs_in_more_often(soc, need, alpha, more):
    rule = plugging.plug_in_probability
    assert rule(soc, need, 0.9, alpha) <= rule(soc, need, 0.9, alpha + more) + 1e-12


def test_need_and_target_bound_the_rule():
    assert plugging.plug_in_probability(0.2, 0.2, 0.9, 0.01) == 1.0
    assert plugging.plug_in_probability(0.9, 0.2, 0.9, math.inf) == 0.0
    assert plugging.plug_in_probability(0.89, 0.2, 0.9, math.inf) == 1.0
    assert plugging.plug_in_probability(0.55, 0.2, 0.9, 1.31) == pytest.approx(1.0 - 0.5**1.31)


@given(probability=st.floats(0.0, 0.999))
def test_a_contract_gives_its_probability_on_a_usual_return(probability):
    alpha = plugging.alpha_that_gives(probability)
    usual = 0.2 + plugging.USUAL_SHARE_LEFT * 0.7
    assert plugging.plug_in_probability(usual, 0.2, 0.9, alpha) == pytest.approx(probability, abs=1e-9)
    assert plugging.alpha_that_gives(1.0) == math.inf


def test_a_long_trip_raises_the_need():
    near, far = (plugging.need_soc(kwh, 60.0, 1.5, 0.22) for kwh in (3.0, 60.0))
    assert near == pytest.approx(0.05 + 0.22)
    assert far == pytest.approx(1.5)


def test_owners_are_of_two_types():
    rng = np.random.default_rng(2)
    drawn = np.array([
        plugging.alpha_of_owner(float(lot), float(draw), 0.25, 0.3, 2.0, 0.2)
        for lot, draw in zip(rng.random(4000), rng.standard_normal(4000), strict=True)
    ])  # fmt: skip
    eager = drawn > 0.9
    assert eager.mean() == pytest.approx(0.25, abs=0.03)
    assert np.median(drawn[eager]) == pytest.approx(2.0, rel=0.05)
    assert np.median(drawn[~eager]) == pytest.approx(0.3, rel=0.05)


def test_energy_is_tight_by_what_is_left_after_the_trip():
    assert plugging.energy_is_tight(10.0, 4.0, 60.0, 0.12)
    assert not plugging.energy_is_tight(12.0, 4.0, 60.0, 0.12)


def test_a_dear_hour_keeps_people_from_charging_by_an_elasticity():
    assert plugging.of_price(0.4, 1.0, -0.76) == pytest.approx(0.4)
    assert plugging.of_price(0.4, 2.0, -0.76) == pytest.approx(0.4 * 2.0**-0.76)
    assert plugging.of_price(0.9, 0.2, -0.76) == 1.0
    assert plugging.of_price(0.4, 0.0, -0.76) == 0.4


def test_a_place_costs_money_time_and_the_way():
    cost = place_choice.generalised_cost_yuan(1.5, 20.0, 10.0, 2.0, 0.5, 30.0, 6.0)
    assert cost == pytest.approx(1.5 * 20.0 + 2.0 * 10.0 + 0.5 * 30.0 + 6.0)


@given(cost=st.floats(0.0, 500.0), more=st.floats(0.01, 500.0), scale=st.sampled_from([0.0, 5.0, 50.0]))
def test_the_cheaper_place_weighs_more(cost, more, scale):
    weigh = place_choice.weight_of_cost
    assert weigh(cost, cost, scale) == 1.0
    assert 0.0 <= weigh(cost + more, cost, scale) < 1.0
    assert weigh(math.inf, cost, scale) == 0.0
