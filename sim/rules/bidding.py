"""Marginal value of energy to a car: bids to charge, and asks to discharge.

A car has a charging debt to clear before departure, under prices expected until then. The least cost of
clearing it is convex in the debt: one slot of charging now saves the cost of the last slot later (the bid),
one slot of discharging adds to the debt (the ask). Both follow from the prices alone, without information
about other cars.

Debt is measured in slots of charging at the rating, cost in price x slots, so that one curve applies to
all cars with the same time left and the same room.
"""

from __future__ import annotations

import math
from typing import Any

from sim.rules.compiling import per_row

NEGLIGIBLE_SLOTS = 0.02


@per_row
def cost_of_debt(curve: Any, end: int, debt_slots: float) -> float:
    """Least cost of clearing a debt: linear between whole slots, extrapolated beyond the end.

    Parameters
    ----------
    curve : ndarray, shape (n,)
        Cost of owing 0, 1, ... slots, convex.
    end : int
        Last slot for which the cost is known, 1 or more.
    debt_slots : float
        Charging still owed, [slots], 0 or more.
    """
    whole = min(int(debt_slots), end - 1)
    part = debt_slots - whole
    return float(curve[whole] * (1.0 - part) + curve[whole + 1] * part)


@per_row
def bid_price(curve: Any, end: int, debt_slots: float) -> float:
    """Bid: price below which charging in this slot saves more later [yuan/kWh]."""
    if debt_slots < NEGLIGIBLE_SLOTS:
        return -math.inf
    if end < 1:
        return math.inf
    left = max(0.0, debt_slots - 1.0)
    saved = cost_of_debt(curve, end, debt_slots) - cost_of_debt(curve, end, left)
    return saved / (debt_slots - left)


@per_row
def ask_price(
    curve: Any, end: int, debt_slots: float, room_slots: float, growth: float, least_gain: float
) -> float:
    """Ask: price above which discharging in this slot pays for recharging [yuan/kWh].

    Parameters
    ----------
    curve, end
        See :func:`cost_of_debt`.
    debt_slots, room_slots : float
        Charging owed, and the most the car may come to owe, [slots].
    growth : float
        Slots of charging that replace one slot of discharging: 1 over the round-trip efficiency.
    least_gain : float
        Minimum gain on top, [yuan/kWh]: wear and inconvenience.
    """
    most = min(debt_slots + growth, room_slots)
    if end < 1 or most - debt_slots < NEGLIGIBLE_SLOTS:
        return math.inf
    extra = cost_of_debt(curve, end, most) - cost_of_debt(curve, end, debt_slots)
    return growth * extra / (most - debt_slots) + least_gain
