"""Records: what a run writes down after every step, and of every owner at the end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sim.city.codes import ARCHETYPES
from sim.data.catalogue import rows
from sim.grid.plants import FUELS, unit_names
from sim.market.wear import wear_of

#: Columns of ``system.parquet`` after arm, replication and time: unit and meaning.
SYSTEM_COLUMNS: dict[str, tuple[str, str]] = {
    "demand_mw": ("MW", "demand of the city without its electric cars"),
    "wind_mw": ("MW", "wind power on offer"),
    "solar_mw": ("MW", "solar power on offer"),
    "ev_charge_mw": ("MW", "power drawn by cars"),
    "ev_discharge_mw": ("MW", "power fed in by cars"),
    "net_load_mw": ("MW", "demand less wind and solar, with cars"),
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
    "cars_queueing": ("cars", "waiting for a post"),
    "mean_soc": ("", "mean state of charge"),
    "up_available_mw": ("MW", "what steered cars could give more or draw less at once"),
    "down_available_mw": ("MW", "what steered cars could draw more or give less at once"),
    "reserve_margin_mw": ("MW", "all supply in order, on or off, less demand with cars"),
    "marginal_co2_t_per_mwh": ("t/MWh", "emissions of the last unit needed"),
    "marginal_coal_tce_per_mwh": ("tce/MWh", "city coal of the last unit needed"),
    "marginal_coal_elsewhere_tce_per_mwh": ("tce/MWh", "coal elsewhere behind the last unit needed"),
    "coal_elsewhere_tce": ("tce", "coal behind the imports of the step"),
    "generation_cost_yuan": ("yuan", "cost of fuel, starts, imports and contracts in the step"),
    "cars_enrolled": ("cars", "whose owners have signed up"),
    "ev_enrolled_charge_mw": ("MW", "power drawn by cars whose owners have signed up, part of ev_charge_mw"),
    "ev_losses_mwh": ("MWh", "lost in converters and on standby in the step"),
    "online_reserve_mw": ("MW", "what units that are on, and lines, could still give"),
    "coal_on_mw": ("MW", "size of the coal units that are on"),
    "gas_on_mw": ("MW", "size of the gas units that are on"),
    "unit_starts": ("units", "units, or rows of them, that start in the step"),
    "contract_mw": ("MW", "imports under contract, part of import_mw"),
    "storage_mw": (
        "MW",
        "what pumped storage and grid batteries give, part of other_mw; negative when they draw",
    ),
    "ev_steered_mw": ("MW", "net power of the cars that the operator steers, part of what cars draw"),
    "storage_missing_mwh": ("MWh", "grid energy that would bring storage back to before the step"),
    "weight": ("steps", "steps of the year that the row stands for; 1 in a plain run"),
}

#: Columns of ``owners.parquet`` after arm and replication: unit and meaning.
OWNER_COLUMNS: dict[str, tuple[str, str]] = {
    "car": ("", "row of the car in the simulated fleet"),
    "driver": ("", "number of the driver in the whole fleet"),
    "home_district": ("", "district of the home"),
    "model": ("", "car model"),
    "archetype": ("", "kind of driver"),
    "enrolled": ("", "has signed up with the operator"),
    "v2g_capable": ("", "car can feed in"),
    "km": ("km", "distance driven"),
    "driven_kwh": ("kWh", "battery energy used by driving"),
    "charged_kwh": ("kWh", "drawn from the grid, standby included"),
    "discharged_kwh": ("kWh", "fed in"),
    "charging_cost_yuan": ("yuan", "paid for charging"),
    "feed_in_revenue_yuan": ("yuan", "received for feeding in"),
    "event_revenue_yuan": ("yuan", "received for events: energy fed in then, and coming back when called"),
    "penalty_yuan": ("yuan", "owed for leaving before the stated time"),
    "wear_cost_yuan": ("yuan", "battery wear, cycling and calendar"),
    "net_cost_yuan": ("yuan", "charging, wear, penalties and rent less all revenue"),
    "sessions": ("", "times plugged in"),
    "plugged_h": ("h", "time plugged in"),
    "min_soc": ("", "lowest state of charge"),
    "end_soc": ("", "state of charge at the end"),
    "en_route_charges": ("", "trips with charging on the way"),
    "promise_shortfall_kwh": ("kWh", "missing at departure from what was promised"),
    "capacity_loss_pct": ("%", "battery capacity lost, calendar and cycling"),
    "trips": ("", "trips started"),
    "discharge_sessions": ("", "sessions in which the car fed in"),
    "start_soc": ("", "state of charge when recording began"),
    "capacity_kwh": ("kWh", "usable battery"),
    "home_charger": ("", "has a charger at home"),
    "dwell_shortfall_kwh": ("kWh", "missing because the stop was too short for any charger"),
    "promise_shortfalls": ("", "sessions that ended with a broken promise, whatever the cause"),
    "shortfalls_left_early": ("", "of these, because the driver left before the stated time"),
    "shortfalls_shock": ("", "of these, by a shock"),
    "shortfalls_limit": ("", "of these, by the limit of a site or feeder"),
    "en_route_h": ("h", "time lost by charging on the way"),
    "fuel_km": ("km", "plug-in hybrids: distance driven on fuel"),
    "chemistry": ("", "cells of the battery: LFP or NMC"),
    "service_fees_yuan": ("yuan", "service fees within the cost of charging"),
    "availability_revenue_yuan": ("yuan", "received for being on call"),
    "rental_yuan": ("yuan", "rent of a bidirectional charger at home"),
    "cycle_wear_yuan": ("yuan", "part of the wear that cycling makes"),
    "on_call_h": ("h", "time plugged in, steered and able to feed in"),
    "overrides": ("", "sessions in which the owner pressed the button that charges at once"),
    "target_soc": ("", "state of charge at which the owner stops charging"),
    "reserve_soc": ("", "state of charge that the owner keeps"),
    "work_charger": ("", "may charge at work"),
    "bidirectional_charger": ("", "the charger at home can feed in, and the contract uses it"),
    "home_bill_yuan": ("yuan", "electricity bill of the home without the car, where its meter is read"),
    "self_used_kwh": ("kWh", "given by the car and used in the home"),
    "stored_change_kwh": ("kWh", "what the battery gained while recording"),
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
    "cars": ("cars", "steered cars plugged in at the start of the hour"),
    "energy_mwh": ("MWh", "energy stored in them"),
    "least_energy_mwh": ("MWh", "lower bound of it: promises and reserves"),
    "most_energy_mwh": ("MWh", "upper bound of it: where owners stop charging"),
    "low_mw": ("MW", "least power they could draw just now; negative feeds in"),
    "high_mw": ("MW", "most power they could draw just now"),
    "low_held_mw": ("MW", "least power they could hold for the whole hour"),
    "high_held_mw": ("MW", "most power they could hold for the whole hour"),
    "follows": ("", "whether both can be held for the hour, to 5% of the range"),
    "drawn_mwh": ("MWh", "drawn in the hour by steered cars there, those that came within it among them"),
    "fed_in_mwh": ("MWh", "fed in by them in the hour"),
}
FOLLOWS_WITHIN = 0.05


class FlexibilityRecords:
    """Rows of ``flexibility.parquet``: every hour, by place."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []

    def write(self, time: Any, place: str, sums: Any) -> None:
        """Note what the cars at a place could do: the sums of ``FLEXIBILITY_COLUMNS``, in order."""
        names = list(FLEXIBILITY_COLUMNS)[: len(sums)]
        row = dict(zip(names, map(float, sums), strict=True))
        allowed = FOLLOWS_WITHIN * (row["high_mw"] - row["low_mw"])
        missing = max(row["low_held_mw"] - row["low_mw"], row["high_mw"] - row["high_held_mw"])
        moved = {"drawn_mwh": 0.0, "fed_in_mwh": 0.0}
        self._rows.append({"time": time, "place": place, **row, "follows": missing <= allowed, **moved})

    def add(self, place: str, drawn_mwh: float, fed_in_mwh: float) -> None:
        """Add what the steered cars at a place drew and fed in, in a step of the latest hour."""
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
    """Columns of ``system.parquet`` filled step by step."""

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
        """What was written last."""
        return {name: float(column[self.filled - 1]) for name, column in self.columns.items()}

    def frame(self, arm: str, replication: int, times: Any) -> pd.DataFrame:
        """Return what has been written, with arm, replication and time."""
        head = {"arm": arm, "replication": np.int32(replication), "time": times[: self.filled]}
        return pd.DataFrame(head | {name: values[: self.filled] for name, values in self.columns.items()})


