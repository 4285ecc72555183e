"""``summary.json``: arms, effects and audit, over one or several replications."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

CONFIDENCE = 0.95


def over_replications(figures: Sequence[Any]) -> Any:
    """Combine the same figure over several replications.

    With one replication the figure itself. With more, every number becomes its mean with a 95%
    Student interval and the number of replications; texts become the list of them.
    """
    if len(figures) == 1:
        return figures[0]
    first = figures[0]
    if isinstance(first, Mapping):
        return {key: over_replications([figure[key] for figure in figures]) for key in first}
    if isinstance(first, str):
        return list(figures)
    if isinstance(first, list):
        return list(figures)
    return interval([float(figure) for figure in figures if figure is not None])


def interval(values: Sequence[float]) -> dict[str, Any]:
    """Mean of independent values with its 95% Student confidence interval.

    Without values the mean is null; with one the interval is null.
    """
    n = len(values)
    if n == 0:
        return {"mean": None, "ci95": None, "n": 0}
    mean = float(np.mean(values))
    if n == 1:
        return {"mean": mean, "ci95": None, "n": 1}
    from scipy import stats  # a quarter of a second of imports, needed by replications only

    half = float(stats.t.ppf(0.5 + CONFIDENCE / 2.0, n - 1) * np.std(values, ddof=1) / math.sqrt(n))
    return {"mean": mean, "ci95": [mean - half, mean + half], "n": n}


def midpoint(figure: Any) -> Any:
    """The number to show for a figure: itself, or its mean over replications."""
    return figure["mean"] if isinstance(figure, Mapping) and "ci95" in figure else figure


def interval_of(figure: Any) -> tuple[float, float] | None:
    """The 95% interval of a figure over replications; None where it has none or all draws agree."""
    if not isinstance(figure, Mapping) or not figure.get("ci95"):
        return None
    low, high = figure["ci95"]
    return (low, high) if high > low else None


def interval_of_size(figure: Any) -> tuple[float, float] | None:
    """The same for a change reported by its magnitude: for a negative change the interval is mirrored."""
    ends = interval_of(figure)
    return ends if ends is None or midpoint(figure) >= 0.0 else (-ends[1], -ends[0])


def is_clear(figure: Any) -> bool:
    """Whether the sign of an effect is significant: its interval excludes zero, or there is no interval."""
    ends = interval_of(figure)
    return ends is None or ends[0] > 0.0 or ends[1] < 0.0
