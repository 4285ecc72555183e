"""What an arm changed: the entry of ``effects`` in ``summary.json``.

Effects are differences between an arm and the reference on the same cars, trips and weather, made
energy-neutral: an arm whose fleet ends emptier than it began is charged with filling it again, in
the valley hours of the reference, at the marginal rates of those hours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sim.effects.arms import ArmTables, max_ramp_mw_per_h
from sim.effects.earnings import earnings_effects, owner_earnings_yuan
from sim.effects.investment import Outlays, firm_power, payback

PEAK_STEPS_SHARE = 0.1  # peak hours: the tenth of the steps with the highest net load of the reference
NEAR_PEAK = 0.95  # days count for capacity whose peak comes within 5% of the highest


def compare(
    reference: ArmTables, arm: ArmTables, household_yuan_per_day: float, outlays: Outlays
) -> dict[str, Any]:
    """Effects of an arm against the reference.

    Parameters
    ----------
    reference, arm : ArmTables
        The same replication of the same scenario.
    household_yuan_per_day : float
        Electricity bill of a home without the car, [yuan/d]; where its own meter was read, that counts.
    outlays : Outlays
        Prices of chargers and of other sources of power, as the arm has them.

    Raises
    ------
    ValueError
        If the two do not have the same cars, steps and trips.
    """
    check_paired(reference, arm)
    coal_tce = _saved(reference, arm, "coal_tce", "marginal_coal_tce_per_mwh")
    peak = _peak_mw(reference) - _peak_mw(arm)
    burnt = float(reference.system["coal_tce"].sum())
    saved = _saved(reference, arm, "generation_cost_yuan", "price_yuan_per_mwh")
    avoided = avoided_capacity_mw(reference, arm)
    has_charger = arm.owners["bidirectional_charger"].to_numpy().astype(bool)
    return {
        "peak_shaving_mw": peak,
        "peak_shaving_pct": 100.0 * peak / _peak_mw(reference),
        "coal_displaced_mwh": _coal_mwh_saved(reference, arm),
        "coal_displaced_tce": coal_tce,
        "coal_displaced_pct": 100.0 * coal_tce / burnt if burnt else 0.0,
        "coal_elsewhere_displaced_tce": _saved(
            reference, arm, "coal_elsewhere_tce", "marginal_coal_elsewhere_tce_per_mwh"
        ),
        "peak_hours_coal_displaced_mwh": _peak_hours_coal_mwh(reference, arm),
        "co2_avoided_t": _saved(reference, arm, "co2_t", "marginal_co2_t_per_mwh"),
        "generation_cost_saved_yuan": saved,
        **rebound(reference, arm),
        "stability": stability(reference, arm),
        **earnings_effects(reference, arm),
        "household_bill_change_pct": _bill_change_pct(reference, arm, household_yuan_per_day),
        "soc_carry_over_mwh": _stored_mwh(arm) - _stored_mwh(reference),
        "avoided_capacity_mw": avoided,
        "charger_payback": payback(owner_earnings_yuan(reference, arm)[has_charger] / arm.days, outlays),
        "firm_power_yuan_per_kw_year": firm_power(reference, arm, outlays, avoided, saved),
    }


def check_paired(reference: ArmTables, arm: ArmTables) -> None:
    """Refuse to compare arms with different cars, steps or trips."""
    for column in ("driver", "trips", "km"):
        same = np.array_equal(reference.owners[column], arm.owners[column])
        if not same:
            raise ValueError(f"the arms differ in '{column}' of their cars; only paired arms can be compared")
    if not np.array_equal(reference.system["time"], arm.system["time"]):
        raise ValueError("the arms do not have the same steps; only paired arms can be compared")


def stability(reference: ArmTables, arm: ArmTables) -> dict[str, float]:
    """Candidate measures of "stability", each an improvement where positive."""
    before, after = reference.system, arm.system
    gap_before = before["net_load_mw"].max() - before["net_load_mw"].min()
    gap_after = after["net_load_mw"].max() - after["net_load_mw"].min()
    ramp_before, ramp_after = max_ramp_mw_per_h(reference), max_ramp_mw_per_h(arm)
    margin_before, margin_after = before["reserve_margin_mw"].min(), after["reserve_margin_mw"].min()
    factor_before, factor_after = (
        frame["net_load_mw"].mean() / frame["net_load_mw"].max() for frame in (before, after)
    )
    return {
        "peak_to_valley_cut_mw": float(gap_before - gap_after),
        "peak_to_valley_cut_pct": float(100.0 * (gap_before - gap_after) / gap_before),
        "max_ramp_cut_mw_per_h": ramp_before - ramp_after,
        "max_ramp_cut_pct": 100.0 * (ramp_before - ramp_after) / ramp_before if ramp_before else 0.0,
        "min_reserve_margin_gain_mw": float(margin_after - margin_before),
        "load_factor_gain_points": float(100.0 * (factor_after - factor_before)),
        "unserved_avoided_mwh": reference.energy_mwh("unserved_mw") - arm.energy_mwh("unserved_mw"),
    }


def rebound(reference: ArmTables, arm: ArmTables) -> dict[str, float | None]:
    """What charging at another time does to other hours.

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
    """Plant capacity the arm makes superfluous [MW]: the smallest cut of a daily net-load peak.

    Only days count whose peak in the reference comes within 5% of the highest. Capacity must be
    there on every such day, so the worst day decides.
    """
    before, after = _daily_peaks(reference), _daily_peaks(arm)
    tight = before >= NEAR_PEAK * before.max()
    return float((before - after)[tight].min())


