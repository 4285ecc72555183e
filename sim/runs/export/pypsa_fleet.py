"""The controlled cars as components of a PyPSA network: power limits, and bounds on stored energy.

At each place (home, work, public chargers) the plugged-in cars are one store, with bounds from promises,
reserves and targets, a link for charging and a link for discharging. Energy that arrives and leaves with cars
is a load that closes the balance of the run: with the powers of the run the store follows the batteries of
the run. Stores may not end below their level in the run, and discharging costs the wear assumed by the
operator.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.data.catalogue import place_name
from sim.dispatch.objective import CurveSettings
from sim.rules.battery import battery_side_kw, fixed_loss_share, proportional_loss_share
from sim.scenario import Scenario

Array = NDArray[np.float64]
Tables = dict[str, pd.DataFrame]

YUAN_PER_MWH = 1000.0  # in one yuan/kWh


def fleet_tables(spec: Scenario, times: pd.DatetimeIndex, flexibility: pd.DataFrame) -> Tables:
    """Buses, links, stores and loads of the cars that the operator controls.

    Parameters
    ----------
    spec : Scenario
        As one arm sees it.
    times : DatetimeIndex, shape (n_steps,)
        Begin of every step.
    flexibility : DataFrame
        Of one arm and replication, see ``sim.accounting.tables.FLEXIBILITY_COLUMNS``.
    """
    tables: Tables = {}
    for place, rows in flexibility.groupby("place", sort=False, observed=True):
        if rows["cars"].max() > 0.0:
            for name, table in _one_place(spec, times, str(place), rows).items():
                tables[name] = beside(tables[name], table) if name in tables else table
    return tables


def beside(one: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
    """Combine two tables of a network: components by rows, time series by columns."""
    if isinstance(one.index, pd.DatetimeIndex):
        return pd.concat([one, more], axis=1)
    return pd.concat([one, more])


def _one_place(spec: Scenario, times: pd.DatetimeIndex, place: str, rows: pd.DataFrame) -> Tables:
    hours, grid = spec.step_hours, place_name(spec.city.place)
    losses = [
        law(spec.chargers.one_way_efficiency, spec.chargers.part_load_efficiency)
        for law in (fixed_loss_share, proportional_loss_share)
    ]
    stored, given = battery_side_kw(1.0, 1.0, *losses), -1.0 / battery_side_kw(-1.0, 1.0, *losses)
    noted = {name: rows[name].to_numpy(np.float64) for name in rows.columns if rows[name].dtype.kind == "f"}
    leaving, energy, least, most = _bounds(noted, stored, given)

    begins = hours * np.arange(len(times))

    def power(at_hours: Array) -> Array:
        """Interpolate an hourly series to the beginning of every step."""
        course: Array = np.interp(begins, np.arange(len(at_hours)), at_hours)
        return course

    def stock(at_hours: Array) -> Array:
        """Interpolate an hourly series to the end of every step."""
        course: Array = np.interp(begins + hours, np.arange(len(at_hours)), at_hours)
        return course

    hour = np.minimum(begins.astype(np.int64), len(leaving) - 1)
    at_plants = 1.0 / (1.0 - spec.grid.losses_share)
    draw = at_plants * np.maximum(power(noted["high_mw"]), noted["drawn_mwh"][hour])
    feed = np.maximum(power(-noted["low_mw"]), noted["fed_in_mwh"][hour])
    batteries, bus = f"batteries {place}", f"cars {place}"
    links = {
        f"charging {place}": _link(grid, bus, draw.max(), stored / at_plants, 0.0),
        f"feeding in {place}": _link(
            bus,
            grid,
            feed.max() / given,
            given * at_plants,
            YUAN_PER_MWH * CurveSettings().least_gain_yuan_per_kwh,
        ),
    }
    size = max(float(most.max()), 1e-9)
    courses = {
        "links-p_max_pu": dict(zip(links, (_share(draw), _share(feed)), strict=True)),
        "stores-e_min_pu": {batteries: stock(least) / size},
        "stores-e_max_pu": {batteries: stock(most) / size},
        "loads-p_set": {f"leaving with cars {place}": leaving[hour]},
    }
    store = {"bus": bus, "carrier": "cars", "e_nom": size, "e_initial": energy[0], "e_cyclic": False}
    return {
        "buses": _named({bus: {"carrier": "cars"}}),
        "links": _named(links),
        "stores": _named({batteries: store}),
        "loads": _named({f"leaving with cars {place}": {"bus": bus}}),
    } | {name: pd.DataFrame(columns, index=times) for name, columns in courses.items()}


def _bounds(noted: dict[str, Array], stored: float, given: float) -> tuple[Array, Array, Array, Array]:
    """Energy that leaves with cars in each hour [MW], and energy and its bounds at all full hours [MWh].

    In the last hour nothing leaves: the cars plugged in at its end are not recorded.
    """
    moved = stored * noted["drawn_mwh"] - noted["fed_in_mwh"] / given
    energy = np.append(noted["energy_mwh"], noted["energy_mwh"][-1] + moved[-1])
    leaving = energy[:-1] + moved - energy[1:]
    least = np.append(noted["least_energy_mwh"], energy[-1])
    most = np.append(noted["most_energy_mwh"], max(energy[-1], noted["most_energy_mwh"][-1]))
    return leaving, energy, least, most


def _share(course: Array) -> Array:
    return course / max(float(course.max()), 1e-9)


def _link(bus0: str, bus1: str, size_mw: float, efficiency: float, yuan_per_mwh: float) -> dict[str, Any]:
    return {
        "bus0": bus0,
        "bus1": bus1,
        "carrier": "cars",
        "p_nom": float(size_mw),
        "efficiency": efficiency,
        "marginal_cost": yuan_per_mwh,
    }


def _named(rows: dict[str, dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("name")
