"""Aggregate fleet model of the operator: plugged-in cars and expected arrivals.

Sums are taken over cars by departure and group (one-way cars, and two-way cars by endurance), so that their
size does not depend on the number of cars.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.dispatch.history import History

Array = NDArray[np.float64]

ONE_WAY = 0  # group of cars that do not discharge; the other groups do, by endurance
ENDURANCE_EDGES_H = (1.0, 2.5)
LEAST_ENDURANCE_H = 0.1  # cars with less endurance count as one-way
GROUPS = 2 + len(ENDURANCE_EDGES_H)
POWER, OWED, ROOM, SPARE, FEED_IN_POWER = range(5)
PLUGGED_FIELDS = 5
ARRIVING_FIELDS = 3
LONGEST_STAY_H = 48


@dataclass(frozen=True)
class Plugged:
    """Controlled cars plugged in now, by stated departure step.

    Attributes
    ----------
    sums : ndarray, shape (horizon + 1, GROUPS, PLUGGED_FIELDS)
        By steps from now (the last entry holds all later departures): power [MW]; energy owed,
        maximum energy owed, and energy available for discharge above reserve, at the grid side [MWh];
        power of cars that may discharge, regardless of their present energy [MW].
    """

    sums: Array

    @property
    def charge_mw(self) -> Array:
        """Power still plugged in, by step of the horizon."""
        return _still_there(self.sums[:, :, POWER].sum(axis=1))

    @property
    def discharge_mw(self) -> Array:
        """Power of cars that may discharge and are still plugged in, by step of the horizon."""
        return _still_there(self.sums[:, :, FEED_IN_POWER].sum(axis=1))


def _still_there(leaving: Array) -> Array:
    """Sums present in each step of the horizon, from the sums that leave at each step."""
    return np.cumsum(leaving[::-1])[::-1][1:]


class Arrivals:
    """Sessions that began, by step and stay: the basis of the operator's arrival forecasts.

    Parameters
    ----------
    n_steps : int
    history : History
    method : str
        ``none``; ``persistence``: as yesterday; ``same_day_type``: mean of past days of the same kind;
        ``perfect``: actual arrivals (see :meth:`foretell`).
    """

    SHAPE = (LONGEST_STAY_H + 1, GROUPS, ARRIVING_FIELDS)

    def __init__(self, n_steps: int, history: History, method: str):
        self.seen = np.zeros((n_steps, *self.SHAPE))
        self._history = history
        self._method = method
        self._known: Array | None = None

    def foretell(self, seen: Array) -> None:
        """Provide the actual sessions, for perfect forecasts."""
        self._known = seen

    def observe(self, step: int, began: Array) -> None:
        """Record the sessions that began in a step."""
        self.seen[step] = began

    def ahead(self, step: int, count: int) -> Array:
        """Sessions expected to begin from a step on, shape (count, stays [h], GROUPS, ARRIVING_FIELDS)."""
        expected = np.zeros((count, *self.SHAPE))
        if self._method == "none":
            return expected
        if self._method == "perfect" and self._known is not None:
            known = self._known[step : step + count]
            expected[: len(known)] = known
            return expected
        for first, length in self._history.stretches(step, count):
            past = self._history.models_of(first, step, self._method)
            if len(past):
                alike = self.seen[past[:, None] + np.arange(length)]
                expected[first - step : first - step + length] = alike.mean(axis=0)
        return expected
