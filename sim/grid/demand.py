"""Demand of the city without its electric cars.

The profiles of the tables are of metered demand, which contains the ordinary charging of the cars
there were; that part is taken out, lest it be counted twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.city.codes import RESTDAY, WORKDAY
from sim.data.catalogue import column, select
from sim.grid.clock import Clock, season_of
from sim.grid.noise import red_noise
from sim.rules.chance import DEMAND_NOISE
from sim.scenario.supply_side import GridSection

Array = NDArray[np.float64]

RECORD_TABLES = {
    "record_summer": "shanghai_peak_day_2025_est",
    "record_winter": "shanghai_winter_cold_day_est",
}
DAY_TYPES = {WORKDAY: "workday", RESTDAY: "rest_day"}


@dataclass(frozen=True)
class Demand:
    """Demand without cars as it comes and as it was expected, [MW], shape (n_steps,)."""

    actual_mw: Array
    expected_mw: Array


def demand(key: np.uint64, clock: Clock, grid: GridSection) -> Demand:
    """Demand of every step of a run.

    A workday has the chosen profile at the chosen peak. A rest day has its typical shape, raised as
    the mean of the chosen workday is above that of the typical one.
    """
    hours, expected = clock.hours, np.empty(len(clock))
    for month in np.unique(clock.months):
        for kind in (WORKDAY, RESTDAY):
            here = (clock.months == month) & (clock.kinds == kind)
            shape = day_shape(grid.demand_profile, season_of(int(month)), kind)
            cars = embedded_charging_kw(kind) * grid.cars_in_demand / 1000.0
            hourly = grid.peak_demand_mw * shape - cars
            expected[here] = np.interp(hours[here], np.arange(24) + 0.5, hourly, period=24.0)
    noise = red_noise(key, len(clock), DEMAND_NOISE, grid.demand_noise_hours / clock.step_hours)
    return Demand(actual_mw=expected * (1.0 + grid.demand_noise_sd * noise), expected_mw=expected)


def day_shape(profile: str, season: str, kind: int) -> Array:
    """Hourly demand of a day over the annual peak, shape (24,)."""
    typical = _typical(season, kind)
    if profile == "typical":
        return typical
    record = np.array(column(RECORD_TABLES[profile], "pu_of_peak"))
    if kind == WORKDAY:
        return record
    return typical * float(np.mean(record) / np.mean(_typical(season, WORKDAY)))


def _typical(season: str, kind: int) -> Array:
    found = select("load_shapes_shanghai", season=season, day_type=DAY_TYPES[kind])
    shape = np.array([float(row["load_over_day_mean"]) for row in found])
    return shape * float(found[0]["day_mean_over_annual_peak"])


def embedded_charging_kw(kind: int) -> Array:
    """Ordinary charging of a mean car by hour [kW], shape (24,), from the model's own runs."""
    name = "workday_kw_per_car" if kind == WORKDAY else "restday_kw_per_car"
    return np.array(column("embedded_charging", name))
