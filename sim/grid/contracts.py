"""Contracted supply: hydropower, thermal and mixed imports, nuclear; its profile is fixed in advance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.data.catalogue import column, rows
from sim.grid.clock import Clock, between_hours
from sim.scenario.grid import GridSection

Array = NDArray[np.float64]

HYDRO = "hydro"
#: Columns of contracts.csv, and the factor to a rate for each MWh.
RATES = {
    "cost": ("price_yuan_per_kwh", 1000.0),
    "co2": ("co2_kg_per_kwh", 1.0),
    "tce": ("tce_kg_per_kwh", 1.0),
}


@dataclass(frozen=True)
class Contracts:
    """Contracted deliveries in every step; arrays of shape (n_steps,).

    Attributes
    ----------
    import_mw, other_mw : ndarray
        Imports over lines, and output of local plants other than coal or gas.
    of_imports, of_others : dict of str to ndarray
        ``cost`` [yuan/h], ``co2`` [t/h] and ``tce``, coal burnt elsewhere [tce/h], of each of the two.
    """

    import_mw: Array
    other_mw: Array
    of_imports: dict[str, Array]
    of_others: dict[str, Array]

    def total(self, name: str, step: int, arrives: float = 1.0) -> float:
        """Cost, emissions or coal of a step for an hour of it, where a share of the imports arrives."""
        return float(arrives * self.of_imports[name][step] + self.of_others[name][step])


def contracts(clock: Clock, grid: GridSection, place: str) -> Contracts:
    """Contracts of a place: yearly mean times a factor of the month and one of the hour, up to a limit."""
    month = clock.months - 1
    courses = []
    for row in rows("contracts", place):
        by_month = np.array(column("contract_shapes", "factor", place, kind=row["kind"], part="month"))
        by_hour = np.array(column("contract_shapes", "factor", place, kind=row["kind"], part="hour"))
        course = np.minimum(
            float(row["mean_mw"]) * by_month[month] * between_hours(by_hour, clock.hours),
            float(row["most_mw"]),
        )
        comes = grid.hydro_availability if row["kind"] == HYDRO else 1.0
        courses.append((row, grid.contract_scale * comes * course))
    sums = {kind: dict.fromkeys(("mw", *RATES), np.zeros(len(clock))) for kind in ("import", "other")}
    for row, course in courses:
        of = sums[row["counts_as"]]
        of["mw"] = of["mw"] + course
        for name, (rate, scale) in RATES.items():
            of[name] = of[name] + float(row[rate]) * scale * course
    taken = np.minimum(1.0, grid.import_capability_mw / np.maximum(sums["import"]["mw"], 1e-9))
    imports = {name: taken * values for name, values in sums["import"].items()}
    return Contracts(imports["mw"], sums["other"]["mw"], imports, sums["other"])
