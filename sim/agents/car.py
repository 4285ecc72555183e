"""The car: a battery, and its book of energy, money and wear.

The book is kept for every car, or for a fair sample of a very large fleet (``outputs.owner_rows``): a car
without one does the same, only nobody writes it down.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from sim.agents import kernels
from sim.city.codes import NO_POST
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
    book = whole("", "row of the car's book, -1 for none", np.int32, -1)
    charger = whole("", "charger the car is plugged into, -1 for none", np.int32, -1)
    post_kind = whole("", "kind of that charger, 255 for none", np.uint8, NO_POST)
    session_kw = real("kW", "rating of this session: least of post, plug and inlet", np.float32)
    power_kw = real("kW", "grid-side power in this step; positive draws, negative feeds in", np.float32)
    converting = flag("the charger's converter runs; otherwise power is its standby draw")
    owed_kwh = real("kWh", "energy promised at departure in this session", np.float32)
    kwh_per_step = real(
        "kWh", "energy that driving takes in a step; 0 when the car does not drive", np.float32
    )
    km_per_step = real("km", "distance driven in a step; 0 when the car does not drive", np.float32)
    en_route_kwh = real("kWh", "energy still to be charged on the way", np.float32)

    kept_until = whole("step", "step up to which the book is kept", np.int32, in_book=True)
    km = real("km", "distance driven", in_book=True)
    trips = whole("", "trips started", np.uint16, in_book=True)
    driven_kwh = real("kWh", "battery energy used by driving", in_book=True)
    charged_kwh = real("kWh", "energy drawn from the grid, standby included", in_book=True)
    discharged_kwh = real("kWh", "energy fed in", in_book=True)
    stored_kwh = real("kWh", "energy that reached the battery", in_book=True)
    drawn_kwh = real("kWh", "energy the battery gave for feeding in", in_book=True)
    charging_cost_yuan = real("yuan", "paid for charging", in_book=True)
    fees_yuan = real("yuan", "service fees in it", np.float32, in_book=True)
    feed_in_revenue_yuan = real("yuan", "received for feeding in", in_book=True)
    sessions = whole("", "times plugged in", np.uint16, in_book=True)
    discharge_sessions = whole("", "sessions in which the car fed in", np.uint16, in_book=True)
    plugged_steps = whole("step", "steps plugged in", np.int32, in_book=True)
    min_soc = real("", "lowest state of charge", np.float32, 1.0, in_book=True)
    en_route_charges = whole("", "trips with charging on the way", np.uint16, in_book=True)
    en_route_h = real("h", "time lost by charging on the way", np.float32, in_book=True)
    promise_shortfalls = whole(
        "", "sessions that ended with a broken promise, whatever the cause", np.uint16, in_book=True
    )
    promise_shortfall_kwh = real(
        "kWh", "energy missing at departure from what was promised", np.float32, in_book=True
    )
    shortfalls_left_early = whole(
        "", "broken promises to drivers who left before they had said", np.uint16, in_book=True
    )
    shortfalls_shock = whole("", "promises broken by a shock", np.uint16, in_book=True)
    shortfalls_limit = whole("", "promises broken by the limit of a site or feeder", np.uint16, in_book=True)
    event_revenue_yuan = real("yuan", "received for events", in_book=True)
    ready_h = real("h", "time on call in this month", np.float32, in_book=True)
    ready_kwh = real("kWh", "rating times time on call in this month", np.float32, in_book=True)
    availability_revenue_yuan = real("yuan", "received for being on call", in_book=True)
    penalty_yuan = real("yuan", "owed for leaving before the stated time", np.float32, in_book=True)
    overrides = whole(
        "", "sessions in which the owner pressed the button that charges at once", np.uint16, in_book=True
    )
    stress_years = real("a", "time under calendar stress, in years half full at 25 degC", in_book=True)
    cycles = real("", "cycles closed, weighted by depth", in_book=True)
    turns = list_of(
        REMEMBERED_TURNS, "65535", "turning points of the state of charge", np.uint16, in_book=True
    )
    turn_count = whole("", "turning points in use", np.uint8, in_book=True)
    dwell_shortfall_kwh = real(
        "kWh", "energy missing because the stop was too short", np.float32, in_book=True
    )
    fuel_km = real("km", "plug-in hybrids: distance driven on fuel", np.float32, in_book=True)
    stranded_kwh = real("kWh", "energy a battery could not give on the road", np.float32, in_book=True)
    start_kwh = real("kWh", "stored energy when recording began", in_book=True)

    @property
    def driver(self) -> Any:
        """The car's driver."""
        return self.model.drivers[self.row]

    @property
    def soc(self) -> float:
        """State of charge, 0..1."""
        return self.energy_kwh / self.capacity_kwh

    @property
    def model_name(self) -> str:
        """Name of the car model."""
        return MODEL_NAMES[self.model_index]

    def step(self) -> None:
        """One step: energy, what it costs, and what it does to the battery."""
        kernels.advance_one(self.row, self.model.step_index, self.model.home, self.model.world)
