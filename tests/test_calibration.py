"""What habits were calibrated to, and what the city does by itself."""

from __future__ import annotations

import numpy as np
import pytest

from sim import CityModel, load_scenario
from sim.city.charger_kinds import HOME_KIND, KINDS
from sim.city.codes import WORKDAY
from sim.effects.shape import ENERGY, daily_charging_shape
from sim.grid.demand import embedded_charging_kw
from tests.conftest import FAST_KIND, RIDE_HAILING, SCENARIOS


@pytest.fixture(scope="module")
def week():
    """A working week of 8,000 cars that charge at once, and the state of charge every session began with."""
    settings = {
        "fleet.sample": 8000 / 1_510_000, "time.days": 5, "time.warmup_days": 7, "outputs.sessions": True,
    }  # fmt: skip
    model = CityModel(load_scenario(SCENARIOS / "shanghai-summer.yaml", settings), arm="uncontrolled")
    model.run_model()
    owner = (model.world.drivers["archetype"] < RIDE_HAILING) & (model.world.cars["is_phev"] == 0)
    sessions = model.sessions_frame()
    begun = sessions[owner[sessions["car"]] & (sessions["start"] > sessions["start"].min())]
    by_kind = begun.groupby("charger_kind")["soc_start"]
    return model, {kind: by_kind.get_group(KINDS[kind]).to_numpy() for kind in (HOME_KIND, FAST_KIND)}


def charged_kwh(warmup_days: int) -> float:
    """What a city that charges at once draws on the first day that counts."""
    settings = {"fleet.sample": 20_000 / 1_510_000, "time.days": 1, "time.warmup_days": warmup_days}
    model = CityModel(load_scenario(SCENARIOS / "shanghai-summer.yaml", settings), arm="uncontrolled")
    model.run_model()
    return float(model.city.accounts["charged_kwh"].sum())


def test_the_artificial_start_has_worn_off_when_recording_begins():
    """Shipped warm-up against a week more, same day; without any warm-up the start shows."""
    shipped = load_scenario(SCENARIOS / "shanghai-summer.yaml").time.warmup_days
    settled = charged_kwh(shipped + 7)
    assert charged_kwh(shipped) == pytest.approx(settled, rel=0.03)
    assert abs(charged_kwh(0) - settled) > 0.05 * settled


@pytest.mark.parametrize("name", ["shanghai-full", "china-2025"])
def test_large_fleets_warm_up_no_less_than_others(name):
    """Days of computing are not saved at the price of an artificial start."""
    base = load_scenario(SCENARIOS / "base" / "shanghai.yaml")
    assert load_scenario(SCENARIOS / f"{name}.yaml").time.warmup_days >= base.time.warmup_days


def test_home_sessions_start_where_the_study_saw_them(week):
    """Beijing, owners with a home charger (S16): 45.5% start at or below 40%; used for calibration.

    The mean of 0.42 in the table is derived from that share by taking the states for normally distributed. Those of
    two types of owners are not: with the mean at 0.42, 54% would start at or below 40%. So it is held to its range.
    """
    start = week[1][HOME_KIND]
    assert np.mean(start <= 0.40) == pytest.approx(0.455, abs=0.05)
    assert 0.36 < start.mean() < 0.50
    assert start.std() == pytest.approx(0.18, abs=0.04)


def test_fast_sessions_start_lower(week):
    """start_soc_mean_fast 0.35 (background), between 0.28 and 0.42."""
    assert 0.20 < week[1][FAST_KIND].mean() < 0.42


def test_energy_of_a_private_car_day(week):
    """5 to 9 kWh expected, 4.9 for a mild climate (charging_behaviour.csv); a hot week is above."""
    model = week[0]
    private = model.world.drivers["archetype"] < RIDE_HAILING
    assert 4.5 < model.city.accounts["charged_kwh"][private].mean() / 5.0 < 9.0


def test_charging_shape_is_like_the_published_one(week):
    """Cars charging by hour against 1.69 million cars in China (S17); habits were set in view of it."""
    fit = daily_charging_shape(week[0].system_frame())
    assert fit.correlation > 0.85
    assert fit.normalised_rmse < 0.25
    assert daily_charging_shape(week[0].system_frame(), ENERGY).correlation > 0.75


def test_embedded_charging_is_the_models_own(week):
    """The table taken out of demand is what the uncontrolled fleet does: no car is counted twice."""
    model = week[0]
    system = model.system_frame()
    per_car = system["ev_charge_mw"] * 1000.0 / model.spec.fleet.cars
    hourly = per_car.groupby(system["time"].dt.hour).mean().to_numpy()
    table = embedded_charging_kw(WORKDAY)
    assert hourly.mean() == pytest.approx(table.mean(), rel=0.05)
    assert np.corrcoef(hourly, table)[0, 1] > 0.97


def test_cars_are_parked_most_of_the_day(week):
    """About 95% of the time, as the article says (claim C28)."""
    system = week[0].system_frame()
    assert 1.0 - (system["cars_driving"] / week[0].spec.fleet.cars).mean() == pytest.approx(0.95, abs=0.02)


def test_not_everybody_is_plugged_in_when_parked(week):
    """Plugged in at night: fewer than half of all cars without a contract."""
    system = week[0].system_frame()
    night = system["time"].dt.hour < 5
    assert 0.1 < (system["cars_plugged"][night] / week[0].spec.fleet.cars).mean() < 0.5
