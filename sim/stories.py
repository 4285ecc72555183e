"""Stories: what single cars did and why, noted as it happens: rows of ``stories.parquet``.

A row is written at noon, at midnight and whenever something changes: the car leaves or arrives, is plugged
in, begins to charge, to wait or to feed in, or does so for another reason. Reasons are those the charger
noted when it decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.agents import reasons
from sim.city.codes import HOME_POST, KINDS, NO_POST, PLACES, ROAD
from sim.market.wear import wear_of

if TYPE_CHECKING:
    from sim.model import CityModel

#: Columns of ``stories.parquet`` after arm, replication, car and time: unit and meaning.
STORY_COLUMNS: dict[str, tuple[str, str]] = {
    "place": ("", "home, work, errand or road"),
    "charger": ("", "kind of charger the car is plugged into; empty for none"),
    "doing": ("", "driving, parked, charging, waiting or feeding in, from this time on"),
    "reason": ("", "code of why, see sim.agents.reasons"),
    "power_kw": ("kW", "power at that time; negative feeds in"),
    "soc": ("", "state of charge at the beginning of the step"),
    "price_yuan_per_kwh": ("yuan/kWh", "what charging costs here at that time"),
    "feed_in_yuan_per_kwh": ("yuan/kWh", "what feeding in pays at that time, events included"),
    "reckoned_yuan_per_kwh": ("yuan/kWh", "price with which it was compared"),
    "promised_soc": ("", "state of charge promised at departure; 0 for no promise"),
    "promised_at": ("", "departure as the driver stated it"),
    "shortfalls": ("", "broken promises so far"),
    "charged_kwh": ("kWh", "drawn so far"),
    "discharged_kwh": ("kWh", "fed in so far"),
    "cost_yuan": ("yuan", "paid for charging and penalties so far"),
    "revenue_yuan": ("yuan", "received so far"),
    "wear_yuan": ("yuan", "battery wear so far"),
}
DRIVING, PARKED, CHARGING, WAITING, FEEDING_IN = range(5)
DOINGS = ("driving", "parked", "charging", "waiting", "feeding in")


class Stories:
    """Follows some cars step by step.

    Attributes
    ----------
    cars : ndarray of int
        Rows of the cars that are followed.
    """

    def __init__(self, model: CityModel, cars: Sequence[int] | NDArray[np.int64]):
        self._model = model
        self.cars = np.unique(np.asarray(cars, dtype=np.int64))
        self._state = np.full((5, len(self.cars)), -1)
        self._rows: list[dict[str, Any]] = []

    @classmethod
    def of(cls, model: CityModel, watched: Sequence[int] | None) -> Stories:
        """Follow given cars; without any, the persons with a name and some of those who have signed up."""
        if watched is not None:
            return cls(model, watched)
        named = np.arange(len(model.spec.drivers.personas))
        enrolled = np.flatnonzero(model.world.drivers["enrolled"])
        most = model.spec.outputs.story_cars
        some = enrolled[:: -(-len(enrolled) // most)] if len(enrolled) and most else enrolled[:0]
        return cls(model, np.concatenate([named, some]))

    def note(self, now: int) -> None:
        """Look at the cars after a step."""
        world = self._model.world
        cars, drivers = world.cars[self.cars], world.drivers[self.cars]
        posts = self._posts(cars)
        doing = _doing(cars, drivers)
        code = np.where(cars["charger"] >= 0, posts["reason"], reasons.NONE)
        state = np.array([drivers["place"], cars["post_kind"], doing, code, cars["sessions"]], dtype=np.int64)
        changed = np.any(state != self._state, axis=0)
        changed |= now % (self._model.clock.steps_per_day // 2) == 0  # sums at noon and at midnight
        for k in np.flatnonzero(changed):
            what = DOINGS[doing[k]]
            self._rows.append(self._row(now, int(k), cars[k], drivers[k], posts[k], what, int(code[k])))
        self._state = state

    def finish(self, now: int) -> None:
        """Write the last row of every car, so that sums are complete."""
        world = self._model.world
        for k, row in enumerate(self.cars):
            car, driver = world.cars[row], world.drivers[row]
            post = self._posts(world.cars[[row]])[0]
            self._rows.append(self._row(now, k, car, driver, post, "end", reasons.NONE))

    def _posts(self, cars: Any) -> Any:
        """The chargers of some cars; an idle one stands for none."""
        posts = np.zeros(len(cars), self._model.world.chargers.dtype)
        plugged = cars["charger"] >= 0
        posts[plugged] = self._model.world.chargers[cars["charger"][plugged]]
        return posts

    def _row(
        self, now: int, k: int, car: Any, driver: Any, post: Any, doing: str, code: int
    ) -> dict[str, Any]:
        """One row. Sums and state of charge are those at the end of the step before."""
        model = self._model
        step_h, clock = model.spec.step_hours, model.clock
        kind = int(car["post_kind"])
        moment = model.world.series[min(now, len(clock) - 1)]
        wear = wear_of(model.spec.fleet.wear, np.array([car]))
        promised = float(car["owed_kwh"]) > 0.0
        return {
            "car": np.int32(self.cars[k]),
            "time": clock.times[0] + now * np.timedelta64(round(step_h * 60), "m"),
            "place": PLACES[int(driver["place"])],
            "charger": "" if kind == NO_POST else KINDS[kind],
            "doing": doing,
            "reason": np.int16(code),
            "power_kw": float(car["power_kw"]),
            "soc": float(car["energy_kwh"]) / float(car["capacity_kwh"]),
            "price_yuan_per_kwh": float(moment["price"][HOME_POST if kind == NO_POST else kind]),
            "feed_in_yuan_per_kwh": float(moment["feed_in_price"] + moment["event_premium"]),
            "reckoned_yuan_per_kwh": float(post["reckoned_yuan_per_kwh"]),
            "promised_soc": float(car["owed_kwh"]) / float(car["capacity_kwh"]),
            "promised_at": _clock_time(clock.times[0], int(post["stated_step"]), step_h) if promised else "",
            "shortfalls": np.int32(car["promise_shortfalls"]),
            "charged_kwh": float(car["charged_kwh"]),
            "discharged_kwh": float(car["discharged_kwh"]),
            "cost_yuan": float(car["charging_cost_yuan"]) + float(car["penalty_yuan"]),
            "revenue_yuan": float(
                car["feed_in_revenue_yuan"] + car["event_revenue_yuan"] + car["availability_revenue_yuan"]
            ),
            "wear_yuan": float(wear.cycle_yuan[0] + wear.calendar_yuan[0]),
        }

    def frame(self, arm: str, replication: int) -> pd.DataFrame:
        """All rows, with arm and replication."""
        columns = ["arm", "replication", "car", "time", *STORY_COLUMNS]
        head = {"arm": arm, "replication": np.int32(replication)}
        return pd.DataFrame([{**head, **row} for row in self._rows], columns=columns)


def _doing(cars: Any, drivers: Any) -> NDArray[Any]:
    """What cars do in a step."""
    plugged = cars["charger"] >= 0
    working = plugged & (cars["converting"] == 1)
    doing = np.where(plugged, WAITING, PARKED)
    doing[working & (cars["power_kw"] > 0.0)] = CHARGING
    doing[working & (cars["power_kw"] < 0.0)] = FEEDING_IN
    doing[drivers["place"] == ROAD] = DRIVING
    return doing


def _clock_time(start: np.datetime64, step: int, step_h: float) -> str:
    return str(start + step * np.timedelta64(round(step_h * 60), "m"))[11:16]
