"""The gate: the safe power range of a car at a charger.

Each session defines two bounds on stored energy. *Upper*: charging at full power from now, up to the owner's
target. *Lower*: the latest charging that still keeps the promise, and never below the owner's reserve; below
the reserve the car charges at once. The safe range of a step contains the powers that keep energy between the
two bounds at the end of the step. Every wish is clipped to it, so no policy can break a promise or a limit.
"""

from __future__ import annotations

from sim.rules.battery import (
    battery_side_kw,
    discharge_limit_kw,
    energy_after_kwh,
    energy_before_kwh,
    grid_side_kw,
    whole_watts_above,
    whole_watts_below,
)
from sim.rules.compiling import compiled

FULL_ENOUGH_KWH = 0.05  # no trickle charging within this distance of the target


@compiled
def highest_kw(
    energy_kwh: float,
    target_kwh: float,
    hours: float,
    rated_kw: float,
    full_kwh: float,
    taper_h: float,
    fixed: float,
    proportional: float,
) -> float:
    """Highest grid-side power in a step [kW, whole watts]: full power, but not beyond the target.

    Parameters
    ----------
    energy_kwh, target_kwh : float
        Stored energy, and where the owner wants charging to stop, [kWh].
    hours : float
        Length of the step, [h].
    rated_kw : float
        Least of the ratings of charger, plug and inlet, [kW].
    full_kwh, taper_h, fixed, proportional : float
        See :mod:`sim.rules.battery`.
    """
    if target_kwh - energy_kwh < FULL_ENOUGH_KWH:
        return 0.0
    battery_kw = battery_side_kw(rated_kw, rated_kw, fixed, proportional)
    reached = min(energy_after_kwh(energy_kwh, hours, battery_kw, full_kwh, taper_h), target_kwh)
    mean_kw = grid_side_kw((reached - energy_kwh) / hours, rated_kw, fixed, proportional)
    return whole_watts_below(min(mean_kw, rated_kw))


@compiled
def needed_kwh(
    reserve_kwh: float,
    owed_kwh: float,
    hours_left: float,
    rated_kw: float,
    full_kwh: float,
    taper_h: float,
    fixed: float,
    proportional: float,
) -> float:
    """Least energy a car must hold `hours_left` before it leaves [kWh]: reserve and promise."""
    battery_kw = battery_side_kw(rated_kw, rated_kw, fixed, proportional)
    latest = energy_before_kwh(owed_kwh, max(0.0, hours_left), battery_kw, full_kwh, taper_h)
    return max(latest, min(reserve_kwh, owed_kwh))


@compiled
def lowest_kw(
    energy_kwh: float,
    needed_after_kwh: float,
    hours: float,
    highest: float,
    rated_kw: float,
    capacity_kwh: float,
    battery_kw: float,
    weak_soc: float,
    minimum_load: float,
    may_discharge: bool,
    fixed: float,
    proportional: float,
) -> float:
    """Lowest grid-side power in a step [kW, whole watts]; negative where the car may discharge.

    Parameters
    ----------
    needed_after_kwh : float
        :func:`needed_kwh` at the end of the step.
    highest : float
        :func:`highest_kw` of the step; the lowest power never exceeds it.
    battery_kw : float
        Power limit of the battery itself, [kW].
    minimum_load : float
        Share of the rating below which a converter does not start to discharge.
    """
    if needed_after_kwh > energy_kwh:
        must = grid_side_kw((needed_after_kwh - energy_kwh) / hours, rated_kw, fixed, proportional)
        return min(whole_watts_above(must), highest)
    if not may_discharge:
        return 0.0
    spare_kw = min(
        (energy_kwh - needed_after_kwh) / hours,
        discharge_limit_kw(energy_kwh, capacity_kwh, battery_kw, weak_soc),
    )
    feed_in_kw = min(-grid_side_kw(-spare_kw, rated_kw, fixed, proportional), rated_kw)
    if feed_in_kw < minimum_load * rated_kw:
        return 0.0
    return -whole_watts_below(feed_in_kw)
