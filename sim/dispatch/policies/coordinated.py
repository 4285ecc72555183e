"""The near-optimal policy: a plan by classes of cars, carried out through bids."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from sim.dispatch.marginal_cost import curve_of
from sim.dispatch.objective import ObjectiveSettings
from sim.dispatch.planning import Plan, make_plan
from sim.dispatch.policy import Market, Moment, Outlook, Policy, Wish

HELD_ABOVE_PLAN_MW = 1.0  # without a margin, rounding near the peak would trigger discharge


class Coordinated(Policy):
    """Plan for the whole fleet, plugged in and expected, under the operator's objective; replanned often.

    A linear programme over classes of cars gives the marginal value of energy in every future slot. In every
    step cars bid on these values, and the operator accepts bids up to the present marginal cost of net load.
    """

    Settings: ClassVar[type[ObjectiveSettings]] = ObjectiveSettings
    expects_arrivals = True

    def __init__(self, settings: Any):
        super().__init__(settings)
        self.outlook: Outlook | None = None
        self._plan: Plan | None = None
        self._peak_mw = self._net_load_mw = 0.0
        self._day = -1

    def plan(self, outlook: Outlook) -> None:
        """Solve the programme."""
        self.outlook = outlook
        self._plan = make_plan(outlook, self.settings, self._peak_mw)

    def wish(self, moment: Moment) -> Wish:
        """Clear the market of this step."""
        outlook, plan = self.outlook, self._plan
        if outlook is None or plan is None:
            return None
        self._note_peak(moment, outlook)
        ahead = moment.step - outlook.step
        price = np.roll(plan.price_yuan_per_mwh, -ahead) / 1000.0
        ceiling = np.inf
        if self.settings.peak_yuan_per_mw > 0.0:
            ceiling = max(plan.peak_mw + HELD_ABOVE_PLAN_MW, self._peak_mw)
        return Market(
            price, curve_of(self.settings, outlook, ahead), ceiling, self.settings.least_gain_yuan_per_kwh
        )

    def _note_peak(self, moment: Moment, outlook: Outlook) -> None:
        """Update the day's highest net load before this step: below it, peak reduction has no value."""
        day = int((moment.step - 1) * outlook.step_hours // 24)
        before = self._net_load_mw + moment.controlled_mw
        self._peak_mw = max(before, self._peak_mw) if day == self._day else before
        self._day, self._net_load_mw = day, moment.net_load_mw
