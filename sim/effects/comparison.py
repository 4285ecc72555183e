"""Effects of an arm against the reference: the entry of ``effects`` in ``summary.json``.

Effects are differences between an arm and the reference on the same cars, trips, weather and outages,
made energy-neutral (see :mod:`sim.effects.supply`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sim.effects.adequacy import Units, adequacy
from sim.effects.arms import ArmTables
from sim.effects.earnings import earnings_effects, owner_earnings_yuan
from sim.effects.investment import Outlays, firm_power, is_year, pay_for_firm_power, payback
from sim.effects.stability import stability
from sim.effects.supply import supply_effects
from sim.effects.who_gains import who_gains

HALF_PLUGGED = 0.5  # of enrolled cars, for the analytical bound
NEAR_PEAK = 0.95  # days count for capacity if their peak is within 5% of the highest


@dataclass(frozen=True)
class Setting:
    """Data of an arm's scenario that the comparison needs besides its tables.

    Attributes
    ----------
    household_yuan_per_day : float
        Electricity bill of a home without the car; replaced by the home's own meter where one was simulated.
    outlays : Outlays
        Prices of chargers and of other sources of power.
    units : Units
        Plants that may fail, and lines.
    reserve_share : float
        Of what units and lines must meet, to be held in reserve.
    charger_kw : float
        Rating of a bidirectional charger.
    aggregator_share : float
        Of payments to owners, what the aggregator keeps.
    carbon_price_yuan_per_t : float
    """

    household_yuan_per_day: float
    outlays: Outlays
    units: Units
    reserve_share: float
    charger_kw: float
    aggregator_share: float = 0.0
    carbon_price_yuan_per_t: float = 0.0


def compare(reference: ArmTables, arm: ArmTables, setting: Setting) -> dict[str, Any]:
    """Effects of an arm against the reference: the same replication of the same scenario.

    Raises
    ------
    ValueError
        If the two do not have the same cars, steps and trips.
    """
    check_paired(reference, arm)
    peak = _peak_mw(reference) - _peak_mw(arm)
    supply = supply_effects(reference, arm)
    avoided = avoided_capacity_mw(reference, arm)
    firm = adequacy(reference, arm, setting.units, setting.reserve_share)
    has_charger = arm.owners["bidirectional_charger"].to_numpy().astype(bool)
    earned_per_day = owner_earnings_yuan(reference, arm) / arm.days
    return {
        "peak_shaving_mw": peak,
        "peak_shaving_pct": 100.0 * peak / _peak_mw(reference) if _peak_mw(reference) > 0.0 else None,
        "peak_bound": peak_bound(reference, arm, setting.charger_kw),
        **supply,
        **rebound(reference, arm),
        "stability": stability(reference, arm, firm),
        "adequacy": firm,
        "who_gains": who_gains(
            reference, arm, setting.outlays, setting.aggregator_share, setting.carbon_price_yuan_per_t, supply
        ),
        **earnings_effects(reference, arm),
        "household_bill_change_pct": _bill_change_pct(reference, arm, setting.household_yuan_per_day),
        "soc_carry_over_mwh": _stored_mwh(arm) - _stored_mwh(reference),
        "restored_mwh": arm.restoring_all_mwh() - reference.restoring_all_mwh(),
        "avoided_capacity_mw": avoided,
        "charger_payback": payback(earned_per_day[has_charger & is_year(arm)], setting.outlays),
        "firm_power_yuan_per_kw_year": firm_power(
            reference, arm, setting.outlays, avoided, supply["generation_cost_saved_yuan"]
        ),
        "pay_for_firm_power_yuan_per_kw_year": pay_for_firm_power(reference, arm, avoided),
    }


def peak_bound(reference: ArmTables, arm: ArmTables, charger_kw: float) -> dict[str, float | None]:
    """Analytical bound of the peak reduction, independent of how cars are controlled.

    Returns
    -------
    dict
        ``half_plugged_mw`` and ``half_plugged_pct`` assume that half of the enrolled cars are plugged in and
        discharge at full power; the percentage is of the reference's peak demand. ``plugged_share`` is the
        share of them plugged in at the peak of net load in the reference, and ``as_plugged_mw`` the bound:
        the discharge of these cars plus the deferrable charging of enrolled cars at that time. Both are null
        where no car is controlled.
    """
    enrolled = arm.fleet_total("enrolled")
    half_mw = HALF_PLUGGED * enrolled * charger_kw / 1000.0
    system = reference.system
    peak = int(system["net_load_mw"].to_numpy().argmax())
    hour = arm.flexibility[arm.flexibility["time"] == system["time"].iloc[peak].floor("h")]
    plugged = float(hour["cars"].sum()) if len(hour) and enrolled else None
    return {
        "half_plugged_mw": half_mw,
        "half_plugged_pct": 100.0 * half_mw / float(reference.gross_mw().max()),
        "plugged_share": None if plugged is None else plugged / enrolled,
        "as_plugged_mw": None
        if plugged is None
        else plugged * charger_kw / 1000.0 + float(system["ev_enrolled_charge_mw"].iloc[peak]),
    }


def check_paired(reference: ArmTables, arm: ArmTables) -> None:
    """Raise an error if two arms differ in cars, steps or trips."""
    for column in ("driver", "trips", "km"):
        same = np.array_equal(reference.owners[column], arm.owners[column])
        if not same:
            raise ValueError(f"the arms differ in '{column}' of their cars; only paired arms can be compared")
    if not np.array_equal(reference.system["time"], arm.system["time"]):
        raise ValueError("the arms do not have the same steps; only paired arms can be compared")


def rebound(reference: ArmTables, arm: ArmTables) -> dict[str, float | None]:
    """Rebound: effect of shifted charging on other hours.

    ``largest_rise_mw`` is the largest rise of net load in any step; ``rebound_mw`` the highest net load
    among the steps that the arm raised, over the peak of the reference: positive where moving the
    charging made a new peak. Null where no step was raised.
    """
    before, after = reference.system["net_load_mw"], arm.system["net_load_mw"]
    raised = after > before
    return {
        "largest_rise_mw": float((after - before).max()),
        "rebound_mw": float(after[raised].max() - before.max()) if raised.any() else None,
    }


def avoided_capacity_mw(reference: ArmTables, arm: ArmTables) -> float:
    """Plant capacity avoided by the arm [MW]: the smallest peak reduction over the recorded days.

    Only days count whose peak in the reference is within 5% of the highest. The reduction must be available
    on every such day, so the worst day decides.
    """
    before, after = _daily_peaks(reference), _daily_peaks(arm)
    highest = float(before.max())
    tight = before >= (NEAR_PEAK * highest if highest > 0.0 else highest / NEAR_PEAK)
    return float((before - after)[tight].min())


def _daily_peaks(arm: ArmTables) -> pd.Series:
    day = np.arange(len(arm.system)) // round(24.0 / arm.step_hours)
    return arm.system.groupby(day)["net_load_mw"].max()


def _peak_mw(arm: ArmTables) -> float:
    return float(arm.system["net_load_mw"].max())


def _bill_change_pct(reference: ArmTables, arm: ArmTables, household_yuan_per_day: float) -> float | None:
    """Change of the mean electricity bill, home and car, of enrolled owners [%]; negative is cheaper.

    Payments and receipts count, wear does not. Null where no owner is enrolled, and where there is no bill
    to compare with.
    """
    enrolled = arm.owners["enrolled"].to_numpy()
    if not enrolled.any():
        return None
    before, after = (
        float(each.neutral_bill_yuan().to_numpy()[enrolled].mean()) / each.days for each in (reference, arm)
    )
    metered = float(arm.owners["home_bill_yuan"].to_numpy()[enrolled].mean()) / arm.days
    bill = (metered or household_yuan_per_day) + before
    return 100.0 * (after - before) / bill if bill > 0.0 else None


def _stored_mwh(arm: ArmTables) -> float:
    return arm.fleet_total("stored_change_kwh") / 1000.0
