"""Usual load by time of day, learnt from past days."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LATEST_DAY_WEIGHT = 0.5  # assumption: weight of the latest day in the exponential mean


class UsualDay:
    """Exponentially weighted mean of past days by time of day [MW]; zero before the first day.

    Parameters
    ----------
    steps_per_day : int
    """

    def __init__(self, steps_per_day: int):
        self._mw = np.zeros(steps_per_day)
        self._seen = np.zeros(steps_per_day, dtype=bool)

    def note(self, step: int, mw: float) -> None:
        """Record the load of a step."""
        slot = step % len(self._mw)
        weight = LATEST_DAY_WEIGHT if self._seen[slot] else 1.0
        self._mw[slot] += weight * (mw - self._mw[slot])
        self._seen[slot] = True

    def at(self, steps: NDArray[np.int64]) -> Array:
        """Usual load at the time of day of the given steps [MW]."""
        usual: Array = self._mw[steps % len(self._mw)]
        return usual
