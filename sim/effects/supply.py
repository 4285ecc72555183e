"""Effects of an arm on the supply side: coal, emissions and cost, at the peak and over the day.

All differences are energy-neutral: an arm whose fleet ends with less energy than it began is charged for
recharging it in the valley hours of the reference, at the marginal rates of those hours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.effects.arms import ArmTables

PEAK_STEPS_SHARE = 0.1  # peak hours: the tenth of the steps with the highest net load of the reference

#: Figures, besides the peak, that can be split into contributions of delay and discharge.
PARTS = (
    "peak_shaving_mw",
    "coal_displaced_tce",
    "co2_avoided_t",
    "generation_cost_saved_yuan",
    "extra_energy_mwh",
)


def supply_effects(reference: ArmTables, arm: ArmTables) -> dict[str, Any]:
    """Savings of fuel, emissions and cost; negative for an increase.

    Coal has two boundaries: the whole system, with the coal behind imports, and the city's own plants.
    Emissions and cost are those of the whole system.
    """
    coal_tce = saved(reference, arm, "coal_tce", "marginal_coal_tce_per_mwh")
    elsewhere_tce = saved(reference, arm, "coal_elsewhere_tce", "marginal_coal_elsewhere_tce_per_mwh")
    burnt = reference.total("coal_tce")
    burnt_anywhere = burnt + reference.total("coal_elsewhere_tce")
    peak_mwh, all_mwh = _peak_hours_coal_mwh(reference, arm), _coal_mwh_saved(reference, arm)
    return {
        "coal_displaced_mwh": all_mwh,
        "coal_displaced_tce": coal_tce,
        "coal_displaced_pct": 100.0 * coal_tce / burnt if burnt else 0.0,
        "coal_elsewhere_displaced_tce": elsewhere_tce,
        "coal_system_displaced_tce": coal_tce + elsewhere_tce,
        "coal_system_displaced_pct": 100.0 * (coal_tce + elsewhere_tce) / burnt_anywhere
        if burnt_anywhere
        else 0.0,
        "peak_hours_coal_displaced_mwh": peak_mwh,
        "other_hours_coal_added_mwh": peak_mwh - all_mwh,
        "gas_displaced_mwh": reference.energy_mwh("gas_mw") - arm.energy_mwh("gas_mw"),
        "co2_avoided_t": saved(reference, arm, "co2_t", "marginal_co2_t_per_mwh"),
        "generation_cost_saved_yuan": saved(reference, arm, "generation_cost_yuan", "price_yuan_per_mwh"),
        "extra_energy_mwh": extra_energy_mwh(reference, arm),
        "emission_factors": emission_factors(reference, arm),
    }


def saved(reference: ArmTables, arm: ArmTables, total: str, rate: str) -> float:
    """Energy-neutral difference of a total, restored at the mean marginal rate of the reference's valley."""
    per_mwh = reference.mean(rate, reference.in_valley)
    before = reference.total(total) + reference.restoring_all_mwh() * per_mwh
    return before - arm.total(total) - arm.restoring_all_mwh() * per_mwh


def extra_energy_mwh(reference: ArmTables, arm: ArmTables) -> float:
    """Additional net grid consumption of the fleet against the reference, energy-neutral [MWh].

    It consists of round-trip losses and the standby of chargers.
    """
    return _net_draw_mwh(arm) - _net_draw_mwh(reference)


def emission_factors(reference: ArmTables, arm: ArmTables) -> dict[str, float | None]:
    """Average and marginal CO2 emission factors [t/MWh], and the change of emissions estimated with each.

    The marginal factor applies to a change of load. Using the average factor for a change is an error; it is
    reported to show the size of that error.
    """
    system = reference.system
    weights = reference.step_weights
    hours = reference.step_hours
    supplied = float((reference.gross_mw() * weights).sum()) * hours
    marginal = system["marginal_co2_t_per_mwh"].to_numpy()
    draw = _net_draw_mw(arm) - _net_draw_mw(reference)
    average = reference.total("co2_t") / supplied if supplied else 0.0
    in_valley, at_peak = reference.in_valley, peak_steps(reference)
    restored = arm.restoring_mwh() - reference.restoring_mwh()
    valley = _mean(marginal, weights, in_valley)
    return {
        "average_t_per_mwh": average,
        "marginal_t_per_mwh": _mean(marginal, weights, np.ones(len(system), bool)),
        "marginal_at_peak_t_per_mwh": _mean(marginal, weights, at_peak),
        "marginal_in_valley_t_per_mwh": valley,
        "co2_avoided_by_average_t": -average * extra_energy_mwh(reference, arm),
        "co2_avoided_by_margin_t": -float((draw * marginal * weights).sum()) * hours
        - restored * (valley or 0.0),
    }


def parts(one_way: dict[str, Any], two_way: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Split effects into the contribution of delayed charging and that of discharging.

    Parameters
    ----------
    one_way, two_way : dict
        Effects of an arm with delayed charging only, and of one with discharging, on the same reference.
    """
    return {name: {"delay": one_way[name], "discharge": two_way[name] - one_way[name]} for name in PARTS}


def peak_steps(reference: ArmTables) -> NDArray[np.bool_]:
    """The steps with the highest net load that stand for a tenth of the time."""
    order = np.argsort(-reference.system["net_load_mw"].to_numpy(), kind="stable")
    weights = reference.step_weights[order]
    chosen = np.zeros(len(order), bool)
    chosen[order[np.cumsum(weights) - weights < PEAK_STEPS_SHARE * weights.sum() - 1e-9]] = True
    return chosen


def _coal_mwh_saved(reference: ArmTables, arm: ArmTables) -> float:
    """Energy-neutral difference of coal power; its marginal rate is how often coal is the last needed."""
    valley = reference.in_valley
    marginal = (reference.system["marginal_coal_tce_per_mwh"] > 0.0).to_numpy()[valley]
    share = float(np.average(marginal, weights=reference.step_weights[valley]))
    before = reference.energy_mwh("coal_mw") + reference.restoring_all_mwh() * share
    return before - arm.energy_mwh("coal_mw") - arm.restoring_all_mwh() * share


def _peak_hours_coal_mwh(reference: ArmTables, arm: ArmTables) -> float:
    steps = peak_steps(reference)
    change = reference.system["coal_mw"].to_numpy() - arm.system["coal_mw"].to_numpy()
    return float((change * reference.step_weights)[steps].sum() * reference.step_hours)


def _net_draw_mw(arm: ArmTables) -> NDArray[np.float64]:
    return (arm.system["ev_charge_mw"] - arm.system["ev_discharge_mw"]).to_numpy()


def _net_draw_mwh(arm: ArmTables) -> float:
    return arm.energy_mwh("ev_charge_mw") - arm.energy_mwh("ev_discharge_mw") + arm.restoring_mwh()


def _mean(
    values: NDArray[np.float64], weights: NDArray[np.float64], where: NDArray[np.bool_]
) -> float | None:
    return float(np.average(values[where], weights=weights[where])) if where.any() else None
