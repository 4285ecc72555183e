"""Decentralised: cars bid their marginal value of energy, the operator clears."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.dispatch.marginal_cost import curve_of, expected_prices
from sim.dispatch.objective import CurveSettings
from sim.dispatch.policy import Market, Moment, Outlook, Policy, Wish

NEW_DAY_WEIGHT = 0.3  # of the latest day; lower values learn slowly, higher ones oscillate from day to day


class Auction(Policy):
    """Cars bid their marginal value of energy against expected prices; the operator clears every step.

    There is no central plan. Expected prices are those of the forecast net load plus the usual power of
    the cars at the same time of previous days.
    """

    Settings: ClassVar[type[CurveSettings]] = CurveSettings

    def __init__(self, settings: Any):
        super().__init__(settings)
        self._usual_mw: NDArray[np.float64] = np.zeros(0)
        self._outlook: Outlook | None = None

    def plan(self, outlook: Outlook) -> None:
        """Store the forecast."""
        self._outlook = outlook
        if not len(self._usual_mw):
            self._usual_mw = np.zeros(round(24 / outlook.step_hours))

    def wish(self, moment: Moment) -> Wish:
        """Compute expected prices, and clear the market of this step."""
        outlook = self._outlook
        if outlook is None:
            return None
        self._learn(moment)
        n = len(outlook.net_load_mw)
        steps = np.arange(outlook.step, outlook.step + n)
        net = outlook.net_load_mw + self._usual_mw[steps % len(self._usual_mw)]
        ahead = moment.step - outlook.step
        price = np.roll(expected_prices(self.settings, outlook, net), -ahead)
        curve = curve_of(self.settings, outlook, ahead)
        return Market(price, curve, np.inf, self.settings.least_gain_yuan_per_kwh)

    def _learn(self, moment: Moment) -> None:
        """Update the usual daily profile of the cars' power with the latest day."""
        if moment.step > 0:
            slot = (moment.step - 1) % len(self._usual_mw)
            self._usual_mw[slot] += NEW_DAY_WEIGHT * (moment.controlled_mw - self._usual_mw[slot])
