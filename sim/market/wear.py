"""Battery wear of a run and its cost to owners."""

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
TYPICAL_DEPTH = {"LFP": 0.095, "NMC": 0.076}  # 5.7 kWh a day of packs of 60 and 75 kWh


class Wear(NamedTuple):
    """Loss of capacity in a run [% of new] and its cost [yuan] of every car, shape (n_cars,)."""

    loss_pct: Array
    cycle_yuan: Array
    calendar_yuan: Array


def wear_of(section: WearSection, cars: Any, accounts: Any, years: float) -> Wear:
    """Wear of cars since their counters were last reset.

    Loss is that of a car of typical age. Both loss terms grow less than proportionally with use, so that a
    day early in a battery's life costs more capacity than a later one. Cost is therefore the mean over the
    life of the contract: every cycle costs what cycles of driving and discharge cost on average beyond those
    of driving alone (:func:`loss_of_a_cycle_pct`), every hour under stress what it takes from the capacity
    that is left at the end. It does not depend on when a battery is cycled. Cars in the field lose more than
    tested cells do, and more if they charge fast; both are added to the loss by time. Fast charging has no
    price: a difference between fleets abroad does not measure what it does to one car, and would decide
    effects.

    Parameters
    ----------
    section : WearSection
    cars, accounts : records
        Rows of cars (``is_nmc, capacity_kwh``) and their accounts (``stress_years, cycles, turns,
        turn_count, charged_kwh, discharged_kwh, fast_charged_kwh``).
    years : float
        Time since then, [a].
    """
    nmc = cars["is_nmc"].astype(np.int64)
    depth = np.array([law.depth_exponent for law in section.laws])[nmc]
    cycles = accounts["cycles"] + _open_cycles(accounts["turns"], accounts["turn_count"], depth)
    now = _losses(section, nmc, section.car_age_years, cycles, accounts["stress_years"])
    _, at_the_end = _losses(section, nmc, section.life_years, cycles, accounts["stress_years"])
    beyond_cells = years * np.array([unexplained_pct_per_year(section, law) for law in section.laws])[nmc]
    by_fast_charging = years * section.fast_charging_loss_pct_per_year * _fast_share(accounts)
    of_cycles = np.array([loss_of_a_cycle_pct(section, law) for law in section.laws])[nmc] * cycles
    capacity = cars["capacity_kwh"].astype(np.float64)
    pack = np.array(section.pack_yuan_per_kwh)[nmc]
    cycle_yuan, calendar_yuan = (
        wear.wear_cost_yuan(loss, capacity, pack, section.end_of_life_fade)
        for loss in (of_cycles, at_the_end + beyond_cells)
    )
    return Wear(now[0] + now[1] + beyond_cells + by_fast_charging, cycle_yuan, calendar_yuan)


def _fast_share(accounts: Any) -> Array:
    """Share of the energy for driving that cars have charged at fast posts and on the way.

    What is discharged and recharged does not count: feeding in at home makes no car charge less fast.
    """
    fast = accounts["fast_charged_kwh"].astype(np.float64)
    for_driving = np.maximum(accounts["charged_kwh"] - accounts["discharged_kwh"], fast)
    share = np.zeros(len(fast))
    np.divide(fast, for_driving, out=share, where=for_driving > 0.0)
    return share


def _losses(
    section: WearSection, nmc: NDArray[np.int64], years: float, cycles: Array, stress_years: Array
) -> tuple[Array, Array]:
    """Cycle and calendar loss [%] of cycles and stress added after some years of ordinary use."""

    def each(name: str) -> Array:
        return np.array([getattr(law, name) for law in section.laws])[nmc]

    driven = years * np.array([cycles_of_a_year(law) for law in section.laws])[nmc]
    rested = years * np.array([stress_of_a_year(law) for law in section.laws])[nmc]
    cycle = wear.cycle_loss_pct(driven, cycles, each("first_cycle_pct"), each("cycle_exponent"))
    calendar = wear.calendar_loss_pct(rested, stress_years, each("first_year_pct"), each("exponent"))
    return section.cycle_factor * cycle, calendar


def unexplained_pct_per_year(section: WearSection, law: AgeingLaw) -> float:
    """Loss of cars in the field that charge slowly beyond that of a tested cell in the same use [% a year].

    A mean over the life of a battery, whatever its state of charge: what charging and discharging change is
    left to the law of the cell. 0 where the tested cells are the base.
    """
    if section.base == "cells":
        return 0.0
    life = section.life_years
    rested = wear.calendar_loss_pct(0.0, life * stress_of_a_year(law), law.first_year_pct, law.exponent)
    driven = wear.cycle_loss_pct(0.0, life * cycles_of_a_year(law), law.first_cycle_pct, law.cycle_exponent)
    return max(0.0, section.field_loss_pct_per_year - float(rested + driven) / life)


@cache
def stress_of_a_year(law: AgeingLaw) -> float:
    """Time under stress that a year in Shanghai comes to, at a typical state of charge [a]."""
    mean = float(np.mean(wear.warmth(_climate(), law.activation_kj_per_mol)))
    return float(wear.calendar_stress(TYPICAL_SOC, mean, law.soc_slope))


def cycles_of_a_year(law: AgeingLaw) -> float:
    """Weighted cycles that a year of driving comes to, one swing of a typical depth a day."""
    return float(365.0 * TYPICAL_DEPTH[law.chemistry] ** law.depth_exponent)


@cache
def _climate() -> Array:
    return np.array(column("temperature_month_hour", "temp_c_present_day"))


@compiled
def _open_cycles(turns: Any, count: Any, exponent: Any) -> Any:
    total = np.empty(len(turns))
    for row in range(len(turns)):
        total[row] = wear.open_cycles(turns[row], count[row], exponent[row])
    return total


#: Depth of cycle for which a wear price is quoted: 14 kWh of a 60 kWh pack and a day's driving.
QUOTED_DEPTH = 0.33


def loss_of_a_cycle_pct(section: WearSection, law: AgeingLaw) -> float:
    """Loss by a weighted full cycle, as a mean over the life of a contract [% of new].

    The loss of a life with driving and discharge, less that of a life with driving alone, over the cycles
    that discharge adds. With discharge, a swing of a third replaces one of a day's driving on the days on
    which the contract discharges.
    """
    driven = section.life_years * cycles_of_a_year(law)
    deeper = QUOTED_DEPTH**law.depth_exponent - TYPICAL_DEPTH[law.chemistry] ** law.depth_exponent
    more = section.life_years * section.contract_days_per_year * deeper
    loss_pct = wear.cycle_loss_pct(driven, more, law.first_cycle_pct, law.cycle_exponent)
    return float(section.cycle_factor * loss_pct / more)


def wear_yuan_per_kwh(section: WearSection, chemistry: str) -> float:
    """Cost of a kilowatt-hour taken out of a battery in swings of a third, over a contract's life [yuan/kWh].

    Calendar ageing is left out: discharging also empties the battery, which slows it.
    """
    index = 0 if chemistry == "LFP" else 1
    law, pack = section.laws[index], section.pack_yuan_per_kwh[index]
    loss_pct = loss_of_a_cycle_pct(section, law) * QUOTED_DEPTH**law.depth_exponent
    cost: float = wear.wear_cost_yuan(loss_pct, 1.0, pack, section.end_of_life_fade)
    return cost / QUOTED_DEPTH
