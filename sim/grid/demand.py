"""Demand of the city without its electric cars, by hour, kind of day and weather.

A mild day has the base profile of its kind. Cooling adds demand in proportion to the excess of the past
day's mean temperature over a threshold, with an hourly profile calibrated to the summer record day; heating
likewise with the winter record day. The 24-hour mean represents the thermal inertia of buildings.

The profiles are of metered demand, which contains uncontrolled charging of the cars at that time; that part
is subtracted to avoid double counting.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.city.codes import RESTDAY, WORKDAY
from sim.data.catalogue import column
from sim.grid.clock import Clock, between_hours
from sim.grid.noise import red_noise
from sim.grid.weather import Temperature
from sim.rules.chance import DEMAND_NOISE
from sim.scenario.grid import GridSection
from sim.scenario.schema import Scenario

Array = NDArray[np.float64]

#: Rows of demand_days.csv by kind of day: mild, the heat of the summer record, the cold of the winter one.
MILD = {WORKDAY: "workday", RESTDAY: "rest_day"}
HOT = {WORKDAY: "record_summer", RESTDAY: "record_summer_rest"}
COLD = {WORKDAY: "record_winter", RESTDAY: "record_winter_rest"}


@dataclass(frozen=True)
class Demand:
    """Actual and expected demand without cars, [MW], shape (n_steps,)."""

    actual_mw: Array
    expected_mw: Array


@dataclass(frozen=True)
class Response:
    """Demand of a kind of day and its sensitivity to temperature, by hour; arrays of shape (24,).

    Attributes
    ----------
    mild_mw : ndarray
    cooling_mw_per_k, heating_mw_per_k : ndarray
        For each degree of the past day's mean temperature beyond the threshold.
    """

    mild_mw: Array
    cooling_mw_per_k: Array
    heating_mw_per_k: Array


def response(grid: GridSection, place: str, kind: int) -> Response:
    """Weather response of the demand of a place on a kind of day."""

    def profile(day: str, peak_mw: float) -> Array:
        return peak_mw * np.array(column("demand_days", "pu", place, day=day))

    def mean_c(name: str) -> float:
        return float(np.mean(column("temperature_extremes", "temp_c", place, profile=name)))

    mild = profile(MILD[kind], grid.peak_demand_mw)
    hot = profile(HOT[kind], grid.peak_demand_mw)
    cold = profile(COLD[kind], grid.winter_peak_demand_mw)
    return Response(
        mild,
        (hot - mild) / (mean_c("heatwave") - grid.cooling_above_c),
        (cold - mild) / (grid.heating_below_c - mean_c("cold_spell")),
    )


def cars_in_demand(spec: Scenario) -> float:
    """Electric cars whose ordinary charging the metered demand of a scenario contains.

    Without a number, the cars of the fleet, but at most the stock when the demand of the place was metered:
    any further growth of the fleet adds to metered demand.
    """
    given = spec.grid.cars_in_demand
    if given is not None:
        return given
    metered = column("place", "value", spec.city.place, parameter="cars_in_demand")
    if not metered:
        return spec.fleet.cars
    (record,) = column("place", "value", spec.city.place, parameter="record_summer")
    return min(float(spec.fleet.cars), metered[0] * spec.grid.peak_demand_mw / record)


def demand(
    key: np.uint64, clock: Clock, grid: GridSection, contained_cars: float, place: str, air: Temperature
) -> Demand:
    """Demand of every step of a run, and as expected with the temperature of the forecast.

    Parameters
    ----------
    contained_cars : float
        Cars whose charging the profiles contain, see :func:`cars_in_demand`.
    air : Temperature
    """
    noise = red_noise(key, len(clock), DEMAND_NOISE, grid.demand_noise_hours / clock.step_hours)
    actual = demand_at(clock, grid, contained_cars, place, air.actual_c)
    return Demand(
        actual_mw=actual * (1.0 + grid.demand_noise_sd * noise),
        expected_mw=demand_at(clock, grid, contained_cars, place, air.expected_c),
    )


def demand_at(
    clock: Clock, grid: GridSection, contained_cars: float, place: str, temperature_c: Array
) -> Array:
    """Demand at a course of air temperature [MW], shape (n_steps,)."""
    past_day_c = mean_of_past_day(temperature_c, clock.steps_per_day)
    hot = np.maximum(0.0, past_day_c - grid.cooling_above_c)
    cold = np.maximum(0.0, grid.heating_below_c - past_day_c)
    mw = np.empty(len(clock))
    for kind in (WORKDAY, RESTDAY):
        here = clock.kinds == kind
        of_kind, hours = response(grid, place, kind), clock.hours[here]
        cars = embedded_charging_kw(kind) * contained_cars / 1000.0 / (1.0 - grid.losses_share)
        mw[here] = (
            between_hours(of_kind.mild_mw - cars, hours)
            + between_hours(of_kind.cooling_mw_per_k, hours) * hot[here]
            + between_hours(of_kind.heating_mw_per_k, hours) * cold[here]
        )
    return mw


def mean_of_past_day(values: Array, steps_per_day: int) -> Array:
    """Mean over the day up to and with each step; the first day stands for the one before it."""
    first = values[:steps_per_day]
    longer = np.concatenate([np.resize(first, steps_per_day), values])
    sums = np.cumsum(longer)
    mean: Array = (sums[steps_per_day:] - sums[:-steps_per_day]) / steps_per_day
    return mean


def embedded_charging_kw(kind: int) -> Array:
    """Ordinary charging of a mean car by hour [kW], shape (24,), from the model's own runs."""
    name = "workday_kw_per_car" if kind == WORKDAY else "restday_kw_per_car"
    return np.array(column("embedded_charging", name))
