"""Peak shaving by water level."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.dispatch.policy import Moment, Outlook, Policy, Wish
from sim.dispatch.water_filling import fill_level, one_level, shave_level, sold_above


class PeakShaving(Policy):
    """Peak shaving by water level: charge below one level of net load, discharge above another.

    The upper level is the lowest one that the cars' spare energy can sustain over the horizon; the lower
    level is the one below which the energy owed, plus the discharged energy with its losses, can be
    charged. If the two would cross, a single level is used.
    """

    def __init__(self, settings: Any):
        super().__init__(settings)
        self.fill_mw = -np.inf
        self.shave_mw = np.inf

    def plan(self, outlook: Outlook) -> None:
        """Find both levels."""
        net, hours = outlook.net_load_mw, outlook.step_hours
        self.shave_mw = shave_level(net, outlook.discharge_mw, outlook.spare_mwh, hours)
        sold = sold_above(net, outlook.discharge_mw, self.shave_mw, hours)
        drawn = outlook.owed_mwh + sold / outlook.round_trip
        self.fill_mw = fill_level(net, outlook.charge_mw, drawn, hours)
        if self.fill_mw > self.shave_mw:
            level = one_level(
                net, outlook.charge_mw, outlook.discharge_mw, outlook.owed_mwh, outlook.round_trip, hours
            )
            self.fill_mw = self.shave_mw = level

    def wish(self, moment: Moment) -> Wish:
        """Charge up to the lower level, discharge down to the upper one."""
        if moment.net_load_mw < self.fill_mw:
            return self.fill_mw - moment.net_load_mw
        return min(0.0, self.shave_mw - moment.net_load_mw)
