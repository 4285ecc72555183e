"""The clock, demand and weather."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from sim.city.codes import RESTDAY, WORKDAY
from sim.data.catalogue import SHANGHAI, column
from sim.grid import noise, weather
from sim.grid.clock import Clock
from sim.grid.demand import cars_in_demand, demand, embedded_charging_kw, mean_of_past_day, response
from sim.rules.chance import stream_key
from sim.scenario import load_scenario
from sim.scenario.grid import GridSection

KEY = np.uint64(stream_key(9, 0))


def spec_of(start=dt.date(2025, 8, 25), days=7, **changes):
    return load_scenario(
        {"time": {"start": start, "days": days, "warmup_days": 1}, "fleet": {"cars": 10}}, changes
    )


# --------------------------------------------------------------------------------- clock
def test_clock():
    clock = Clock.of(spec_of(**{"time.step_minutes": 30}))
    assert len(clock) == 8 * 48
    assert clock.times[0] == np.datetime64("2025-08-24T00:00")
    assert clock.times[clock.warmup_steps] == np.datetime64("2025-08-25T00:00")
    assert clock.hours[0] == 0.25
    assert set(clock.months) == {8}
    assert [int(clock.kinds[day * 48]) for day in range(8)] == [RESTDAY, *[WORKDAY] * 5, RESTDAY, RESTDAY]


# -------------------------------------------------------------------------------- demand
QUIET = {"grid.demand_noise_sd": 0.0, "grid.cars_in_demand": 0, "weather.temperature_error_sd_k": 0.0}
CLEAR = {
    "weather.cloud_noise_sd": 0.0, "weather.cloud_error_sd": 0.0, "weather.passing_clouds_sd": 0.0
}  # fmt: skip


def expected_demand(start, days=7, **changes):
    spec = spec_of(start=start, days=days, **{**QUIET, **changes})
    clock = Clock.of(spec)
    air = weather.temperatures(KEY, clock, spec.weather, SHANGHAI)
    return clock, demand(KEY, clock, spec.grid, cars_in_demand(spec), SHANGHAI, air).expected_mw


@pytest.mark.parametrize(
    ("start", "profile", "record_mw", "hour"),
    [
        (dt.date(2025, 8, 25), "heatwave", 42_160.0, (11.0, 12.0)),  # 11:49, S28
        (dt.date(2025, 1, 6), "cold_spell", 33_390.0, (20.0, 21.5)),  # 21:00, S32
    ],
)
def test_record_days_stand_at_their_level_and_hour(start, profile, record_mw, hour):
    """Noon in summer, evening in winter."""
    clock, mw = expected_demand(start, **{"weather.temperature_profile": profile})
    assert mw.max() == pytest.approx(record_mw, rel=0.005)
    assert hour[0] <= clock.hours[mw.argmax()] <= hour[1]
    assert clock.kinds[mw.argmax()] == WORKDAY


def test_the_summer_evening_is_below_noon_as_published():
    clock, mw = expected_demand(dt.date(2025, 8, 25), **{"weather.temperature_profile": "heatwave"})
    day = mw[96 * 3 : 96 * 4]  # the Wednesday
    assert day[78] / day.max() == pytest.approx(0.93, abs=0.02)  # 19:30, S31


def test_a_year_comes_to_the_published_energy():
    """198.4 TWh (S85), in the mean of four years of weather; one year is up to 3% off by its weather."""
    spec = spec_of(
        start=dt.date(2025, 1, 1), days=364,
        **{"time.step_minutes": 60, "grid.demand_noise_sd": 0.0, "grid.cars_in_demand": 0},
    )  # fmt: skip
    clock = Clock.of(spec)
    years = []
    for draw in range(4):
        key = np.uint64(stream_key(9, draw))
        air = weather.temperatures(key, clock, spec.weather, SHANGHAI)
        years.append(demand(key, clock, spec.grid, cars_in_demand(spec), SHANGHAI, air).expected_mw.sum())
    assert np.mean(years) / 1e6 == pytest.approx(198.4, rel=0.03)


def test_a_degree_adds_what_the_hour_says():
    """Cooling is a straight line through the mild day and the record day; none below the threshold."""
    summer = response(GridSection(), SHANGHAI, WORKDAY)
    assert 1000.0 < summer.cooling_mw_per_k.max() < 1700.0  # the table assumes 1,100 MW for each degree
    assert summer.cooling_mw_per_k[11] * (34.25 - 21.0) + summer.mild_mw[11] == pytest.approx(42_160.0)
    cooling_share = 1.0 - summer.mild_mw[11] / 42_160.0
    assert cooling_share == pytest.approx(0.45, abs=0.05)  # "nearly half", grid_shanghai.csv
    mild = {"weather.temperature_noise_sd_k": 0.0}
    clock, april = expected_demand(dt.date(2025, 4, 14), **mild)
    assert april.max() == pytest.approx(summer.mild_mw.max(), rel=0.01)


def test_rooms_remember_the_past_day():
    ramp = np.concatenate([np.full(96, 20.0), np.full(96, 30.0)])
    mean = mean_of_past_day(ramp, 96)
    assert mean[95] == pytest.approx(20.0)
    assert mean[96 + 47] == pytest.approx(25.0)
    assert mean[-1] == pytest.approx(30.0)


def test_rest_days_ask_for_less():
    for profile, start in (("heatwave", dt.date(2025, 8, 25)), ("normal", dt.date(2025, 4, 14))):
        clock, mw = expected_demand(start, **{"weather.temperature_profile": profile})
        rest, work = mw[clock.kinds == RESTDAY], mw[clock.kinds == WORKDAY]
        assert rest.mean() < work.mean()
        assert rest.max() < work.max()


def test_charging_that_demand_already_contains_is_taken_out():
    """Counting today's cars twice would be a mistake; like all demand they are counted at the plants."""
    clock, without = expected_demand(dt.date(2025, 8, 25))
    _, with_cars = expected_demand(dt.date(2025, 8, 25), **{"grid.cars_in_demand": 1_510_000})
    taken = (without - with_cars).reshape(8, 96).mean(axis=1)
    kinds = clock.kinds[::96]
    for kind in (WORKDAY, RESTDAY):
        at_plants = embedded_charging_kw(kind).mean() * 1510.0 / (1.0 - GridSection().losses_share)
        assert taken[kinds == kind] == pytest.approx(at_plants)


