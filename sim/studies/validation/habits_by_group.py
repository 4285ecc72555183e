"""How people charge, by who they are: batteries, chargers at home, those who drive for a living."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.city.charger_kinds import HOME_KIND, KINDS
from sim.city.codes import ARCHETYPES, WORKDAY
from sim.data.catalogue import rows
from sim.studies.validation.observed import Week

SMALL_KWH, LARGE_KWH = 45.0, 70.0
Flags = NDArray[np.bool_]


def habits_by_group(week: Week, begun: pd.DataFrame) -> dict[str, float]:
    """Frequencies by battery, access and trade.

    Parameters
    ----------
    week : Week
    begun : DataFrame
        Sessions that began in the first recorded week, without charging on the way.
    """
    drivers, cars = week.model.world.drivers, week.model.world.cars
    private = week.model.world.town.archetypes["commercial"][drivers["archetype"]] == 0
    electric = private & (cars["is_phev"] == 0)
    owners = electric & (drivers["home_charger"] >= 0)
    at_home = begun[begun["charger_kind"] == KINDS[HOME_KIND]]
    by_car = np.bincount(begun["car"], minlength=len(cars))
    tenth, nine_tenths = np.percentile(_over_all_weeks(week)[electric], (10.0, 90.0))
    return {
        "sessions_small_battery": _per_car(at_home, owners & (cars["capacity_kwh"] < SMALL_KWH)),
        "sessions_large_battery": _per_car(at_home, owners & (cars["capacity_kwh"] >= LARGE_KWH)),
        "sessions_without_home": _per_car(begun, electric & (drivers["home_charger"] < 0)),
        "sessions_spread": float(nine_tenths / max(1e-9, tenth)),
        "taxi_charges_per_day": _per_car(begun, _named(drivers, "taxi")) / 7.0,
        "daily_charger_km": _km_per_day(week, by_car >= 7),
        "ride_hailing_km": _km_per_day(week, _named(drivers, "ride_hailing")),
    }


def _over_all_weeks(week: Week) -> NDArray[np.float64]:
    """Sessions of each car in the whole run."""
    return week.model.city.accounts["sessions"].astype(np.float64)


def _per_car(sessions: pd.DataFrame, which: Flags) -> float:
    """Sessions of a week for each of some cars."""
    return float(which[sessions["car"]].sum() / max(1, which.sum()))


def _named(drivers: Any, beginning: str) -> Flags:
    """Drivers of the kinds whose name begins so."""
    kinds = [number for number, name in enumerate(ARCHETYPES) if name.startswith(beginning)]
    found: Flags = np.isin(drivers["archetype"], kinds)
    return found


def _km_per_day(week: Week, which: Flags) -> float:
    """Distance of some cars on a day they are used, by the share of days on which their kind drives."""
    drives = np.array([float(row["drives_workday"]) for row in rows("archetypes")])
    kinds = week.model.world.drivers["archetype"]
    days = week.model.spec.time.recorded_days * drives[kinds]
    return float(week.model.city.accounts["km"][which].sum() / max(1e-9, days[which].sum()))


def returns_home(week: Week, trips: pd.DataFrame) -> dict[str, float]:
    """Mean hour of the last return home of a day of private cars, and how long stops and trips are.

    A day ends at four in the morning.
    """
    model = week.model
    drivers = model.world.drivers
    private = model.world.town.archetypes["commercial"][drivers["archetype"]] == 0
    mine = trips[private[trips["car"]] & trips["end"].notna()].sort_values(["car", "start"])
    shifted = mine["end"] - pd.Timedelta(hours=4)
    home = mine[mine["to_place"] == "home"].assign(
        day=shifted.dt.date, hour=shifted.dt.hour + shifted.dt.minute / 60.0 + 4.0
    )
    last = home.groupby(["car", "day"])["hour"].max()
    first = pd.Timestamp(model.clock.times[0]).date()
    kinds = model.clock.day_kind
    works = np.array([kinds[(day - first).days + 1] == WORKDAY for _, day in last.index])
    stops = (mine.groupby("car")["start"].shift(-1) - mine["end"]).dt.total_seconds() / 3600.0
    electric = model.world.cars["is_phev"][mine["car"]] == 0
    return {
        "workday_return_h": float(last[works].mean()),
        "restday_return_h": float(last[~works].mean()),
        "parked_below_1h": float((stops[electric].dropna() < 1.0).mean()),
        "trip_km": float(mine["km"][electric].mean()),
    }
