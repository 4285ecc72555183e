"""Energy, cost and revenue of every owner on each day: rows of ``owner_days.parquet``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.agents.accounts import accrue_all
from sim.agents.city_state import CityState
from sim.agents.entries import CHART
from sim.market.wear import wear_of
from sim.state.blocks import over_blocks
from sim.state.entries import Entry

#: The first columns, in an order fixed for other tools, and their names in the daily table.
FIRST = (
    "bought_kwh", "bought_yuan", "fees_yuan", "sold_kwh", "sold_yuan", "events_yuan", "availability_yuan",
    "penalties_yuan", "rental_yuan",
)  # fmt: skip
MEANINGS = {
    "bought_yuan": "paid for that energy, without service fees",
    "fees_yuan": "service fees",
    "sold_yuan": "received for that",
    "events_yuan": "received for events",
    "availability_yuan": "received for being on call, on the day the month is settled",
}
WEAR = {"wear_yuan": ("yuan", "battery wear, cycling and calendar")}
NET = {"net_yuan": ("yuan", "what the day came to; negative is earned")}


def _entries() -> dict[str, Entry]:
    """Entries by their column for a day: those that name one, and all money."""
    named = {entry.day or entry.name: entry for entry in CHART.columns if entry.day or entry in CHART.money}
    return {name: named[name] for name in (*FIRST, *named)}


ENTRIES = _entries()

#: Columns of ``owner_days.parquet`` after arm, replication, car and date: unit and meaning.
OWNER_DAY_COLUMNS: dict[str, tuple[str, str]] = {
    **{name: (entry.unit, MEANINGS.get(name, entry.meaning)) for name, entry in ENTRIES.items()},
    **WEAR,
    **NET,
}


class OwnerDays:
    """Records the accounts of a set of cars at every midnight.

    Attributes
    ----------
    cars : ndarray of int
        Rows of these cars.
    """

    def __init__(self, city: CityState):
        self._city = city
        n, most = len(city.accounts), city.spec.outputs.owner_day_rows
        self._places = np.arange(0, n, -(-n // most))
        self.cars = city.account_rows[self._places]
        self._frames: list[pd.DataFrame] = []
        self._before: dict[str, NDArray[np.float64]] = {}

    def begin(self, step: int) -> None:
        """Store the balances before a step as the baseline."""
        self._before = self._balances(step)

    def close(self, step: int) -> None:
        """Record the day that ends with a step."""
        now, clock = self._balances(step + 1), self._city.clock
        time = clock.times[step + 1 - clock.steps_per_day]
        day = {name: now[name] - self._before[name] for name in now}
        head: dict[str, Any] = {
            "car": self.cars.astype(np.int32),
            "date": time.astype("datetime64[D]").astype("datetime64[s]"),
        }
        self._frames.append(pd.DataFrame({**head, **day, "net_yuan": _net_yuan(day)}))
        self._before = now

    def frame(self, arm: str, replication: int) -> pd.DataFrame:
        """All rows, with arm and replication."""
        columns = ["arm", "replication", "car", "date", *OWNER_DAY_COLUMNS]
        if not self._frames:
            return pd.DataFrame(columns=columns)
        frame = pd.concat(self._frames, ignore_index=True)
        return frame.assign(arm=arm, replication=np.int32(replication))[columns]

    def _balances(self, step: int) -> dict[str, NDArray[np.float64]]:
        """Sums from the start of recording up to a step; parts of an entry are subtracted from it."""
        city = self._city
        over_blocks(accrue_all, city.cars.n, step, city.world)
        cars, accounts = city.world.cars[self.cars], city.accounts[self._places]
        balances = {name: accounts[entry.name].astype(np.float64) for name, entry in ENTRIES.items()}
        whole = {entry.name: name for name, entry in ENTRIES.items()}
        for name, entry in ENTRIES.items():
            if entry.part_of:
                balances[whole[entry.part_of]] = balances[whole[entry.part_of]] - balances[name]
        wear = wear_of(city.spec.fleet.wear, cars, accounts, city.recorded_years(step))
        return {**balances, "wear_yuan": wear.cycle_yuan + wear.calendar_yuan}


def _net_yuan(day: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Net cost of a day; parts of an entry take the sign of that entry."""
    spent = np.zeros_like(day["wear_yuan"])
    received = np.zeros_like(spent)
    signs = {entry.name: entry.sign for entry in CHART}
    for name, entry in ENTRIES.items():
        sign = entry.sign or (signs[entry.part_of] if entry.part_of else 0)
        if sign > 0:
            spent = spent + day[name]
        elif sign < 0:
            received = received + day[name]
    return spent + day["wear_yuan"] - received
