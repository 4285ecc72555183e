"""What owners choose: to join, how often to plug in, what to keep, and when to press the button."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import CityModel
from sim.market.contract_value import offer_of, pull_of_pay
from sim.rules.enrolment import expected_earnings_yuan, join_utility, signs_up
from tests.conftest import arms_with, small

CHOICE = {
    "participation__enrolment": "choice",
    "participation__enrolled_share": 0.05,
    "participation__choice__considering_per_day": 0.5,
}


def run(arm: str = "v2g", **settings: Any) -> CityModel:
    model = CityModel(small(**settings), arm=arm)
    model.run_model()
    assert model.accountant.audit.passed, model.accountant.audit.violations
    return model


def enrolled(model: CityModel) -> int:
    return int(model.world.drivers["enrolled"].sum())


utilities = st.floats(-5.0, 5.0)


@given(
    earned=st.floats(-500, 5000),
    more=st.floats(0.0, 2000.0),
    peers=st.floats(0.0, 1.0),
    broken=st.integers(0, 5),
)
def test_more_money_peers_and_trust_never_make_fewer_join(earned, more, peers, broken):
    def utility(yuan: float, share: float, promises: float) -> float:
        return join_utility(-3.0, 0.12, yuan, 150.0, 4.0, 0.1, 1.0, promises, 2.0, share)

    base = utility(earned, peers, broken)
    assert utility(earned + more, peers, broken) >= base
    assert utility(earned, min(1.0, peers + 0.1), broken) >= base
    assert utility(earned, peers, broken + 1) == pytest.approx(base - 1.0)


def test_a_choice_by_hand():
    """1,150 yuan expected, 150 of hassle: -3 + 0.12 x 10 - 4 x 0.1 + 2 x 0.25 = -1.7, one in 6.5."""
    utility = join_utility(-3.0, 0.12, 1150.0, 150.0, 4.0, 0.1, 1.0, 0.0, 2.0, 0.25)
    assert utility == pytest.approx(-1.7)
    assert signs_up(0.15, utility)
    assert not signs_up(0.16, utility)
    assert not signs_up(0.0, -1000.0)
    # 14 kWh on 0.75 of the days at 0.35 yuan/kWh, and 200 yuan a year for being on call.
    assert expected_earnings_yuan(14.0, 0.35, 0.75, 200.0) == pytest.approx(365 * 0.75 * 14 * 0.35 + 200)
    assert expected_earnings_yuan(14.0, -0.2, 0.75, 0.0) == 0.0


def test_nobody_joins_without_a_contract_and_the_share_stays_where_it_is_given():
    assert enrolled(run("uncontrolled", **CHOICE)) == enrolled(
        run("uncontrolled", participation__enrolled_share=0.05)
    )
    fixed = run(participation__enrolled_share=0.05)
    assert fixed.system_frame()["cars_enrolled"].nunique() == 1


def test_pay_brings_owners_in_and_a_bad_offer_drives_them_out():
    many = {"time__days": 3, **CHOICE}
    poor, fair, rich = (
        enrolled(run(market__feed_in_price_yuan_per_kwh=price, **many)) for price in (0.2, 0.8, 3.0)
    )
    assert poor < fair < rich
    worried = enrolled(
        run(market__feed_in_price_yuan_per_kwh=0.8, participation__choice__utility_at_nothing=-20.0, **many)
    )
    assert worried < enrolled(run("uncontrolled", **many))


def test_those_who_join_are_private_pure_electric_and_get_a_charger_that_feeds_in():
    model = run(market__feed_in_price_yuan_per_kwh=3.0, time__days=3, **CHOICE)
    drivers, cars, chargers = model.world.drivers, model.world.cars, model.world.chargers
    kept = model.city.accounts
    joined = drivers["enrolled"] == 1
    assert np.all(model.world.town.archetypes["commercial"][drivers["archetype"][joined]] == 0)
    assert np.all(cars["is_phev"][joined] == 0)
    posts = drivers["home_charger"][joined & (cars["v2g_capable"] == 1)]
    assert np.all(chargers["bidirectional"][posts] == 1)
    assert np.all(chargers["rated_kw"][posts] == np.float32(6.6))
    assert kept["discharged_kwh"][joined].sum() > 0.0


def test_neighbours_make_neighbours_join():
    alone, together = (
        enrolled(run(participation__choice__peers=peers, time__days=4, **CHOICE)) for peers in (0.0, 15.0)
    )
    assert together > alone


def test_what_neighbours_earn_is_heard():
    """Where feeding in earns nothing in practice, the promise of the terms is worth half."""
    model = CityModel(small(time__days=3, **CHOICE), arm="v2g")
    around = np.array([[100.0, 10.0, 20.0, 50.0], [50.0, 1.0, 2.0, 40.0], [50.0, 0.0, 0.0, 0.0]])
    hearsay = model.enrolment._hearsay(around)
    assert hearsay[0] == pytest.approx(50.0 / 20 * 365)  # per day that somebody has been a member
    assert np.isnan(hearsay[1:]).all()  # too little is known


def test_members_count_from_the_day_they_join():
    model = CityModel(small(time__days=4, **CHOICE), arm="v2g")
    while not model.finished:
        model.step()
    days = model.enrolment._member_days
    joined = model.world.drivers["enrolled"] == 1
    assert days.max() == pytest.approx(3.5)  # noon of the fourth recorded day
    assert len(np.unique(days[joined])) > 2


def test_an_offer_in_numbers():
    spec = small(
        participation__availability_yuan_per_kw_month=10.0, participation__charger_rent_yuan_per_month=33.0
    )
    offer = offer_of(spec.for_arm("v2g"))
    assert offer.gain_yuan_per_kwh[0] == pytest.approx(0.8 - 0.307 / 0.8732 - 0.097, abs=0.01)
    assert offer.gain_yuan_per_kwh[1] < offer.gain_yuan_per_kwh[0]
    assert offer.hours_that_pay == 7.0  # 17:00 to 22:00 and 06:00 to 08:00
    assert offer.fixed_yuan_per_year == pytest.approx(10 * 12 * 360 / 730 - 33 * 12 / 6.6)
    event = {
        "at": dt.datetime(2025, 8, 27, 19),
        "hours": 2.0,
        "yuan_per_kwh": 4.0,
        "charging_surcharge_yuan_per_kwh": 3.0,
    }
    with_event = small(
        participation__availability_yuan_per_kw_month=10.0,
        participation__charger_rent_yuan_per_month=33.0,
        market__events=[event],
    )
    assert offer_of(with_event.for_arm("v2g")) == offer  # one evening is no year
    home = small(
        market__household__meter="household",
        arms={"uncontrolled": {}, "v2g": {"participation": {"contract": "home_only"}}},
    )
    at_home = offer_of(home.for_arm("v2g"))
    assert at_home.gain_yuan_per_kwh[0] == pytest.approx(0.617 - 0.307 / 0.8732 - 0.097, abs=0.01)
    assert at_home.most_kwh_per_day < 2500.0 / 365.0
    out_of_reach = small(
        participation__availability_yuan_per_kw_month=10.0, participation__minimum_hours_per_month=500.0
    )
    assert offer_of(out_of_reach.for_arm("v2g")).fixed_yuan_per_year == 0.0


# ------------------------------------------------------------------------------------- habits
def test_the_enrolled_plug_in_more_often_the_more_it_pays():
    poor, rich = (
        run(
            time__days=3, market__feed_in_price_yuan_per_kwh=price, participation__plug_in_response_to_pay=1.5
        )
        for price in (0.45, 3.0)
    )
    sessions = [
        model.city.accounts["sessions"][model.world.drivers["enrolled"] == 1].sum() for model in (poor, rich)
    ]
    assert sessions[1] > 1.2 * sessions[0]
    base, clock = small().for_arm("v2g"), poor.clock
    assert pull_of_pay(base, clock) == pytest.approx(0.0, abs=1e-6)
    assert pull_of_pay(small().for_arm("smart"), clock) == pytest.approx(0.0)


def test_owners_answer_an_event_by_plugging_in_on_the_day_before_it():
    event = {"at": dt.datetime(2025, 8, 28, 19), "hours": 2.0, "yuan_per_kwh": 5.0}
    spec = small(time__days=3, market__events=[event]).for_arm("v2g")
    clock = CityModel(spec).clock
    pull, times = pull_of_pay(spec, clock), clock.times
    called = (times > np.datetime64("2025-08-27T19")) & (times < np.datetime64("2025-08-28T21"))
    assert pull[called].min() > 1.0
    assert pull[~called].max() == pytest.approx(0.0, abs=1e-6)
    usual, answered = (
        run(time__days=3, market__events=events, participation__plug_in_response_to_pay=2.0).system_frame()
        for events in ([], [event])
    )
    evening = usual["time"].between("2025-08-28 18:30", "2025-08-28 20:30")
    assert answered["cars_plugged"][evening].mean() > 1.05 * usual["cars_plugged"][evening].mean()


def test_reserves_differ_between_owners_around_the_mean():
    drivers = CityModel(small(fleet__sample=4000 / 1_510_000), arm="v2g").world.drivers
    reserve = drivers["reserve_soc"]
    assert reserve.mean() == pytest.approx(0.4, abs=0.01)
    assert reserve.std() == pytest.approx(0.08, abs=0.01)
    same = CityModel(small(participation__reserve_soc_spread=0.0), arm="v2g").world.drivers["reserve_soc"]
    assert np.ptp(same) == 0.0


def test_nobody_feeds_in_below_the_owners_own_reserve():
    model = run(arms=arms_with("price"), market__feed_in_price_yuan_per_kwh=5.0)
    cars, drivers = model.world.cars, model.world.drivers
    kept = model.city.accounts
    began_above = kept["start_kwh"] >= drivers["reserve_soc"] * cars["capacity_kwh"]
    fed_in = (kept["discharged_kwh"] > 0.0) & began_above
    assert fed_in.sum() > 20
    low = kept["min_soc"][fed_in] - drivers["reserve_soc"][fed_in]
    driven = kept["driven_kwh"][fed_in] / cars["capacity_kwh"][fed_in]
    assert np.all(low > -driven - 0.01)  # only driving goes below


# ------------------------------------------------------------------------------------- the button
def test_some_press_the_button_for_no_reason_and_then_charge_at_once():
    never, always = (run(participation__override_share=share, participation__stated_departure_wrong_share=0.0)
                     for share in (0.0, 1.0))  # fmt: skip
    assert never.city.accounts["overrides"].sum() == 0
    assert always.city.accounts["overrides"].sum() > 50
    assert always.city.accounts["discharged_kwh"].sum() == 0.0
    assert always.system_frame()["up_available_mw"].max() == 0.0


def test_who_will_leave_early_presses_the_button_when_the_trip_is_at_risk():
    """Half of the statements are wrong by hours, waiting is the rule, batteries arrive nearly empty."""
    wrong = {
        "participation__stated_departure_wrong_share": 0.5, "participation__stated_departure_error_minutes": 300.0,
        "participation__override_share": 0.0, "participation__plug_in_probability": 0.0, "time__days": 3,
        "drivers__habits__trip_buffer_soc": 0.3, "fleet__sample": 1500 / 1_510_000,
    }  # fmt: skip
    with_button = run("smart", participation__override_notice_minutes=360.0, **wrong)
    without = run("smart", participation__override_notice_minutes=0.0, **wrong)
    assert with_button.city.accounts["overrides"].sum() > 0
    assert without.city.accounts["overrides"].sum() == 0
    assert (
        with_button.city.accounts["promise_shortfall_kwh"].sum()
        < without.city.accounts["promise_shortfall_kwh"].sum()
    )
