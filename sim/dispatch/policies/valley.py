"""One-way valley filling."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.dispatch.policy import Moment, Outlook, Policy, Wish
from sim.dispatch.water_filling import fill_level


class Valley(Policy):
    """Valley filling: charge where net load is lowest, keep every promise.

    The fill level is the level of net load below which all energy owed can be charged.
    """

    one_way = True

    def __init__(self, settings: Any):
        super().__init__(settings)
        self.fill_mw = -np.inf

    def plan(self, outlook: Outlook) -> None:
        """Find the fill level."""
        self.fill_mw = fill_level(
            outlook.net_load_mw, outlook.charge_mw, outlook.owed_mwh, outlook.step_hours
        )

    def wish(self, moment: Moment) -> Wish:
        """Charge up to the fill level."""
        return max(0.0, self.fill_mw - moment.net_load_mw)
