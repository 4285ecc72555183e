"""Individual price response: charge in the cheapest steps of the stop, discharge where it pays."""

from __future__ import annotations

import math

from sim.rules.compiling import compiled

ROUNDING_STEPS = 1e-6


@compiled
def steps_needed(charging_h: float, step_hours: float) -> int:
    """Steps at full power that a car still needs before it leaves.

    Parameters
    ----------
    charging_h : float
        Time to reach what is owed at full power, [h].
    step_hours : float
        Length of a step, [h].
    """
    return max(0, math.ceil(charging_h / step_hours - ROUNDING_STEPS))


@compiled
def charges_now(
    price: float, threshold: float, cheap_left: int, cheap_in_day: int, needed: int, patience: float
) -> bool:
    """Whether this step is among the cheapest steps that the car needs.

    Parameters
    ----------
    price : float
        Price of charging now, [yuan/kWh].
    threshold : float
        Price of the dearest step among the cheapest ones needed before departure, [yuan/kWh].
    cheap_left : int
        Steps until departure that are not dearer than the threshold, this one included.
    cheap_in_day : int
        Such steps in a whole day.
    needed : int
        Steps at full power still needed.
    patience : float
        0 starts in the first cheap step, nearly 1 in the last feasible one. Random values spread the starts
        evenly over the cheap hours.
    """
    if needed <= 0 or price > threshold:
        return False
    if price < threshold:  # needed in any case: there is a choice only among steps at the threshold price
        return True
    slack, usual_slack = cheap_left - needed, max(cheap_in_day, cheap_left) - needed
    return slack <= (1.0 - patience) * usual_slack


@compiled
def feeds_in_now(
    feed_in_price: float, rebuy_price: float, round_trip: float, least_gain_yuan_per_kwh: float
) -> bool:
    """Whether discharging pays: revenue of a kWh against recharging it later with losses."""
    return feed_in_price - rebuy_price / round_trip > least_gain_yuan_per_kwh
