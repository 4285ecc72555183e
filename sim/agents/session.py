"""The session: one stay of a car at a charger, from plugging in to unplugging."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.state.columns import flag, real, whole

if TYPE_CHECKING:
    from sim.agents.charger import Charger


class SessionColumns:
    """Columns that hold the current session at a charger.

    A charger serves one car at a time, so the session's state is stored in the charger's row: a rule that
    needs both reads one cache line. Finished sessions are rows of ``sessions.parquet``.
    """

    car = whole("", "car plugged in, -1 for none", np.int32, -1)
    since_step = whole("step", "start of the session", np.int32, -1)
    stated_step = whole("step", "end of the session as the driver states it", np.int32)
    timer_quarters = whole("15 min", "how long after plugging in a timer starts charging", np.uint8)
    controlled = flag("the operator may control this session")
    overridden = flag("the owner has pressed the button that charges at once")
    has_discharged = flag("has discharged during this session")
    accepts_discharge = flag("its owner would discharge in this step, if the gate lets it")
    to_replace_kwh = real("kWh", "discharged in this session and not yet recharged", np.float32)
    to_recover_yuan = real("yuan", "wear and margin of that energy, less what it earned", np.float32)
    excuse = whole("", "why the promise of this session may break, 0 for no reason", np.uint8)
    on_call = flag("its car is controlled and able to discharge")
    laxity_h = real("h", "how long charging could still wait", np.float32)
    charge_rank = whole("", "place in the operator's order for charging", np.uint16)
    discharge_rank = whole("", "place in the operator's order for discharging", np.uint16)


@dataclass(frozen=True)
class Session:
    """A current session: a view of the charger and the car that hold its state.

    Attributes
    ----------
    charger : Charger
    """

    charger: Charger

    @property
    def car(self) -> Any:
        """The car plugged in."""
        return self.charger.model.cars[self.charger.car]

    @property
    def driver(self) -> Any:
        """The car's driver."""
        return self.charger.model.drivers[self.charger.car]

    @property
    def start_step(self) -> int:
        """Step in which the car was plugged in."""
        return self.charger.since_step

    @property
    def stated_end_step(self) -> int | None:
        """Departure step stated by the driver; None if none was stated to the operator."""
        return self.charger.stated_step if self.car.owed_kwh > 0.0 else None

    @property
    def end_step(self) -> int:
        """Actual departure step, known to the driver only."""
        return int(self.driver.depart_step)

    @property
    def rated_kw(self) -> float:
        """Least of the ratings of charger, plug and inlet [kW]."""
        return float(self.car.session_kw)

    @property
    def promised_soc(self) -> float:
        """State of charge promised at the stated departure; 0 for no promise."""
        return float(self.car.owed_kwh / self.car.capacity_kwh)

    @property
    def soc(self) -> float:
        """State of charge now."""
        return float(self.car.soc)

    @property
    def controlled(self) -> bool:
        """Whether the operator may set the power inside the safe range."""
        return bool(self.charger.controlled)

    @property
    def laxity_h(self) -> float:
        """Laxity: how long charging can still be delayed [h]."""
        return self.charger.laxity_h
