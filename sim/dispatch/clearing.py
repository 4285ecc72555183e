"""Clearing: one number controls a million cars in linear time.

Chargers offer what is safe, each with a rank, and the offers go into a histogram by rank. Reading it
from the top, the operator first lets cars stop feeding in, then lets them charge, until the sum is
what is wished; the rank at which that happens is all that chargers need to be told. Cars of the
marginal rank take turns at full power rather than all running at part load, where converters waste.

Ranks come from *laxity* (how long charging could still wait: those who can wait least charge first,
those who can wait longest feed in first), or from *value* (bids and asks under expected prices), with
laxity and endurance deciding between equals.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.dispatch.cost_to_go import ValueTable, no_values
from sim.rules.compiling import compiled, per_row

Array = NDArray[np.float64]

LAXITY_BINS = 128
HOURS_PER_BIN = 0.25
PRICE_BINS = 128
PARTS = 16  # of one price bin, to decide between equals
LAXITY_H_PER_PART = 2.0
ENDURANCE_H_PER_PART = 0.5
RANKS = PRICE_BINS * PARTS
NEVER_FEEDS_IN = RANKS  # rank of a car that no price makes feed in
NOT_CONTROLLED = 65535  # in the place of a rank
OFFER_ENTRIES = 2 * RANKS + 1
TURN_BINS = 1024
SLIVER_KW = 1e-6


class Order(NamedTuple):
    """How offers are ranked.

    Attributes
    ----------
    by_value : bool
        By bids and asks; otherwise by laxity.
    price : ndarray, shape (PRICE_BINS,)
        Price that each bin stands for, rising, [yuan/kWh].
    edge : ndarray, shape (PRICE_BINS - 1,)
        Borders between bins.
    values : ValueTable
    """

    by_value: bool
    price: Any
    edge: Any
    values: ValueTable


BY_LAXITY = Order(False, np.zeros(PRICE_BINS), np.zeros(PRICE_BINS - 1), no_values())

PRICE_RESOLUTION = 0.0001  # [yuan/kWh] below which prices count as equal, and laxity decides


def order_by_value(values: ValueTable, prices: Array) -> Order:
    """Rank by bids and asks: bins where the expected prices are, the rest evenly between them."""
    seen = np.unique(np.round(prices / PRICE_RESOLUTION)) * PRICE_RESOLUTION
    if len(seen) > PRICE_BINS // 2:
        seen = seen[np.linspace(0, len(seen) - 1, PRICE_BINS // 2).astype(int)]
    spread = max(seen[-1] - seen[0], PRICE_BINS * PRICE_RESOLUTION)
    between = np.linspace(seen[0] - 0.2 * spread, seen[-1] + 0.5 * spread, PRICE_BINS - len(seen))
    price = np.sort(np.concatenate([seen, between]))
    return Order(True, price, (price[1:] + price[:-1]) / 2.0, values)


@compiled
def laxity_bin(laxity_h: float) -> int:
    """Bin of a laxity; the last one holds everything beyond 32 hours."""
    return min(LAXITY_BINS - 1, max(0, int(laxity_h / HOURS_PER_BIN)))


@compiled
def ranks_by_laxity(laxity_h: float) -> tuple[int, int]:
    """Ranks of a car's charging and feeding in: nobody feeds in while others charge."""
    place = LAXITY_BINS - 1 - laxity_bin(laxity_h)
    return place, LAXITY_BINS + place


@per_row
def ranks_by_value(bid: float, ask: float, laxity_h: float, endurance_h: float, edge: Any) -> tuple[int, int]:
    """Ranks of a car's charging and feeding in from what they are worth.

    Of equal bids those charge first that can wait least; of equal asks those feed in first that can do
    so longest, so that the fleet keeps its power while it gives its energy.
    """
    hurry = PARTS - 1 - min(PARTS - 1, max(0, int(laxity_h / LAXITY_H_PER_PART)))
    charge = int(np.searchsorted(edge, bid)) * PARTS + hurry
    if ask == np.inf:
        return charge, NEVER_FEEDS_IN
    tired = PARTS - 1 - min(PARTS - 1, max(0, int(endurance_h / ENDURANCE_H_PER_PART)))
    return charge, max(charge, int(np.searchsorted(edge, ask)) * PARTS + tired)


class Cleared(NamedTuple):
    """Ranks that split the fleet.

    Attributes
    ----------
    charge_rank, charge_share : int, float
        Those above this rank charge at full power, and of this rank this share.
    discharge_rank, feed_in_share : int, float
        Those below this rank feed in at full power, and of this rank this share.
    """

    charge_rank: int
    charge_share: float
    discharge_rank: int
    feed_in_share: float


def clear(offers: Array, room_kw: Array | float, one_way: bool = False) -> Cleared:
    """Find the rank at which the controlled cars together draw what there is room for.

    Parameters
    ----------
    offers : ndarray, shape (OFFER_ENTRIES,)
        Power [kW] above what cars must take, by rank; power below it, by rank; and last, what all
        must take. See :func:`sim.agents.aggregation.sum_offers`.
    room_kw : float or ndarray, shape (RANKS,)
        Wished sum of all controlled cars, negative to feed in; or, for every rank, the most they may
        draw if that rank is the marginal one. Out of reach means as near as is safe.
    one_way : bool
        Nobody feeds in, not even to make up for those who must charge.
    """
    charge, give, must = offers[:RANKS], offers[RANKS : 2 * RANKS], float(offers[2 * RANKS])
    if one_way:
        give = np.zeros(RANKS)
    more = np.empty(2 * RANKS)  # reading from the top: stop feeding in, then charge
    more[0::2], more[1::2] = give[::-1], charge[::-1]
    drawn = must - float(give.sum()) + np.cumsum(more)
    room = np.repeat(np.broadcast_to(np.asarray(room_kw, dtype=float), RANKS)[::-1], 2)
    too_much = np.flatnonzero((drawn > room) & (more > 0.0))
    if len(too_much) == 0:
        return Cleared(-1, 0.0, -1, 0.0)
    at = int(too_much[0])
    before = float(drawn[at] - more[at])
    share = min(1.0, max(0.0, (float(room[at]) - before) / float(more[at])))
    rank = RANKS - 1 - at // 2
    if at % 2 == 0:
        return Cleared(rank, 0.0, rank, 1.0 - share)
    return Cleared(rank, share, rank if not one_way else -1, 0.0)


def whole_cars(cleared: Cleared, turns: Array) -> Cleared:
    """Round the share of the marginal rank to whole cars, those whose turn it is, never drawing too much.

    Parameters
    ----------
    cleared : Cleared
    turns : ndarray, shape (TURN_BINS,)
        Power of the marginal rank by turn, see :func:`sim.agents.aggregation.marginal_turns`.
    """
    reached = np.cumsum(turns)
    total = float(reached[-1])
    if cleared.charge_share > 0.0:
        below = int(np.searchsorted(reached, cleared.charge_share * total + SLIVER_KW, side="right"))
        return cleared._replace(charge_share=below / TURN_BINS)
    enough = int(np.searchsorted(reached, cleared.feed_in_share * total - SLIVER_KW)) + 1
    return cleared._replace(feed_in_share=min(1.0, enough / TURN_BINS))
