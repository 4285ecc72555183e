"""Decentralised: cars bid their marginal value of energy, the operator clears."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.dispatch.objective import Marginal, ObjectiveSettings, grid_of, marginal
from sim.dispatch.policies.coordinated import CoordinatedSettings
from sim.dispatch.policy import Market, Moment, Outlook, Policy, Wish

NEW_DAY_WEIGHT = 0.3
HEADROOM_MW = 5000.0


class Auction(Policy):
    """Cars bid their marginal value of energy against expected prices; the operator clears every step.

    Nobody plans for the fleet. The prices expected are those of the forecast net load with what the cars
    did at the same hour of the days before.
    """

    Settings: ClassVar[type[ObjectiveSettings]] = CoordinatedSettings

    def __init__(self, settings: Any):
        super().__init__(settings)
        self._usual_mw: NDArray[np.float64] = np.zeros(0)
        self._outlook: Outlook | None = None

    def plan(self, outlook: Outlook) -> None:
        """Take note of the forecast."""
        self._outlook = outlook
        if not len(self._usual_mw):
            self._usual_mw = np.zeros(round(24 / outlook.step_hours))

    def wish(self, moment: Moment) -> Wish:
        """Expect prices, and clear the market of this step."""
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
        """Move the usual course of the cars' power towards the latest day's."""
        if moment.step > 0:
            slot = (moment.step - 1) % len(self._usual_mw)
            self._usual_mw[slot] += NEW_DAY_WEIGHT * (moment.steered_mw - self._usual_mw[slot])


def curve_of(weights: ObjectiveSettings, outlook: Outlook, ahead: int) -> Marginal:
    """What net load costs in a step of the horizon, from nothing to beyond all forecasts."""
    contract = float(outlook.contract_mw[ahead % len(outlook.contract_mw)])
    highest = float(outlook.net_load_mw.max()) + float(outlook.charge_mw[0]) + HEADROOM_MW
    grid = grid_of(0.0, highest, outlook.supply, contract)
    return marginal(weights, outlook.supply, contract, grid)


def expected_prices(
    weights: ObjectiveSettings, outlook: Outlook, net_load_mw: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Marginal cost of a course of net load [yuan/kWh]."""
    curves = (curve_of(weights, outlook, ahead) for ahead in range(len(net_load_mw)))
    return np.array([float(curve.at(mw)) for curve, mw in zip(curves, net_load_mw, strict=True)]) / 1000.0
