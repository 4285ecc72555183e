"""Clearing: dispatch of all cars by one marginal rank, in time linear in the number of cars.

Chargers offer their safe power range, each with a rank, and offers are summed in a histogram by rank. In
descending order of rank the operator first stops discharging, then starts charging, until the sum meets the
requested power; the rank at which this happens is the only signal that chargers need. Cars of the marginal
rank take turns at full power, because converters are inefficient at part load.

Ranks follow from *laxity* (how long charging can be delayed: lowest laxity charges first, highest laxity
discharges first), or from *value* (bids and asks under expected prices), with laxity and endurance as
tie-breakers.
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
PARTS = 16  # of one price bin, as tie-breakers
LAXITY_H_PER_PART = 2.0
ENDURANCE_H_PER_PART = 0.5
RANKS = PRICE_BINS * PARTS
NEVER_FEEDS_IN = RANKS  # rank of a car that does not discharge at any price
NOT_CONTROLLED = 65535  # placeholder for a rank
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
        Representative price of each bin, ascending, [yuan/kWh].
    edge : ndarray, shape (PRICE_BINS - 1,)
        Edges between bins.
    values : ValueTable
    """

    by_value: bool
    price: Any
    edge: Any
    values: ValueTable


BY_LAXITY = Order(False, np.zeros(PRICE_BINS), np.zeros(PRICE_BINS - 1), no_values())

PRICE_RESOLUTION = 0.0001  # [yuan/kWh] differences below it are ties, decided by laxity


def order_by_value(values: ValueTable, prices: Array) -> Order:
    """Ranking by bids and asks: bins at the expected prices, the remaining ones evenly between them."""
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
    """Ranks of a car's charging and discharging: no car discharges while others charge."""
    place = LAXITY_BINS - 1 - laxity_bin(laxity_h)
    return place, LAXITY_BINS + place


@per_row
def ranks_by_value(bid: float, ask: float, laxity_h: float, endurance_h: float, edge: Any) -> tuple[int, int]:
    """Ranks of a car's charging and discharging by bid and ask.

    Among equal bids, cars with the lowest laxity charge first; among equal asks, cars with the highest
    endurance discharge first, so that the fleet keeps its power for as long as possible.
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
        Cars above this rank charge at full power; of this rank, this share does.
    discharge_rank, feed_in_share : int, float
        Cars below this rank discharge at full power; of this rank, this share does.
    """

    charge_rank: int
    charge_share: float
    discharge_rank: int
    feed_in_share: float


def clear(offers: Array, room_kw: Array | float, one_way: bool = False) -> Cleared:
    """Find the rank at which the total draw of the controlled cars meets the requested power.

    Parameters
    ----------
    offers : ndarray, shape (OFFER_ENTRIES,)
        Power [kW] above mandatory charging, by rank; power below it, by rank; and last, the sum of
        mandatory charging. See :func:`sim.agents.aggregation.sum_offers`.
    room_kw : float or ndarray, shape (RANKS,)
        Requested power of all controlled cars, negative to discharge; or, for every rank, the maximum
        draw if that rank is marginal. Infeasible requests are met as closely as is safe.
    one_way : bool
        No car discharges, not even to offset mandatory charging.
    """
    charge, give, must = offers[:RANKS], offers[RANKS : 2 * RANKS], float(offers[2 * RANKS])
    if one_way:
        give = np.zeros(RANKS)
    more = np.empty(2 * RANKS)  # in descending order of rank: stop discharging, then charge
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
    """Round the share of the marginal rank to whole cars, by turn, without exceeding the requested draw.

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
