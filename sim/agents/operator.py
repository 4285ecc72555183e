"""The grid operator: forecasts, plans, and tells plugged cars what to do."""

from __future__ import annotations

from typing import Any

import mesa
import numpy as np

from sim.agents import kernels
from sim.dispatch.forecast import Forecast
from sim.dispatch.level import BOOK_ENTRIES, NO_COORDINATION, Signal, clear
from sim.dispatch.policy import POLICIES, Outlook, Policy
from sim.rows.blocks import sum_over_blocks


class GridOperator(mesa.Agent):
    """Coordinates the cars of owners who have signed up, through one policy.

    Subclass it and override :meth:`target_mw` to try another coordination on the same city.

    Attributes
    ----------
    policy : Policy
    forecast : Forecast
        What the operator expects of net load.
    signal : Signal
        What chargers are told in this step.
    target_now_mw : float or None
        Wish for the sum of all steered cars in this step, [MW].
    """

    def __init__(self, model: Any):
        super().__init__(model)
        settings, clock = model.spec.operator, model.clock
        self.policy: Policy = POLICIES[settings.policy]()
        self.forecast = Forecast(
            model.grid.expected_net_load_mw,
            clock.steps_per_day,
            clock.step_hours,
            settings.forecast_memory_hours,
        )
        self.signal: Signal = NO_COORDINATION
        self.target_now_mw: float | None = None
        self._replan_steps = max(1, round(settings.replan_minutes / model.spec.time.step_minutes))
        self._horizon_steps = round(settings.horizon_hours / model.spec.step_hours)

    def step(self) -> None:
        """Plan anew when it is time to."""
        if self.model.step_index % self._replan_steps == 0 and self._coordinates():
            self.policy.plan(self.outlook())

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
        figures = model.world.figures[0]
        fixed, proportional = float(figures["fixed_loss"]), float(figures["proportional_loss"])
        return Outlook(
            step_hours=model.spec.step_hours,
            net_load_mw=self.forecast.ahead(model.step_index, horizon),
            charge_mw=mw * _still_there(seen[: horizon + 1]),
            discharge_mw=mw * _still_there(seen[horizon + 1 : 2 * (horizon + 1)]),
            owed_mwh=mw * float(seen[-2]),
            spare_mwh=mw * float(seen[-1]),
            round_trip=(1.0 - fixed - proportional) * (1.0 - proportional) / (1.0 + fixed),
        )

    def target_mw(self, net_load_mw: float) -> float | None:
        """Wish for the sum of all steered cars in this step [MW]; None for no coordination."""
        return self.policy.target_mw(net_load_mw)

    def coordinate(self, net_load_mw: float) -> None:
        """Turn the wish of this step into one signal for all chargers.

        Parameters
        ----------
        net_load_mw : float
            Metered net load without the steered cars, [MW].
        """
        self.target_now_mw = self.target_mw(net_load_mw) if self._coordinates() else None
        if self.target_now_mw is None:
            self.signal = NO_COORDINATION
            return
        model = self.model
        book = sum_over_blocks(kernels.order_book, len(model.chargers), BOOK_ENTRIES, model.world)
        self.signal = clear(book, self.target_now_mw * 1000.0 / model.spec.weight)


def _still_there(ending: Any) -> Any:
    """Power present in each step of the horizon, from the power that ends at each step."""
    present = np.cumsum(ending[::-1])[::-1]
    return present[1:]
