"""What every owner bought, sold and was charged on each day: rows of ``owner_days.parquet``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.market.wear import wear_of

if TYPE_CHECKING:
    from sim.model import CityModel

#: Columns of ``owner_days.parquet`` after arm, replication, car and date: unit and meaning.
OWNER_DAY_COLUMNS: dict[str, tuple[str, str]] = {
    "bought_kwh": ("kWh", "drawn from the grid, standby included"),
    "bought_yuan": ("yuan", "paid for that energy, without service fees"),
    "fees_yuan": ("yuan", "service fees"),
    "sold_kwh": ("kWh", "fed in"),
    "sold_yuan": ("yuan", "received for that"),
    "events_yuan": ("yuan", "received for events"),
    "availability_yuan": ("yuan", "received for being on call, on the day the month is settled"),
    "penalties_yuan": ("yuan", "owed for leaving before the stated time"),
    "rental_yuan": ("yuan", "rent of a bidirectional charger at home"),
    "wear_yuan": ("yuan", "battery wear, cycling and calendar"),
    "net_yuan": ("yuan", "what the day came to; negative is earned"),
}


class OwnerDays:
    """Notes the purses of some cars at every midnight."""

    def __init__(self, model: CityModel):
        self._model = model
        most, table = model.spec.outputs.owner_day_rows, model.cars.table
        self._places = np.arange(0, len(table.books), -(-len(table.books) // most))
        self.cars = self._places if table.keepers is None else table.keepers[self._places]
        self._frames: list[pd.DataFrame] = []
        self._before: dict[str, NDArray[np.float64]] = {}

    def begin(self) -> None:
        """Take what the purses hold now as zero."""
        self._before = self._purses(self._model.step_index)

    def close(self, step: int) -> None:
        """Write down the day that ends with a step."""
        now, clock = self._purses(step + 1), self._model.clock
        time = clock.times[step + 1 - clock.steps_per_day]
        day = {name: now[name] - self._before[name] for name in now}
        spent = sum(day[name] for name in SPENT)
        received = sum(day[name] for name in RECEIVED)
        head: dict[str, Any] = {
            "car": self.cars.astype(np.int32),
            "date": time.astype("datetime64[D]").astype("datetime64[s]"),
        }
        self._frames.append(pd.DataFrame({**head, **day, "net_yuan": spent - received}))
        self._before = now

    def frame(self, arm: str, replication: int) -> pd.DataFrame:
        """All rows, with arm and replication."""
        columns = ["arm", "replication", "car", "date", *OWNER_DAY_COLUMNS]
        if not self._frames:
            return pd.DataFrame(columns=columns)
        frame = pd.concat(self._frames, ignore_index=True)
        return frame.assign(arm=arm, replication=np.int32(replication))[columns]

    def _purses(self, step: int) -> dict[str, NDArray[np.float64]]:
        """Sums since recording began and before a step, in the order of the columns."""
        model, settlement = self._model, self._model.bookkeeper.settlement
        model.bookkeeper.bring_books_up(step)
        cars, kept = model.world.cars[self.cars], model.world.books[self._places]
        wear = wear_of(model.spec.fleet.wear, cars, kept)
        fees = kept["fees_yuan"].astype(np.float64)
        return {
            "bought_kwh": kept["charged_kwh"],
            "bought_yuan": kept["charging_cost_yuan"] - fees,
            "fees_yuan": fees,
            "sold_kwh": kept["discharged_kwh"],
            "sold_yuan": kept["feed_in_revenue_yuan"],
            "events_yuan": kept["event_revenue_yuan"],
            "availability_yuan": kept["availability_revenue_yuan"],
            "penalties_yuan": kept["penalty_yuan"].astype(np.float64),
            "rental_yuan": settlement.rental_yuan[self._places],
            "wear_yuan": wear.cycle_yuan + wear.calendar_yuan,
        }


SPENT = ("bought_yuan", "fees_yuan", "penalties_yuan", "rental_yuan", "wear_yuan")
RECEIVED = ("sold_yuan", "events_yuan", "availability_yuan")