def test_noise_is_what_the_operator_does_not_know():
    clock = Clock.of(spec_of())
    warm = weather.Temperature(np.full(len(clock), 25.0), np.full(len(clock), 25.0), np.zeros(len(clock)))
    found = demand(KEY, clock, spec_of().grid, 0.0, SHANGHAI, warm)
    error = found.actual_mw / found.expected_mw - 1.0
    assert 0.004 < error.std() < 0.014
    again = demand(KEY, clock, spec_of().grid, 0.0, SHANGHAI, warm)
    np.testing.assert_array_equal(found.actual_mw, again.actual_mw)


def test_noise_has_its_memory_and_spread():
    series = noise.red_noise(KEY, 50_000, 90, 24.0)
    assert series.std() == pytest.approx(1.0, abs=0.05)
    assert np.corrcoef(series[:-24], series[24:])[0, 1] == pytest.approx(np.exp(-1), abs=0.05)
    assert abs(noise.daily_noise(KEY, 20_000, 92).mean()) < 0.03


# ------------------------------------------------------------------------------- weather
def test_sun_by_position_and_monthly_mean():
    spec = spec_of(start=dt.date(2025, 8, 1), days=28, **CLEAR)
    clock = Clock.of(spec)
    cool = np.zeros(len(clock))
    sun = weather.renewables(KEY, clock, spec.weather, spec.grid, SHANGHAI, cool).solar_mw
    hours = clock.hours
    assert np.all(sun[(hours < 5) | (hours > 19)] == 0.0)
    assert hours[sun.argmax()] == pytest.approx(12.0, abs=0.6)
    factor = column("renewable_monthly_mean", "mean_capacity_factor", tech="solar", month="8")[0]
    assert sun.mean() / 4600.0 == pytest.approx(factor, rel=0.05)


def test_clear_sky_agrees_with_the_almanac():
    """Sunrise 05:26 and sunset 18:24 in Shanghai on 26 August (almanac); irradiance near noon."""
    times = np.arange("2025-08-26T00:00", "2025-08-27T00:00", 1, dtype="datetime64[m]")
    light = weather.clear_sky(times) > 0.0
    rise, fall = np.flatnonzero(light)[[0, -1]]
    assert rise == pytest.approx(5 * 60 + 26, abs=15)
    assert fall == pytest.approx(18 * 60 + 24, abs=15)
    assert 850 < weather.clear_sky(times).max() < 1050


