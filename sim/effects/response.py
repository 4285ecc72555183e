"""How much more power owners make available when they are paid more."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sim.effects.arms import ArmTables

EVENING_HOURS = (18, 21)


def evening_power_mw(arm: ArmTables) -> float:
    """Power that steered cars could give more or draw less between 18:00 and 21:00, mean over the run [MW]."""
    hour = arm.system["time"].dt.hour
    evening = (hour >= EVENING_HOURS[0]) & (hour < EVENING_HOURS[1])
    return float(arm.system.loc[evening, "up_available_mw"].mean()) if evening.any() else 0.0


def response_to_pay(power_mw: Mapping[str, float], pay_yuan_per_kwh: Mapping[str, float]) -> list[dict[str, Any]]:
    """Arc elasticity of available power to pay between arms in the order of their pay.

    Parameters
    ----------
    power_mw, pay_yuan_per_kwh : mapping of arm to float
        Available power, and the best price of feeding in, of arms that differ in it.

    Returns
    -------
    list of dict
        ``from, to, pay_from, pay_to, power_from_mw, power_to_mw, elasticity``; the last is null where
        one of the powers or prices is zero.
    """
    order = sorted(pay_yuan_per_kwh, key=lambda arm: pay_yuan_per_kwh[arm])
    found = []
    for low, high in zip(order, order[1:], strict=False):
        pay, power = (pay_yuan_per_kwh[low], pay_yuan_per_kwh[high]), (power_mw[low], power_mw[high])
        if pay[1] <= pay[0]:
            continue
        known = min(*pay, *power) > 0.0
        found.append(
            {
                "from": low,
                "to": high,
                "pay_from_yuan_per_kwh": pay[0],
                "pay_to_yuan_per_kwh": pay[1],
                "power_from_mw": power[0],
                "power_to_mw": power[1],
                "elasticity": math.log(power[1] / power[0]) / math.log(pay[1] / pay[0]) if known else None,
            }
        )
    return found
