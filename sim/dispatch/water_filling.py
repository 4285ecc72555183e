"""Water levels of net load for valley filling and peak shaving."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ROUNDS = 60  # bisection steps; 60 give a level exact to rounding


def filled_below(net_mw: Array, power_mw: Array, level_mw: float, hours: float) -> float:
    """Energy drawn if charging fills up to a level, limited by power [MWh]."""
    return float(np.sum(np.clip(level_mw - net_mw, 0.0, power_mw)) * hours)


def sold_above(net_mw: Array, power_mw: Array, level_mw: float, hours: float) -> float:
    """Energy discharged if discharging shaves down to a level, limited by power [MWh]."""
    return float(np.sum(np.clip(net_mw - level_mw, 0.0, power_mw)) * hours)


def fill_level(net_mw: Array, power_mw: Array, energy_mwh: float, hours: float) -> float:
    """Level up to which charging must fill to draw a given energy [MW].

    Minus infinity for zero energy, infinity where full power does not suffice.
    """
    if energy_mwh <= 0.0:
        return -np.inf
    if float(np.sum(power_mw)) * hours <= energy_mwh:
        return np.inf
    top = float(np.max(net_mw) + np.max(power_mw))
    return _root(
        lambda level: filled_below(net_mw, power_mw, level, hours) - energy_mwh, float(np.min(net_mw)), top
    )


def shave_level(net_mw: Array, power_mw: Array, energy_mwh: float, hours: float) -> float:
    """Lowest level that discharging can sustain with a given energy [MW]; infinity without energy."""
    if energy_mwh <= 0.0 or not np.any(power_mw > 0.0):
        return np.inf
    bottom = float(np.min(net_mw) - np.max(power_mw))
    return _root(
        lambda level: energy_mwh - sold_above(net_mw, power_mw, level, hours), bottom, float(np.max(net_mw))
    )


def one_level(
    net_mw: Array, charge_mw: Array, discharge_mw: Array, owed_mwh: float, round_trip: float, hours: float
) -> float:
    """Level at which charging below it covers the energy owed plus discharge above it with losses [MW]."""
    spread = float(np.max(charge_mw) + np.max(discharge_mw))

    def surplus(level: float) -> float:
        sold = sold_above(net_mw, discharge_mw, level, hours)
        return filled_below(net_mw, charge_mw, level, hours) - owed_mwh - sold / round_trip

    return _root(surplus, float(np.min(net_mw)) - spread, float(np.max(net_mw)) + spread)


def _root(rising: Callable[[float], float], low: float, high: float) -> float:
    """Root of an increasing function, by bisection; the nearer end where there is none."""
    for _ in range(ROUNDS):
        middle = (low + high) / 2.0
        if rising(middle) < 0.0:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0
