"""Distribution statistics, to show gains and losses that a mean hides."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

QUANTILES = {"p05": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95, "p99": 0.99}


def distribution(values: ArrayLike) -> dict[str, Any]:
    """Mean, spread, quantiles, maximum and number of some values; null where there are none.

    The standard deviation is that of the sample (n - 1), 0 for a single value.
    """
    sample = np.asarray(values, dtype=np.float64)
    n = len(sample)
    if n == 0:
        return dict.fromkeys(("mean", "sd", *QUANTILES, "max")) | {"n": 0}
    quantiles = np.quantile(sample, list(QUANTILES.values()))
    return {
        "mean": float(sample.mean()),
        "sd": float(sample.std(ddof=1)) if n > 1 else 0.0,
        **{name: float(value) for name, value in zip(QUANTILES, quantiles, strict=True)},
        "max": float(sample.max()),
        "n": n,
    }
