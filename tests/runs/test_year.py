"""A year in representative weeks."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from sim.model import CityModel
from sim.runs.periods import parts_of
from sim.runs.run import prepare, simulate
from sim.scenario import ScenarioError, load_scenario
from tests.conftest import SMALL, arms_with, small

MONTHLY = [{"start": dt.date(2025, month, 11), "months": [month]} for month in range(1, 13)]
SEASONS = [
    {"start": dt.date(2025, 1, 13), "months": [12, 1, 2]},
    {"start": dt.date(2025, 4, 14), "months": [3, 4, 5]},
    {"start": dt.date(2025, 7, 14), "months": [6, 7, 8]},
    {"start": dt.date(2025, 10, 20), "months": [9, 10, 11]},
    {"start": dt.date(2025, 8, 25), "stands_for_days": 7.0, "temperature_profile": "heatwave"},
]


def year(weeks, **more):
    data = {**SMALL, "weather": {}, "time": {"warmup_days": 1, "weeks": weeks}, "fleet": {"cars": 1_510_000,
            "sample": 100 / 1_510_000, "v2g_capable": 1.0}}  # fmt: skip
    return load_scenario(data, more)


def test_weights_are_the_days_of_the_year():
    """248 workdays and 117 rest days in 2025, the heat wave's seven taken from its own months."""
    found = parts_of(year(SEASONS))
    assert sum(part.day_weights.sum() for part in found) == pytest.approx(365.0)
    assert found[-1].day_weights == pytest.approx(np.ones(7))
    work = sum(part.day_weights[:5].sum() for part in found)
    assert work == pytest.approx(248.0)
    assert found[-1].spec.weather.temperature_profile == "heatwave"
    assert found[0].spec.weather.temperature_profile == "normal"
    assert [part.spec.time.start for part in found] == [week["start"] for week in SEASONS]


ON_ONE_WORKER = pytest.mark.xdist_group("year")  # the year is run once


@pytest.fixture(scope="module")
def result():
    return simulate(prepare(year(SEASONS), arms=["uncontrolled", "v2g"]))


@ON_ONE_WORKER
def test_a_year_adds_up(result):
    figures = result.summary["arms"]["uncontrolled"]
    assert figures["days"] == pytest.approx(365.0)
    system = result.system[result.system["arm"] == "uncontrolled"]
    energy = float((system["demand_mw"] * system["weight"]).sum()) * 0.25 / 1e6
    assert energy == pytest.approx(198.4, rel=0.05)
    assert result.summary["audit"]["passed"]


@ON_ONE_WORKER
def test_owners_sum_what_every_day_stands_for(result):
    """Charging of all cars over the year, by the owners and by the grid."""
    for arm in ("uncontrolled", "v2g"):
        owners = result.owners[result.owners["arm"] == arm]
        charged = float(owners["charged_kwh"].sum()) * result.spec.weight / 1000.0
        assert charged == pytest.approx(result.summary["arms"][arm]["energy_charged_mwh"], rel=1e-6)
        assert 2_000.0 < float(owners["km"].mean()) < 40_000.0
    neutral = result.owners["stored_change_kwh"] * 0.0 + 1.0
    assert len(neutral) == 200


def test_a_year_without_weights_is_a_plain_run():
    """One week that is run alone has the same rows as within the year, but for their weight."""
    weeks = year(SEASONS)
    alone = simulate(prepare(parts_of(weeks)[1].spec, arms=["uncontrolled"]))
    first, *_, last = alone.system["time"]
    whole = simulate(prepare(weeks, arms=["uncontrolled"]))
    within = whole.system[whole.system["time"].between(first, last)]
    assert first == pd.Timestamp("2025-04-14 04:00"), "a week begins when all have charged"
    assert len(within) == 7 * 96
    for name in ("demand_mw", "coal_mw", "ev_charge_mw", "net_load_mw"):
        np.testing.assert_array_equal(within[name].to_numpy(), alone.system[name].to_numpy())
    assert set(alone.system["weight"]) == {1.0}


def test_a_year_in_one_week_weighs_its_owners():
    """Rent of 100 yuan a month is 1,200 yuan in a year, whatever represents it."""
    week = {"start": dt.date(2025, 9, 8), "months": list(range(1, 13))}
    spec = year([week], **{"participation.charger_rent_yuan_per_month": 100.0})
    result = simulate(prepare(spec, arms=["uncontrolled", "v2g"]))
    owners = result.owners[(result.owners["arm"] == "v2g") & result.owners["bidirectional_charger"]]
    assert owners["rental_yuan"].mean() == pytest.approx(1200.0, rel=0.02)


@pytest.mark.parametrize(
    ("weeks", "message"),
    [
        ([*SEASONS, {"start": dt.date(2025, 8, 30), "stands_for_days": 2.0}], "overlap or touch"),
        (MONTHLY[:11], "every month must be stood for by one week"),
        ([*MONTHLY, MONTHLY[0]], "every month must be stood for by one week"),
        ([*MONTHLY, {"start": dt.date(2025, 8, 25)}], "either for months or for a number of days"),
    ],
)
def test_weeks_that_make_no_year_are_refused(weeks, message):
    with pytest.raises(ScenarioError, match=message):
        year(weeks)


def test_weeks_and_days_exclude_each_other():
    with pytest.raises(ScenarioError, match="exclude each other"):
        year(SEASONS, **{"time.days": 3})


def test_a_week_without_workdays_is_refused():
    """The National Day week has no workday."""
    weeks = [*SEASONS[:3], {"start": dt.date(2025, 10, 1), "months": [9, 10, 11]}, SEASONS[4]]
    with pytest.raises(ScenarioError, match="has no workday"):
        prepare(year(weeks))


@ON_ONE_WORKER
def test_an_owner_of_a_year_has_no_single_night(result, tmp_path):
    from sim.runs.story import tell

    with pytest.raises(ScenarioError, match="tells of no single night"):
        tell(result, "v2g", 3, "car 3", lambda _: None)


def test_a_long_run_keeps_its_books():
    """Sums of 150 days, of which a step is a tiny part: rounding is no imbalance."""
    model = CityModel(
        small(
            time__start=dt.date(2025, 1, 2), time__days=150, time__step_minutes=60, outputs__story_cars=0,
            weather__temperature_profile="normal", fleet__sample=200 / 1_510_000, arms=arms_with("tou"),
        ),
        arm="v2g",
    )  # fmt: skip
    model.run_model()
    assert model.accountant.audit.passed, model.accountant.audit.summary()
