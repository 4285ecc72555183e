"""The car: a battery, and its account of energy, money and wear (:mod:`sim.agents.entries`)."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from sim.agents import kernels
from sim.agents.entries import CHART
from sim.agents.session import Session
from sim.city.charger_kinds import NO_KIND
from sim.data.catalogue import rows
from sim.rules.wear import REMEMBERED_TURNS
from sim.state.blocks import over_blocks
from sim.state.columns import flag, list_of, real, whole
from sim.state.row_agents import RowAgent

MODEL_NAMES = tuple(row["model"] for row in rows("vehicles"))


def _step_all(model: Any) -> None:
    over_blocks(kernels.cars_step, len(model.cars), model.step_index, model.home, model.world)


class Car(RowAgent):
    """An electric car. Energies are of the usable battery; money is the owner's."""

    kernels: ClassVar = {"step": _step_all}
    chart: ClassVar = CHART

    model_index = whole("", "car model, row of vehicles.csv", np.uint8)
    capacity_kwh = real("kWh", "usable battery", np.float32, 60.0)
    kwh_per_km = real("kWh/km", "consumption of motion at 32 km/h", np.float32, 0.15)
    ac_kw = real("kW", "rating of the on-board charger", np.float32, 7.0)
    battery_kw = real("kW", "power limit of the battery", np.float32, 80.0)
    has_fast_inlet = flag("takes direct current")
    is_phev = flag("plug-in hybrid")
    is_nmc = flag("cells of nickel, manganese and cobalt; otherwise iron phosphate")
    v2g_capable = flag("car can feed in")
    energy_kwh = real("kWh", "stored energy")
    account = whole("", "row of the car's account, -1 for none", np.int32, -1)
    charger = whole("", "charger the car is plugged into, -1 for none", np.int32, -1)
    charger_kind = whole("", "kind of that charger, 255 for none", np.uint8, NO_KIND)
    session_kw = real("kW", "rating of this session: least of charger, plug and inlet", np.float32)
    power_kw = real("kW", "grid-side power in this step; positive draws, negative feeds in", np.float32)
    converting = flag("the charger's converter runs; otherwise power is its standby draw")
    owed_kwh = real("kWh", "energy promised at departure in this session", np.float32)
    kwh_per_step = real(
        "kWh", "energy that driving takes in a step; 0 when the car does not drive", np.float32
    )
    km_per_step = real("km", "distance driven in a step; 0 when the car does not drive", np.float32)
    en_route_kwh = real("kWh", "energy still to be charged on the way", np.float32)

    accrued_until = whole("step", "step up to which the account is accrued", np.int32, in_account=True)
    start_kwh = real("kWh", "stored energy when recording began", in_account=True)
    min_soc = real("", "lowest state of charge", np.float32, 1.0, in_account=True)
    stress_years = real("a", "time under calendar stress, in years half full at 25 degC", in_account=True)
    cycles = real("", "cycles closed, weighted by depth", in_account=True)
    turns = list_of(
        REMEMBERED_TURNS, "65535", "turning points of the state of charge", np.uint16, in_account=True
    )
    turn_count = whole("", "turning points in use", np.uint8, in_account=True)

    @property
    def driver(self) -> Any:
        """The car's driver."""
        return self.model.drivers[self.row]

    @property
    def soc(self) -> float:
        """State of charge, 0..1."""
        return self.energy_kwh / self.capacity_kwh

    @property
    def session(self) -> Session | None:
        """The current session, if the car is plugged in."""
        return None if self.charger < 0 else Session(self.model.chargers[self.charger])

    @property
    def model_name(self) -> str:
        """Name of the car model."""
        return MODEL_NAMES[self.model_index]

    def post(self, entry: str, amount: float) -> None:
        """Post an amount to an entry of the account, and to the fleet flows of the step.

        Raises
        ------
        KeyError
            If no entry of that name is declared.
        """
        kernels.post_one(self.row, CHART.number(entry), float(amount), self.model.world)

    def step(self) -> None:
        """One step: energy balance, its cost, and battery wear."""
        kernels.advance_one(self.row, self.model.step_index, self.model.home, self.model.world)
