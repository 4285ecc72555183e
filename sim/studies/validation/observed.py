"""What happens in an ordinary week: trips, sessions and power, from the tables of a run."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.accounting.tables import CHARGE_COLUMNS
from sim.city.calendar import is_workday
from sim.city.charger_kinds import EN_ROUTE, FAST_KIND, HOME_KIND, KINDS
from sim.city.codes import HOME, PLACES
from sim.model import CityModel
from sim.runs.audited import AuditError
from sim.scenario import Scenario

#: Kinds whose sessions have been measured.
SLOW_KIND = KINDS.index("public slow")

Array = NDArray[np.float64]


@dataclass
class Week:
    """What was seen.

    Attributes
    ----------
    model : CityModel
        After the last step.
    trip_km, leaves_home_h : list of float
        Trips of private pure electric cars, and the hours at which private drivers leave home on workdays.
    start_soc : dict of int to list of float
        By kind of charger, at the beginning of sessions of private pure electric cars.
    home_kwh, all_kwh : float
        Drawn by private cars with a charger at home: there, and anywhere.
    home_kw : ndarray, shape (n_recorded_steps,)
        Power at home of all cars, for each that plugs in there on that day; cars that stay from the day
        before draw, but do not count.
    by_car_kw : ndarray of float32, shape (n_recorded_steps, n_cars with a charger at home)
        Power of each of these at home.
    public_kw : ndarray, shape (n_recorded_steps,)
        Power drawn at public posts, all of them.
    sessions, trips : DataFrame
        All of them, see ``sim.accounting.sessions`` and ``sim.accounting.trips``.
    """

    model: CityModel
    trip_km: list[float] = field(default_factory=list)
    leaves_home_h: list[float] = field(default_factory=list)
    start_soc: dict[int, list[float]] = field(default_factory=dict)
    home_kwh: float = 0.0
    all_kwh: float = 0.0
    home_kw: Array = field(default_factory=lambda: np.zeros(0))
    by_car_kw: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    public_kw: Array = field(default_factory=lambda: np.zeros(0))
    sessions: pd.DataFrame = field(default_factory=pd.DataFrame)
    trips: pd.DataFrame = field(default_factory=pd.DataFrame)


def watch(spec: Scenario, arm: str) -> Week:
    """Run an arm and read from its tables what happened on the recorded days."""
    noted = spec.outputs.model_copy(update={"sessions": True, "trips": True})
    model = CityModel(spec.model_copy(update={"outputs": noted}), arm=arm)
    drivers, cars = model.world.drivers, model.world.cars
    private = model.world.town.archetypes["commercial"][drivers["archetype"]] == 0
    electric = private & (cars["is_phev"] == 0)
    owners = np.flatnonzero(private & (drivers["home_charger"] >= 0))
    single: list[NDArray[np.float32]] = []
    while not model.finished:
        model.step()
        if model.step_index > model.clock.warmup_steps:
            at_home = cars["charger_kind"][owners] == HOME_KIND
            single.append(np.where(at_home, cars["power_kw"][owners], 0.0).astype(np.float32))
    model.accountant.finish()
    if not model.accountant.audit.passed:
        raise AuditError(f"the audit failed: {model.accountant.audit.violations}")
    seen = Week(model, by_car_kw=np.array(single), sessions=model.sessions_frame(), trips=model.trips_frame())
    _read_trips(seen, seen.trips, private, electric)
    _read_sessions(seen, seen.sessions, electric, owners)
    return seen


def _read_trips(
    seen: Week, trips: pd.DataFrame, private: NDArray[np.bool_], electric: NDArray[np.bool_]
) -> None:
    """Distances, and the hours at which people leave home on workdays."""
    start, car = trips["start"], trips["car"].to_numpy()
    works = {day: is_workday(day, seen.model.spec.city.place) for day in set(start.dt.date)}
    workday = start.dt.date.map(works).to_numpy(bool)
    from_home = (trips["from_place"] == PLACES[HOME]).to_numpy() & workday & private[car]
    seen.trip_km = list(trips["km"].to_numpy()[electric[car]])
    seen.leaves_home_h = list((start.dt.hour + start.dt.minute / 60.0)[from_home])


def _read_sessions(
    seen: Week, sessions: pd.DataFrame, electric: NDArray[np.bool_], owners: NDArray[np.int64]
) -> None:
    """States of charge at the start, where owners charge, and power for each car that plugs in."""
    model, clock = seen.model, seen.model.clock
    first = pd.Timestamp(clock.times[clock.warmup_steps])
    plugged = sessions[sessions["charger_kind"] != KINDS[EN_ROUTE]]
    begun = plugged[plugged["start"] > first]
    for kind in (HOME_KIND, FAST_KIND):
        here = begun[(begun["charger_kind"] == KINDS[kind]) & electric[begun["car"]]]
        seen.start_soc[kind] = list(here["soc_start"])
    of_owners = plugged[plugged["car"].isin(owners)]
    seen.all_kwh = float(of_owners["charged_kwh"].sum())
    at_home = of_owners["charger_kind"] == KINDS[HOME_KIND]
    seen.home_kwh = float(of_owners["charged_kwh"][at_home].sum())
    system = model.system_frame()
    kw = system[list(CHARGE_COLUMNS)] / model.city.mw_per_kw
    at_homes = begun[begun["charger_kind"] == KINDS[HOME_KIND]]
    by_day = at_homes.groupby(at_homes["start"].dt.date)["car"].nunique()
    plugged = system["time"].dt.date.map(by_day).fillna(0.0).to_numpy()
    seen.home_kw = kw[CHARGE_COLUMNS[HOME_KIND]].to_numpy() / np.maximum(1.0, plugged)
    seen.public_kw = (kw[CHARGE_COLUMNS[SLOW_KIND]] + kw[CHARGE_COLUMNS[FAST_KIND]]).to_numpy()
