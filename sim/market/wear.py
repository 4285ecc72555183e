"""What a run has done to every battery, and what that costs its owner."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.data.catalogue import column
from sim.rules import wear
from sim.rules.compiling import compiled
from sim.scenario.ageing import AgeingLaw, WearSection

Array = NDArray[np.float64]

# The years before the run, as in the runs the laws are fitted to (35 full cycles a year).
TYPICAL_SOC = 0.7
TYPICAL_DEPTH = 0.1


class Wear(NamedTuple):
    """Loss of capacity [% of new] and its cost [yuan] of every car, shape (n_cars,)."""

    cycle_pct: Array
    calendar_pct: Array
    cycle_yuan: Array
    calendar_yuan: Array


def wear_of(section: WearSection, cars: Any) -> Wear:
    """Wear of cars since their counts were last set to zero.

    Parameters
    ----------
    section : WearSection
    cars : records
        Rows of cars, or a copy of their columns ``is_nmc, capacity_kwh, stress_years, cycles, turns,
        turn_count``.
    """
    nmc = cars["is_nmc"].astype(np.int64)

    def each(name: str) -> Array:
        return np.array([getattr(law, name) for law in section.laws])[nmc]

    capacity = cars["capacity_kwh"].astype(np.float64)
    pack = np.array(section.pack_yuan_per_kwh)[nmc]
    cycles = cars["cycles"] + _open_cycles(cars["turns"], cars["turn_count"], each("depth_exponent"))
    age = section.car_age_years
    driven = age * np.array([cycles_of_a_year(law) for law in section.laws])[nmc]
    cycle_pct = section.cycle_factor * wear.cycle_loss_pct(
        driven, cycles, each("first_cycle_pct"), each("cycle_exponent")
    )
    stressed = age * np.array([stress_of_a_year(law) for law in section.laws])[nmc]
    calendar_pct = wear.calendar_loss_pct(
        stressed, cars["stress_years"], each("first_year_pct"), each("exponent")
    )
    cost = (capacity, pack, section.end_of_life_fade)
    return Wear(
        cycle_pct, calendar_pct, wear.wear_cost_yuan(cycle_pct, *cost), wear.wear_cost_yuan(calendar_pct, *cost)
    )


def stress_of_a_year(law: AgeingLaw) -> float:
    """Time under stress that a year in Shanghai comes to, at a typical state of charge [a]."""
    mean = float(np.mean(wear.warmth(_climate(), law.activation_kj_per_mol)))
    return float(wear.calendar_stress(TYPICAL_SOC, mean, law.soc_slope))


def cycles_of_a_year(law: AgeingLaw) -> float:
    """Weighted cycles that a year of driving comes to, one swing of a typical depth a day."""
    return 365.0 * TYPICAL_DEPTH**law.depth_exponent


@cache
def _climate() -> Array:
    return np.array(column("temperature_month_hour", "temp_c_present_day"))


@compiled
def _open_cycles(turns: Any, count: Any, exponent: Any) -> Any:
    total = np.empty(len(turns))
    for row in range(len(turns)):
        total[row] = wear.open_cycles(turns[row], count[row], exponent[row])
    return total
