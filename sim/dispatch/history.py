"""Selection of past steps that serve as a forecast."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Steps = NDArray[np.int64]


class History:
    """Past steps that an operator uses to forecast a future step.

    Parameters
    ----------
    steps_per_day : int
    kinds : ndarray, shape (n_days,)
        Kind of every day of the run, day 0 first.
    """

    def __init__(self, steps_per_day: int, kinds: NDArray[np.uint8]):
        self.steps_per_day = steps_per_day
        self._kinds = kinds

    def stretches(self, now: int, count: int) -> list[tuple[int, int]]:
        """The steps from `now` on, in stretches whose models are those of their first step, shifted.

        Returns
        -------
        list of (int, int)
            First step and length of each; stretches end at midnight and at the present time of day.
        """
        inside = range(1, count)
        edges = [k for k in inside if (now + k) % self.steps_per_day == 0 or k % self.steps_per_day == 0]
        return [(now + first, last - first) for first, last in pairwise([0, *edges, count])]

    def models_of(self, when: int, now: int, method: str) -> Steps:
        """Steps before `now` at the same time of day as `when`; empty on the first day.

        ``persistence`` takes the latest, ``same_day_type`` all on days of the same kind, or on any day if
        there has been no day of that kind.
        """
        past = np.arange(when % self.steps_per_day, now, self.steps_per_day)
        if method == "persistence":
            return past[-1:]
        kind = self._kinds[min(when // self.steps_per_day, len(self._kinds) - 1)]
        alike = past[self._kinds[past // self.steps_per_day] == kind]
        return alike if len(alike) else past
