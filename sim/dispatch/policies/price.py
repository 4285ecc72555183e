"""Owners who each minimise their own bill against a published price curve."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from sim.dispatch.marginal_cost import expected_prices
from sim.dispatch.objective import CurveSettings
from sim.dispatch.policies.tariff import TariffSettings
from sim.dispatch.policy import Moment, Outlook, Policy, PriceCurve, Wish
from sim.scenario.fields import chosen


class PriceSettings(TariffSettings):
    """Choice of the published curve."""

    curve: Literal["tariff", "marginal_cost"] = chosen(
        "tariff",
        "tariff: what owners really pay; marginal_cost: what the forecast net load costs, planned anew "
        "every operator.replan_minutes",
    )


class Price(Policy):
    """Each car minimises its own bill against a published price curve, regardless of other cars.

    The schedule is optimal for every stop, with discharging where the contract allows it. All cars see the
    same curve, so their charging coincides in its cheapest hour.
    """

    Settings: ClassVar[type[TariffSettings]] = PriceSettings

    def __init__(self, settings: Any):
        super().__init__(settings)
        self._curve = np.zeros(0)
        self._planned_at = 0

    def plan(self, outlook: Outlook) -> None:
        """Compute the curve of marginal cost."""
        if self.settings.curve == "marginal_cost":
            self._curve = expected_prices(CurveSettings(), outlook, outlook.net_load_mw)
            self._planned_at = outlook.step

    def wish(self, moment: Moment) -> Wish:
        """Publish the curve."""
        buy, sell = moment.buy_yuan_per_kwh, moment.feed_in_yuan_per_kwh
        if self.settings.curve == "marginal_cost":
            sell = np.roll(self._curve, self._planned_at - moment.step)
            buy = np.broadcast_to(sell, buy.shape)
        return PriceCurve(buy, sell, self.settings.least_gain_yuan_per_kwh)
