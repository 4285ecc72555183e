"""Forecast of net load: expected profile, the operator's own history, and the current error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.dispatch.history import History
from sim.grid.usual_day import UsualDay

Array = NDArray[np.float64]


class Forecast:
    """Forecast of net load without the controlled cars.

    By default a public forecast gives the expected profile of demand, wind and solar for days of this
    kind, and the load of uncontrolled cars is learnt from the operator's own past days. An operator
    without a public forecast uses yesterday, or the mean of past days of the kind. In each case the
    present error is carried forward and decays, so that errors grow with lead time. The operator never
    sees the noise of future steps, except with perfect forecasts.

    Parameters
    ----------
    expected_mw : ndarray, shape (n_steps,)
        Demand less wind and solar expected for every step, without cars.
    history : History
    step_hours, memory_hours : float
        Length of a step, and time in which an error decays to 1/e.
    method : str
        ``expected``, ``persistence``, ``same_day_type`` or ``perfect``.
    """

    def __init__(
        self, expected_mw: Array, history: History, step_hours: float, memory_hours: float, method: str
    ):
        self._expected = expected_mw
        self._history = history
        self._method = method
        self._seen = np.full(len(expected_mw), np.nan)
        self._usual_cars = UsualDay(history.steps_per_day)
        self._fade = np.exp(-step_hours / memory_hours)
        self._error = 0.0
        self._known: Array | None = None
        self.false_mw = np.zeros(len(expected_mw))

    def foretell(self, net_load_mw: Array) -> None:
        """Provide the actual net load, for perfect forecasts."""
        self._known = net_load_mw

    def observe(self, step: int, net_load_mw: float, not_controlled_mw: float) -> None:
        """Record the metered net load without cars, and the load of uncontrolled cars."""
        if self._method == "expected":
            self._error = net_load_mw - float(self._expected[step])
        else:
            self._error = net_load_mw + not_controlled_mw - self._by_history(step, step)
        self._seen[step] = net_load_mw + not_controlled_mw
        self._usual_cars.note(step, not_controlled_mw)

    def ahead(self, step: int, count: int) -> Array:
        """Expected net load from a step on, including uncontrolled cars, shape (count,)."""
        steps = np.arange(step, step + count)
        known = np.minimum(steps, len(self._expected) - 1)
        if self._method == "perfect" and self._known is not None:
            return self._known[known] + self.false_mw[known]
        fading: Array = self._error * self._fade ** np.arange(1, count + 1)
        if self._method == "expected":
            usual = self._expected[known] + self._usual_cars.at(steps)
        else:
            usual = np.array([self._by_history(int(when), step) for when in steps])
        return usual + fading + self.false_mw[known]

    def _by_history(self, when: int, now: int) -> float:
        """Mean of past days; on the first day, which has no history, the public forecast."""
        past = self._history.models_of(when, now, self._method)
        if not len(past):
            return float(self._expected[min(when, len(self._expected) - 1)])
        return float(self._seen[past].mean())
