"""How people charge: when they think of it, timers, where, for how long; drivers for a living; holidays."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from sim.agents import decision_codes
from sim.agents.scheduling import WAITING
from sim.city.charger_kinds import HOME_KIND, KINDS, NO_KIND
from sim.city.codes import ARCHETYPES, HOME, OUT_OF_TOWN, ROAD
from sim.model import CityModel
from tests.conftest import FAST_KIND, SLOW_KIND, small


def run(arm="uncontrolled", **settings):
    model = CityModel(small(outputs__sessions=True, outputs__trips=True, **settings), arm=arm)
    model.run_model()
    assert model.accountant.audit.passed, model.accountant.audit.violations
    return model


def sessions_of(model, kind):
    sessions = model.sessions_frame()
    return sessions[(sessions["charger_kind"] == KINDS[kind]) & sessions["end"].notna()]


def test_a_timer_starts_charging_in_the_cheap_hours_and_in_time():
    eager = {"drivers__habits__alpha_need_driven": 5.0, "drivers__habits__alpha_opportunity_driven": 5.0}
    model = CityModel(small(drivers__habits__timer_share=1.0, time__days=2, **eager), arm="uncontrolled")
    w, waits, late = model.world, 0, 0
    while not model.finished:
        model.step()
        now = model.step_index - 1
        home = np.flatnonzero((w.chargers["kind"] == HOME_KIND) & (w.chargers["car"] >= 0))
        since_min = (now - w.chargers["since_step"][home]) * model.spec.time.step_minutes
        timed = home[since_min < 15.0 * w.chargers["timer_quarters"][home]]
        assert np.all(w.chargers["power_kw"][timed] < 0.05), "no more than standby"
        assert np.all(w.chargers["reason"][timed] == decision_codes.TIMER)
        waits += len(timed)
        by_day = home[w.chargers["power_kw"][home] > 0.1]
        hour = (now % model.clock.steps_per_day) * model.spec.step_hours
        if 8.0 <= hour < 21.0:
            late += len(by_day)
    assert waits > 300
    assert late < 0.1 * waits, "by day only those charge who would not be ready otherwise"
    at_once = CityModel(small(drivers__habits__timer_share=0.0, **eager), arm="uncontrolled")
    at_once.run_model()
    assert np.all(at_once.world.chargers["reason"] != decision_codes.TIMER)


def test_a_timer_leaves_time_to_reach_the_target():
    eager = {"drivers__habits__alpha_need_driven": 5.0, "drivers__habits__alpha_opportunity_driven": 5.0}
    shares = []
    for share in (0.0, 1.0):
        model = run(
            drivers__habits__timer_share=share, drivers__habits__timer_spread_hours=8.0, time__days=3, **eager
        )
        home = sessions_of(model, HOME_KIND)
        target = model.world.drivers["target_soc"][home["car"]]
        shares.append(float((home["soc_end"].to_numpy() >= target - 0.02).mean()))
    assert shares[1] > shares[0] - 0.03, "a timer makes nobody leave with less"


def test_owners_plug_in_at_the_last_return_of_the_day():
    model = run(time__days=4, drivers__days__evening_errand_share=1.0, fleet__sample=1500 / 1_510_000)
    home, trips = sessions_of(model, HOME_KIND), model.trips_frame()
    leaves = trips[["car", "start"]].sort_values("start")
    soon = pd.merge_asof(
        home.sort_values("end"), leaves.rename(columns={"start": "left"}), left_on="end", right_on="left", by="car"
    )  # fmt: skip
    same_day = (soon["start"].dt.hour >= 16) & (soon["end"].dt.date == soon["start"].dt.date)
    high = soon["soc_start"] > 0.5
    assert (same_day & high).sum() <= 0.02 * len(soon)


def test_an_enrolled_car_does_not_stand_unplugged_for_a_night():
    model = CityModel(small(participation__plug_in_probability=1.0, time__days=2), arm="v2g")
    w, seen = model.world, 0
    while not model.finished:
        model.step()
        now = model.step_index - 1
        if now % model.clock.steps_per_day != model.clock.steps_per_day - 1 or now < model.clock.warmup_steps:
            continue
        drivers, cars = w.drivers, w.cars
        mine = (drivers["enrolled"] == 1) & (drivers["place"] == HOME) & (drivers["arrive_step"] < now - 20)
        mine &= drivers["depart_step"] - now > 8
        room = drivers["target_soc"] * cars["capacity_kwh"] - cars["energy_kwh"] > 2.0
        standing = mine & room & (cars["charger"] < 0)
        broken = 1.0 - model.spec.chargers.availability
        assert standing.sum() <= 2 + 3.0 * broken * mine.sum()
        seen += int(mine.sum())
    assert seen > 50


def test_a_long_trip_is_charged_for_the_evening_before():
    """The day before National Day: those who leave plug in at bedtime, however full the battery is."""
    holiday = {"time__start": dt.date(2025, 9, 30), "time__days": 1, "fleet__sample": 4000 / 1_510_000}
    model = CityModel(small(**holiday), arm="uncontrolled")
    model.run_model()
    drivers, cars = model.world.drivers, model.world.cars
    owners = (drivers["home_charger"] >= 0) & (cars["is_phev"] == 0) & (drivers["place"] == HOME)
    leave = owners & (drivers["next_place"] == OUT_OF_TOWN) & (drivers["trip_km"] > 150.0)
    stay = owners & (drivers["next_place"] != OUT_OF_TOWN)
    plugged = cars["charger"] >= 0
    assert leave.sum() > 20
    assert plugged[leave].mean() > plugged[stay].mean() + 0.3


def test_fewer_posts_in_reach_leave_more_drivers_waiting():
    scarce = {
        "chargers__public_posts_per_car": 0.15, "drivers__habits__shared_alpha_factor": 3.0, "time__days": 1,
        "chargers__home_share_bev": 0.0, "chargers__home_share_phev": 0.0, "participation__enrolled_share": 0.0,
        "fleet__sample": 1500 / 1_510_000,
    }  # fmt: skip
    waiting = []
    for posts in (1, 1000):
        model = CityModel(small(drivers__habits__posts_in_reach=posts, **scarce), arm="uncontrolled")
        waited = 0
        while not model.finished:
            model.step()
            waited += int((model.world.activity == WAITING).sum())
        waiting.append(waited)
    assert waiting[0] > 1.5 * waiting[1]


def test_who_charges_fast_leaves_at_four_fifths():
    model = run(time__days=3, drivers__habits__shared_alpha_factor=1.0)
    fast = sessions_of(model, FAST_KIND)
    begun_below = fast[fast["soc_start"] < 0.75]
    assert len(begun_below) > 30
    assert begun_below["soc_end"].max() < 0.80 + 0.02


def test_full_cars_are_moved_and_an_idle_fee_is_paid_by_who_stays():
    posts = {
        "chargers__public_slow_access_yuan": 0.0, "chargers__public_fast_access_yuan": 100.0, "time__days": 3,
        "drivers__habits__shared_alpha_factor": 1.0,
    }  # fmt: skip
    free = run(drivers__habits__moves_full_car_share=0.0, **posts)
    moved = run(drivers__habits__moves_full_car_share=1.0, **posts)
    paid = run(
        drivers__habits__moves_full_car_share=0.0, chargers__public_slow_idle_fee_yuan_per_min=0.5, **posts
    )
    stays = [sessions_of(model, SLOW_KIND) for model in (free, moved, paid)]
    hours = [(each["end"] - each["start"]).dt.total_seconds().mean() / 3600.0 for each in stays]
    assert hours[1] < 0.8 * hours[0]
    assert hours[2] < 0.95 * hours[0]
    assert free.city.accounts["idle_fees_yuan"].sum() == 0.0
    assert paid.city.accounts["idle_fees_yuan"].sum() > 1.0


def test_visitors_come_back_for_a_full_car():
    slow = {
        "chargers__public_fast_access_yuan": 100.0, "chargers__public_slow_access_yuan": 0.0,
        "drivers__habits__shared_alpha_factor": 2.0, "time__days": 3,
    }  # fmt: skip
    stays = []
    for hours in (0.1, 12.0):
        sessions = sessions_of(run(drivers__habits__full_to_unplug_hours=hours, **slow), SLOW_KIND)
        stays.append((sessions["end"] - sessions["start"]).dt.total_seconds().mean())
    assert stays[0] < 0.9 * stays[1]


def test_fewer_charge_in_public_in_dear_hours():
    eager = {
        "drivers__habits__shared_alpha_factor": 0.4, "time__days": 3, "drivers__habits__comfort_soc": 0.0,
        "fleet__sample": 1500 / 1_510_000,
    }  # fmt: skip
    shares = []
    for elasticity in (0.0, -3.0):
        model = run(drivers__habits__public_price_elasticity=elasticity, **eager)
        begun = model.sessions_frame()
        private = np.array(
            [not ARCHETYPES[k].startswith(("taxi", "ride")) for k in model.world.drivers["archetype"]]
        )
        begun = begun[
            begun["charger_kind"].isin([KINDS[SLOW_KIND], KINDS[FAST_KIND]]) & private[begun["car"]]
        ]
        step = ((begun["start"] - model.clock.times[0]) / pd.Timedelta(hours=model.spec.step_hours)).astype(
            int
        )
        shares.append(float((model.world.series["dearness"][step] > 1.0).mean()))
    assert shares[1] < shares[0] - 0.03


@pytest.fixture(scope="module")
def trade():
    """Taxis whose drivers would all rather fill up at meals: what is charged at the handover is for the other."""
    return run(
        drivers__archetypes={"taxi_two_drivers": 0.5, "taxi": 0.5}, participation__enrolled_share=0.0, time__days=3,
        chargers__public_posts_per_car=3.0, drivers__habits__meal_habit_share=1.0,
    )  # fmt: skip


def test_a_car_is_handed_over_full(trade):
    sessions = trade.sessions_frame()
    two = trade.world.drivers["archetype"][sessions["car"]] == ARCHETYPES.index("taxi_two_drivers")
    afternoon = sessions["start"].dt.hour.between(14, 17)
    handed = sessions[two & afternoon & (sessions["place"] == "home") & sessions["end"].notna()]
    per_day = (
        len(handed) / 3.0 / (trade.world.drivers["archetype"] == ARCHETYPES.index("taxi_two_drivers")).sum()
    )
    assert per_day > 0.6
    assert handed["soc_end"].median() > 0.75


def test_drivers_charge_at_meals_or_after_the_shift_each_by_habit():
    only = {"taxi": 1.0}
    at_noon = []
    for share in (0.0, 1.0):
        model = run(
            drivers__archetypes=only, participation__enrolled_share=0.0, time__days=3,
            drivers__habits__meal_habit_share=share, chargers__public_posts_per_car=3.0,
        )  # fmt: skip
        at_noon.append(float(model.sessions_frame()["start"].dt.hour.between(10, 14).mean()))
    assert at_noon[0] + 0.2 < at_noon[1]


def test_long_holidays_empty_the_city_and_every_arm_makes_the_same_trips():
    days = {"time__start": dt.date(2025, 9, 30), "time__days": 4, "fleet__sample": 1500 / 1_510_000}
    models = [CityModel(small(**days), arm=arm) for arm in ("uncontrolled", "v2g")]
    for model in models:
        model.run_model()
        assert model.accountant.audit.passed
    away = models[0].world.drivers["place"] == OUT_OF_TOWN
    assert 0.07 < away.mean() < 0.17
    assert np.all(models[0].world.cars["charger"][away] < 0)
    assert np.all(models[0].world.drivers["wants"][away] == NO_KIND)
    for name in ("km", "trips"):
        np.testing.assert_array_equal(models[0].city.accounts[name], models[1].city.accounts[name])


def test_a_run_that_begins_within_a_holiday_begins_with_some_away_who_come_back():
    model = CityModel(
        small(
            time__start=dt.date(2025, 10, 4),
            time__days=6,
            time__warmup_days=0,
            fleet__sample=1500 / 1_510_000,
        ),
        arm="uncontrolled",
    )
    at_start = model.world.drivers["place"] == OUT_OF_TOWN
    assert 0.07 < at_start.mean() < 0.17
    model.run_model()
    assert np.all(np.isin(model.world.drivers["place"][at_start], (HOME, ROAD, 1, 2)))
