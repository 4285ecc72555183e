"""Demand, weather and the merit order."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.building import Grid
from sim.city.codes import RESTDAY, WORKDAY
from sim.data.catalogue import column
from sim.grid import noise, weather
from sim.grid.clock import Clock, season_of
from sim.grid.demand import day_shape, demand, embedded_charging_kw
from sim.grid.supply import build_stack, dispatch
from sim.rules.chance import stream_key
from sim.scenario import load_scenario
from sim.scenario.grid import GridSection

KEY = np.uint64(stream_key(9, 0))
STACK = build_stack(GridSection())


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


@pytest.mark.parametrize(
    ("month", "season"), [(1, "winter"), (3, "spring"), (8, "summer"), (11, "autumn"), (12, "winter")]
)
def test_seasons(month, season):
    assert season_of(month) == season


# -------------------------------------------------------------------------------- demand
def test_record_days_stand_at_their_level_and_hour():
    """42.16 GW at 11:49 (S28); 33.39 GW at 21:00 (S32): noon in summer, evening in winter."""
    summer = day_shape("record_summer", "summer", WORKDAY) * 42_160.0
    assert summer.max() == pytest.approx(42_160.0)
    assert summer.argmax() == 11
    winter = day_shape("record_winter", "winter", WORKDAY)
    assert winter.argmax() in (20, 21)
    assert summer[19] / summer.max() == pytest.approx(0.93, abs=0.02)  # S31


def test_rest_days_ask_for_less():
    for season in ("summer", "winter"):
        shapes = [day_shape("typical", season, kind).mean() for kind in (WORKDAY, RESTDAY)]
        assert shapes[1] < shapes[0]
    record = [day_shape("record_summer", "summer", kind) for kind in (WORKDAY, RESTDAY)]
    assert record[1].mean() < record[0].mean()
    assert record[1].max() < 1.0


def test_charging_that_demand_already_contains_is_taken_out():
    """Counting today's cars twice would be a mistake; other fleets do not change what is taken out."""
    quiet = {"grid.demand_noise_sd": 0.0}
    clock = Clock.of(spec_of())
    without = demand(KEY, clock, spec_of(**quiet, **{"grid.cars_in_demand": 0}).grid).expected_mw
    with_cars = demand(KEY, clock, spec_of(**quiet).grid).expected_mw
    taken = (without - with_cars).reshape(8, 96).mean(axis=1)
    kinds = clock.kinds[::96]
    for kind in (WORKDAY, RESTDAY):
        assert taken[kinds == kind] == pytest.approx(embedded_charging_kw(kind).mean() * 1510.0)


def test_noise_is_what_the_operator_does_not_know():
    clock = Clock.of(spec_of())
    found = demand(KEY, clock, spec_of().grid)
    error = found.actual_mw / found.expected_mw - 1.0
    assert 0.004 < error.std() < 0.014
    np.testing.assert_array_equal(found.actual_mw, demand(KEY, clock, spec_of().grid).actual_mw)


def test_noise_has_its_memory_and_spread():
    series = noise.red_noise(KEY, 50_000, 90, 24.0)
    assert series.std() == pytest.approx(1.0, abs=0.05)
    assert np.corrcoef(series[:-24], series[24:])[0, 1] == pytest.approx(np.exp(-1), abs=0.05)
    assert abs(noise.daily_noise(KEY, 20_000, 92).mean()) < 0.03


# ------------------------------------------------------------------------------- weather
def test_sun_by_position_and_monthly_mean():
    spec = spec_of(start=dt.date(2025, 8, 1), days=28, **{"weather.cloud_noise_sd": 0.0})
    clock = Clock.of(spec)
    sun = weather.renewables(KEY, clock, spec.weather, spec.grid).solar_mw
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
    found = weather.renewables(KEY, clock, spec.weather, spec.grid)
    assert found.wind_mw.mean() == pytest.approx(found.wind_expected_mw.mean(), rel=0.12)
    assert found.wind_mw.max() <= 0.95 * 1200.0
    assert found.wind_mw.min() >= 0.0


def test_temperatures():
    hot = spec_of(**{"weather.temperature_profile": "heatwave", "weather.temperature_noise_sd_k": 0.0})
    series = weather.temperatures(KEY, Clock.of(hot), hot.weather)
    assert series.max() == pytest.approx(38.5, abs=0.2)  # 38.9 C reported (S28)
    cold = spec_of(start=dt.date(2025, 1, 6), **{"weather.temperature_noise_sd_k": 0.0})
    assert 2.0 < weather.temperatures(KEY, Clock.of(cold), cold.weather).mean() < 9.0
    rough = spec_of(start=dt.date(2025, 1, 6))
    days = weather.temperatures(KEY, Clock.of(rough), rough.weather).reshape(8, 96).mean(axis=1)
    assert days.std() > 0.3


# -------------------------------------------------------------------------------- supply
loads = st.floats(0.0, 80_000.0)


