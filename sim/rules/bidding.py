"""What a kilowatt-hour is worth to a car: bids to charge, and asks to feed in.

A car owes charging before it leaves, and has a time in which prices are expected. Its least cost of
paying the debt back is convex in the debt; one more slot of charging now saves the last slot's cost
later (the bid), one slot of feeding in adds to the debt (the ask). Whoever sees the prices can work
out both alone: nobody needs to know who else is plugged in.

Debt is counted in slots of charging at the rating, cost in price x slots, so that one curve serves
every car with the same time left and the same room.
"""

from __future__ import annotations

import math
from typing import Any

from sim.rules.compiling import compiled

NEGLIGIBLE_SLOTS = 0.02


@compiled
def cost_of_debt(curve: Any, debt_slots: float) -> float:
    """Least cost of paying a debt back, by the line between whole slots; infinite where too late.

    Parameters
    ----------
    curve : ndarray, shape (n,)
        Cost of owing 0, 1, ... slots, convex, infinite beyond what can be paid back.
    debt_slots : float
        Charging still owed, [slots], 0 or more.
    """
    whole = int(debt_slots)
    part = debt_slots - whole
    if part < 1e-9:
        return float(curve[whole]) if whole < len(curve) else math.inf
    if whole + 1 >= len(curve):
        return math.inf
    return float(curve[whole] * (1.0 - part) + curve[whole + 1] * part)


@compiled
def bid_price(curve: Any, debt_slots: float) -> float:
    """Price of charging in this slot below which it saves more later [yuan/kWh]."""
    if debt_slots < NEGLIGIBLE_SLOTS:
        return -math.inf
    left = max(0.0, debt_slots - 1.0)
    now = cost_of_debt(curve, debt_slots)
    if now == math.inf:
        return math.inf
    return (now - cost_of_debt(curve, left)) / (debt_slots - left)


@compiled
def ask_price(curve: Any, debt_slots: float, room_slots: float, growth: float, least_gain: float) -> float:
    """Price of feeding in during this slot above which it pays to charge it back [yuan/kWh].

    Parameters
    ----------
    curve : ndarray
        See :func:`cost_of_debt`.
    debt_slots, room_slots : float
        Charging owed, and the most the car may come to owe, [slots].
    growth : float
        Slots of charging that replace one slot of feeding in: 1 over the round trip.
    least_gain : float
        What must be earned on top, [yuan/kWh]: wear, and the owner's trouble.
    """
    most = min(debt_slots + growth, room_slots, len(curve) - 1.0)
    while most > debt_slots and cost_of_debt(curve, most) == math.inf:
        most = math.floor(most) if most > math.floor(most) else most - 1.0
    if most - debt_slots < NEGLIGIBLE_SLOTS:
        return math.inf
    extra = cost_of_debt(curve, most) - cost_of_debt(curve, debt_slots)
    return growth * extra / (most - debt_slots) + least_gain
