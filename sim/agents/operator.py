"""The grid operator: forecasts, plans, and tells plugged cars what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mesa
import numpy as np

from sim.agents import kernels
from sim.dispatch.forecast import Forecast
from sim.dispatch.level import BOOK_ENTRIES, clear
from sim.dispatch.policy import Moment, Outlook, Policy, Prices, Wish, checked
from sim.dispatch.registry import make_policy
from sim.dispatch.signal import NO_COORDINATION, Signal, price_signal
from sim.rows.blocks import sum_over_blocks
from sim.rules.battery import round_trip_efficiency
from sim.scenario.errors import PolicyError


class GridOperator(mesa.Agent):
    """Coordinates the cars of owners who have signed up, through one policy.

    Subclass it and override :meth:`wish` to try another coordination on the same city.

    Attributes
    ----------
    policy : Policy
    forecast : Forecast
        What the operator expects of net load.
    signal : Signal
        What chargers are told in this step.
    wish_now : float, Prices or None
        Wish for this step: power of all steered cars [MW], prices, or no coordination.
    """

    def __init__(self, model: Any):
        super().__init__(model)
        settings, clock = model.spec.operator, model.clock
        self.policy: Policy = make_policy(settings)
        self.forecast = Forecast(
            model.grid.expected_net_load_mw,
            clock.steps_per_day,
            clock.step_hours,
            settings.forecast_memory_hours,
        )
        self.signal: Signal = NO_COORDINATION
        self.wish_now: Wish = None
        self._replan_steps = max(1, round(settings.replan_minutes / model.spec.time.step_minutes))
        figures = model.world.figures[0]
        self._round_trip = round_trip_efficiency(
            float(figures["fixed_loss"]), float(figures["proportional_loss"])
        )
        self._horizon_steps = round(settings.horizon_hours / model.spec.step_hours)

    def step(self) -> None:
        """Plan anew when it is time to."""
        if self.model.step_index % self._replan_steps == 0 and self._coordinates():
            self._asked(self.policy.plan, self.outlook())

    def _coordinates(self) -> bool:
        return self.model.spec.participation.contract != "none"

    def outlook(self) -> Outlook:
        """What the operator knows: forecasts, and the cars plugged in with their stated departures."""
        model, horizon = self.model, self._horizon_steps
        width = 2 * (horizon + 1) + 2
        seen = sum_over_blocks(
            kernels.survey, len(model.chargers), width, model.step_index, horizon, model.world
        )
        mw = model.spec.weight / 1000.0
        return Outlook(
            step_hours=model.spec.step_hours,
            net_load_mw=self.forecast.ahead(model.step_index, horizon),
            charge_mw=mw * _still_there(seen[: horizon + 1]),
            discharge_mw=mw * _still_there(seen[horizon + 1 : 2 * (horizon + 1)]),
            owed_mwh=mw * float(seen[-2]),
            spare_mwh=mw * float(seen[-1]),
            round_trip=self._round_trip,
        )

    def moment(self, net_load_mw: float) -> Moment:
        """What is known when this step begins; prices of the last day stand for those after the run."""
        series, step = self.model.world.series, self.model.step_index
        steps = np.arange(step, step + self._horizon_steps)
        beyond = np.maximum(0, steps - len(series) + 1)
        per_day = self.model.clock.steps_per_day
        ahead = series[steps - -(-beyond // per_day) * per_day]
        return Moment(step, net_load_mw, ahead["price"].T, ahead["feed_in_price"])

    def wish(self, moment: Moment) -> Wish:
        """Wish for this step; what the policy says."""
        return self.policy.wish(moment)

    def coordinate(self, net_load_mw: float) -> None:
        """Turn the wish of this step into one signal for all chargers.

        Parameters
        ----------
        net_load_mw : float
            Metered net load without the steered cars, [MW].

        Raises
        ------
        PolicyError
            If the policy fails or its wish makes no sense.
        """
        model = self.model
        self.wish_now = None
        if self._coordinates():
            wish = self._asked(self.wish, self.moment(net_load_mw))
            self.wish_now = checked(wish, model.spec.operator.policy, model.step_index)
        if self.wish_now is None:
            self.signal = NO_COORDINATION
        elif isinstance(self.wish_now, Prices):
            self.signal = price_signal(self.wish_now, model.clock.steps_per_day, self._round_trip)
        else:
            book = sum_over_blocks(kernels.order_book, len(model.chargers), BOOK_ENTRIES, model.world)
            target_kw = self.wish_now * 1000.0 / model.spec.weight
            self.signal = clear(book, target_kw, self.policy.one_way)

    def _asked(self, question: Callable[[Any], Any], about: Any) -> Any:
        """Ask the policy; whatever goes wrong in it is told with its name."""
        try:
            return question(about)
        except Exception as error:
            name, step = self.model.spec.operator.policy, self.model.step_index
            raise PolicyError(f"policy '{name}', step {step}: {type(error).__name__}: {error}") from error


def _still_there(ending: Any) -> Any:
    """Power present in each step of the horizon, from the power that ends at each step."""
    present = np.cumsum(ending[::-1])[::-1]
    return present[1:]
