"""Owner timelines: activities of single cars and their reasons: rows of ``stories.parquet``.

A row is written at noon, at midnight and at every change: the car leaves or arrives, is plugged in, starts
to charge, wait or discharge, or the reason changes. Reasons are those that the charger stored with its
decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.accounting.settlement import Settlement
from sim.agents import decision_codes as code
from sim.agents.accounts import accrue_rows
from sim.agents.city_state import CityState
from sim.agents.entries import CHART
from sim.agents.map_counts import DOES, NOTED, PLACE, POST, WHY, watch
from sim.city.charger_kinds import HOME_KIND, KINDS, NO_KIND
from sim.city.codes import PLACES
from sim.market.wear import wear_of

#: Column names of cumulative sums.
SO_FAR = {
    "shortfalls": "broken promises so far",
    "availability_yuan": "received for being on call so far, as if this month will have enough hours",
}
#: The first sums, in an order fixed for other tools.
FIRST = (
    "shortfalls", "charged_kwh", "discharged_kwh", "charging_yuan", "penalties_yuan", "rent_yuan",
    "feed_in_yuan", "events_yuan", "availability_yuan",
)  # fmt: skip
_NAMED = {entry.timeline or entry.name: entry for entry in CHART if entry.timeline or entry in CHART.money}
TIMELINE_ENTRIES = {name: _NAMED[name] for name in (*FIRST, *_NAMED)}

#: Columns of ``stories.parquet`` after arm, replication, car and time: unit and meaning.
STORY_COLUMNS: dict[str, tuple[str, str]] = {
    "place": ("", "home, work, errand or road"),
    "charger": ("", "kind of charger the car is plugged into; empty for none"),
    "doing": ("", "driving, parked, charging, waiting or feeding in, from this time on"),
    "reason": (
        "",
        "code of why the car does what it does, see sim.agents.decision_codes",
    ),
    "power_kw": ("kW", "power at that time; negative feeds in"),
    "soc": ("", "state of charge at the beginning of the step"),
    "price_yuan_per_kwh": ("yuan/kWh", "what charging costs here at that time"),
    "feed_in_yuan_per_kwh": ("yuan/kWh", "what feeding in pays at that time, events included"),
    "reckoned_yuan_per_kwh": ("yuan/kWh", "price with which it was compared; 0 for none"),
    "promised_soc": ("", "state of charge promised at departure; 0 for no promise"),
    "promised_at": ("", "departure as the driver stated it"),
    **{
        name: (entry.unit, SO_FAR.get(name, f"{entry.meaning}, so far"))
        for name, entry in TIMELINE_ENTRIES.items()
    },
    "wear_yuan": ("yuan", "battery wear so far"),
}
#: Activity by displayed activity (``sim.agents.map_counts``); the last row of a car marks the end.
DOINGS = ("parked", "waiting", "charging", "feeding in", "driving", "end")
END = len(DOINGS) - 1
CHARGERS = (*KINDS, "")


class Timeline:
    """Records the timelines of a set of cars, step by step.

    Attributes
    ----------
    cars : ndarray of int
        Rows of the recorded cars.
    """

    def __init__(self, city: CityState, settlement: Settlement, cars: Sequence[int] | NDArray[np.int64]):
        self._city, self._settlement = city, settlement
        self.cars = np.unique(np.asarray(cars, dtype=np.int64))
        self._places = city.cars.place("sessions", self.cars)
        self._state = np.full((NOTED, len(self.cars)), -1)
        self._parts: list[dict[str, NDArray[Any]]] = []

    @classmethod
    def of(cls, city: CityState, settlement: Settlement, watched: Sequence[int] | None) -> Timeline:
        """Timeline of the given cars; by default, of named persons and some enrolled owners."""
        if watched is not None:
            return cls(city, settlement, watched)
        named, who = np.arange(len(city.spec.drivers.personas)), city.account_rows
        enrolled = who[city.world.drivers["enrolled"][who] == 1]
        most = city.spec.outputs.story_cars
        some = enrolled[:: -(-len(enrolled) // most)] if len(enrolled) and most else enrolled[:0]
        return cls(city, settlement, np.concatenate([named, some]))

    def note(self, now: int) -> None:
        """Record changes after the powers of a step are set and before energy is exchanged."""
        state = np.empty_like(self._state)
        watch(self.cars, self._places, state, self._city.world)
        changed = np.any(state != self._state, axis=0)
        changed |= now % (self._city.clock.steps_per_day // 2) == 0  # sums at noon and at midnight
        self._state = state
        which = np.flatnonzero(changed)
        if len(which):
            self._parts.append(self._rows(now, which, state[:, which]))

    def finish(self, now: int) -> None:
        """Write the final row of every car, with complete sums."""
        state = self._state.copy()
        watch(self.cars, self._places, state, self._city.world)
        state[DOES], state[WHY] = END, code.NONE
        self._parts.append(self._rows(now, np.arange(len(self.cars)), state))

    def so_far(self, now: int, car: int) -> pd.DataFrame:
        """Rows of one recorded car up to the end of the step before `now`, with a final row at that time."""
        which = np.flatnonzero(self.cars == car)
        state = np.empty((NOTED, len(which)), self._state.dtype)
        watch(self.cars[which], self._places[which], state, self._city.world)
        present = self._rows(now, which, state, decided=now - 1)
        told = [(part, part["car"] == car) for part in self._parts]
        mine = [{name: column[here] for name, column in part.items()} for part, here in told if here.any()]
        return _frame([*mine, present])

    def forget_before(self, time: np.datetime64) -> None:
        """Drop rows before a time, except the first row of every car, which holds the initial sums."""
        self._parts = [
            part for number, part in enumerate(self._parts) if number == 0 or part["time"][0] >= time
        ]

    def _chargers(self, cars: Any) -> Any:
        """Chargers of the given cars; a placeholder record for cars without one."""
        at_charger = np.zeros(len(cars), self._city.world.chargers.dtype)
        plugged = cars["charger"] >= 0
        at_charger[plugged] = self._city.world.chargers[cars["charger"][plugged]]
        return at_charger

    def _rows(
        self, now: int, which: NDArray[np.int64], state: NDArray[np.int64], decided: int | None = None
    ) -> dict[str, NDArray[Any]]:
        """One row for each car. Sums and state of charge are those at the end of the previous step.

        Prices are those of the step in which chargers decided: the current one, unless another is given.
        """
        city = self._city
        rows = self.cars[which]
        cars, kind = city.world.cars[rows], state[POST]
        at_charger = self._chargers(cars)
        accrue_rows(rows, now, city.world)
        accounts = city.accounts[self._places[which]]
        start, step = city.clock.times[0], np.timedelta64(round(city.spec.step_hours * 60), "m")
        moment = city.world.series[min(now if decided is None else decided, len(city.clock) - 1)]
        wear = wear_of(city.spec.fleet.wear, cars, accounts, city.recorded_years(now))
        capacity = cars["capacity_kwh"].astype(np.float64)
        promised = cars["owed_kwh"] > 0.0
        stated = np.datetime_as_string(start + at_charger["stated_step"] * step, unit="m")
        sums = {name: accounts[entry.name] for name, entry in TIMELINE_ENTRIES.items()}
        sums["shortfalls"] = sums["shortfalls"].astype(np.int32)
        on_call = accounts["month_on_call_kwh"] * self._settlement.availability_yuan_per_kwh
        sums["availability_yuan"] = sums["availability_yuan"] + on_call
        return {
            "car": rows.astype(np.int32),
            "time": np.full(len(which), start + now * step),
            "place": np.array(PLACES, object)[state[PLACE]],
            "charger": np.array(CHARGERS, object)[np.minimum(kind, len(KINDS))],
            "doing": np.array(DOINGS, object)[state[DOES]],
            "reason": state[WHY].astype(np.int16),
            "power_kw": cars["power_kw"].astype(np.float64),
            "soc": cars["energy_kwh"] / capacity,
            "price_yuan_per_kwh": moment["price"][np.where(kind == NO_KIND, HOME_KIND, kind)],
            "feed_in_yuan_per_kwh": np.full(
                len(which), float(moment["feed_in_price"] + moment["event_premium"])
            ),
            "reckoned_yuan_per_kwh": _where_there_is_one(at_charger["reckoned_yuan_per_kwh"].astype(float)),
            "promised_soc": cars["owed_kwh"] / capacity,
            "promised_at": np.where(promised, [text[11:16] for text in stated], "").astype(object),
            **sums,
            "wear_yuan": wear.cycle_yuan + wear.calendar_yuan,
        }

    def frame(self, arm: str, replication: int) -> pd.DataFrame:
        """All rows, with arm and replication."""
        columns = ["arm", "replication", "car", "time", *STORY_COLUMNS]
        if not self._parts:
            return pd.DataFrame(columns=columns)
        return _frame(self._parts).assign(arm=arm, replication=np.int32(replication))[columns]


def _where_there_is_one(prices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Prices used in a comparison; 0 where no price would have changed the decision."""
    return np.where(np.isfinite(prices), prices, 0.0)


def _frame(parts: Sequence[dict[str, NDArray[Any]]]) -> pd.DataFrame:
    return pd.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})
