"""What the operator tells every charger in a step."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.dispatch.policy import Prices
from sim.dispatch.prices import PriceTable, no_prices, price_table

LAXITY_BINS = 128
HOURS_PER_BIN = 0.25

FREE, LEVEL, PRICES = range(3)


class Signal(NamedTuple):
    """One signal for all chargers; each follows it inside what is safe for its car.

    Attributes
    ----------
    kind : int
        ``FREE``: charge at full power; ``LEVEL``: follow the bins; ``PRICES``: follow the prices.
    charge_bin, charge_share : int, float
        Laxity bins below charge at full power; of this bin, this share.
    discharge_bin, discharge_share : int, float
        Laxity bins above feed in; of this bin, this share.
    prices : PriceTable
    feed_in_price, round_trip, least_gain : float
        Paid for feeding in now [yuan/kWh]; energy fed in over energy drawn for it; gain from which
        owners feed in, [yuan/kWh].
    staggered : bool
        Owners start at a random time of the cheap hours.
    """

    kind: int
    charge_bin: int
    charge_share: float
    discharge_bin: int
    discharge_share: float
    prices: PriceTable
    feed_in_price: float
    round_trip: float
    least_gain: float
    staggered: bool


#: No coordination: charge at full power.
NO_COORDINATION = Signal(
    kind=FREE, charge_bin=0, charge_share=0.0, discharge_bin=LAXITY_BINS, discharge_share=0.0,
    prices=no_prices(), feed_in_price=0.0, round_trip=1.0, least_gain=np.inf, staggered=False,
)  # fmt: skip


def level_signal(charge: tuple[int, float], discharge: tuple[int, float]) -> Signal:
    """Signal that splits the fleet by laxity, from two thresholds (bin, share of that bin)."""
    return NO_COORDINATION._replace(
        kind=LEVEL,
        charge_bin=charge[0],
        charge_share=charge[1],
        discharge_bin=discharge[0],
        discharge_share=discharge[1],
    )


def price_signal(prices: Prices, steps_per_day: int, round_trip: float) -> Signal:
    """Signal that leaves the choice to the owners."""
    return NO_COORDINATION._replace(
        kind=PRICES,
        prices=price_table(prices.buy_yuan_per_kwh, steps_per_day),
        feed_in_price=prices.feed_in_yuan_per_kwh,
        round_trip=round_trip,
        least_gain=prices.least_gain_yuan_per_kwh,
        staggered=prices.staggered,
    )