def units_frame(model: Any, arm: str, replication: int) -> pd.DataFrame:
    """Return one row for each recorded step and unit."""
    grid, clock, first = model.grid, model.clock, model.clock.warmup_steps
    recorded = slice(first, len(clock))
    names = unit_names(model.spec.grid, model.spec.city.place)
    steps, n = len(clock) - first, len(names)
    fuels = np.array(FUELS)[grid.plants.fuel]
    return pd.DataFrame(
        {
            "arm": arm,
            "replication": np.int32(replication),
            "time": np.repeat(clock.times[recorded], n),
            "unit": pd.Categorical.from_codes(np.tile(np.arange(n), steps), categories=pd.Index(names)),
            "fuel": pd.Categorical(np.tile(fuels, steps), categories=["coal", "gas"]),
            "able_mw": (grid.plants.mw * grid.in_order[recorded]).ravel().astype(np.float32),
            "is_on": grid.system.ran[recorded].ravel(),
            "output_mw": grid.system.course_mw[recorded].ravel(),
        }
    )


def owners_frame(model: Any, arm: str, replication: int) -> pd.DataFrame:
    """Return one row for each car that keeps a book, in fleet order."""
    model.bookkeeper.bring_books_up(model.step_index)
    keepers = model.cars.table.keepers
    rows_kept = slice(None) if keepers is None else keepers
    number = np.arange(len(model.cars)) if keepers is None else keepers
    kept = model.world.books
    drivers, cars = model.world.drivers[rows_kept], model.world.cars[rows_kept]
    capacity = cars["capacity_kwh"].astype(np.float64)
    revenue = sum(kept[f"{kind}_revenue_yuan"] for kind in ("feed_in", "event", "availability"))
    wear, settlement = wear_of(model.spec.fleet.wear, cars, kept), model.bookkeeper.settlement
    wear_yuan = wear.cycle_yuan + wear.calendar_yuan
    rental = settlement.rental_yuan
    penalty = kept["penalty_yuan"].astype(np.float64)
    meters = np.broadcast_to(model.home.meters, len(kept))
    names = {
        "district": pd.Index([row["name"] for row in rows("districts", model.spec.city.place)]),
        "model": pd.Index([row["model"] for row in rows("vehicles")]),
        "archetype": pd.Index(ARCHETYPES),
    }
    district = model.world.town.zones["district"][drivers["home_zone"]]
    frame = pd.DataFrame(
        {
            "arm": arm,
            "replication": np.int32(replication),
            "car": number.astype(np.int32),
            "driver": drivers["driver_id"],
            "home_district": pd.Categorical.from_codes(district, categories=names["district"]),
            "model": pd.Categorical.from_codes(cars["model_index"], categories=names["model"]),
            "archetype": pd.Categorical.from_codes(drivers["archetype"], categories=names["archetype"]),
            "enrolled": drivers["enrolled"].astype(bool),
            "v2g_capable": cars["v2g_capable"].astype(bool),
            "km": kept["km"],
            "driven_kwh": kept["driven_kwh"],
            "charged_kwh": kept["charged_kwh"],
            "discharged_kwh": kept["discharged_kwh"],
            "charging_cost_yuan": kept["charging_cost_yuan"],
            "feed_in_revenue_yuan": kept["feed_in_revenue_yuan"],
            "event_revenue_yuan": kept["event_revenue_yuan"],
            "penalty_yuan": penalty,
            "wear_cost_yuan": wear_yuan,
            "net_cost_yuan": kept["charging_cost_yuan"] + penalty + rental + wear_yuan - revenue,
            "sessions": kept["sessions"].astype(np.int32),
            "plugged_h": kept["plugged_steps"] * model.spec.step_hours,
            "min_soc": kept["min_soc"].astype(np.float64),
            "end_soc": cars["energy_kwh"] / capacity,
            "en_route_charges": kept["en_route_charges"].astype(np.int32),
            "promise_shortfall_kwh": kept["promise_shortfall_kwh"].astype(np.float64),
            "capacity_loss_pct": wear.loss_pct,
            "trips": kept["trips"].astype(np.int32),
            "discharge_sessions": kept["discharge_sessions"].astype(np.int32),
            "start_soc": kept["start_kwh"] / capacity,
            "capacity_kwh": capacity,
            "home_charger": drivers["home_charger"] >= 0,
            "dwell_shortfall_kwh": kept["dwell_shortfall_kwh"].astype(np.float64),
            "promise_shortfalls": kept["promise_shortfalls"].astype(np.int32),
            "shortfalls_left_early": kept["shortfalls_left_early"].astype(np.int32),
            "shortfalls_shock": kept["shortfalls_shock"].astype(np.int32),
            "shortfalls_limit": kept["shortfalls_limit"].astype(np.int32),
            "en_route_h": kept["en_route_h"].astype(np.float64),
            "fuel_km": kept["fuel_km"].astype(np.float64),
            "chemistry": pd.Categorical.from_codes(cars["is_nmc"], categories=pd.Index(["LFP", "NMC"])),
            "service_fees_yuan": kept["fees_yuan"].astype(np.float64),
            "availability_revenue_yuan": kept["availability_revenue_yuan"],
            "rental_yuan": rental,
            "cycle_wear_yuan": wear.cycle_yuan,
            "on_call_h": settlement.on_call_h,
            "overrides": kept["overrides"].astype(np.int32),
            "target_soc": drivers["target_soc"].astype(np.float64),
            "reserve_soc": drivers["reserve_soc"].astype(np.float64),
            "work_charger": drivers["has_work_access"].astype(bool),
            "bidirectional_charger": settlement.can_feed_in_at_home(rows_kept),
            "home_bill_yuan": meters["home_yuan"],
            "self_used_kwh": meters["self_used_kwh"],
            "stored_change_kwh": cars["energy_kwh"] - kept["start_kwh"],
        }
    )
    return frame[["arm", "replication", *OWNER_COLUMNS]]
