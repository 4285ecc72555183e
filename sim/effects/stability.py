"""Alternative definitions of "stability", each with its own figure."""

from __future__ import annotations

from typing import Any

from sim.effects.arms import ArmTables, max_ramp_mw_per_h

#: Definitions in percent: key, and wording. The article's "15%" is compared with each.
DEFINITIONS = {
    "peak_cut_pct": "peak of net load lower",
    "gross_peak_cut_pct": "peak of demand with cars lower",
    "peak_to_valley_cut_pct": "gap between peak and valley smaller",
    "load_factor_gain_pct": "load factor higher",
    "max_ramp_cut_pct": "steepest hour less steep",
    "min_reserve_margin_gain_pct": "smallest reserve margin larger",
    "reserve_short_hours_cut_pct": "fewer hours short of reserve",
    "loss_of_load_cut_pct": "loss-of-load hours fewer",
    "expected_unserved_cut_pct": "expected unserved energy smaller",
}


def stability(reference: ArmTables, arm: ArmTables, adequacy: dict[str, Any]) -> dict[str, float | None]:
    """Improvement by every definition, positive where the arm is better.

    Percentages are of the reference's figure, null where that is zero.

    Parameters
    ----------
    adequacy : dict
        See :func:`sim.effects.adequacy.adequacy`.
    """
    before, after = (_figures(each) for each in (reference, arm))
    lost = {
        name: (adequacy[f"{key}_reference"], adequacy[key])
        for name, key in (
            ("reserve_short_hours", "reserve_short_hours"),
            ("loss_of_load", "loss_of_load_hours"),
            ("expected_unserved", "expected_unserved_mwh"),
        )
    }
    return {
        "peak_cut_pct": _cut(before["peak"], after["peak"]),
        "gross_peak_cut_pct": _cut(before["gross"], after["gross"]),
        "peak_to_valley_cut_mw": before["gap"] - after["gap"],
        "peak_to_valley_cut_pct": _cut(before["gap"], after["gap"]),
        "load_factor_gain_points": 100.0 * (after["factor"] - before["factor"]),
        "load_factor_gain_pct": _gain(before["factor"], after["factor"]),
        "max_ramp_cut_mw_per_h": before["ramp"] - after["ramp"],
        "max_ramp_cut_pct": _cut(before["ramp"], after["ramp"]),
        "min_reserve_margin_gain_mw": after["margin"] - before["margin"],
        "min_reserve_margin_gain_pct": _gain(before["margin"], after["margin"]),
        "unserved_avoided_mwh": before["unserved"] - after["unserved"],
        **{f"{name}_cut_pct": _cut(*pair) for name, pair in lost.items()},
    }


def _figures(arm: ArmTables) -> dict[str, float]:
    net = arm.system["net_load_mw"]
    return {
        "peak": float(net.max()),
        "gross": float(arm.gross_mw().max()),
        "gap": float(net.max() - net.min()),
        "factor": arm.load_factor(),
        "ramp": max_ramp_mw_per_h(arm),
        "margin": float(arm.system["reserve_margin_mw"].min()),
        "unserved": arm.energy_mwh("unserved_mw"),
    }


def _cut(before: float, after: float) -> float | None:
    return 100.0 * (before - after) / before if before > 0.0 else None


def _gain(before: float, after: float) -> float | None:
    return 100.0 * (after - before) / before if before > 0.0 else None
