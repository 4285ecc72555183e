"""Tables of a run: records by step, hour and generating unit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sim.agents.city_state import CityState
from sim.city.charger_kinds import KINDS
from sim.grid.plants import FUELS, unit_names

#: Charge and discharge by kind of charger.
CHARGE_COLUMNS = tuple(f"ev_charge_{kind.replace(' ', '_')}_mw" for kind in KINDS)
DISCHARGE_COLUMNS = tuple(f"ev_discharge_{kind.replace(' ', '_')}_mw" for kind in KINDS)

#: Columns of ``system.parquet`` after arm, replication and time: unit and meaning.
SYSTEM_COLUMNS: dict[str, tuple[str, str]] = {
    "demand_mw": ("MW", "demand of the city without its electric cars"),
    "wind_mw": ("MW", "wind power on offer"),
    "solar_mw": ("MW", "solar power on offer"),
    "ev_charge_mw": ("MW", "power drawn by cars"),
    "ev_discharge_mw": ("MW", "power fed in by cars"),
    "net_load_mw": ("MW", "demand less wind and solar, with cars and the grid's losses on them"),
    "coal_mw": ("MW", "output of the city's coal units"),
    "gas_mw": ("MW", "output of the city's gas units"),
    "import_mw": ("MW", "imports, contracted and extra"),
    "other_mw": ("MW", "other plants under contract, and storage: negative when it draws"),
    "unserved_mw": ("MW", "demand that is not met"),
    "spilled_mw": ("MW", "wind, sun and must-run output that nobody takes"),
    "price_yuan_per_mwh": ("yuan/MWh", "cost of one more MWh from the last unit needed"),
    "co2_t": ("t", "emissions in the step, imports included"),
    "coal_tce": ("tce", "coal burnt in the city in the step, standard coal"),
    "cars_driving": ("cars", "on the road"),
    "cars_idle": ("cars", "parked and not plugged in"),
    "cars_plugged": ("cars", "plugged in"),
    "cars_charging": ("cars", "plugged in and drawing"),
    "cars_discharging": ("cars", "plugged in and feeding in"),
    "cars_queueing": ("cars", "waiting for a charger"),
    "mean_soc": ("", "mean state of charge"),
    "up_available_mw": ("MW", "what controlled cars could give more or draw less at once"),
    "down_available_mw": ("MW", "what controlled cars could draw more or give less at once"),
    "reserve_margin_mw": ("MW", "all supply in order, on or off, less demand with cars"),
    "marginal_co2_t_per_mwh": ("t/MWh", "emissions of the last unit needed"),
    "marginal_coal_tce_per_mwh": ("tce/MWh", "city coal of the last unit needed"),
    "marginal_coal_elsewhere_tce_per_mwh": ("tce/MWh", "coal elsewhere behind the last unit needed"),
    "coal_elsewhere_tce": ("tce", "coal behind the imports of the step"),
    "generation_cost_yuan": ("yuan", "cost of fuel, starts, imports and contracts in the step"),
    "cars_enrolled": ("cars", "whose owners are enrolled"),
    "ev_enrolled_charge_mw": ("MW", "power drawn by cars whose owners are enrolled, part of ev_charge_mw"),
    "ev_losses_mwh": ("MWh", "lost in converters and on standby in the step"),
    "online_reserve_mw": ("MW", "what units that are on, and lines, could still give"),
    "coal_on_mw": ("MW", "size of the coal units that are on"),
    "gas_on_mw": ("MW", "size of the gas units that are on"),
    "unit_starts": ("units", "units, or rows of them, that start in the step"),
    "contract_mw": ("MW", "imports under contract, part of import_mw"),
    "import_limit_mw": ("MW", "most that could be imported: contracts, and what the neighbours can spare"),
    "neighbours_state": ("", "state of the neighbours, by its place in neighbours.csv"),
    "on_single_lines_mw": ("MW", "contracted imports that only lines of their own can bring"),
    "missing_import_mw": ("MW", "of these, what does not arrive because lines are out"),
    "serviced_mw": ("MW", "units on planned maintenance, at their mean availability"),
    "ev_grid_losses_mw": ("MW", "lost in the grid on what cars draw; negative where they spare losses"),
    "storage_mw": (
        "MW",
        "what pumped storage and grid batteries give, part of other_mw; negative when they draw",
    ),
    "ev_steered_mw": ("MW", "net power of the cars that the operator controls, part of what cars draw"),
    "storage_missing_mwh": ("MWh", "grid energy that would bring storage back to before the step"),
    **{
        name: ("MW", f"power drawn by cars at chargers: {kind}, part of ev_charge_mw")
        for name, kind in zip(CHARGE_COLUMNS, KINDS, strict=True)
    },
    **{
        name: ("MW", f"power fed in by cars at chargers: {kind}, part of ev_discharge_mw")
        for name, kind in zip(DISCHARGE_COLUMNS, KINDS, strict=True)
    },
    "weight": ("steps", "steps of the year that the row stands for; 1 in a plain run"),
}

#: Columns of ``units.parquet`` after arm, replication and time: unit and meaning.
UNIT_COLUMNS: dict[str, tuple[str, str]] = {
    "unit": ("", "plant and unit, in merit order"),
    "fuel": ("", "coal or gas"),
    "able_mw": ("MW", "size of what is in order"),
    "is_on": ("", "whether it is on"),
    "output_mw": ("MW", "output"),
}

#: Columns of ``flexibility.parquet`` after arm, replication, time and place: unit and meaning.
FLEXIBILITY_COLUMNS: dict[str, tuple[str, str]] = {
    "cars": ("cars", "controlled cars plugged in at the start of the hour"),
    "energy_mwh": ("MWh", "energy stored in them"),
    "least_energy_mwh": ("MWh", "lower bound of it: promises and reserves"),
    "most_energy_mwh": ("MWh", "upper bound of it: where owners stop charging"),
    "low_mw": ("MW", "least power they could draw just now; negative feeds in"),
    "high_mw": ("MW", "most power they could draw just now"),
    "low_held_mw": ("MW", "least power they could hold for the whole hour"),
    "high_held_mw": ("MW", "most power they could hold for the whole hour"),
    "follows": ("", "whether both can be held for the hour, to 5% of the range"),
    "drawn_mwh": ("MWh", "drawn in the hour by controlled cars there, those that came within it among them"),
    "fed_in_mwh": ("MWh", "fed in by them in the hour"),
}
FOLLOWS_WITHIN = 0.05


class FlexibilityRecords:
    """Rows of ``flexibility.parquet``: every hour, by place."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []

    def write(self, time: Any, place: str, sums: Any) -> None:
        """Record the flexibility of the cars at a place: the sums of ``FLEXIBILITY_COLUMNS``, in order."""
        names = list(FLEXIBILITY_COLUMNS)[: len(sums)]
        row = dict(zip(names, map(float, sums), strict=True))
        allowed = FOLLOWS_WITHIN * (row["high_mw"] - row["low_mw"])
        missing = max(row["low_held_mw"] - row["low_mw"], row["high_mw"] - row["high_held_mw"])
        moved = {"drawn_mwh": 0.0, "fed_in_mwh": 0.0}
        self._rows.append({"time": time, "place": place, **row, "follows": missing <= allowed, **moved})

    def add(self, place: str, drawn_mwh: float, fed_in_mwh: float) -> None:
        """Add charging and discharging of the controlled cars at a place in a step of the latest hour."""
        row = self.latest.get(place)
        if row is not None:
            row["drawn_mwh"] += drawn_mwh
            row["fed_in_mwh"] += fed_in_mwh

    @property
    def latest(self) -> dict[str, dict[str, Any]]:
        """Rows of the latest hour by place; none before the first."""
        hour = self._rows[-1]["time"] if self._rows else None
        found: dict[str, dict[str, Any]] = {}
        for row in reversed(self._rows):
            if row["time"] != hour:
                break
            found[row["place"]] = row
        return found

    def frame(self, arm: str, replication: int) -> pd.DataFrame:
        """All rows, with arm and replication."""
        columns = ["arm", "replication", "time", "place", *FLEXIBILITY_COLUMNS]
        head = {"arm": arm, "replication": np.int32(replication)}
        return pd.DataFrame([{**head, **row} for row in self._rows], columns=columns)


