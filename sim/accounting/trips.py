"""Trips of day plans: rows of ``trips.parquet``. They are the same in every arm and are written once.

Who drives out to sell makes a trip that is in no plan; owners' accounts tell of it (``drive_outs``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.agents.city_state import CityState
from sim.agents.decision_codes import DRIVES_BACK, DRIVES_OUT
from sim.city.codes import PLACES, ROAD

Array = NDArray[Any]

#: Columns of ``trips.parquet`` after replication: unit and meaning.
TRIP_COLUMNS: dict[str, tuple[str, str]] = {
    "car": ("", "row of the car in the simulated fleet"),
    "trip": ("", "number of the trip of this car while recording"),
    "start": ("", "time of leaving"),
    "end": ("", "time of arriving, without charging on the way"),
    "km": ("km", "distance"),
    "kwh": ("kWh", "battery energy that the trip takes"),
    "from_place": ("", "home, work or errand"),
    "to_place": ("", "home, work or errand"),
    "from_zone": ("", "zone of the start"),
    "to_zone": ("", "zone of the destination"),
}


class TripLog:
    """Records the trips of all cars that have an account, as they begin."""

    def __init__(self, city: CityState):
        self._city, self.cars = city, city.account_rows
        self._parts: list[dict[str, Array]] = []
        self._before: Array = city.world.drivers[self.cars]

    def begin(self) -> None:
        """Store the drivers' locations before the first recorded step."""
        self._before = self._city.world.drivers[self.cars]

    def note(self, step: int) -> None:
        """Record the trips that began in a completed step."""
        now, before = self._city.world.drivers[self.cars], self._before
        self._before = now
        to_sell = (now["answers_call"] == DRIVES_OUT) | (now["answers_call"] == DRIVES_BACK)
        left = np.flatnonzero((now["place"] == ROAD) & (before["place"] != ROAD) & ~to_sell)
        if not len(left):
            return
        was, cars = before[left], self._city.world.cars[self.cars[left]]
        minutes = self._city.spec.time.step_minutes
        steps = np.maximum(1, np.round(was["trip_minutes"] / minutes)).astype(np.int64)
        start = self._city.clock.times[0] + np.full(len(left), step) * np.timedelta64(minutes, "m")
        self._parts.append(
            {
                "car": self.cars[left].astype(np.int32),
                "start": start.astype("datetime64[s]"),
                "end": (start + steps * np.timedelta64(minutes, "m")).astype("datetime64[s]"),
                "km": was["trip_km"].astype(np.float64),
                "kwh": cars["kwh_per_step"].astype(np.float64) * steps,
                "from_place": np.array(PLACES, object)[was["place"]],
                "to_place": np.array(PLACES, object)[was["next_place"]],
                "from_zone": was["zone"].astype(np.int32),
                "to_zone": was["next_zone"].astype(np.int32),
            }
        )

    def frame(self, replication: int) -> pd.DataFrame:
        """All rows, by car and time."""
        columns = ["replication", *TRIP_COLUMNS]
        if not self._parts:
            return pd.DataFrame(columns=columns)
        table = {name: np.concatenate([part[name] for part in self._parts]) for name in self._parts[0]}
        frame = pd.DataFrame(table).sort_values(["car", "start"], kind="stable", ignore_index=True)
        frame["trip"] = frame.groupby("car").cumcount().astype(np.int32)
        return frame.assign(replication=np.int32(replication))[columns]
