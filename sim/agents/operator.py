"""The grid operator: forecasts, plans, and sends one control signal to plugged-in cars."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mesa
import numpy as np
from numpy.typing import NDArray

from sim.agents import aggregation
from sim.agents.city_state import CityState
from sim.agents.own_code import NO_OWN_CODE, OwnCode
from sim.agents.shocks import CALLED
from sim.city.charger_kinds import HOME_KIND, KINDS
from sim.dispatch.clearing import (
    BY_LAXITY,
    OFFER_ENTRIES,
    PARTS,
    TURN_BINS,
    Order,
    clear,
    order_by_value,
    whole_cars,
)
from sim.dispatch.cost_to_go import fill, unfilled_table
from sim.dispatch.event import EventCall
from sim.dispatch.fleet import GROUPS, OWED, PLUGGED_FIELDS, POWER, SPARE, Arrivals, Plugged
from sim.dispatch.forecast import Forecast
from sim.dispatch.history import History
from sim.dispatch.marginal_cost import reserve_ahead_mw
from sim.dispatch.policy import Market, Moment, Outlook, Policy, PriceCurve, Prices, Wish, checked
from sim.dispatch.price_thresholds import PriceTable, price_table
from sim.dispatch.registry import make_policy
from sim.dispatch.signal import NO_COORDINATION, Signal, curve_signal, habit_signal, ranked_signal
from sim.market.dynamic import DynamicPrices
from sim.rules.battery import round_trip_efficiency
from sim.scenario.errors import PolicyError
from sim.state.blocks import sum_over_blocks

NOT_SOLD = -1e3  # yuan/kWh: value of discharge in steps in which owners would lose by it


class GridOperator(mesa.Agent):
    """Coordinates the cars of enrolled owners through one policy.

    Subclass it and override :meth:`wish` to try another coordination on the same city.

    Attributes
    ----------
    policy : Policy
    forecast : Forecast
        Forecast of net load.
    arrivals : Arrivals
        Forecast of sessions that have not begun yet.
    counts_arrivals : bool
        Whether new sessions are counted as they begin.
    event : EventCall
    prices : DynamicPrices
        Prices that follow the cost of supply, where a tariff is dynamic.
    bills : PriceTable
        Prices of charging that owners pay, of all steps.
    signal : Signal
        Signal to all chargers in this step.
    wish_now : float, Prices, PriceCurve, Market or None
        Wish for this step.
    """

    def __init__(self, model: mesa.Model, city: CityState, own: OwnCode = NO_OWN_CODE):
        super().__init__(model)
        self.city = city
        settings, clock = city.spec.operator, city.clock
        self.policy: Policy = make_policy(settings, own.policies)
        history = History(clock.steps_per_day, city.horizon.day_kind[1:])
        self.forecast = Forecast(
            city.grid.expected_net_load_mw,
            history,
            clock.step_hours,
            settings.forecast_memory_hours,
            settings.net_load,
        )
        self.arrivals = Arrivals(
            len(clock), history, settings.arrivals if self.policy.expects_arrivals else "none"
        )
        for shock in city.spec.shocks:
            if shock.kind == "false_forecast":
                self.forecast.false_mw += shock.mw * city.horizon.share_within(shock.at, shock.hours)
        self.counts_arrivals = self.policy.expects_arrivals
        self.event = EventCall(settings.event)
        self.prices = DynamicPrices(city.spec, city.horizon)
        self.bills: PriceTable = self._bills()
        self.signal: Signal = NO_COORDINATION
        self.wish_now: Wish = None
        self._replan_steps = max(1, round(settings.replan_minutes / city.spec.time.step_minutes))
        figures = city.world.figures[0]
        self._round_trip = round_trip_efficiency(
            float(figures["fixed_loss"]), float(figures["proportional_loss"])
        )
        self._mw_per_kw = city.grid.at_plants_mw(city.mw_per_kw)
        self._horizon_steps = round(settings.horizon_hours / city.spec.step_hours)

    @property
    def now(self) -> int:
        """The current step."""
        return int(self.model.step_index)

    def step(self) -> None:
        """Update event payments after a mass unplugging; publish prices and replan when due."""
        now = self.now
        self._call(now)
        if now % self._replan_steps == 0 and (self._coordinates() or self.prices.is_used):
            outlook = self.outlook()
            self._publish(outlook)
            if self._coordinates():
                self._asked(self.policy.plan, outlook)

    def _publish(self, outlook: Outlook) -> None:
        """Publish the prices of the hours ahead, where they follow the forecast marginal cost."""
        if not self.prices.is_used:
            return
        step, series = outlook.step, self.city.world.series
        ahead = series[step : step + len(outlook.net_load_mw)]
        marginal = self.city.grid.system.prices_yuan_per_mwh(step, outlook.net_load_mw) / 1000.0
        supply = self.prices.of_supply(marginal, reserve_ahead_mw(outlook, outlook.net_load_mw))
        self.prices.publish(step, ahead, supply)
        self.bills = self._bills()

    def _bills(self) -> PriceTable:
        return price_table(self.city.world.series["price"].T, self.city.clock.steps_per_day)

    def _call(self, now: int) -> None:
        """Set this step's payment for plugging in again."""
        spec, series = self.city.spec, self.city.world.series
        if spec.operator.event.first_yuan_per_kwh > 0.0 and spec.shocks:
            away = bool(series["hit"][now] & CALLED)
            plugged_mw = float(self._plugged(now, 1).sums[..., POWER].sum())
            kept = spec.participation.owners_share
            series["event_price"][now] = kept * self.event.update(away, plugged_mw)

    def _plugged(self, now: int, horizon: int) -> Plugged:
        """Controlled cars plugged in now."""
        city, width = self.city, (horizon + 1) * GROUPS * PLUGGED_FIELDS
        seen = sum_over_blocks(
            aggregation.plugged, city.cars.n, width, now, horizon, self._best_pay(now), self.bills, city.world
        )
        return Plugged(self._mw_per_kw * seen.reshape(horizon + 1, GROUPS, PLUGGED_FIELDS))

    def _coordinates(self) -> bool:
        return self.city.spec.participation.form.controls

    def outlook(self) -> Outlook:
        """The operator's information: forecasts, and plugged-in cars with their stated departures."""
        city, horizon, now = self.city, self._horizon_steps, self.now
        plugged, pays = self._plugged(now, horizon), self._pays(now, horizon)
        return Outlook(
            step_hours=city.spec.step_hours,
            net_load_mw=self.forecast.ahead(now, horizon),
            charge_mw=plugged.charge_mw,
            discharge_mw=np.where(pays, plugged.discharge_mw, 0.0),
            discharge_pays=pays,
            owed_mwh=float(plugged.sums[..., OWED].sum()),
            spare_mwh=float(plugged.sums[..., SPARE].sum()),
            round_trip=self._round_trip,
            step=now,
            plugged=plugged,
            arriving=self.arrivals.ahead(now, horizon),
            contract_mw=city.grid.imports_ahead_mw(now, horizon),
            local_mw=city.grid.local_mw[now : now + horizon],
            neighbours=city.grid.neighbours.expected[now : now + horizon],
            supply=city.grid.stack_at(now),
        )

    def _best_pay(self, now: int) -> float:
        """The most that is paid for feeding in over the horizon [yuan/kWh]."""
        series = self.city.world.series[now : now + self._horizon_steps]
        return float((series["feed_in_price"] + series["event_premium"]).max())

    def _pays(self, now: int, horizon: int) -> NDArray[np.bool_]:
        """Steps ahead in which discharging pays the owners whose cells wear least, somewhere."""
        city = self.city
        series, figures = city.world.series[now : now + horizon], city.world.figures[0]
        if figures["compensates"]:
            return np.ones(horizon, dtype=bool)
        here = [
            bool(figures["discharges_at_home" if kind == HOME_KIND else "discharges_elsewhere"])
            for kind in range(len(KINDS))
        ]
        least = series["price"][:, here].min(initial=np.inf) / self._round_trip + figures["own_wear"].min()
        worth = series["feed_in_price"] + series["event_premium"]
        if figures["behind_the_meter"]:  # what the home uses saves its price
            worth = np.maximum(worth, series["price"][:, HOME_KIND])
        pays: NDArray[np.bool_] = worth >= least + figures["owner_margin"]
        return pays

    def observe(self) -> None:
        """Record the sessions that began in this step, where the policy uses arrivals."""
        if self.counts_arrivals and self._coordinates():
            city, width, now = self.city, int(np.prod(Arrivals.SHAPE)), self.now
            began = sum_over_blocks(
                aggregation.arrived, city.cars.n, width, now, self._best_pay(now), self.bills, city.world
            )
            self.arrivals.observe(now, self._mw_per_kw * began.reshape(Arrivals.SHAPE))

    def moment(self, net_load_mw: float, controlled_mw: float) -> Moment:
        """Information at the beginning of a step; prices extend beyond the end of the run."""
        now = self.now
        ahead = self.city.world.series[now : now + self._horizon_steps]
        sells_at = ahead["feed_in_price"] + ahead["event_premium"]
        return Moment(now, net_load_mw, controlled_mw, ahead["price"].T, sells_at)

    def wish(self, moment: Moment) -> Wish:
        """Wish for this step, as given by the policy."""
        return self.policy.wish(moment)

    def coordinate(self, net_load_mw: float, controlled_mw: float) -> None:
        """Turn the wish of this step into one signal for all chargers.

        Parameters
        ----------
        net_load_mw : float
            Metered net load without the controlled cars, [MW].
        controlled_mw : float
            Net draw of the controlled cars in the previous step, [MW].

        Raises
        ------
        PolicyError
            If the policy fails or its wish is invalid.
        """
        self.observe()
        self.wish_now = None
        if self._coordinates():
            wish = self._asked(self.wish, self.moment(net_load_mw, controlled_mw))
            self.wish_now = checked(wish, self.city.spec.operator.policy, self.now)
        self.signal = self._signal(self.wish_now, net_load_mw)

    def _signal(self, wish: Wish, net_load_mw: float) -> Signal:
        if wish is None:
            return NO_COORDINATION
        if isinstance(wish, Prices):
            return habit_signal(wish, self.city.clock.steps_per_day, self._round_trip)
        if isinstance(wish, PriceCurve):
            return curve_signal(wish, self.city.spec.step_hours, self._round_trip)
        if isinstance(wish, Market):
            return self._market(wish, net_load_mw)
        return self._ranked(BY_LAXITY, self._kw(wish))

    def _market(self, market: Market, net_load_mw: float) -> Signal:
        """Clear the cars' bids against the marginal cost curve of net load."""
        price = market.price_yuan_per_kwh
        pays = self._pays(self.now, len(price))
        values = unfilled_table(
            np.tile(price, (len(KINDS), 1)), np.where(pays, price, NOT_SOLD), self.city.spec.step_hours,
            self._round_trip, market.least_gain_yuan_per_kwh,
        )  # fmt: skip
        city, shape = self.city, values.end.shape
        marks = sum_over_blocks(
            aggregation.curves_needed, city.cars.n, values.end.size, self.now, values, city.world
        )
        fill(values, marks.reshape(shape))
        order = order_by_value(values, price)
        highest_mw = np.minimum(market.curve.reached_at(1000.0 * order.price), market.ceiling_mw)
        room_kw = np.repeat(self._kw(highest_mw - net_load_mw), PARTS)
        return self._ranked(order, room_kw)

    def _ranked(self, order: Order, room_kw: Any) -> Signal:
        """Rank all offers, clear, and round the share of the marginal rank to whole cars."""
        step, world, n = self.now, self.city.world, self.city.cars.n
        ranks = aggregation.Ranks.empty(world)
        offers = sum_over_blocks(aggregation.sum_offers, n, OFFER_ENTRIES, step, order, ranks, world)
        cleared = clear(offers, room_kw, self.policy.one_way)
        if 0.0 < max(cleared.charge_share, cleared.feed_in_share) < 1.0:
            turns = sum_over_blocks(aggregation.marginal_turns, n, TURN_BINS, step, cleared, ranks, world)
            cleared = whole_cars(cleared, turns)
        return ranked_signal(cleared)

    def _kw(self, mw: Any) -> Any:
        """Power of the simulated cars at their chargers for a power of all cars at the plants."""
        return mw / self._mw_per_kw

    def _asked(self, question: Callable[[Any], Any], about: Any) -> Any:
        """Call the policy; any error in it is reported with the policy's name."""
        try:
            return question(about)
        except Exception as error:
            name, step = self.city.spec.operator.policy, self.now
            raise PolicyError(f"policy '{name}', step {step}: {type(error).__name__}: {error}") from error
