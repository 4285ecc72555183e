"""The charger: computes the safe power range of its car and follows the operator within it."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from sim.agents import kernels
from sim.agents.session import Session, SessionColumns
from sim.city.charger_kinds import KINDS
from sim.state.blocks import over_blocks
from sim.state.columns import flag, real, whole
from sim.state.row_agents import RowAgent


def _offer_all(model: Any) -> None:
    bills = model.operator.bills
    over_blocks(kernels.chargers_offer, len(model.cars), model.step_index, bills, model.world)


def _step_all(model: Any) -> None:
    signal = model.operator.signal
    over_blocks(kernels.chargers_step, len(model.cars), model.step_index, signal, model.world)


class Charger(SessionColumns, RowAgent):
    """One charger. Power is at the grid side: positive when charging, negative when discharging."""

    kernels: ClassVar = {"offer": _offer_all, "step": _step_all}

    kind = whole("", "home, work, public slow or public fast", np.uint8)
    district = whole("", "district, row of districts.csv", np.uint8)
    rated_kw = real("kW", "rating, both ways", np.float32, 7.0)
    bidirectional = flag("can feed in")
    power_kw = real("kW", "power in this step", np.float32)
    low_kw = real("kW", "least safe power in this step", np.float32)
    high_kw = real("kW", "most safe power in this step", np.float32)
    reason = whole("", "why the charger does what it does, see sim.agents.decision_codes", np.uint8)
    reckoned_yuan_per_kwh = real("yuan/kWh", "price with which the present one was compared", np.float32)
    home_size = real("", "use of the home over that of the mean home, 0 for other chargers", np.float32)

    @property
    def must_kw(self) -> float:
        """Least safe power without feeding in [kW]."""
        return max(0.0, self.low_kw)

    @property
    def kind_name(self) -> str:
        """Home, work, public slow or public fast."""
        return KINDS[self.kind]

    @property
    def session(self) -> Session | None:
        """The current session, if a car is plugged in."""
        return Session(self) if self.car >= 0 else None

    def offer(self) -> None:
        """Compute the power range of this step: safe for the car, acceptable to its owner."""
        kernels.offer_one(self.row, self.model.step_index, self.model.operator.bills, self.model.world)

    def set_point(self) -> float:
        """Requested power [kW]. Override to change the response; the gate clips it to the safe range."""
        signal = self.model.operator.signal
        return float(kernels.set_point_one(self.row, self.model.step_index, signal, self.model.world))

    def step(self) -> None:
        """Apply the set point, clipped to the safe range."""
        kernels.deliver_one(self.row, self.set_point(), self.model.world)
