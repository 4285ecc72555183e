"""Cost to go of a car's charging debt under expected prices: one table for all cars.

Debt is energy owed by departure. For each number of slots left, maximum debt (room) and current debt, the
table holds the least cost of clearing the debt by departure, with charging and (under a two-way contract)
discharging at the best prices. It is computed by backward induction: slot by slot, the convex cost curve is
extended by one segment for charging and one for discharging, sorted by price. Time left is counted in whole
slots and room is binned, so that the computation does not depend on the number of cars.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.rules.bidding import ask_price, bid_price
from sim.rules.compiling import compiled, per_row

Array = NDArray[np.float64]

SLOT_MINUTES = 15  # shorter steps are merged into one slot
ONE_WAY = 0  # room bin of cars that never discharge
ROOMS = (*range(1, 9), *range(10, 25, 2), *range(28, 49, 4), 64, 80, 96)


class ValueTable(NamedTuple):
    """Cost curves by kind of charger, slots left, and room for debt.

    Attributes
    ----------
    buy, sell : ndarray, shape (n_kinds,)
        Prices of this step, [yuan/kWh].
    row : ndarray of int, shape (n_kinds,)
        Kinds of chargers with the same prices share a row of `cost`.
    room_bin : ndarray of int
        Bin of every whole number of slots of room, which is rounded up.
    buy_slots, gain_slots : ndarray, shape (n_different, n_slots) and (n_slots,)
        Prices of charging by slot, and of discharging less the minimum gain, [yuan/kWh].
    rooms : ndarray of int
        Largest room of every bin, [slots].
    cost : ndarray, shape (n_different, n_slots, n_rooms, n_slots + 1)
        Cost of a debt of 0, 1, ... slots after this one, by slots left, [yuan/kWh x slots].
    end : ndarray, shape (n_slots, n_rooms)
        Last slot of debt for which the curves are defined.
    slot_h, growth, least_gain : float
        Length of a slot [h]; slots of charging that replace one of discharging; minimum gain for
        discharging [yuan/kWh].
    """

    buy: Any
    sell: Any
    row: Any
    room_bin: Any
    buy_slots: Any
    gain_slots: Any
    rooms: Any
    cost: Any
    end: Any
    slot_h: float
    growth: float
    least_gain: float


def no_values() -> ValueTable:
    """Placeholder table for signals without values."""
    return unfilled_table(np.zeros((1, 1)), np.zeros(1), SLOT_MINUTES / 60.0, 1.0, np.inf)


def value_table(buy: Array, sell: Array, step_h: float, round_trip: float, least_gain: float) -> ValueTable:
    """Table for expected prices, with all its curves; see :func:`unfilled_table`."""
    table = unfilled_table(buy, sell, step_h, round_trip, least_gain)
    fill(table, np.ones(table.end.shape))
    return table


def unfilled_table(
    buy: Array, sell: Array, step_h: float, round_trip: float, least_gain: float
) -> ValueTable:
    """Table for expected prices, whose curves are still to be filled.

    Parameters
    ----------
    buy : ndarray, shape (n_kinds, horizon)
        Price of charging from this step on, [yuan/kWh].
    sell : ndarray, shape (horizon,)
        Price of discharged energy, [yuan/kWh].
    step_h : float
        Length of a step, [h].
    round_trip : float
        Energy fed in over the energy drawn for it.
    least_gain : float
        Minimum gain for discharging, [yuan/kWh].
    """
    together = max(1, round(SLOT_MINUTES / 60.0 / step_h))
    buy_slots, sell_slots = _by_slots(buy, together), _by_slots(sell[None], together)[0]
    n = buy_slots.shape[1]
    rooms = np.array([room for room in ROOMS if room <= max(n, ROOMS[0])])
    different = {prices.tobytes(): prices for prices in buy_slots}
    places = {key: place for place, key in enumerate(different)}
    return ValueTable(
        buy=np.ascontiguousarray(buy[:, 0], dtype=np.float64),
        sell=np.full(len(buy), float(sell[0])),
        row=np.array([places[prices.tobytes()] for prices in buy_slots]),
        room_bin=np.minimum(np.searchsorted(rooms, np.arange(n + 1)) + 1, len(rooms)),
        buy_slots=np.array(list(different.values())),
        gain_slots=sell_slots - least_gain,
        rooms=rooms,
        cost=np.empty((len(different), n, len(rooms) + 1, n + 1)),
        end=np.minimum(np.arange(n)[:, None], np.concatenate([[n], rooms])[None, :]).astype(np.int64),
        slot_h=step_h * together,
        growth=1.0 / round_trip,
        least_gain=least_gain,
    )


def _by_slots(prices: Array, together: int) -> Array:
    """Mean prices of slots, shape (n_rows, n_slots); the last slot may be short."""
    starts = np.arange(0, prices.shape[1], together)
    lengths = np.diff(np.append(starts, prices.shape[1]))
    return np.ascontiguousarray(np.add.reduceat(prices, starts, axis=1) / lengths, dtype=np.float64)


@compiled
def fill(table: ValueTable, needed: Any) -> None:
    """Fill the curves that are needed; slot 0 is now, curves cover the slots after it.

    Slots in a row with the same prices are one long slot: within it only the sum matters.

    Parameters
    ----------
    needed : ndarray, shape (n_slots, n_rooms)
        Which curves, by slots left and room; 0 for those that are not.
    """
    gain, growth, n = table.gain_slots, table.growth, len(table.gain_slots)
    slope, width = np.empty(2 * n + 4), np.empty(2 * n + 4)
    for row in range(len(table.buy_slots)):
        buy = table.buy_slots[row]
        for left in range(n):
            for b in range(len(table.rooms) + 1):
                if needed[left, b] == 0.0:
                    continue
                room = float(n) if b == ONE_WAY else float(table.rooms[b - 1])
                at_zero, count = 0.0, 0
                slot = left
                while slot > 0:
                    first = slot
                    while first > 1 and buy[first - 1] == buy[slot] and gain[first - 1] == gain[slot]:
                        first -= 1
                    together = float(slot - first + 1)
                    count = _insert(slope, width, count, buy[slot], together)
                    if b != ONE_WAY:
                        price, sold = min(gain[slot] / growth, buy[slot]), growth * together
                        at_zero -= price * sold
                        count = _insert(slope, width, count, price, sold)
                        at_zero, count = _drop_below_zero(slope, width, count, at_zero, sold)
                    count = _drop_beyond(slope, width, count, room)
                    slot = first - 1
                curve = table.cost[row, left, b]
                _sample(slope, width, count, at_zero, curve[: table.end[left, b] + 1])


@compiled
def _insert(slope: Any, width: Any, count: int, new_slope: float, new_width: float) -> int:
    place = count
    while place > 0 and slope[place - 1] > new_slope:
        slope[place] = slope[place - 1]
        width[place] = width[place - 1]
        place -= 1
    slope[place] = new_slope
    width[place] = new_width
    return count + 1


@compiled
def _drop_below_zero(slope: Any, width: Any, count: int, at_left: float, surplus: float) -> tuple[float, int]:
    """Truncate the curve at zero debt; the cheapest segments are removed."""
    first = 0
    while first < count and width[first] <= surplus:
        at_left += slope[first] * width[first]
        surplus -= width[first]
        first += 1
    if first < count:
        at_left += slope[first] * surplus
        width[first] -= surplus
    for k in range(first, count):
        slope[k - first] = slope[k]
        width[k - first] = width[k]
    return at_left, count - first


@compiled
def _drop_beyond(slope: Any, width: Any, count: int, room: float) -> int:
    """Truncate the curve at the maximum debt."""
    total = 0.0
    for k in range(count):
        if total + width[k] >= room:
            width[k] = room - total
            return k + 1
        total += width[k]
    return count


@compiled
def _sample(slope: Any, width: Any, count: int, at_zero: float, curve: Any) -> None:
    """Values of a piecewise linear curve at 0, 1, ... slots."""
    k, within, value = 0, 0.0, at_zero
    curve[0] = at_zero
    for whole in range(1, len(curve)):
        wanted = 1.0
        while k < count and wanted > 1e-9:
            part = min(wanted, width[k] - within)
            value += slope[k] * part
            within += part
            wanted -= part
            if width[k] - within <= 1e-9:
                k += 1
                within = 0.0
        if wanted > 1e-9:
            curve[whole:] = np.inf
            return
        curve[whole] = value


@per_row
def curve_of(table: ValueTable, hours_after: float, room_h: float, discharges: bool) -> tuple[int, int]:
    """Slots left and bin of room: the curve of one car, see :func:`worth`."""
    slots = table.cost.shape[1] - 1
    left = max(0, min(slots, int(hours_after / table.slot_h + 1e-6)))
    room = max(0.0, room_h / table.slot_h)
    return left, table.room_bin[min(slots, math.ceil(room))] if discharges else ONE_WAY


@per_row
def worth(
    table: ValueTable, kind: int, hours_after: float, debt_h: float, room_h: float, discharges: bool
) -> tuple[float, float]:
    """Bid and ask of one car [yuan/kWh].

    Parameters
    ----------
    kind : int
        Kind of charger.
    hours_after : float
        Time between the end of this step and departure, [h].
    debt_h, room_h : float
        Debt and maximum debt, in hours of charging at the rating.
    discharges : bool
    """
    left, bin_of_room = curve_of(table, hours_after, room_h, discharges)
    debt, room = max(0.0, debt_h / table.slot_h), max(0.0, room_h / table.slot_h)
    curve = table.cost[table.row[kind], left, bin_of_room]
    end = table.end[left, bin_of_room]
    bid = bid_price(curve, end, debt)
    if bin_of_room == ONE_WAY:
        return bid, np.inf
    return bid, max(bid, ask_price(curve, end, debt, room, table.growth, table.least_gain))