def test_wind_has_its_monthly_mean():
    spec = spec_of(start=dt.date(2025, 4, 1), days=360)
    clock = Clock.of(spec)
    found = weather.renewables(KEY, clock, spec.weather, spec.grid, SHANGHAI, np.zeros(len(clock)))
    assert found.wind_mw.mean() == pytest.approx(found.wind_expected_mw.mean(), rel=0.12)
    assert found.wind_mw.max() <= 0.95 * 1200.0
    assert found.wind_mw.min() >= 0.0


def test_temperatures():
    hot = spec_of(**{"weather.temperature_profile": "heatwave", "weather.temperature_noise_sd_k": 0.0})
    series = weather.temperatures(KEY, Clock.of(hot), hot.weather, SHANGHAI).actual_c
    assert series.max() == pytest.approx(38.5, abs=0.2)  # 38.9 C reported (S28)
    cold = spec_of(start=dt.date(2025, 1, 6), **{"weather.temperature_noise_sd_k": 0.0})
    assert 2.0 < weather.temperatures(KEY, Clock.of(cold), cold.weather, SHANGHAI).actual_c.mean() < 9.0
    rough = spec_of(start=dt.date(2025, 1, 6))
    course = weather.temperatures(KEY, Clock.of(rough), rough.weather, SHANGHAI).actual_c
    assert course.reshape(8, 96).mean(axis=1).std() > 0.3


def test_a_record_stands_in_a_week_that_leads_up_to_it_and_away():
    """The Wednesday has the record's temperature, its eve too; no other day is hotter."""
    hot = spec_of(**{"weather.temperature_profile": "heatwave"})
    clock = Clock.of(hot)
    days = weather.temperatures(KEY, clock, hot.weather, SHANGHAI).actual_c.reshape(8, 96).mean(axis=1)[1:]
    assert days.argmax() in (1, 2)
    assert days[1] == days[2]
    assert days[6] < days[2] - 2.0


def test_forecasts_err_as_published_ones_do():
    """A year: demand by 1 to 2%, sun by 5 to 10% of capacity by day, wind by 8 to 15%, and never at once."""
    spec = spec_of(start=dt.date(2025, 1, 1), days=364, **{"time.step_minutes": 60})
    clock = Clock.of(spec)
    air = weather.temperatures(KEY, clock, spec.weather, SHANGHAI)
    use = demand(KEY, clock, spec.grid, cars_in_demand(spec), SHANGHAI, air)
    sky = weather.renewables(KEY, clock, spec.weather, spec.grid, SHANGHAI, air.heat)
    assert 0.01 < np.mean(np.abs(use.expected_mw / use.actual_mw - 1.0)) < 0.02
    by_day = sky.solar_factor > 0.02
    errors = (sky.solar_factor_expected - sky.solar_factor)[by_day]
    assert 0.05 < np.sqrt(np.mean(errors**2)) < 0.10
    wind_error = (sky.wind_expected_mw - sky.wind_mw) / spec.grid.wind_mw
    assert 0.07 < np.sqrt(np.mean(wind_error**2)) < 0.15
    error = use.expected_mw - use.actual_mw
    assert np.corrcoef(error[:-1], error[1:])[0, 1] > 0.8, (
        "an operator who sees the error knows the next hour"
    )


def test_hot_days_are_sunny():
    spec = spec_of(start=dt.date(2025, 6, 1), days=91, **{"time.step_minutes": 60})
    clock = Clock.of(spec)
    air = weather.temperatures(KEY, clock, spec.weather, SHANGHAI)
    sky = weather.renewables(KEY, clock, spec.weather, spec.grid, SHANGHAI, air.heat)
    heat, sun = air.heat.reshape(92, 24).mean(axis=1), sky.solar_factor.reshape(92, 24).mean(axis=1)
    assert np.corrcoef(heat, sun)[0, 1] > 0.25


def test_days_are_as_long_as_the_sun_makes_them():
    """Sunrise and sunset of almanacs: Shanghai 5:26 and 18:23 on 27 August, 6:52 and 17:02 on 1 January."""
    summer, winter = (weather.daylight_hours(dt.date(2025, *day)) for day in ((8, 27), (1, 1)))
    assert summer == pytest.approx((5.43, 18.38), abs=0.25)
    assert winter == pytest.approx((6.87, 17.03), abs=0.25)
    assert weather.daylight_hours(dt.date(2025, 8, 27), "california") != pytest.approx(summer, abs=0.2)
