"""Payback of a bidirectional charger, and cost of firm capacity compared with other sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.effects.arms import ArmTables

DAYS_PER_YEAR = 365.0
LEAST_FIRM_SHARE = 0.001  # of the reference's peak that an arm must avoid for its power to count as firm
PAID = ("feed_in_revenue_yuan", "event_revenue_yuan", "availability_revenue_yuan")


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
    """

    extra_charger_yuan: float
    owner_outlay_yuan: float
    charger_life_years: float
    discount_rate: float
    alternatives: dict[str, float]


def annuity(rate: float, years: float) -> float:
    """Yearly payment for an outlay of 1 over some years."""
    return 1.0 / years if rate == 0.0 else rate / (1.0 - (1.0 + rate) ** -years)


def stationary_battery_yuan_per_kw(yuan_per_kwh: float, hours: float, rate: float, years: float) -> float:
    """Yearly cost of a kilowatt of a grid battery of some hours [yuan/kW/a]; its losses are left out."""
    return yuan_per_kwh * hours * annuity(rate, years)


def gas_peaker_yuan_per_kw(yuan_per_kw: float, fixed_share: float, rate: float, years: float) -> float:
    """Yearly cost of a kilowatt of a gas turbine that hardly runs [yuan/kW/a]; its fuel is left out."""
    return yuan_per_kw * (annuity(rate, years) + fixed_share)


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
    supply cost. Costs per day are scaled to a year. Null where the arm avoids less than a thousandth of the
    reference's peak, so that there is no firm capacity.
    """
    chargers = arm.fleet_total("bidirectional_charger")
    rate = annuity(outlays.discount_rate, outlays.charger_life_years)
    years = arm.days / DAYS_PER_YEAR
    worn = arm.fleet_total("wear_cost_yuan") - reference.fleet_total("wear_cost_yuan")
    yearly = chargers * outlays.extra_charger_yuan * rate + (worn - supply_saved_yuan) / years
    return {"cars": _per_firm_kw(reference, yearly, avoided_mw), **outlays.alternatives}


def pay_for_firm_power(reference: ArmTables, arm: ArmTables, avoided_mw: float) -> float | None:
    """Annual payments to owners per kilowatt of firm capacity of the arm [yuan/kW/a].

    All payments for discharging and availability, less penalties: the expenditure of the buyer, not relative
    to the reference. Null where there is no firm capacity; see :func:`firm_power`.
    """
    paid = sum(arm.fleet_total(name) for name in PAID) - arm.fleet_total("penalty_yuan")
    return _per_firm_kw(reference, paid / arm.days * DAYS_PER_YEAR, avoided_mw)


def _per_firm_kw(reference: ArmTables, yuan_per_year: float, avoided_mw: float) -> float | None:
    # Where wind and solar always cover demand there is no peak and no firm capacity.
    firm_mw = LEAST_FIRM_SHARE * max(0.0, float(reference.system["net_load_mw"].max()))
    return yuan_per_year / (avoided_mw * 1000.0) if avoided_mw > firm_mw else None
