"""Behind the meter of a home: cost of the car's charging, and savings from its discharge."""

from __future__ import annotations

from typing import Any

from sim.rules.compiling import compiled


@compiled
def split_at_meter(home_kwh: float, car_kwh: float) -> tuple[float, float]:
    """Purchase and export of a home with a car in a step [kWh].

    The home is served first: only discharge in excess of the home's own use is exported.

    Parameters
    ----------
    home_kwh : float
        Use of the home without the car, 0 or more.
    car_kwh : float
        Draw of the car; negative when discharging.
    """
    net = home_kwh + car_kwh
    return max(net, 0.0), max(-net, 0.0)


@compiled
def tiered_cost_yuan(
    used_kwh: float, more_kwh: float, price: float, additions: Any, limits_kwh: Any
) -> float:
    """Cost of buying more under tiers of yearly use [yuan].

    Parameters
    ----------
    used_kwh : float
        Bought since the first of January, [kWh].
    more_kwh : float
        Bought now, 0 or more, [kWh].
    price : float
        Price of the first tier now, [yuan/kWh].
    additions : ndarray, shape (n_tiers,)
        What each tier adds to it, 0 for the first, [yuan/kWh].
    limits_kwh : ndarray, shape (n_tiers,)
        Yearly use at which each tier ends; infinite for the last, [kWh].
    """
    cost, at, left = 0.0, used_kwh, more_kwh
    for tier in range(len(limits_kwh)):
        if at < limits_kwh[tier]:
            part = min(left, limits_kwh[tier] - at)
            cost += part * (price + additions[tier])
            at += part
            left -= part
            if left <= 0.0:
                break
    return cost
