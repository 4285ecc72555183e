"""Policies: what the operator wants from the steered cars.

A policy sees an :class:`Outlook`, plans, and then names a wish for the sum of all steered cars in
every step. Whatever it wishes goes through the gate of :mod:`sim.rules.gate`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sim.dispatch.water import fill_level, one_level, shave_level, sold_above

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Outlook:
    """What the operator may know when it plans. No policy sees more.

    Attributes
    ----------
    step_hours : float
        Length of the steps of the horizon, [h].
    net_load_mw : ndarray, shape (n,)
        Forecast of demand less wind and solar, with all cars but the steered ones, [MW].
    charge_mw, discharge_mw : ndarray, shape (n,)
        Power of the steered cars plugged in now that will still be there, by stated departure, [MW].
    owed_mwh : float
        Grid energy that keeps the promises to those cars, [MWh].
    spare_mwh : float
        Energy those cars could feed in above their reserve, [MWh].
    round_trip : float
        Share of the energy fed in over the energy drawn for it.
    """

    step_hours: float
    net_load_mw: Array
    charge_mw: Array
    discharge_mw: Array
    owed_mwh: float
    spare_mwh: float
    round_trip: float


class Policy(Protocol):
    """What a policy has to do."""

    def plan(self, outlook: Outlook) -> None:
        """Take note of an outlook; called every ``operator.replan_minutes``."""

    def target_mw(self, net_load_mw: float) -> float | None:
        """Wished sum of all steered cars in this step [MW], or None for no coordination.

        Parameters
        ----------
        net_load_mw : float
            Net load of this step without the steered cars, as metered, [MW].
        """


class Immediate:
    """Charge at once at full power: no coordination at all."""

    def plan(self, outlook: Outlook) -> None:
        """Nothing to plan."""

    def target_mw(self, net_load_mw: float) -> float | None:
        """No wish."""
        return None


class Valley:
    """One-way valley filling: charge where net load is lowest, keep every promise.

    The fill level is the one at which the energy owed fits under it.
    """

    def __init__(self) -> None:
        self.fill_mw = -np.inf

    def plan(self, outlook: Outlook) -> None:
        """Find the fill level."""
        self.fill_mw = fill_level(
            outlook.net_load_mw, outlook.charge_mw, outlook.owed_mwh, outlook.step_hours
        )

    def target_mw(self, net_load_mw: float) -> float | None:
        """Draw whatever fits under the level."""
        return max(0.0, self.fill_mw - net_load_mw)


class PeakShaving:
    """Peak shaving by water level: charge below one level of net load, feed in above another.

    The upper level is the lowest one that the cars' spare energy can hold over the horizon, the
    lower level is the one under which what is owed fits, and what is sold with its losses. Where
    the two would cross there is one level.
    """

    def __init__(self) -> None:
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

    def target_mw(self, net_load_mw: float) -> float | None:
        """Draw up to the lower level, feed in down to the upper one."""
        if net_load_mw < self.fill_mw:
            return self.fill_mw - net_load_mw
        return min(0.0, self.shave_mw - net_load_mw)


POLICIES: dict[str, type[Policy]] = {"immediate": Immediate, "valley": Valley, "v2g": PeakShaving}
