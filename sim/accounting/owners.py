"""Results of every owner at the end of a run: rows of ``owners.parquet``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.accounting.settlement import Settlement
from sim.agents.accounts import accrue_all
from sim.agents.city_state import CityState
from sim.agents.entries import CHART
from sim.city.codes import ARCHETYPES
from sim.data.catalogue import rows
from sim.market.wear import Wear, wear_of
from sim.state.blocks import over_blocks
from sim.state.entries import COST, REVENUE, Entry

Array = NDArray[Any]


@dataclass(frozen=True)
class Owners:
    """Input data of the owner columns: drivers, cars and accounts of cars that have an account.

    Attributes
    ----------
    city : CityState
    settlement : Settlement
    rows : ndarray of int, shape (n_accounts,)
        Rows of these cars in the fleet.
    drivers, cars, accounts : records, shape (n_accounts,)
    meters : records, shape (n_accounts,)
    wear : Wear
    """

    city: CityState
    settlement: Settlement
    rows: Array
    drivers: Array
    cars: Array
    accounts: Array
    meters: Array
    wear: Wear

    @classmethod
    def of(cls, city: CityState, settlement: Settlement, step: int) -> Owners:
        """All cars with an account, in their state before a step."""
        over_blocks(accrue_all, city.cars.n, step, city.world)
        which = slice(None) if city.has_all_accounts else city.account_rows
        cars, accounts = city.world.cars[which], city.accounts
        return cls(
            city=city,
            settlement=settlement,
            rows=city.account_rows,
            drivers=city.world.drivers[which],
            cars=cars,
            accounts=accounts,
            meters=np.broadcast_to(city.homes.meters, len(accounts)),
            wear=wear_of(city.spec.fleet.wear, cars, accounts, city.recorded_years(step)),
        )

    def sum_of(self, *entries: Entry) -> Array:
        """Sum of some entries of every account."""
        total: Array = sum((self.accounts[entry.name] for entry in entries), np.zeros(len(self.accounts)))
        return total

    @property
    def capacity_kwh(self) -> Array:
        """Usable battery of every car [kWh]."""
        capacity: Array = self.cars["capacity_kwh"].astype(np.float64)
        return capacity

    @property
    def wear_yuan(self) -> Array:
        """Cycling and calendar wear [yuan]."""
        return self.wear.cycle_yuan + self.wear.calendar_yuan

    @property
    def net_cost_yuan(self) -> Array:
        """All costs and wear less all revenue [yuan]."""
        costs = [entry for entry in CHART if entry.sign == COST]
        revenue = [entry for entry in CHART if entry.sign == REVENUE]
        return self.sum_of(*costs) + self.wear_yuan - self.sum_of(*revenue)


@dataclass(frozen=True)
class OwnerColumn:
    """A column of ``owners.parquet``.

    Attributes
    ----------
    unit, meaning : str
    values : callable
        Computes the column.
    grows : bool
        Whether it is a sum over the recorded time; otherwise it is a final state.
    by_month : bool
        Whether it changes only when a month is settled.
    """

    unit: str
    meaning: str
    values: Callable[[Owners], Any]
    grows: bool = False
    by_month: bool = False


def _state(unit: str, meaning: str, values: Callable[[Owners], Any]) -> OwnerColumn:
    return OwnerColumn(unit, meaning, values)


def _sum(unit: str, meaning: str, values: Callable[[Owners], Any]) -> OwnerColumn:
    return OwnerColumn(unit, meaning, values, grows=True)


def _of_entry(entry: Entry) -> OwnerColumn:
    kind = np.int32 if entry.whole else np.float64
    return OwnerColumn(
        entry.unit,
        entry.meaning,
        lambda owners: owners.accounts[entry.name].astype(kind),
        grows=True,
        by_month=entry.by_month,
    )


def _district(owners: Owners) -> Any:
    names = pd.Index([row["name"] for row in rows("districts", owners.city.spec.city.place)])
    zones = owners.city.world.town.zones["district"][owners.drivers["home_zone"]]
    return pd.Categorical.from_codes(zones, categories=names)


def _model(owners: Owners) -> Any:
    names = pd.Index([row["model"] for row in rows("vehicles")])
    return pd.Categorical.from_codes(owners.cars["model_index"], categories=names)


def _archetype(owners: Owners) -> Any:
    return pd.Categorical.from_codes(owners.drivers["archetype"], categories=pd.Index(ARCHETYPES))


def _chemistry(owners: Owners) -> Any:
    return pd.Categorical.from_codes(owners.cars["is_nmc"], categories=pd.Index(["LFP", "NMC"]))


def _soc(name: str) -> Callable[[Owners], Array]:
    def of(owners: Owners) -> Array:
        soc: Array = owners.drivers[name].astype(np.float64)
        return soc

    return of


#: Columns that are not entries of the account.
OTHERS: dict[str, OwnerColumn] = {
    "car": _state("", "row of the car in the simulated fleet", lambda of: of.rows.astype(np.int32)),
    "driver": _state("", "number of the driver in the whole fleet", lambda of: of.drivers["driver_id"]),
    "home_district": _state("", "district of the home", _district),
    "model": _state("", "car model", _model),
    "archetype": _state("", "kind of driver", _archetype),
    "enrolled": _state("", "is enrolled with the operator", lambda of: of.drivers["enrolled"].astype(bool)),
    "v2g_capable": _state("", "car can feed in", lambda of: of.cars["v2g_capable"].astype(bool)),
    "wear_cost_yuan": _sum("yuan", "battery wear, cycling and calendar", lambda of: of.wear_yuan),
    "net_cost_yuan": _sum(
        "yuan", "charging, wear, penalties and rent less all revenue", lambda of: of.net_cost_yuan
    ),
    "min_soc": _state("", "lowest state of charge", lambda of: of.accounts["min_soc"].astype(np.float64)),
    "end_soc": _state("", "state of charge at the end", lambda of: of.cars["energy_kwh"] / of.capacity_kwh),
    "capacity_loss_pct": _sum(
        "%", "battery capacity lost, calendar and cycling", lambda of: of.wear.loss_pct
    ),
    "start_soc": _state(
        "", "state of charge when recording began", lambda of: of.accounts["start_kwh"] / of.capacity_kwh
    ),
    "capacity_kwh": _state("kWh", "usable battery", lambda of: of.capacity_kwh),
    "home_charger": _state("", "has a charger at home", lambda of: of.drivers["home_charger"] >= 0),
    "chemistry": _state("", "cells of the battery: LFP or NMC", _chemistry),
    "cycle_wear_yuan": _sum("yuan", "part of the wear that cycling makes", lambda of: of.wear.cycle_yuan),
    "target_soc": _state("", "state of charge at which the owner stops charging", _soc("target_soc")),
    "reserve_soc": _state("", "state of charge that the owner keeps", _soc("reserve_soc")),
    "work_charger": _state("", "may charge at work", lambda of: of.drivers["has_work_access"].astype(bool)),
    "bidirectional_charger": _state(
        "",
        "the charger at home can feed in, and the contract uses it",
        lambda of: of.settlement.can_feed_in_at_home(slice(None) if of.city.has_all_accounts else of.rows),
    ),
    "home_bill_yuan": _sum(
        "yuan",
        "electricity bill of the home without the car, where its meter is read",
        lambda of: of.meters["home_yuan"],
    ),
    "self_used_kwh": _sum(
        "kWh", "given by the car and used in the home", lambda of: of.meters["self_used_kwh"]
    ),
    "stored_change_kwh": _sum(
        "kWh",
        "what the battery gained while recording",
        lambda of: of.cars["energy_kwh"] - of.accounts["start_kwh"],
    ),
}

#: The first columns, in an order fixed for other tools; entries declared later follow.
FIRST = (
    "car", "driver", "home_district", "model", "archetype", "enrolled", "v2g_capable", "km", "driven_kwh",
    "charged_kwh", "discharged_kwh", "charging_cost_yuan", "feed_in_revenue_yuan", "event_revenue_yuan",
    "penalty_yuan", "wear_cost_yuan", "net_cost_yuan", "sessions", "plugged_h", "min_soc", "end_soc",
    "en_route_charges", "promise_shortfall_kwh", "capacity_loss_pct", "trips", "discharge_sessions",
    "start_soc", "capacity_kwh", "home_charger", "dwell_shortfall_kwh", "promise_shortfalls",
    "shortfalls_left_early", "shortfalls_shock", "shortfalls_limit", "en_route_h", "fuel_km", "chemistry",
    "service_fees_yuan", "availability_revenue_yuan", "rental_yuan", "cycle_wear_yuan", "on_call_h",
    "overrides", "target_soc", "reserve_soc", "work_charger", "bidirectional_charger", "home_bill_yuan",
    "self_used_kwh", "stored_change_kwh",
)  # fmt: skip

_ALL = {**OTHERS, **{entry.name: _of_entry(entry) for entry in CHART.columns}}
#: Columns of ``owners.parquet`` after arm and replication.
COLUMNS: dict[str, OwnerColumn] = {name: _ALL[name] for name in (*FIRST, *_ALL)}
#: Their unit and meaning.
OWNER_COLUMNS = {name: (column.unit, column.meaning) for name, column in COLUMNS.items()}
#: Columns that are not sums over time: final states.
STATES = frozenset(("arm", "replication", *(name for name, column in COLUMNS.items() if not column.grows)))
#: Columns settled at the end of a month or run.
BY_MONTH = tuple(name for name, column in COLUMNS.items() if column.by_month)


def owners_frame(owners: Owners, arm: str, replication: int) -> pd.DataFrame:
    """Return one row for each car that has an account, in fleet order."""
    columns = {name: column.values(owners) for name, column in COLUMNS.items()}
    return pd.DataFrame({"arm": arm, "replication": np.int32(replication), **columns})