class Records:
    """Columns of ``system.parquet``, filled step by step."""

    def __init__(self, steps: int):
        self.columns = {name: np.zeros(steps) for name in SYSTEM_COLUMNS}
        self.filled = 0

    def write(self, **values: float) -> None:
        """Write one step."""
        self.columns["weight"][self.filled] = 1.0
        for name, value in values.items():
            self.columns[name][self.filled] = value
        self.filled += 1

    @property
    def latest(self) -> dict[str, float]:
        """The latest recorded step."""
        return {name: float(column[self.filled - 1]) for name, column in self.columns.items()}

    def frame(self, arm: str, replication: int, times: Any) -> pd.DataFrame:
        """Return all recorded steps, with arm, replication and time."""
        head = {"arm": arm, "replication": np.int32(replication), "time": times[: self.filled]}
        return pd.DataFrame(head | {name: values[: self.filled] for name, values in self.columns.items()})


def units_frame(city: CityState, arm: str, replication: int) -> pd.DataFrame:
    """Return one row for each recorded step and unit."""
    grid, clock, first = city.grid, city.clock, city.clock.warmup_steps
    recorded = slice(first, len(clock))
    names = unit_names(city.spec.grid, city.spec.city.place)
    steps, n = len(clock) - first, len(names)
    fuels = np.array(FUELS)[grid.plants.fuel]
    return pd.DataFrame(
        {
            "arm": arm,
            "replication": np.int32(replication),
            "time": np.repeat(clock.times[recorded], n),
            "unit": pd.Categorical.from_codes(np.tile(np.arange(n), steps), categories=pd.Index(names)),
            "fuel": pd.Categorical(np.tile(fuels, steps), categories=["coal", "gas"]),
            "able_mw": (grid.plants.mw * grid.available[recorded]).ravel().astype(np.float32),
            "is_on": grid.system.ran[recorded].ravel(),
            "output_mw": grid.system.course_mw[recorded].ravel(),
        }
    )