def _daily_peaks(arm: ArmTables) -> pd.Series:
    system = arm.system
    return system.groupby(system["time"].dt.date)["net_load_mw"].max()


def _saved(reference: ArmTables, arm: ArmTables, total: str, rate: str) -> float:
    """Energy-neutral difference of a total, restored at the mean marginal rate of the reference's valley."""
    per_mwh = float(reference.system.loc[reference.in_valley(), rate].mean())
    before = float(reference.system[total].sum()) + reference.restoring_mwh() * per_mwh
    after = float(arm.system[total].sum()) + arm.restoring_mwh() * per_mwh
    return before - after


def _coal_mwh_saved(reference: ArmTables, arm: ArmTables) -> float:
    """Energy-neutral difference of coal power; its marginal rate is how often coal is the last needed."""
    marginal = reference.system["marginal_coal_tce_per_mwh"] > 0.0
    share = float(marginal[reference.in_valley()].mean())
    before = reference.energy_mwh("coal_mw") + reference.restoring_mwh() * share
    return before - arm.energy_mwh("coal_mw") - arm.restoring_mwh() * share


def _peak_mw(arm: ArmTables) -> float:
    return float(arm.system["net_load_mw"].max())


def _peak_hours_coal_mwh(reference: ArmTables, arm: ArmTables) -> float:
    count = max(1, round(PEAK_STEPS_SHARE * len(reference.system)))
    steps = np.argsort(reference.system["net_load_mw"].to_numpy(), kind="stable")[-count:]
    before, after = (frame["coal_mw"].to_numpy()[steps] for frame in (reference.system, arm.system))
    return float((before - after).sum() * reference.step_hours)


def _bill_change_pct(reference: ArmTables, arm: ArmTables, household_yuan_per_day: float) -> float:
    """Change of the mean electricity bill, home and car, of enrolled owners [%]; negative is cheaper.

    What is paid and received counts, wear does not: it is no electricity.
    """
    enrolled = arm.owners["enrolled"].to_numpy()
    if not enrolled.any():
        return 0.0
    before, after = (
        float(each.neutral_bill_yuan().to_numpy()[enrolled].mean()) / each.days for each in (reference, arm)
    )
    metered = float(arm.owners["home_bill_yuan"].to_numpy()[enrolled].mean()) / arm.days
    return 100.0 * (after - before) / ((metered or household_yuan_per_day) + before)


def _stored_mwh(arm: ArmTables) -> float:
    return float(arm.stored_change_kwh().sum()) * arm.weight / 1000.0
