"""Elasticity of available power with respect to payment."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sim.effects.arms import ArmTables

EVENING_HOURS = (18, 21)


def evening_power_mw(arm: ArmTables) -> float:
    """Upward flexibility of controlled cars from 18:00 to 21:00, mean over the run [MW]."""
    hour = arm.system["time"].dt.hour
    evening = (hour >= EVENING_HOURS[0]) & (hour < EVENING_HOURS[1])
    return arm.mean("up_available_mw", evening.to_numpy()) if evening.any() else 0.0


def response_to_pay(
    power_mw: Mapping[str, float], pay_yuan_per_kwh: Mapping[str, float]
) -> dict[str, dict[str, Any]]:
    """Arc elasticity of available power to pay, for each arm against the one with the next lower pay.

    Parameters
    ----------
    power_mw, pay_yuan_per_kwh : mapping of arm to float
        Available power, and the best price of feeding in.

    Returns
    -------
    dict of arm to dict
        ``pay_yuan_per_kwh, evening_power_mw, against, elasticity``; the last two are null for the arm
        that pays least, the last also where one of the powers or prices is zero.
    """
    found: dict[str, dict[str, Any]] = {}
    for arm, pay in pay_yuan_per_kwh.items():
        cheaper = [other for other, less in pay_yuan_per_kwh.items() if less < pay]
        against = max(cheaper, key=lambda other: pay_yuan_per_kwh[other]) if cheaper else None
        elasticity = None
        if against is not None and min(pay_yuan_per_kwh[against], power_mw[against], power_mw[arm]) > 0.0:
            elasticity = math.log(power_mw[arm] / power_mw[against]) / math.log(
                pay / pay_yuan_per_kwh[against]
            )
        found[arm] = {
            "pay_yuan_per_kwh": pay,
            "evening_power_mw": power_mw[arm],
            "against": against,
            "elasticity": elasticity,
        }
    return found
