"""The driver: follows the day plan and decides about plugging in."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from sim.agents import kernels
from sim.city.charger_kinds import NO_KIND
from sim.city.codes import ARCHETYPES, PLACES
from sim.state.blocks import over_blocks
from sim.state.columns import flag, real, whole
from sim.state.row_agents import RowAgent


def _step_all(model: Any) -> None:
    over_blocks(kernels.drivers_step, len(model.drivers), model.step_index, model.world)


class Driver(RowAgent):
    """A person with a car, a home, charging habits and possibly a job.

    Subclass it and override :meth:`wants_to_plug` to give some drivers another plug-in behaviour:

    >>> class Forgetful(Driver):  # doctest: +SKIP
    ...     def wants_to_plug(self):
    ...         return self.soc < 0.2
    >>> model.recruit(Forgetful, range(1000))  # doctest: +SKIP
    """

    kernels: ClassVar = {"step": _step_all}

    driver_id = whole("", "number of the driver in the whole fleet")
    archetype = whole("", "kind of driver, index into archetypes.csv", np.uint8)
    home_zone = whole("", "zone of the home", np.uint16)
    work_zone = whole("", "zone of the workplace", np.uint16)
    home_charger = whole("", "charger at home, -1 for none", np.int32, -1)
    has_work_access = flag("may use the posts at work")
    enrolled = flag("is enrolled with the operator")
    target_soc = real("", "state of charge at which the owner stops charging", np.float32, 0.9)
    reserve_soc = real("", "state of charge the owner keeps when controlled", np.float32, 0.4)
    place = whole("", "home, work, errand or road", np.uint8)
    zone = whole("", "zone of the stop, or of the destination while driving", np.uint16)
    goal = whole("", "place at the end of the present trip", np.uint8)
    arrive_step = whole("step", "end of the present trip", np.int32)
    drive_left = whole("step", "steps still to be driven of a trip with charging on the way", np.uint16)
    depart_step = whole("step", "start of the next trip", np.int32)
    trip_km = real("km", "distance of the next trip", np.float32)
    trip_minutes = real("min", "duration of the next trip", np.float32)
    next_place = whole("", "place at the end of the next trip", np.uint8)
    next_zone = whole("", "zone at the end of the next trip", np.uint16)
    plan_day = whole("d", "day whose plan the next trip belongs to", np.int16)
    trip = whole("", "number of the next trip in that plan", np.uint8)
    plan_goes_on = flag("that plan has more trips after the next one")
    deciding = flag("has just arrived and not yet decided about plugging in")
    wants = whole("", "kind of charger waited for, 255 for none", np.uint8, NO_KIND)
    waiting_since = whole("step", "start of waiting", np.int32)
    away_until = whole("step", "the driver keeps the car unplugged until then", np.int32, -1)
    answers_call = whole(
        "", "how a call is answered: not, plugged in again, drives out, sells, drives back", np.uint8
    )

    @property
    def car(self) -> Any:
        """The driver's car."""
        return self.model.cars[self.row]

    @property
    def soc(self) -> float:
        """State of charge of the driver's car, 0..1."""
        return float(self.car.soc)

    @property
    def where(self) -> str:
        """Home, work, errand or road."""
        return PLACES[self.place]

    @property
    def kind(self) -> str:
        """Name of the archetype."""
        return ARCHETYPES[self.archetype]

    @property
    def hours_to_departure(self) -> float:
        """Time until the next trip starts [h]."""
        return float((self.depart_step - self.model.step_index) * self.model.spec.step_hours)

    @property
    def next_trip_kwh(self) -> float:
        """Energy demand of the next trip [kWh]."""
        return float(kernels.next_trip_kwh_one(self.row, self.model.step_index, self.model.world))

    def wants_to_plug(self) -> bool:
        """Whether the driver wants to plug in, asked on arrival and at bedtime. Override to change it."""
        return bool(kernels.wants_to_plug_one(self.row, self.model.step_index, self.model.world))

    def request_charger(self) -> None:
        """Plug in at home, or queue for a shared charger."""
        kernels.request_charger_one(self.row, self.model.step_index, self.model.world)

    def travel(self) -> None:
        """Leave, charge en route or arrive, if due in this step."""
        kernels.travel_one(self.row, self.model.step_index, self.model.world)

    def step(self) -> None:
        """One step: travel; after an arrival and at bedtime, decide about plugging in."""
        self.travel()
        if (
            kernels.has_to_decide_one(self.row, self.model.step_index, self.model.world)
            and self.wants_to_plug()
        ):
            self.request_charger()
