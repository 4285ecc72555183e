"""Means and intervals of a sweep: for points, and for differences between points on the same draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.effects.summary import CONFIDENCE, interval, midpoint

POINT, DRAW = "point", "replication"
#: Number of identical replications from which a zero-width interval is accepted.
EQUAL_DRAWS = 8
#: Samples of a bootstrap.
RESAMPLES = 1000


def figure_at(summary: Mapping[str, Any], path: str) -> float:
    """A number of ``summary.json`` by its path; NaN where it is null.

    Raises
    ------
    KeyError
        If there is no such figure, or it is no number.
    """
    found: Any = summary
    for key in path.split("."):
        if not isinstance(found, Mapping) or key not in found:
            raise KeyError(path)
        found = found[key]
    found = midpoint(found)
    if found is None:
        return float("nan")
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        raise KeyError(path)
    return float(found)


def figures_in(summary: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Paths of all numbers of a summary, nulls included."""
    found: list[str] = []
    for key, value in summary.items():
        path = f"{prefix}{key}"
        if isinstance(value, Mapping):
            found += figures_in(value, f"{path}.")
        elif value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
            found.append(path)
    return found


def point_table(runs: pd.DataFrame, parameters: Sequence[str], outcomes: Sequence[str]) -> pd.DataFrame:
    """Mean and 95% Student interval of every outcome at every point; one row each.

    Parameters
    ----------
    runs : DataFrame
        One row for each run: ``point``, ``replication``, parameters and outcomes.

    Returns
    -------
    DataFrame
        ``point``, parameters, ``outcome``, ``mean``, ``sd``, ``low``, ``high``, ``n``. Without replications
        ``sd``, ``low`` and ``high`` are missing.
    """
    rows = []
    for point, group in runs.groupby(POINT, sort=True):
        first = group.iloc[0]
        for outcome in outcomes:
            row = {POINT: point} | {name: first[name] for name in parameters} | {"outcome": outcome}
            rows.append(row | spread(group[outcome].to_numpy(dtype=np.float64)))
    return pd.DataFrame(rows, columns=[POINT, *parameters, "outcome", "mean", "sd", "low", "high", "n"])


def spread(values: NDArray[np.float64]) -> dict[str, float]:
    """Mean, standard deviation, ends of the 95% interval and number of some independent values."""
    known = values[~np.isnan(values)]
    found = interval(list(known))
    low, high = found["ci95"] or (np.nan, np.nan)
    mean = np.nan if found["mean"] is None else found["mean"]
    sd = float(np.std(known, ddof=1)) if len(known) > 1 else np.nan
    return {"mean": mean, "sd": sd, "low": low, "high": high, "n": len(known)}


def differences(runs: pd.DataFrame, outcomes: Sequence[str], base: int = 0) -> pd.DataFrame:
    """Paired differences of every point from a base point: variation common to both cancels.

    Returns
    -------
    DataFrame
        ``point``, ``outcome``, ``mean``, ``sd``, ``low``, ``high``, ``n``.
    """
    wide = {outcome: runs.pivot(index=DRAW, columns=POINT, values=outcome) for outcome in outcomes}
    rows = []
    for point in sorted(runs[POINT].unique()):
        for outcome in outcomes:
            paired = (wide[outcome][point] - wide[outcome][base]).to_numpy(dtype=np.float64)
            rows.append({POINT: point, "outcome": outcome} | spread(paired))
    return pd.DataFrame(rows)


def is_narrow(values: NDArray[np.float64], half_width: float | None, relative: float | None) -> bool:
    """Whether the 95% interval of a mean is as narrow as asked; never with fewer than three values.

    A few identical values give an interval of zero width without information, for example for a figure that
    is zero in most replications. Identical values count as narrow from `EQUAL_DRAWS` on.
    """
    found = spread(values)
    if found["n"] < 3:
        return bool(np.isnan(values).all() and len(values) >= EQUAL_DRAWS)
    if found["sd"] == 0.0 and found["n"] < EQUAL_DRAWS:
        return False
    half = (found["high"] - found["low"]) / 2.0
    return bool(half <= (half_width if half_width is not None else (relative or 0.0) * abs(found["mean"])))


def steepness(runs: pd.DataFrame, parameter: str, outcome: str) -> tuple[float, float, float]:
    """Rank correlation of an outcome with a parameter over random points, with its 95% bootstrap interval."""
    means = runs.groupby(POINT)[[parameter, outcome]].mean().dropna()
    if len(means) < 4:
        return np.nan, np.nan, np.nan
    rng = np.random.default_rng(1)
    again = [_rank_correlation(means.iloc[rng.integers(0, len(means), len(means))]) for _ in range(RESAMPLES)]
    tail = (1.0 - CONFIDENCE) / 2.0
    known = [value for value in again if not np.isnan(value)]
    low, high = np.quantile(known, [tail, 1.0 - tail]) if known else (np.nan, np.nan)
    return _rank_correlation(means), float(low), float(high)


def _rank_correlation(two: pd.DataFrame) -> float:
    """Spearman's correlation of two columns; NaN where one of them does not vary."""
    ranks = two.rank().to_numpy()
    spreads = ranks.std(axis=0)
    if not spreads.all():
        return float("nan")
    centred = ranks - ranks.mean(axis=0)
    return float((centred[:, 0] * centred[:, 1]).mean() / spreads.prod())
