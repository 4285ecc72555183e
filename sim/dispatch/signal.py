"""The operator's signal to all chargers in a step."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.dispatch.clearing import RANKS, Cleared
from sim.dispatch.cost_to_go import ValueTable, no_values, value_table
from sim.dispatch.policy import PriceCurve, Prices
from sim.dispatch.price_thresholds import PriceTable, no_prices, price_table

FREE, RANKED, HABIT, CURVE = range(4)


class Signal(NamedTuple):
    """One signal for all chargers; each follows it within the safe range of its car.

    Attributes
    ----------
    kind : int
        ``FREE``: charge at full power; ``RANKED``: charge above one rank, discharge below another;
        ``HABIT``: owners use the cheapest hours; ``CURVE``: owners optimise against the price curve.
    cleared : Cleared
        Ranks that split the fleet.
    prices : PriceTable
    feed_in_price, round_trip, least_gain : float
        Present feed-in price [yuan/kWh]; round-trip efficiency; minimum gain for which owners
        discharge, [yuan/kWh].
    staggered : bool
        Whether owners start at random times within the cheap hours.
    just_in_time : bool
        Whether they use the last of the cheap hours.
    values : ValueTable
    """

    kind: int
    cleared: Cleared
    prices: PriceTable
    feed_in_price: float
    round_trip: float
    least_gain: float
    staggered: bool
    just_in_time: bool
    values: ValueTable


#: No coordination: charge at full power.
NO_COORDINATION = Signal(
    kind=FREE, cleared=Cleared(RANKS, 0.0, -1, 0.0), prices=no_prices(), feed_in_price=0.0,
    round_trip=1.0, least_gain=np.inf, staggered=False, just_in_time=False, values=no_values(),
)  # fmt: skip


def ranked_signal(cleared: Cleared) -> Signal:
    """Signal that splits the fleet by rank."""
    return NO_COORDINATION._replace(kind=RANKED, cleared=cleared)


def habit_signal(prices: Prices, steps_per_day: int, round_trip: float) -> Signal:
    """Signal under which owners use the cheapest hours of the stop."""
    return NO_COORDINATION._replace(
        kind=HABIT,
        prices=price_table(prices.buy_yuan_per_kwh, steps_per_day),
        feed_in_price=prices.feed_in_yuan_per_kwh,
        round_trip=round_trip,
        least_gain=prices.least_gain_yuan_per_kwh,
        staggered=prices.staggered,
        just_in_time=prices.just_in_time,
    )


def curve_signal(curve: PriceCurve, step_hours: float, round_trip: float) -> Signal:
    """Signal under which every owner minimises the bill of the stop."""
    values = value_table(
        curve.buy_yuan_per_kwh, curve.feed_in_yuan_per_kwh, step_hours, round_trip,
        curve.least_gain_yuan_per_kwh,
    )  # fmt: skip
    return NO_COORDINATION._replace(kind=CURVE, values=values)
