"""Payback of a bidirectional charger, and cost of firm capacity compared with other sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.agents.entries import CHART
from sim.effects.arms import ArmTables
from sim.state.entries import REVENUE

DAYS_PER_YEAR = 365.0
LEAST_YEAR_DAYS = 360.0  # a run that stands for fewer days says nothing about a year
BATTERY_EFFICIENCY = 0.85  # of a grid battery, energy given back over drawn (background)
LEAST_FIRM_SHARE = 0.001  # of the reference's peak that an arm must avoid for its power to count as firm
STATIONARY = "stationary_battery"
PAID = tuple(entry.name for entry in CHART.money if entry.sign == REVENUE)


@dataclass(frozen=True)
class Outlays:
    """Prices and lifetimes of the compared options; see ``market.investment`` of a scenario for sources.

    Attributes
    ----------
    extra_charger_yuan : float
        Additional cost of a bidirectional charger over a one-way charger.
    owner_outlay_yuan : float
        Part of it paid by the owner; 0 where the charger is rented.
    charger_life_years, discount_rate : float
    alternatives : dict of str to float
        Yearly cost of a firm kilowatt from other sources, [yuan/kW/a].
    battery_hours : float
        Energy of a grid battery over its power, [h].
    """

    extra_charger_yuan: float
    owner_outlay_yuan: float
    charger_life_years: float
    discount_rate: float
    alternatives: dict[str, float]
    battery_hours: float = 4.0


def annuity(rate: float, years: float) -> float:
    """Yearly payment for an outlay of 1 over some years."""
    return 1.0 / years if rate == 0.0 else rate / (1.0 - (1.0 + rate) ** -years)


def stationary_battery_yuan_per_kw(yuan_per_kwh: float, hours: float, rate: float, years: float) -> float:
    """Yearly cost of a kilowatt of a grid battery of some hours [yuan/kW/a]; its losses are left out."""
    return yuan_per_kwh * hours * annuity(rate, years)


def gas_peaker_yuan_per_kw(yuan_per_kw: float, fixed_share: float, rate: float, years: float) -> float:
    """Yearly cost of a kilowatt of a gas turbine that hardly runs [yuan/kW/a]; its fuel is left out."""
    return yuan_per_kw * (annuity(rate, years) + fixed_share)


def is_year(arm: ArmTables) -> bool:
    """Whether a run stands for a year: only then does it say anything about one."""
    return arm.days >= LEAST_YEAR_DAYS


def battery_arbitrage_yuan_per_kw(
    reference: ArmTables, hours: float, efficiency: float = BATTERY_EFFICIENCY
) -> float | None:
    """What a grid battery earns in a year by buying and selling at the cost of supply [yuan/kW/a].

    Every day it sells in the dearest hours and buys back, with its losses, in the cheapest ones, where that
    pays. Null for a run that does not stand for a year.
    """
    if not is_year(reference):
        return None
    steps, per_day = round(hours / reference.step_hours), round(24.0 / reference.step_hours)
    bought = round(hours / efficiency / reference.step_hours)
    price = reference.system["price_yuan_per_mwh"].to_numpy() / 1000.0
    days = len(price) // per_day
    ordered = np.sort(price[: days * per_day].reshape(days, per_day), axis=1)
    gain = ordered[:, per_day - steps :].sum(axis=1) - ordered[:, :bought].sum(axis=1)
    weights = reference.step_weights[: days * per_day : per_day]
    return float((np.maximum(0.0, gain) * weights).sum()) * reference.step_hours


def payback(earned_yuan_per_day: np.ndarray, outlays: Outlays) -> dict[str, float | None]:
    """Payback of a bidirectional charger for those who have one, undiscounted.

    Returns
    -------
    dict
        ``median_years`` and ``best_quarter_years``, null where the charger never pays back; and
        ``share_within_life``.
    """
    if len(earned_yuan_per_day) == 0:
        return {"median_years": None, "best_quarter_years": None, "share_within_life": None}
    yearly = earned_yuan_per_day * DAYS_PER_YEAR
    with np.errstate(divide="ignore"):
        years = np.where(yearly > 0.0, outlays.owner_outlay_yuan / np.maximum(yearly, 1e-12), np.inf)

    def finite(value: float) -> float | None:
        return float(value) if value < 10.0 * outlays.charger_life_years else None

    quarter, median = np.quantile(years, [0.25, 0.5], method="lower")
    return {
        "median_years": finite(median),
        "best_quarter_years": finite(quarter),
        "share_within_life": float(np.mean(years <= outlays.charger_life_years)),
    }


def firm_power(
    reference: ArmTables, arm: ArmTables, outlays: Outlays, avoided_mw: float, supply_saved_yuan: float
) -> dict[str, Any]:
    """Annual cost of firm capacity from the cars and from other sources [yuan/kW/a].

    Resource costs, not payments between parties: additional cost of chargers, wear, and the change of
    supply cost. A grid battery is credited with what it earns by arbitrage, as the cars are with what they
    save of supply. Null where the run does not stand for a year, and where the arm avoids less than a
    thousandth of the reference's peak, so that there is no firm capacity.
    """
    if not is_year(arm):
        return {"cars": None, **dict.fromkeys(outlays.alternatives)}
    chargers = arm.fleet_total("bidirectional_charger")
    rate = annuity(outlays.discount_rate, outlays.charger_life_years)
    years = arm.days / DAYS_PER_YEAR
    worn = arm.fleet_total("wear_cost_yuan") - reference.fleet_total("wear_cost_yuan")
    yearly = chargers * outlays.extra_charger_yuan * rate + (worn - supply_saved_yuan) / years
    others = dict(outlays.alternatives)
    if STATIONARY in others:
        others[STATIONARY] -= battery_arbitrage_yuan_per_kw(reference, outlays.battery_hours) or 0.0
    return {"cars": _per_firm_kw(reference, yearly, avoided_mw), **others}


def pay_for_firm_power(reference: ArmTables, arm: ArmTables, avoided_mw: float) -> float | None:
    """Annual payments to owners per kilowatt of firm capacity of the arm [yuan/kW/a].

    All payments for discharging and availability, less penalties: the expenditure of the buyer, not relative
    to the reference. Null where the run does not stand for a year or there is no firm capacity; see
    :func:`firm_power`.
    """
    if not is_year(arm):
        return None
    paid = sum(arm.fleet_total(name) for name in PAID) - arm.fleet_total("penalty_yuan")
    return _per_firm_kw(reference, paid / arm.days * DAYS_PER_YEAR, avoided_mw)


def _per_firm_kw(reference: ArmTables, yuan_per_year: float, avoided_mw: float) -> float | None:
    # Where wind and solar always cover demand there is no peak and no firm capacity.
    firm_mw = LEAST_FIRM_SHARE * max(0.0, float(reference.system["net_load_mw"].max()))
    return yuan_per_year / (avoided_mw * 1000.0) if avoided_mw > firm_mw else None