@given(load=loads, renewable=st.floats(0.0, 6000.0), contract=st.floats(0.0, 30_000.0))
def test_generation_meets_load(load, renewable, contract):
    out = dispatch(STACK, load, renewable, contract)
    supply = out.coal_mw + out.gas_mw + out.import_mw + renewable + out.unserved_mw - out.spilled_mw
    assert supply == pytest.approx(load, rel=1e-12, abs=1e-6)
    assert min(out.coal_mw, out.gas_mw, out.import_mw, out.unserved_mw, out.spilled_mw) >= 0.0
    assert out.import_mw <= 24_000.0 + 1e-6
    assert out.coal_mw <= 0.9 * 15_660.0 * 1.001
    assert out.gas_mw <= 0.92 * 8_545.0
    assert out.unserved_mw == 0.0 or out.spilled_mw == 0.0


@given(load=loads, more=st.floats(0.0, 20_000.0))
def test_more_load_is_never_cheaper_nor_cleaner_in_fuel(load, more):
    low, high = dispatch(STACK, load, 500.0, 10_000.0), dispatch(STACK, load + more, 500.0, 10_000.0)
    assert high.price_yuan_per_mwh >= low.price_yuan_per_mwh
    assert high.cost_yuan_per_h >= low.cost_yuan_per_h - 1e-6
    assert high.coal_tce_per_h >= low.coal_tce_per_h - 1e-9
    assert high.reserve_margin_mw <= low.reserve_margin_mw


@given(load=st.floats(15_000.0, 45_000.0))
def test_marginal_rates_are_slopes(load):
    """What one more megawatt costs, burns and emits."""
    step = 1e-3
    one, two = dispatch(STACK, load, 500.0, 10_000.0), dispatch(STACK, load + step, 500.0, 10_000.0)
    if one.price_yuan_per_mwh != two.price_yuan_per_mwh:
        return  # at the edge between two units
    assert (two.cost_yuan_per_h - one.cost_yuan_per_h) / step == pytest.approx(
        one.price_yuan_per_mwh, rel=1e-3
    )
    assert (two.coal_tce_per_h - one.coal_tce_per_h) / step == pytest.approx(
        one.marginal_coal_tce_per_mwh, rel=1e-2, abs=1e-6
    )
    assert (two.co2_t_per_h - one.co2_t_per_h) / step == pytest.approx(one.marginal_co2_t_per_mwh, rel=1e-2)
    elsewhere = (two.coal_elsewhere_tce_per_h - one.coal_elsewhere_tce_per_h) / step
    assert elsewhere == pytest.approx(one.marginal_coal_elsewhere_tce_per_mwh, rel=1e-2, abs=1e-6)


def test_cheap_units_run_first():
    free = STACK.cost_yuan_per_mwh[STACK.n_must_run :]
    assert np.all(np.diff(free) >= 0.0)
    assert dispatch(STACK, 20_000.0, 0.0, 10_000.0).gas_mw < 1500.0, "only what must run"


def test_must_run_units_run_and_what_nobody_takes_is_spilled():
    out = dispatch(STACK, 100.0, 0.0, 0.0)
    assert out.coal_mw > 0.0
    assert out.gas_mw > 0.0
    assert out.spilled_mw == pytest.approx(out.coal_mw + out.gas_mw - 100.0)


def test_scarcity_has_its_price():
    out = dispatch(STACK, 60_000.0, 0.0, 10_000.0)
    assert out.unserved_mw > 0.0
    assert out.price_yuan_per_mwh == 1500.0
    assert out.reserve_margin_mw < 0.0


def test_coal_by_hand():
    """One 1000 MW ultra-supercritical unit of 281 gce/kWh burns 281 t of coal an hour."""
    at = np.flatnonzero(np.isclose(STACK.coal_tce_per_mwh, 0.281))
    assert len(at) == 4
    assert STACK.cost_yuan_per_mwh[at[0]] == pytest.approx(0.281 * 850.0 + 25.0)
    assert STACK.co2_t_per_mwh[at[0]] == pytest.approx(0.281 * 2.75)
    assert STACK.capacity_mw[at[0]] == pytest.approx(900.0)


def test_more_coal_at_night_than_it_saves_at_noon():
    """V2G may increase coal: gas is saved at the peak, coal burnt at night, and an eighth is lost."""
    noon, night = dispatch(STACK, 39_000.0, 0.0, 20_000.0), dispatch(STACK, 24_000.0, 0.0, 12_000.0)
    assert noon.marginal_coal_tce_per_mwh == 0.0
    assert night.marginal_coal_tce_per_mwh > 0.0
    after_noon = dispatch(STACK, 38_000.0, 0.0, 20_000.0)
    after_night = dispatch(STACK, 24_000.0 + 1000.0 / 0.87, 0.0, 12_000.0)
    change = (
        after_noon.coal_tce_per_h - noon.coal_tce_per_h + after_night.coal_tce_per_h - night.coal_tce_per_h
    )
    assert change > 0.25 * 1000.0


def test_grid_of_a_scenario():
    spec = spec_of()
    grid = Grid.of(spec, Clock.of(spec), KEY)
    assert grid.contract_mw == pytest.approx(0.45 * grid.demand.expected_mw)
    step = 150
    assert grid.net_load_mw(step) == pytest.approx(
        grid.demand.actual_mw[step] - grid.renewables.wind_mw[step] - grid.renewables.solar_mw[step]
    )
    assert grid.meet(step, 500.0).import_mw >= grid.contract_mw[step] - 1e-6
