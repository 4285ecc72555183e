"""Price thresholds for individual owners, in a form suited to fast look-up.

For L steps until departure and k steps of charging still needed, an owner needs the price of the k-th
cheapest of the next L steps, and the number of these L steps that are not dearer. A wavelet matrix over the
ranks of the prices answers both in as many iterations as the number of distinct prices has binary digits,
and is built in time linear in the number of steps ahead: a tariff of three prices at steps of one minute
takes two iterations per car.

Reference: Claude, Navarro and Ordóñez (2015), The wavelet matrix, Information Systems 47.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.rules.compiling import compiled, per_row


class PriceTable(NamedTuple):
    """Prices by kind of charger and step, indexed for queries about any run of steps.

    Attributes
    ----------
    now : ndarray, shape (n_kinds,)
        Price of the first step, [yuan/kWh].
    rising : ndarray, shape (n_kinds, horizon)
        The distinct prices of each kind, ascending, [yuan/kWh]; infinite beyond the last.
    lower : ndarray of int32, shape (n_kinds, digits, horizon + 1)
        For every binary digit of the ranks, most significant first: number of steps before a position whose
        digit is 0, in the order that results from the preceding digits.
    day_steps : int
        Steps of a day, or of the horizon where that is shorter.
    """

    now: Any
    rising: Any
    lower: Any
    day_steps: int


def no_prices() -> PriceTable:
    """Placeholder table for signals without prices."""
    return PriceTable(np.zeros(1), np.zeros((1, 1)), np.zeros((1, 1, 1), np.int32), 0)


def price_table(buy_yuan_per_kwh: NDArray[np.float64], steps_per_day: int) -> PriceTable:
    """Table of prices by kind of charger and step, shape (n_kinds, horizon)."""
    buy = np.ascontiguousarray(buy_yuan_per_kwh, dtype=np.float64)
    kinds, horizon = buy.shape
    different = [np.unique(prices, return_inverse=True) for prices in buy]
    digits = max(1, max(len(prices) - 1 for prices, _ in different).bit_length())
    rising = np.full((kinds, horizon), np.inf)
    lower = np.zeros((kinds, digits, horizon + 1), np.int32)
    for kind, (prices, ranks) in enumerate(different):
        rising[kind, : len(prices)] = prices
        same = next((k for k in range(kind) if np.array_equal(buy[k], buy[kind])), None)
        if same is None:
            _fill(np.ascontiguousarray(ranks, dtype=np.int64), lower[kind])
        else:
            lower[kind] = lower[same]
    return PriceTable(buy[:, 0].copy(), rising, lower, min(horizon, steps_per_day))


@compiled
def _fill(ranks: Any, lower: Any) -> None:
    """Count zeros of each digit; then sort by that digit (stable)."""
    digits, n = lower.shape[0], len(ranks)
    order, sorted_ = ranks.copy(), np.empty_like(ranks)
    for digit in range(digits):
        shift = digits - 1 - digit
        for place in range(n):
            lower[digit, place + 1] = lower[digit, place] + 1 - ((order[place] >> shift) & 1)
        zero, one = 0, lower[digit, n]
        for place in range(n):
            if (order[place] >> shift) & 1:
                sorted_[one] = order[place]
                one += 1
            else:
                sorted_[zero] = order[place]
                zero += 1
        order[:] = sorted_


@per_row
def rank_of_cheapest(table: PriceTable, kind: int, first: int, steps: int, number: int) -> int:
    """Rank of the price of the `number`-th cheapest of some steps from `first` on; -1 where there is none."""
    if number < 1 or number > steps:
        return -1
    lower = table.lower[kind]
    digits, n = lower.shape[0], lower.shape[1] - 1
    last, rank = first + steps, 0
    for digit in range(digits):
        zeros = lower[digit, last] - lower[digit, first]
        if number <= zeros:
            first, last = lower[digit, first], lower[digit, last]
            rank = rank << 1
        else:
            number -= zeros
            first = lower[digit, n] + first - lower[digit, first]
            last = lower[digit, n] + last - lower[digit, last]
            rank = (rank << 1) | 1
    return rank


@per_row
def count_up_to(table: PriceTable, kind: int, first: int, steps: int, rank: int) -> int:
    """How many of some steps from `first` on are not dearer than the price of a rank."""
    lower = table.lower[kind]
    digits, n = lower.shape[0], lower.shape[1] - 1
    beyond = rank + 1
    if beyond >> digits:
        return steps
    last, found = first + steps, 0
    for digit in range(digits):
        zero_first, zero_last = lower[digit, first], lower[digit, last]
        if (beyond >> (digits - 1 - digit)) & 1:
            found += zero_last - zero_first
            first, last = lower[digit, n] + first - zero_first, lower[digit, n] + last - zero_last
        else:
            first, last = zero_first, zero_last
    return found


@per_row
def price_of_rank(table: PriceTable, kind: int, rank: int) -> float:
    """Price of a rank [yuan/kWh]; infinite if there is no such step."""
    return np.inf if rank < 0 else table.rising[kind, rank]
