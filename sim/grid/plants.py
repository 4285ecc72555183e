"""Plants: the units of a place with their size, heat rate, limits and starts.

The heat rate of a unit falls with its output. Fuel use is linear in output (Willans line): a no-load part
and a part per megawatt-hour. The line gives the unit's own heat rate at full output, and one higher by a
given share at minimum output.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sim.data.catalogue import Row, select
from sim.scenario.grid import GridSection

COAL, GAS, IMPORT, OTHER = range(4)
FUELS = ("coal", "gas", "import", "other")
GRAMS_PER_KWH_AT_57_PERCENT = 122.9 / 0.57  # standard coal in a kWh, over the efficiency of the cost given


class Plants(NamedTuple):
    """Units in merit order by their cost at full output; arrays of shape (n,).

    Attributes
    ----------
    fuel : ndarray of int
    first_number : ndarray of int
        Number of the first unit of each row, in the order of the table: its outages are drawn by it.
    count : ndarray of int
        Units in a row; the units of a row are committed together.
    mw : ndarray
        Size of all of them.
    minimum_share, ramp_share_per_h : ndarray
        Relative to available capacity.
    must_run : ndarray of bool
        Captive, or combined heat and power: on whenever available.
    cost_yuan_per_mwh, tce_per_mwh, co2_t_per_mwh : ndarray
        Of one more megawatt-hour.
    idle_yuan_per_mwh, idle_tce_per_mwh, idle_co2_t_per_mwh : ndarray
        No-load cost, per megawatt on and hour.
    start_yuan_per_mw, start_tce_per_mw, start_co2_t_per_mw : ndarray
    start_h, minimum_up_h : ndarray
    availability, repair_h : ndarray
        Mean availability, and mean time to repair.
    """

    fuel: Any
    first_number: Any
    count: Any
    mw: Any
    minimum_share: Any
    ramp_share_per_h: Any
    must_run: Any
    cost_yuan_per_mwh: Any
    tce_per_mwh: Any
    co2_t_per_mwh: Any
    idle_yuan_per_mwh: Any
    idle_tce_per_mwh: Any
    idle_co2_t_per_mwh: Any
    start_yuan_per_mw: Any
    start_tce_per_mw: Any
    start_co2_t_per_mw: Any
    start_h: Any
    minimum_up_h: Any
    availability: Any
    repair_h: Any

    @property
    def full_cost_yuan_per_mwh(self) -> Any:
        """Cost of a megawatt-hour at full output."""
        return self.cost_yuan_per_mwh + self.idle_yuan_per_mwh


def plants_of(grid: GridSection, place: str) -> Plants:
    """Operating units of a place (Shanghai: Global Energy Monitor, CC BY 4.0), as a scenario has them."""
    found = _units(grid, place)
    return Plants(**{name: np.array([unit[name] for _, unit in found]) for name in Plants._fields})


def unit_names(grid: GridSection, place: str) -> list[str]:
    """Plant and unit of every row, in the same order."""
    return [", ".join(filter(None, (row["plant"], row["unit"]))) for row, _ in _units(grid, place)]


def _units(grid: GridSection, place: str) -> list[tuple[Row, dict[str, Any]]]:
    """Rows of the table with their figures, in merit order."""
    found, number = [], 0
    for row in select("units", place, status="operating"):
        unit = _coal_unit(row, grid) if row["fuel"] == "coal" else _gas_unit(row, grid)
        found.append((row, {**unit, "first_number": number}))
        number += unit["count"]
    return sorted(found, key=lambda pair: pair[1]["cost_yuan_per_mwh"] + pair[1]["idle_yuan_per_mwh"])


def fuel_line(minimum_share: float, rise_share: float) -> tuple[float, float]:
    """Parts of the heat rate at full output: no-load, and per megawatt-hour.

    Parameters
    ----------
    minimum_share : float
        Minimum output over full output, below 1.
    rise_share : float
        Relative excess of the heat rate at minimum output over that at full output.
    """
    idle = rise_share * minimum_share / (1.0 - minimum_share) if minimum_share < 1.0 else 0.0
    return idle, 1.0 - idle


def _coal_unit(row: Row, grid: GridSection) -> dict[str, Any]:
    tce = float(row["heat_gce_per_kwh"]) / 1000.0  # g/kWh is kg/MWh is t/MWh / 1000
    idle, more = fuel_line(grid.coal_minimum_share, grid.coal_heat_rise_share)
    fuel_yuan, co2_t = tce * grid.coal_price_yuan_per_tce, tce * grid.coal_co2_kg_per_kgce
    start_tce = grid.coal_start_tce_per_mw
    return {
        **_common(row, grid.coal_scale),
        "fuel": COAL,
        "minimum_share": grid.coal_minimum_share,
        "ramp_share_per_h": grid.coal_ramp_share_per_hour,
        "cost_yuan_per_mwh": more * fuel_yuan + grid.coal_operation_yuan_per_kwh * 1000.0,
        "tce_per_mwh": more * tce,
        "co2_t_per_mwh": more * co2_t,
        "idle_yuan_per_mwh": idle * fuel_yuan,
        "idle_tce_per_mwh": idle * tce,
        "idle_co2_t_per_mwh": idle * co2_t,
        "start_yuan_per_mw": grid.coal_start_yuan_per_mw,
        "start_tce_per_mw": start_tce,
        "start_co2_t_per_mw": start_tce * grid.coal_co2_kg_per_kgce,
        "start_h": grid.coal_start_hours,
        "minimum_up_h": grid.coal_minimum_up_hours,
        "availability": grid.coal_availability,
        "repair_h": grid.coal_repair_hours,
    }


def _gas_unit(row: Row, grid: GridSection) -> dict[str, Any]:
    heat = float(row["heat_gce_per_kwh"]) / GRAMS_PER_KWH_AT_57_PERCENT
    is_heat = row["must_run"] != ""
    minimum = grid.gas_must_run_share if is_heat else grid.gas_minimum_share
    idle, more = fuel_line(minimum, grid.gas_heat_rise_share)
    yuan, co2_t = heat * grid.gas_variable_cost_yuan_per_kwh * 1000.0, heat * grid.gas_co2_kg_per_kwh
    return {
        **_common(row, grid.gas_scale),
        "fuel": GAS,
        "minimum_share": minimum,
        "ramp_share_per_h": grid.gas_ramp_share_per_hour,
        "cost_yuan_per_mwh": more * yuan,
        "tce_per_mwh": 0.0,
        "co2_t_per_mwh": more * co2_t,
        "idle_yuan_per_mwh": idle * yuan,
        "idle_tce_per_mwh": 0.0,
        "idle_co2_t_per_mwh": idle * co2_t,
        "start_yuan_per_mw": grid.gas_start_yuan_per_mw,
        "start_tce_per_mw": 0.0,
        "start_co2_t_per_mw": 0.0,
        "start_h": grid.gas_start_hours,
        "minimum_up_h": grid.gas_minimum_up_hours,
        "availability": grid.gas_availability,
        "repair_h": grid.gas_repair_hours,
    }


def _common(row: Row, scale: float) -> dict[str, Any]:
    return {"count": int(row["count"]), "mw": float(row["mw"]) * scale, "must_run": row["must_run"] != ""}
