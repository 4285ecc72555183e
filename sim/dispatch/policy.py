"""Interface of policies: how the operator, or each owner individually, controls plugged-in cars.

A policy plans from an :class:`Outlook` every ``operator.replan_minutes``, and in every step returns a wish
for the :class:`Moment`: a total power of all controlled cars, prices to which owners respond individually, a
market to clear, or None. Every wish passes the gate of :mod:`sim.rules.gate`: no policy can break a promise,
draw on a reserve or exceed a rating.

Policies have the information of a real operator and no more: no noise of future steps, and no trips of
drivers who are not plugged in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.dispatch.fleet import Plugged
from sim.dispatch.objective import Marginal
from sim.grid.supply import Conditions, Stack
from sim.scenario.errors import PolicyError
from sim.scenario.fields import Section

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Outlook:
    """Information available to the operator for planning.

    Attributes
    ----------
    step_hours : float
        Length of the steps of the horizon, [h].
    net_load_mw : ndarray, shape (n,)
        Forecast of demand less wind and solar, with all cars but the controlled ones, [MW].
    charge_mw, discharge_mw : ndarray, shape (n,)
        Power of the controlled cars plugged in now that will still be present, by stated departure, [MW].
    discharge_pays : ndarray of bool, shape (n,)
        Steps in which owners gain by discharging; in others none does, and `discharge_mw` is 0.
    owed_mwh : float
        Grid energy needed to keep the promises to those cars, [MWh].
    spare_mwh : float
        Energy those cars can discharge above their reserve, [MWh].
    round_trip : float
        Round-trip efficiency: energy fed in over the energy drawn for it.
    step : int
        Index of the first step of the horizon.
    plugged : Plugged
        The same cars by stated departure, one-way and two-way separately.
    arriving : ndarray, shape (n, stays [h], GROUPS, ARRIVING_FIELDS)
        Sessions expected to begin, see :class:`sim.dispatch.fleet.Arrivals`.
    contract_mw, local_mw : ndarray, shape (n,)
        Contracted imports on the lines as they are now, and contracted output of local plants, gas among
        them, [MW].
    neighbours : ndarray of int, shape (n,)
        Expected state of the neighbours, on which extra imports depend.
    supply : Stack
        Plants and lines in merit order.
    """

    step_hours: float
    net_load_mw: Array
    charge_mw: Array
    discharge_mw: Array
    discharge_pays: NDArray[np.bool_]
    owed_mwh: float
    spare_mwh: float
    round_trip: float
    step: int
    plugged: Plugged
    arriving: Array
    contract_mw: Array
    local_mw: Array
    neighbours: NDArray[np.int64]
    supply: Stack

    def conditions(self, ahead: int) -> Conditions:
        """What a step ahead brings to the merit order; beyond the forecast, its last step."""
        at = min(ahead, len(self.contract_mw) - 1)
        return Conditions(float(self.contract_mw[at]), float(self.local_mw[at]), int(self.neighbours[at]))


@dataclass(frozen=True)
class Moment:
    """Information available at the beginning of a step.

    Attributes
    ----------
    step : int
        Index of the step.
    net_load_mw : float
        Metered net load without the controlled cars, [MW].
    controlled_mw : float
        Net draw of the controlled cars in the previous step, [MW]; negative for discharge.
    buy_yuan_per_kwh : ndarray, shape (n_kinds, horizon)
        Published prices of charging by kind of charger, from this step on.
    feed_in_yuan_per_kwh : ndarray, shape (horizon,)
        Published feed-in price, from this step on.
    """

    step: int
    net_load_mw: float
    controlled_mw: float
    buy_yuan_per_kwh: Array
    feed_in_yuan_per_kwh: Array


@dataclass(frozen=True)
class Prices:
    """A wish that leaves decisions to owners by rule of thumb: each uses the cheapest hours of the stop.

    Attributes
    ----------
    buy_yuan_per_kwh : ndarray, shape (n_kinds, horizon)
        Price of charging by kind of charger from this step on.
    feed_in_yuan_per_kwh : float
        Feed-in price in this step.
    least_gain_yuan_per_kwh : float
        What feeding in must earn beyond buying the energy back with its losses.
    staggered : bool
        Whether owners start at random times within the cheap hours instead of at their beginning.
    just_in_time : bool
        Whether they use the last of the cheap hours, so that the car does not stand full.
    """

    buy_yuan_per_kwh: Array
    feed_in_yuan_per_kwh: float
    least_gain_yuan_per_kwh: float
    staggered: bool
    just_in_time: bool = False


@dataclass(frozen=True)
class PriceCurve:
    """A wish that leaves decisions to owners as optimisers: each minimises the bill of the stop.

    Attributes
    ----------
    buy_yuan_per_kwh : ndarray, shape (n_kinds, horizon)
        Price of charging by kind of charger from this step on.
    feed_in_yuan_per_kwh : ndarray, shape (horizon,)
        Price of feeding in from this step on.
    least_gain_yuan_per_kwh : float
        What feeding in must earn beyond buying the energy back with its losses.
    """

    buy_yuan_per_kwh: Array
    feed_in_yuan_per_kwh: Array
    least_gain_yuan_per_kwh: float


@dataclass(frozen=True)
class Market:
    """A wish that clears a market: cars bid their marginal value, the operator offers at marginal cost.

    Attributes
    ----------
    price_yuan_per_kwh : ndarray, shape (horizon,)
        Prices expected from this step on, from which cars derive their bids.
    curve : Marginal
        Marginal cost of net load in this step.
    ceiling_mw : float
        Upper limit of net load, regardless of bids.
    least_gain_yuan_per_kwh : float
        What feeding in must earn beyond buying the energy back with its losses.
    """

    price_yuan_per_kwh: Array
    curve: Marginal
    ceiling_mw: float
    least_gain_yuan_per_kwh: float


#: Power of all controlled cars [MW, negative to discharge], prices, a market, or None for no coordination.
Wish = float | Prices | PriceCurve | Market | None


class NoSettings(Section):
    """No parameters."""


class Policy:
    """Base of all policies. Subclass it, override :meth:`wish`, and :meth:`plan` where it looks ahead.

    Attributes
    ----------
    Settings : type of Section
        The policy's own parameters: ``operator.settings`` of the scenario, checked like any other key.
    one_way : bool
        True for policies under which no car discharges. Otherwise the contract decides.
    expects_arrivals : bool
        True for policies that use ``Outlook.arriving``; for others arrivals are not counted.
    """

    Settings: ClassVar[type[Section]] = NoSettings
    one_way: ClassVar[bool] = False
    expects_arrivals: ClassVar[bool] = False

    def __init__(self, settings: Any):
        self.settings = settings

    def plan(self, outlook: Outlook) -> None:
        """Plan from an outlook; called every ``operator.replan_minutes``."""

    def wish(self, moment: Moment) -> Wish:
        """Return the wish for a step; called in every step."""
        raise TypeError(f"{type(self).__name__} does not say what it wishes: override wish()")


def checked(wish: Any, name: str, step: int) -> Wish:
    """Return the wish if it is valid.

    Infinite power is allowed: it means as much as is safe.

    Raises
    ------
    PolicyError
        If it is not a number, prices, a market or None, or if an array has the wrong shape.
    """
    if wish is None:
        return None
    if isinstance(wish, Prices | PriceCurve):
        buy, rest = wish.buy_yuan_per_kwh, (wish.feed_in_yuan_per_kwh, wish.least_gain_yuan_per_kwh)
        if np.ndim(buy) == 2 and np.all(np.isfinite(buy)) and all(np.all(np.isfinite(part)) for part in rest):
            return wish
        raise PolicyError(f"policy '{name}', step {step}: prices must be finite numbers by kind and step")
    if isinstance(wish, Market):
        parts = (wish.price_yuan_per_kwh, wish.curve.yuan_per_mwh, wish.least_gain_yuan_per_kwh)
        if np.ndim(parts[0]) == 1 and all(np.all(np.isfinite(part)) for part in parts):
            return wish
        raise PolicyError(f"policy '{name}', step {step}: prices of a market must be finite numbers by step")
    if isinstance(wish, int | float | np.floating | np.integer) and not isinstance(wish, bool):
        if math.isnan(wish):
            raise PolicyError(f"policy '{name}', step {step}: the wish is nan; expected MW or None")
        return float(wish)
    kind = type(wish).__name__
    shape = f" of shape {np.shape(wish)}" if np.ndim(wish) else ""
    raise PolicyError(
        f"policy '{name}', step {step}: the wish is a {kind}{shape}; "
        "expected one number in MW, Prices, PriceCurve, Market, or None"
    )
