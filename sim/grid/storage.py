"""Pumped storage and grid batteries: charge at the lowest, discharge at the highest expected net load."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.rules.compiling import compiled
from sim.scenario.grid import StorageSection

Array = NDArray[np.float64]

ROUNDS = 40
LEAST_MW = 1e-6


def level_by_storage(load_mw: Array, stores: list[StorageSection], held_mwh: Array, hours: float) -> Array:
    """Plan of all stores, positive when discharging [MW], shape (len(stores), n_steps).

    Each store levels the net load that remains after the preceding ones.

    Parameters
    ----------
    load_mw : ndarray, shape (n_steps,)
        Expected net load.
    stores : list of StorageSection
    held_mwh : ndarray, shape (len(stores),)
        Energy now stored in each.
    hours : float
        Length of a step.
    """
    left, plans = load_mw.copy(), np.zeros((len(stores), len(load_mw)))
    for k, store in enumerate(stores):
        plans[k] = level(left, store.power_mw, store.energy_mwh, store.efficiency, held_mwh[k], hours)
        left -= plans[k]
    return plans


@compiled
def level(
    load_mw: Any, power_mw: float, energy_mwh: float, efficiency: float, held_mwh: float, hours: float
) -> Any:
    """Discharge above one level and charge below another [MW], as far as it pays for the losses.

    The plan discharges the largest energy for which the two levels do not cross (the lower one divided by
    the efficiency is still below the upper) and which is in the store whenever it is discharged.
    """
    low, high = 0.0, energy_mwh
    best = np.zeros(len(load_mw))
    for _ in range(ROUNDS):
        turned = (low + high) / 2.0
        upper = _level_giving(load_mw, power_mw, turned, hours, 1.0)
        lower = _level_giving(load_mw, power_mw, turned / efficiency, hours, -1.0)
        plan, lacks = _course(load_mw, upper, lower, power_mw, energy_mwh, efficiency, held_mwh, hours)
        if upper * efficiency > lower and not lacks:
            low, best = turned, plan
        else:
            high = turned
    return best


@compiled
def _course(
    load_mw: Any, upper: float, lower: float, power_mw: float, energy_mwh: float, efficiency: float,
    held_mwh: float, hours: float,
) -> Any:  # fmt: skip
    """Power of a store between two levels [MW], and whether it is ever too empty to discharge as planned."""
    plan, lacks = np.zeros(len(load_mw)), False
    for step in range(len(load_mw)):
        wanted = min(power_mw, max(0.0, load_mw[step] - upper))
        given = min(wanted, held_mwh / hours)
        lacks = lacks or wanted > given + LEAST_MW
        drawn = min(power_mw, max(0.0, lower - load_mw[step]), (energy_mwh - held_mwh) / (efficiency * hours))
        plan[step] = given - drawn
        held_mwh += (efficiency * drawn - given) * hours
    return plan, lacks


@compiled
def _level_giving(load_mw: Any, power_mw: float, energy_mwh: float, hours: float, sign: float) -> float:
    """Level above (sign 1) or below (sign -1) which limited power amounts to a given energy."""
    least = most = float(load_mw[0])
    for step in range(len(load_mw)):
        least, most = min(least, load_mw[step]), max(most, load_mw[step])
    low, high = least - power_mw, most + power_mw
    for _ in range(ROUNDS):
        middle: float = (low + high) / 2.0
        moved = 0.0
        for step in range(len(load_mw)):
            moved += min(power_mw, max(0.0, sign * (load_mw[step] - middle))) * hours
        if (moved > energy_mwh) == (sign > 0.0):
            low = middle
        else:
            high = middle
    return (low + high) / 2.0
