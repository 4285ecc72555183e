"""Sensitivity analysis: Sobol and Morris indices, tornado swings, rank correlations."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.runs.sweeps.design import problem_of, shown, unit_points
from sim.runs.sweeps.intervals import POINT, RESAMPLES, differences, steepness
from sim.runs.sweeps.plan import Plan

#: Columns of ``indices.parquet``.
COLUMNS = ("outcome", "parameter", "index", "value", "low", "high")

Array = NDArray[np.float64]

CHOICE = 2  # values of a parameter that is one or the other


def indices(plan: Plan, runs: pd.DataFrame) -> pd.DataFrame:
    """Sensitivity indices of each parameter and outcome, by design; empty for a grid or a list.

    Returns
    -------
    DataFrame
        ``outcome``, ``parameter``, ``index``, ``value``, and ``low`` and ``high``, the ends of its 95%
        interval.
        Indices are ``first`` and ``total`` (Sobol: shares of variance), ``mu_star``, ``mu`` and ``sigma``
        (Morris: effect over the whole range, in the unit of the outcome), ``at_low`` and ``at_high``
        (tornado: difference to the unchanged scenario), ``rank_correlation`` (Latin hypercube).
    """
    found = _BY_DESIGN.get(plan.sweep.design.kind)
    rows = found(plan, runs) if found is not None else []
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _means(plan: Plan, runs: pd.DataFrame, outcome: str, points: int) -> Array | None:
    """Mean of an outcome at every point in order; None where a point has none."""
    means = runs.groupby(POINT)[outcome].mean().reindex(range(points)).to_numpy(dtype=np.float64)
    return None if np.isnan(means).any() else means


def _sobol(plan: Plan, runs: pd.DataFrame) -> list[dict[str, Any]]:
    from SALib.analyze import sobol

    names, rows = list(plan.sweep.parameters), []
    for outcome, means in _complete(plan, runs):
        if np.ptp(means) == 0.0:
            rows += _without_value(outcome, names, ("first", "total"))
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # SALib divides by a variance that a resample may lack
            found = sobol.analyze(
                problem_of(names), means, calc_second_order=False, num_resamples=RESAMPLES, seed=1
            )
        for index, key in (("first", "S1"), ("total", "ST")):
            rows += _rows(outcome, names, index, found[key], found[f"{key}_conf"])
    return rows


def _morris(plan: Plan, runs: pd.DataFrame) -> list[dict[str, Any]]:
    from SALib.analyze import morris

    names, unit, rows = list(plan.sweep.parameters), unit_points(plan), []
    for outcome, means in _complete(plan, runs):
        found = morris.analyze(
            problem_of(names), unit, means, num_levels=plan.sweep.design.levels,
            num_resamples=RESAMPLES, seed=1,
        )  # fmt: skip
        rows += _rows(outcome, names, "mu_star", found["mu_star"], found["mu_star_conf"])
        none = np.full(len(names), np.nan)
        rows += _rows(outcome, names, "mu", found["mu"], none)
        rows += _rows(outcome, names, "sigma", found["sigma"], none)
    return rows


def _tornado(plan: Plan, runs: pd.DataFrame) -> list[dict[str, Any]]:
    outcomes = list(plan.sweep.outcomes)
    rows: list[dict[str, Any]] = []
    if 0 not in set(runs[POINT]):
        return rows
    swings = {(row[POINT], row["outcome"]): row for row in differences(runs, outcomes).to_dict("records")}
    for outcome in outcomes:
        for number, name in enumerate(plan.sweep.parameters):
            for side, index in enumerate(("at_low", "at_high")):
                point = 1 + 2 * number + side
                if (point, outcome) in swings:
                    swing = swings[point, outcome]
                    row = (outcome, name, index, swing["mean"], swing["low"], swing["high"])
                    rows.append(dict(zip(COLUMNS, row, strict=True)))
    return rows


def _random(plan: Plan, runs: pd.DataFrame) -> list[dict[str, Any]]:
    rows = []
    for outcome in plan.sweep.outcomes:
        for name in plan.sweep.parameters:
            ranked = in_order(plan, runs, name)
            if ranked is not None:
                row = (outcome, name, "rank_correlation", *steepness(ranked, name, outcome))
                rows.append(dict(zip(COLUMNS, row, strict=True)))
    return rows


def in_order(plan: Plan, runs: pd.DataFrame, name: str) -> pd.DataFrame | None:
    """The runs with a parameter as a number: as it is, or which of two values it takes; None for neither."""
    if pd.api.types.is_numeric_dtype(runs[name]):
        return runs
    values = plan.sweep.parameters[name].values or []
    if len(values) != CHOICE:
        return None
    order = {shown(plan, name, value): float(place) for place, value in enumerate(values)}
    return runs.assign(**{name: runs[name].map(order).astype(float)})


def _complete(plan: Plan, runs: pd.DataFrame) -> list[tuple[str, Array]]:
    """Outcomes available at every point of the design, with their means."""
    points = len(unit_points(plan))
    found = [(outcome, _means(plan, runs, outcome, points)) for outcome in plan.sweep.outcomes]
    return [(outcome, means) for outcome, means in found if means is not None]


def _rows(outcome: str, names: list[str], index: str, values: Any, half: Any) -> list[dict[str, Any]]:
    rows = []
    for name, value, width in zip(names, np.asarray(values), np.asarray(half), strict=True):
        row = (outcome, name, index, float(value), float(value - width), float(value + width))
        rows.append(dict(zip(COLUMNS, row, strict=True)))
    return rows


def _without_value(outcome: str, names: list[str], kinds: tuple[str, ...]) -> list[dict[str, Any]]:
    none = np.full(len(names), np.nan)
    return [row for index in kinds for row in _rows(outcome, names, index, none, none)]


_BY_DESIGN: dict[str, Callable[[Plan, pd.DataFrame], list[dict[str, Any]]]] = {
    "sobol": _sobol,
    "morris": _morris,
    "tornado": _tornado,
    "latin-hypercube": _random,
}
