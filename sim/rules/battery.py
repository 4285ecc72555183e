"""Power and energy of a battery behind a converter.

Sign convention: grid-side power is positive when the car charges and negative when it discharges;
battery-side power is positive into the battery. Losses are counted once in each direction.

*Converter.* The loss has a fixed part, proportional to the rating while the converter runs, and
a part proportional to power: ``battery = grid (1 - b) - a rated`` when charging and
``battery = (grid - a rated) / (1 - b)`` (both negative) when discharging. `a` and `b` follow from the
efficiency at the rating (Schram et al. 2020: round trip 87%, source S63) and at 20% load.

*Taper.* Near full, the power limit of the battery falls linearly with energy to zero, so that energy
approaches `full_kwh` exponentially with the time constant `taper_h`. All functions below integrate this
exactly; results do not depend on the length of the step.
"""

from __future__ import annotations

import math

from sim.rules.compiling import compiled

WATT_GRID = 1024.0  # set-points are multiples of 1/1024 kW, so that sums of power are exact


@compiled
def fixed_loss_share(efficiency: float, part_load_efficiency: float) -> float:
    """Loss of a running converter as a share of its rating (`a`).

    Parameters
    ----------
    efficiency : float
        One-way efficiency at the rating, (0, 1].
    part_load_efficiency : float
        Efficiency at 20% of the rating over `efficiency`, (0, 1].
    """
    return efficiency * (1.0 - part_load_efficiency) / 4.0


@compiled
def proportional_loss_share(efficiency: float, part_load_efficiency: float) -> float:
    """Loss of a converter as a share of its power (`b`)."""
    return 1.0 - efficiency - fixed_loss_share(efficiency, part_load_efficiency)


@compiled
def round_trip_efficiency(fixed: float, proportional: float) -> float:
    """Energy fed in over the energy drawn for it, both at the rating."""
    return (1.0 - fixed - proportional) * (1.0 - proportional) / (1.0 + fixed)


@compiled
def battery_side_kw(grid_kw: float, rated_kw: float, fixed: float, proportional: float) -> float:
    """Power into the battery (negative: out of it) for a grid-side power [kW]."""
    if grid_kw > 0.0:
        return max(0.0, grid_kw * (1.0 - proportional) - fixed * rated_kw)
    if grid_kw < 0.0:
        return (grid_kw - fixed * rated_kw) / (1.0 - proportional)
    return 0.0


@compiled
def grid_side_kw(battery_kw: float, rated_kw: float, fixed: float, proportional: float) -> float:
    """Grid-side power for a power into (negative: out of) the battery [kW].

    Zero if the discharge power does not exceed the converter's own loss.
    """
    if battery_kw > 0.0:
        return (battery_kw + fixed * rated_kw) / (1.0 - proportional)
    if battery_kw < 0.0:
        return min(0.0, battery_kw * (1.0 - proportional) + fixed * rated_kw)
    return 0.0


@compiled
def energy_after_kwh(
    energy_kwh: float, hours: float, battery_kw: float, full_kwh: float, taper_h: float
) -> float:
    """Energy after charging for some time as fast as charger and battery allow [kWh].

    Parameters
    ----------
    energy_kwh : float
        Energy at the start, below `full_kwh`.
    hours : float
        Time, [h], 0 or more.
    battery_kw : float
        Power of the charger behind its losses, [kW], above 0.
    full_kwh, taper_h : float
        Energy at which the battery's limit reaches zero, and its time constant.
    """
    knee_kwh = full_kwh - battery_kw * taper_h
    if energy_kwh < knee_kwh:
        linear_h = (knee_kwh - energy_kwh) / battery_kw
        if hours <= linear_h:
            return energy_kwh + battery_kw * hours
        energy_kwh = knee_kwh
        hours -= linear_h
    return full_kwh - (full_kwh - energy_kwh) * math.exp(-hours / taper_h)


@compiled
def energy_before_kwh(
    target_kwh: float, hours: float, battery_kw: float, full_kwh: float, taper_h: float
) -> float:
    """Least energy from which `target_kwh` can be reached in the given time [kWh].

    The inverse of :func:`energy_after_kwh`; may be negative when there is ample time.
    """
    knee_kwh = full_kwh - battery_kw * taper_h
    if target_kwh > knee_kwh:
        tapered_h = taper_h * math.log((full_kwh - knee_kwh) / (full_kwh - target_kwh))
        if hours <= tapered_h:
            return full_kwh - (full_kwh - target_kwh) * math.exp(hours / taper_h)
        return knee_kwh - battery_kw * (hours - tapered_h)
    return target_kwh - battery_kw * hours


@compiled
def hours_to_reach(
    energy_kwh: float, target_kwh: float, battery_kw: float, full_kwh: float, taper_h: float
) -> float:
    """Time to charge from one energy to another as fast as possible [h]; 0 if already there."""
    if target_kwh <= energy_kwh:
        return 0.0
    knee_kwh = full_kwh - battery_kw * taper_h
    hours = 0.0
    if energy_kwh < knee_kwh:
        hours = (min(target_kwh, knee_kwh) - energy_kwh) / battery_kw
        energy_kwh = knee_kwh
    if target_kwh > knee_kwh:
        hours += taper_h * math.log((full_kwh - energy_kwh) / (full_kwh - target_kwh))
    return hours


@compiled
def discharge_limit_kw(energy_kwh: float, capacity_kwh: float, battery_kw: float, weak_soc: float) -> float:
    """Maximum discharge power of the battery [kW]: falls linearly to zero below `weak_soc`."""
    return battery_kw * min(1.0, max(0.0, energy_kwh) / (weak_soc * capacity_kwh))


@compiled
def whole_watts_below(power_kw: float) -> float:
    """Largest set-point not above `power_kw` [kW]."""
    return math.floor(power_kw * WATT_GRID) / WATT_GRID


@compiled
def whole_watts_above(power_kw: float) -> float:
    """Smallest set-point not below `power_kw` [kW]."""
    return math.ceil(power_kw * WATT_GRID) / WATT_GRID
