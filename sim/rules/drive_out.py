"""Driving out to sell: whether the gain is worth the trip."""

from __future__ import annotations

import math

from sim.rules.compiling import compiled


@compiled
def gain_yuan(
    sold_kwh: float,
    paid: float,
    rebuy: float,
    wear: float,
    extra_kwh: float,
    hours: float,
    value_of_time: float,
) -> float:
    """Net gain of a trip to a two-way post [yuan].

    Parameters
    ----------
    sold_kwh, paid : float
        Energy fed in, and what is paid for it, [kWh], [yuan/kWh].
    rebuy, wear : float
        Recharging a kWh fed in, with its losses, and wear of the cells, [yuan/kWh].
    extra_kwh : float
        Energy of the trip there and back, [kWh], which costs what energy fed in costs.
    hours, value_of_time : float
        Time on the way and at the post [h], and what an hour costs the driver [yuan/h].
    """
    return sold_kwh * (paid - rebuy - wear) - extra_kwh * rebuy - hours * value_of_time


@compiled
def expected_kwh(possible: float, earlier: float, answered: float, experience: float) -> float:
    """Energy an owner expects to sell: what is possible, and what earlier calls came to on average [kWh]."""
    if answered <= 0.0:
        return possible
    return (1.0 - experience) * possible + experience * min(earlier, possible)


@compiled
def distance_to_nearest_km(draw: float, sites_per_km2: float) -> float:
    """Straight-line distance to the nearest of sites spread at random [km]; infinite without sites."""
    if sites_per_km2 <= 0.0:
        return math.inf
    return math.sqrt(-math.log(1.0 - draw) / (math.pi * sites_per_km2))
