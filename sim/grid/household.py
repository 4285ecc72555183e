"""What a mean home uses without its car, step by step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.data import conventions
from sim.data.catalogue import column
from sim.grid.clock import Clock
from sim.scenario.money import HouseholdSection

Array = NDArray[np.float64]

DAYS_PER_YEAR = 365.0


def household_kw(household: HouseholdSection, clock: Clock, temperature_c: Array, place: str) -> Array:
    """Power of a mean home in each step [kW], shape (n_steps,).

    The shape over the day is an assumption (household_shape.csv); use rises by a share per degree above
    and below two temperatures (conventions.csv), scaled so that a normal year comes to ``use_kwh_per_year``.
    """
    shape = np.array(column("household_shape", "weight"))
    day = conventions.within(np.arange(24.0), *conventions.hours("household_day", place))
    shape[day] *= household.day_share / shape[day].sum()
    shape[~day] *= (1.0 - household.day_share) / shape[~day].sum()
    climate_c = np.array(column("temperature_month_hour", "temp_c_present_day", place))
    normal_year = weather_factor(household, climate_c, place)
    per_day = household.use_kwh_per_year / DAYS_PER_YEAR / normal_year.mean()
    power: Array = (
        per_day * shape[clock.hours.astype(np.int64)] * weather_factor(household, temperature_c, place)
    )
    return power


def weather_factor(household: HouseholdSection, temperature_c: Array, place: str) -> Array:
    """Use at a temperature over that on a mild day."""
    above, below = (
        float(conventions.convention(f"household_{name}", place))
        for name in ("cooling_above", "heating_below")
    )
    hot, cold = np.maximum(temperature_c - above, 0.0), np.maximum(below - temperature_c, 0.0)
    factor: Array = 1.0 + household.cooling_per_k * hot + household.heating_per_k * cold
    return factor
