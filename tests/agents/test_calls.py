"""Calls: who drives out to sell, what that brings, and that nothing else moves."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import CityModel, ScenarioError
from sim.agents.decision_codes import DRIVES_BACK, DRIVES_OUT, NOT_AT_ALL, SELLING
from sim.city.charger_kinds import FAST_KIND
from sim.city.codes import ERRAND, HOME, ROAD, WORK
from sim.rules.drive_out import distance_to_nearest_km, expected_kwh, gain_yuan
from sim.runs.periods import parts_of
from sim.runs.run import prepare, simulate
from tests.conftest import SCENARIOS, small

CALL = {"at": "2025-08-27 18:30", "hours": 1.5}
MANY = {
    "fleet__v2g_capable": 1.0,
    "chargers__public_fast_bidirectional_share": 0.5,
    "participation__drive_out": {"registered_share": 1.0, "free_share": 1.0},
}


def city(price, arm="uncontrolled", calls=None, **changes):
    """The small city with a call in the evening that all may answer."""
    calls = [{**CALL, "yuan_per_kwh": price}] if calls is None else calls
    return CityModel(small(market__calls=calls, **{**MANY, **changes}), arm=arm)


@cache
def watched(price):
    """A day with a call, and what drivers, cars and chargers were in every step."""
    model, seen = city(price), []
    while not model.finished:
        model.step()
        seen.append(
            {kind: getattr(model.city, kind).records.copy() for kind in ("drivers", "cars", "chargers")}
        )
    return model, seen


@cache
def answered(price):
    model = city(price)
    model.run_model()
    assert model.accountant.audit.passed
    return int(model.city.accounts["drive_outs"].sum())


def test_more_owners_come_for_more_and_nobody_for_a_price_below_their_cost():
    assert answered(0.4) == 0
    assert answered(1.0) < answered(2.0) < answered(4.0)
    assert answered(4.0) > 20


def test_money_of_a_call_is_energy_times_its_price():
    model, _ = watched(4.0)
    accounts = model.city.accounts
    assert model.accountant.audit.passed
    np.testing.assert_allclose(accounts["event_revenue_yuan"], 4.0 * accounts["sold_in_calls_kwh"])
    np.testing.assert_allclose(accounts["discharged_kwh"], accounts["sold_in_calls_kwh"])
    books = model.accountant.settlement.ledger.paid["grid company", "owners", "event"]
    assert books == pytest.approx(4.0 * accounts["sold_in_calls_kwh"].sum() * model.spec.weight)
    came = accounts["drive_outs"] > 0
    assert np.all(accounts["drive_out_h"][came] > 0.25)
    assert not accounts["drive_out_h"][~came].any()


def test_sellers_stand_at_two_way_posts_keep_their_reserve_and_come_back():
    model, seen = watched(4.0)
    came = np.flatnonzero(model.city.accounts["drive_outs"] > 0)
    states = np.array([moment["drivers"]["answers_call"][came] for moment in seen])
    assert set(np.unique(states)) == {NOT_AT_ALL, DRIVES_OUT, SELLING, DRIVES_BACK}
    for before, moment in itertools.pairwise(seen):
        drivers, cars = moment["drivers"][came], moment["cars"][came]
        sells = drivers["answers_call"] == SELLING
        assert np.all(drivers["place"][sells] == ERRAND)
        gives = sells & (cars["power_kw"] < 0.0)
        posts = moment["chargers"][cars["charger"][gives]]
        assert np.all(posts["kind"] == FAST_KIND)
        assert np.all(posts["bidirectional"] == 1)
        soc = cars["energy_kwh"][gives] / cars["capacity_kwh"][gives]
        assert np.all(soc >= drivers["reserve_soc"][gives] - 1e-6)
        assert np.all(cars["energy_kwh"][gives] >= cars["owed_kwh"][gives] - 1e-3)
        set_out = (before["drivers"]["answers_call"][came] == NOT_AT_ALL) & (
            drivers["answers_call"] == DRIVES_OUT
        )
        assert np.all(np.isin(before["drivers"]["place"][came][set_out], (HOME, WORK)))
    first = {
        row: seen[np.argmax(states[:, k] == DRIVES_OUT) - 1]["drivers"]["place"][row]
        for k, row in enumerate(came)
    }
    for k, row in enumerate(came):
        back = np.flatnonzero((states[:-1, k] == DRIVES_BACK) & (states[1:, k] == NOT_AT_ALL))
        for step in back:
            assert seen[step + 1]["drivers"]["place"][row] in (first[row], ROAD)


@pytest.mark.parametrize("minutes", [5, 15, 60])
def test_planned_trips_keep_their_times(minutes):
    """Who would not be back in time stays, or leaves the post earlier: all set out when they do without a call."""

    def made(calls):
        model = city(
            0.0, calls=calls, time__step_minutes=minutes, outputs__trips=True, participation__reserve_soc=0.05,
        )  # fmt: skip
        model.run_model()
        assert model.accountant.audit.passed, model.accountant.audit.violations
        return model

    called, without = made([{"at": "2025-08-27 15:00", "hours": 5.0, "yuan_per_kwh": 6.0}]), made([])
    accounts = called.city.accounts
    out = accounts["drive_outs"] > 0
    assert out.sum() > 20
    assert accounts["stranded_kwh"].sum() == accounts["promise_shortfalls"].sum() == 0.0
    planned = ["car", "trip", "start", "km", "from_place", "to_place", "from_zone", "to_zone"]
    pd.testing.assert_frame_equal(called.trips_frame()[planned], without.trips_frame()[planned])
    np.testing.assert_array_equal(accounts["km"], without.city.accounts["km"])
    assert np.all((accounts["drive_out_km"] > 0.0) == out)
    assert without.city.accounts["drive_out_km"].sum() == 0.0


def test_a_call_in_one_arm_is_compared_with_none_in_the_other():
    """Arms are paired by planned trips: owners who drive out are the effect, not another city."""
    call = {**CALL, "yuan_per_kwh": 4.0}
    immediate = {"operator": {"policy": "immediate"}, "participation": {"contract": "none"}}
    arms = {"uncontrolled": immediate, "smart": None, "v2g": {**immediate, "market": {"calls": [call]}}}
    result = simulate(prepare(small(arms=arms, **MANY)))
    owners = result.owners.set_index("arm")
    sold = owners.loc["v2g", "sold_in_calls_kwh"].sum()
    assert owners.loc["uncontrolled", "sold_in_calls_kwh"].sum() == 0.0 < sold
    assert result.summary["effects"]["v2g"]["peak_shaving_mw"] != 0.0
    earned = result.summary["arms"]["v2g"]["energy_discharged_mwh"] * 1000.0 / result.spec.weight
    assert earned == pytest.approx(sold)


def test_a_call_on_the_other_arm_moves_the_same_drivers():
    """Answers are draws of the driver: the same owners come under a contract, where they still stand ready."""
    once, under = city(4.0), city(4.0, arm="v2g")
    for model in (once, under):
        model.run_model()
        assert model.accountant.audit.passed
    both = (once.city.accounts["drive_outs"] > 0) & (under.city.accounts["drive_outs"] > 0)
    assert both.sum() > 0.5 * (once.city.accounts["drive_outs"] > 0).sum()


def test_who_finds_no_post_goes_home_and_has_no_promise_left():
    """One two-way post for all: most give up, and what they meant to keep binds no later session."""
    model = city(4.0, chargers__public_fast_bidirectional_share=0.15, chargers__posts_per_site=1)
    gave_up = 0
    while not model.finished:
        model.step()
        drivers, cars = model.world.drivers, model.world.cars
        back = drivers["answers_call"] == DRIVES_BACK
        assert not cars["owed_kwh"][back].any()
        gave_up += int((back & (model.city.accounts["sold_in_calls_kwh"] == 0.0)).sum())
    model.accountant.finish()
    assert gave_up > 0
    assert model.accountant.audit.passed, model.accountant.audit.violations


def test_without_two_way_posts_nobody_drives_out():
    model = city(10.0, chargers__public_fast_bidirectional_share=0.0)
    model.run_model()
    assert not model.city.accounts["drive_outs"].any()


def test_experience_and_fatigue_thin_out_the_next_call():
    """Two calls of a day: tired of the first, fewer answer the second than without fatigue."""
    calls = [
        {"at": f"2025-08-27 {hour}:00", "hours": 1.0, "yuan_per_kwh": 4.0, "notice_minutes": 60} for hour in (17, 20)
    ]  # fmt: skip

    def repeated(fatigue):
        terms = {**MANY["participation__drive_out"], "fatigue": fatigue}
        model = city(0.0, calls=calls, participation__drive_out=terms)
        model.run_model()
        return int((model.city.accounts["drive_outs"] > 1).sum())

    assert repeated(1.0) < repeated(0.0)


def test_calls_that_overlap_are_one_clear_line():
    calls = [
        {"at": "2025-08-27 18:00", "hours": 2.0, "yuan_per_kwh": 3.0},
        {"at": "2025-08-27 20:30", "hours": 1.0, "yuan_per_kwh": 3.0},
    ]
    with pytest.raises(
        ScenarioError, match=r"market\.calls\.1: begins, notice included, before an earlier call"
    ):
        city(0.0, calls=calls)


@given(
    sold=st.floats(1.0, 60.0), paid=st.floats(0.0, 5.0), hours=st.floats(0.1, 4.0), more=st.floats(0.1, 3.0)
)  # fmt: skip
def test_gain_rises_with_pay_and_falls_with_time(sold, paid, hours, more):
    given_ = gain_yuan(sold, paid, 0.35, 0.1, 2.0, hours, 30.0)
    assert gain_yuan(sold, paid + more, 0.35, 0.1, 2.0, hours, 30.0) > given_
    assert gain_yuan(sold, paid, 0.35, 0.1, 2.0, hours + more, 30.0) < given_


def test_what_is_expected_lies_between_promise_and_experience():
    assert expected_kwh(30.0, 10.0, 0.0, 0.5) == 30.0
    assert expected_kwh(30.0, 10.0, 2.0, 0.5) == 20.0
    assert expected_kwh(30.0, 40.0, 2.0, 0.5) == 30.0


def test_distances_are_those_to_the_nearest_of_sites_at_random():
    """Mean distance to the nearest of Poisson sites of density d: 1 / (2 sqrt(d))."""
    draws = (np.arange(4000) + 0.5) / 4000
    for density in (0.01, 1.0):
        mean = np.mean([distance_to_nearest_km(draw, density) for draw in draws])
        assert mean == pytest.approx(0.5 / np.sqrt(density), rel=0.01)
    assert distance_to_nearest_km(0.5, 0.0) == np.inf


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            {"at": "2020-01-01 19:00", "hours": 1.0},
            r"market\.calls\.0\.at: .* is not within what is recorded",
        ),
        (
            {"at": "2025-08-27 18:07", "hours": 1.0},
            r"market\.calls\.0\.at: a call begins at the beginning of a step",
        ),
        ({"at": "2025-08-27 18:00", "hours": 0.1}, r"market\.calls\.0\.hours: a call lasts for whole steps"),
    ],
)
def test_calls_that_cannot_be_are_one_clear_line(call, message):
    with pytest.raises(ScenarioError, match=message):
        city(0.0, calls=[{**call, "yuan_per_kwh": 3.0}])


def test_notice_of_the_next_call_sells_nothing():
    calls = [
        {"at": "2025-08-27 17:00", "hours": 0.5, "yuan_per_kwh": 8.0, "notice_minutes": 60},
        {"at": "2025-08-27 19:30", "hours": 1.0, "yuan_per_kwh": 0.05, "notice_minutes": 120},
    ]
    model = city(0.0, calls=calls)
    model.run_model()
    sold = model.city.accounts["sold_in_calls_kwh"].sum()
    assert sold > 0.0
    assert model.city.accounts["event_revenue_yuan"].sum() == pytest.approx(8.0 * sold)
    system = model.system_frame()
    late = system["time"].dt.strftime("%H:%M") >= "17:30"
    assert system.loc[late, "ev_discharge_mw"].sum() == 0.0


def test_a_shock_in_the_middle_sends_sellers_home():
    shocks = [{"kind": "unplug", "at": "2025-08-27 19:00", "hours": 2.0, "share": 1.0}]
    model = city(6.0, shocks=shocks)
    while not model.finished:
        now = model.clock.times[model.step_index]
        model.step()
        drivers, cars = model.world.drivers, model.world.cars
        if np.datetime64("2025-08-27T19:00") <= now < np.datetime64("2025-08-27T21:00"):
            assert np.all(cars["charger"] == -1)
    assert model.city.accounts["drive_outs"].sum() > 0
    assert not (drivers["answers_call"] >= DRIVES_OUT).any()
    assert model.accountant.audit.passed, model.accountant.audit.violations


def test_a_call_of_one_week_is_no_call_of_another():
    calls = [{"at": "2025-08-26 19:00", "hours": 1.0, "yuan_per_kwh": 3.0}]
    spec = prepare(SCENARIOS / "shanghai-year.yaml", settings={"market.calls": calls})
    counts = [len(part.spec.market.calls) for part in parts_of(spec)]
    assert sum(counts) == 1
    assert len(counts) > 10
