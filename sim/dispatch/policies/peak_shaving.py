"""Peak shaving by water level."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.dispatch.marginal_cost import expected_prices
from sim.dispatch.objective import CurveSettings
from sim.dispatch.policy import Moment, Outlook, Policy, Wish
from sim.dispatch.water_filling import fill_level, one_level, shave_level, sold_above


class PeakShaving(Policy):
    """Peak shaving by water level: charge below one level of net load, discharge above another.

    The upper level is the lowest one that the cars' spare energy can sustain over the horizon; the lower
    level is the one below which the energy owed, plus the discharged energy with its losses, can be
    charged. If the two would cross, a single level is used. Cars discharge only in steps in which a
    kilowatt-hour saves the system more than recharging it in the cheapest steps and its wear cost.
    """

    Settings: ClassVar[type[CurveSettings]] = CurveSettings

    def __init__(self, settings: Any):
        super().__init__(settings)
        self.fill_mw = -np.inf
        self.shave_mw = np.inf
        self._is_worth_it: NDArray[np.bool_] = np.zeros(0, dtype=bool)
        self._planned_at = 0

    def plan(self, outlook: Outlook) -> None:
        """Find both levels."""
        net, hours = outlook.net_load_mw, outlook.step_hours
        self._is_worth_it, self._planned_at = self._worth(outlook), outlook.step
        discharge = np.where(self._is_worth_it, outlook.discharge_mw, 0.0)
        self.shave_mw = shave_level(net, discharge, outlook.spare_mwh, hours)
        sold = sold_above(net, discharge, self.shave_mw, hours)
        drawn = outlook.owed_mwh + sold / outlook.round_trip
        self.fill_mw = fill_level(net, outlook.charge_mw, drawn, hours)
        if self.fill_mw > self.shave_mw:
            level = one_level(net, outlook.charge_mw, discharge, outlook.owed_mwh, outlook.round_trip, hours)
            self.fill_mw = self.shave_mw = level

    def _worth(self, outlook: Outlook) -> NDArray[np.bool_]:
        """Steps ahead in which discharging is worth more than recharging and wear."""
        value = expected_prices(self.settings, outlook, outlook.net_load_mw)
        present = outlook.charge_mw > 0.0
        cheapest = float(np.min(value[present])) if present.any() else np.inf
        cost = cheapest / outlook.round_trip + self.settings.least_gain_yuan_per_kwh
        worth: NDArray[np.bool_] = value > cost
        return worth

    def wish(self, moment: Moment) -> Wish:
        """Charge up to the lower level, discharge down to the upper one where that is worth it."""
        if moment.net_load_mw < self.fill_mw:
            return self.fill_mw - moment.net_load_mw
        ahead = moment.step - self._planned_at
        if ahead >= len(self._is_worth_it) or not self._is_worth_it[ahead]:
            return 0.0
        return min(0.0, self.shave_mw - moment.net_load_mw)
