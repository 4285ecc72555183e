"""The choice of a place to charge in public: generalised cost and a logit."""

from __future__ import annotations

import math

from sim.rules.compiling import compiled


@compiled
def generalised_cost_yuan(
    price_yuan_per_kwh: float, kwh: float, missing_kwh: float, later_yuan_per_kwh: float,
    own_hours: float, value_of_time_yuan_per_h: float, access_yuan: float,
) -> float:  # fmt: skip
    """What charging at a post costs a driver, money and time [yuan].

    Parameters
    ----------
    price_yuan_per_kwh, kwh : float
        Price at the post, and the energy that the stay allows there.
    missing_kwh, later_yuan_per_kwh : float
        Energy that must be charged another time, and what a kilowatt-hour costs then, time included.
    own_hours, value_of_time_yuan_per_h : float
        Time that the driver spends for charging, queue included, and its value.
    access_yuan : float
        Finding the post, the way from it and back.
    """
    money = price_yuan_per_kwh * kwh + later_yuan_per_kwh * missing_kwh
    return money + own_hours * value_of_time_yuan_per_h + access_yuan


@compiled
def weight_of_cost(cost_yuan: float, least_yuan: float, scale_yuan: float) -> float:
    """Weight of an alternative in a logit: 1 for the cheapest, 0 for one of infinite cost.

    Parameters
    ----------
    cost_yuan, least_yuan : float
        Cost of the alternative and of the cheapest one.
    scale_yuan : float
        Scale of what drivers weigh besides; 0 takes the cheapest.
    """
    if cost_yuan == math.inf:
        return 0.0
    if scale_yuan <= 0.0:
        return 1.0 if cost_yuan <= least_yuan else 0.0
    return math.exp((least_yuan - cost_yuan) / scale_yuan)
