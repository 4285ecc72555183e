"""What the operator expects of net load: the usual day, its own history, and today's error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NEW_DAY_WEIGHT = 0.5  # of the latest day in the mean of past days


class Forecast:
    """Forecast of net load without the steered cars.

    The expected course of demand, wind and sun for days of this kind is known beforehand; what
    cars do that nobody steers is learnt from the operator's own past days; the present error is
    carried forward and fades. The operator never sees the noise of steps to come.

    Parameters
    ----------
    expected_mw : ndarray, shape (n_steps,)
        Demand less wind and solar expected for every step, without cars.
    steps_per_day : int
    step_hours, memory_hours : float
        Length of a step, and time in which an error fades to 1/e.
    """

    def __init__(self, expected_mw: Array, steps_per_day: int, step_hours: float, memory_hours: float):
        self._expected = expected_mw
        self._usual_cars = np.zeros(steps_per_day)
        self._seen = np.zeros(steps_per_day, dtype=bool)
        self._fade = np.exp(-step_hours / memory_hours)
        self._error = 0.0

    def observe(self, step: int, net_load_mw: float, unsteered_mw: float) -> None:
        """Take note of the metered net load without cars, and of the cars nobody steers."""
        self._error = net_load_mw - float(self._expected[step])
        slot = step % len(self._usual_cars)
        weight = NEW_DAY_WEIGHT if self._seen[slot] else 1.0
        self._usual_cars[slot] += weight * (unsteered_mw - self._usual_cars[slot])
        self._seen[slot] = True

    def ahead(self, step: int, count: int) -> Array:
        """Expected net load from a step on, with the cars nobody steers, shape (count,)."""
        steps = np.arange(step, step + count)
        known = np.minimum(steps, len(self._expected) - 1)
        fading: Array = self._error * self._fade ** np.arange(1, count + 1)
        return self._expected[known] + self._usual_cars[steps % len(self._usual_cars)] + fading
