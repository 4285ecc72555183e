"""Charging sessions: rows of ``sessions.parquet``, one for each stay of a car at a charger.

En-route charging is a session too, so that the energy of all sessions of a car equals its account. A session
that began before recording counts from the start of recording; one still in progress has no end. Cost at a
home's meter while the car is away belongs to no session.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.agents.city_state import CityState
from sim.agents.entries import CHART
from sim.city.charger_kinds import EN_ROUTE, KINDS
from sim.city.codes import PLACES
from sim.data.catalogue import rows
from sim.state.entries import COST, REVENUE

Array = NDArray[Any]

#: Columns of ``sessions.parquet`` after arm and replication: unit and meaning.
SESSION_COLUMNS: dict[str, tuple[str, str]] = {
    "session": ("", "number of the session in this arm and replication, in the order in which they began"),
    "car": ("", "row of the car in the simulated fleet"),
    "driver": ("", "number of the driver in the whole fleet"),
    "place": ("", "home, work, errand or road"),
    "district": ("", "district of the charger; where the trip ends for charging on the way"),
    "charger_kind": ("", "kind of charger"),
    "start": ("", "time of plugging in; when recording began for cars that were plugged in then"),
    "end": ("", "time of unplugging; empty for a session that has not ended"),
    "stated_end": ("", "departure as the driver of a controlled session stated it"),
    "soc_start": ("", "state of charge at the start"),
    "soc_end": ("", "state of charge at the end"),
    "charged_kwh": ("kWh", "drawn from the grid, standby included"),
    "discharged_kwh": ("kWh", "fed in"),
    "promised_soc": ("", "state of charge promised at departure; 0 for no promise"),
    "controlled": ("", "whether the operator might control it when it began"),
    "cost_yuan": ("yuan", "paid for charging, and owed for leaving early"),
    "revenue_yuan": ("yuan", "received for feeding in, for events and in compensation"),
}

NOT_PLUGGED, ON_THE_WAY = -1, -2
STILL_IN_PROGRESS = -1  # in place of the step in which a session ended

#: Money that arises in sessions; standing charges and monthly payments are excluded.
COSTS, REVENUES = (
    tuple(each.name for each in CHART if each.sign == sign and not (each.by_month or each.standing))
    for sign in (COST, REVENUE)
)
SUMS = ("charged_kwh", "discharged_kwh", "cost_yuan", "revenue_yuan")


class SessionLog:
    """Records the sessions of all cars that have an account, as they end."""

    def __init__(self, city: CityState):
        self._city, self.cars = city, city.account_rows
        self._districts = np.array([row["name"] for row in rows("districts", city.spec.city.place)], object)
        self._parts: list[dict[str, Array]] = []
        n = len(self.cars)
        self._open: dict[str, Array] = {
            "charger": np.full(n, NOT_PLUGGED), "start": np.zeros(n, np.int64), "since": np.full(n, -1),
            "stated": np.full(n, -1), "soc": np.zeros(n), "promised": np.zeros(n),
            "controlled": np.zeros(n, bool), "place": np.zeros(n, np.uint8), "kind": np.zeros(n, np.uint8),
            "district": np.zeros(n, np.int64), **{name: np.zeros(n) for name in SUMS},
        }  # fmt: skip
        self._look()

    def begin(self, step: int) -> None:
        """Initialise with the cars that are plugged in before a step."""
        self._look()
        self._note_begun(step, *self._plugged())

    def note(self, step: int) -> None:
        """Record the sessions that ended and began in a completed step."""
        charger, since = self._plugged()
        before = self._open
        other = (charger != before["charger"]) | (since != before["since"])
        ended = np.flatnonzero(other & (before["charger"] != NOT_PLUGGED))
        if len(ended):  # posted on leaving, after the session's last step
            for name, total in (("penalty_yuan", "cost_yuan"), ("compensation_yuan", "revenue_yuan")):
                posted = self._city.accounts[name] - self._on_leaving[name]
                self._sums[total] = self._sums[total] + posted
            self._parts.append(self._rows(self._lasting(ended, step), step))
        if other.any():
            self._note_begun(step, charger, since)
        self._look()

    def frame(self, arm: str, replication: int) -> pd.DataFrame:
        """All rows, including sessions in progress."""
        going_on = np.flatnonzero(self._open["charger"] != NOT_PLUGGED)
        parts = [*self._parts, self._rows(going_on, STILL_IN_PROGRESS)]
        columns = ["arm", "replication", *SESSION_COLUMNS]
        table = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        order = np.lexsort((table["car"], table["start"]))
        frame = pd.DataFrame({name: values[order] for name, values in table.items()})
        frame["session"] = np.arange(len(frame), dtype=np.int32)
        return frame.assign(arm=arm, replication=np.int32(replication))[columns]

    # --------------------------------------------------------------------------------- parts
    def _plugged(self) -> tuple[Array, Array]:
        """Charger of every car, and the step in which its session began."""
        cars, chargers = self._city.world.cars[self.cars], self._city.world.chargers
        charger = cars["charger"].astype(np.int64)
        since = np.where(charger >= 0, chargers["since_step"][charger], -1)
        charger[cars["charger_kind"] == EN_ROUTE] = ON_THE_WAY
        return charger, since

    def _look(self) -> None:
        """Store energy and sums at the end of a step."""
        accounts = self._city.accounts
        self._energy_kwh = self._city.world.cars["energy_kwh"][self.cars]
        self._on_leaving = {name: accounts[name].copy() for name in ("penalty_yuan", "compensation_yuan")}
        self._sums = {
            "charged_kwh": accounts["charged_kwh"].copy(),
            "discharged_kwh": accounts["discharged_kwh"].copy(),
            "cost_yuan": sum((accounts[name] for name in COSTS), np.zeros(len(accounts))),
            "revenue_yuan": sum((accounts[name] for name in REVENUES), np.zeros(len(accounts))),
        }

    def _note_begun(self, step: int, charger: Array, since: Array) -> None:
        """Record the start of sessions; energy and sums are those at the end of the previous step."""
        held, world = self._open, self._city.world
        new = np.flatnonzero((charger != held["charger"]) | (since != held["since"]))
        held["charger"][new], held["since"][new] = charger[new], since[new]
        new = new[charger[new] != NOT_PLUGGED]
        cars, drivers = world.cars[self.cars[new]], world.drivers[self.cars[new]]
        at = charger[new] >= 0
        at_charger = world.chargers[np.where(at, charger[new], 0)]
        zones = world.town.zones["district"][drivers["zone"]]
        held["start"][new] = step
        held["stated"][new] = np.where(at & (cars["owed_kwh"] > 0.0), at_charger["stated_step"], -1)
        held["soc"][new] = self._energy_kwh[new] / cars["capacity_kwh"]
        held["promised"][new] = cars["owed_kwh"] / cars["capacity_kwh"]
        held["controlled"][new] = at & (cars["owed_kwh"] > 0.0)
        held["place"][new] = drivers["place"]
        held["district"][new] = np.where(at, at_charger["district"], zones)
        held["kind"][new] = cars["charger_kind"]
        for name in SUMS:
            held[name][new] = self._sums[name][new]

    def _lasting(self, ended: Array, step: int) -> Array:
        """Sessions that ended, but for those which only waited to be ended when recording began."""
        lasted = self._open["start"][ended] < step
        for name in SUMS:
            lasted |= self._sums[name][ended] != self._open[name][ended]
        return ended[lasted]

    def _rows(self, which: Array, end: int) -> dict[str, Array]:
        """Rows of the given sessions, which ended in a step."""
        held, cars = self._open, self.cars[which]
        capacity = self._city.world.cars["capacity_kwh"][cars].astype(np.float64)
        return {
            "car": cars.astype(np.int32),
            "driver": self._city.world.drivers["driver_id"][cars],
            "place": np.array(PLACES, object)[held["place"][which]],
            "district": self._districts[held["district"][which]],
            "charger_kind": np.array(KINDS, object)[held["kind"][which]],
            "start": self._times(held["start"][which]),
            "end": self._times(np.full(len(which), end)),
            "stated_end": self._times(held["stated"][which]),
            "soc_start": held["soc"][which],
            "soc_end": self._energy_kwh[which] / capacity,
            "promised_soc": held["promised"][which],
            "controlled": held["controlled"][which],
            **{name: self._sums[name][which] - held[name][which] for name in SUMS},
        }

    def _times(self, steps: Array) -> Array:
        """Times of the given steps; missing for -1."""
        clock, minutes = self._city.clock, round(self._city.spec.step_hours * 60)
        times: Array = clock.times[0] + steps * np.timedelta64(minutes, "m")
        return np.where(steps < 0, np.datetime64("NaT", "s"), times.astype("datetime64[s]"))
