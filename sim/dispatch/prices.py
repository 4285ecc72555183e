"""Prices to which every owner reacts alone, in a form that a charger can look up.

What an owner needs to know of a day of prices is one number: the price of the k-th cheapest step
among the next L, for L steps until departure and k steps of charging still needed. The table holds
it for all L and k, so that a million cars need no search.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.rules.compiling import compiled


class PriceTable(NamedTuple):
    """Thresholds by kind of charger, steps until departure and steps needed.

    Attributes
    ----------
    now : ndarray, shape (n_kinds,)
        Price of this step, [yuan/kWh].
    threshold : ndarray, shape (n_kinds, horizon + 1, horizon + 1)
        Price of the k-th cheapest among the next L steps, [yuan/kWh]; infinite where k exceeds L.
    cheap_left, cheap_in_day : ndarray, same shape
        Steps not dearer than the threshold among the next L, and among those of a day.
    """

    now: Any
    threshold: Any
    cheap_left: Any
    cheap_in_day: Any


def no_prices() -> PriceTable:
    """A table for signals without prices."""
    nothing = np.zeros((1, 1, 1))
    counts = np.zeros((1, 1, 1), dtype=np.int64)
    return PriceTable(np.zeros(1), nothing, counts, counts)


def price_table(buy_yuan_per_kwh: NDArray[np.float64], steps_per_day: int) -> PriceTable:
    """Table of prices by kind of charger and step, shape (n_kinds, horizon)."""
    buy = np.ascontiguousarray(buy_yuan_per_kwh)
    kinds, horizon = buy.shape
    threshold = np.full((kinds, horizon + 1, horizon + 1), np.inf)
    cheap_left = np.zeros(threshold.shape, dtype=np.int64)
    cheap_in_day = np.zeros(threshold.shape, dtype=np.int64)
    for kind in range(kinds):
        same = next((k for k in range(kind) if np.array_equal(buy[k], buy[kind])), None)
        if same is None:
            _fill(buy[kind], steps_per_day, threshold[kind], cheap_left[kind], cheap_in_day[kind])
        else:
            for part in (threshold, cheap_left, cheap_in_day):
                part[kind] = part[same]
    return PriceTable(buy[:, 0].copy(), threshold, cheap_left, cheap_in_day)


@compiled
def _fill(price: Any, steps_per_day: int, threshold: Any, cheap_left: Any, cheap_in_day: Any) -> None:
    horizon = len(price)
    ranked = np.empty(horizon)
    day = np.sort(price[: min(horizon, steps_per_day)])
    for length in range(1, horizon + 1):
        place = length - 1
        while place > 0 and ranked[place - 1] > price[length - 1]:
            ranked[place] = ranked[place - 1]
            place -= 1
        ranked[place] = price[length - 1]
        for needed in range(1, length + 1):
            limit = ranked[needed - 1]
            threshold[length, needed] = limit
            cheap_left[length, needed] = np.searchsorted(ranked[:length], limit, "right")
            cheap_in_day[length, needed] = np.searchsorted(day, limit, "right")
