"""Contracted supply, whose profile is fixed in advance: hydropower, thermal and nuclear imports, waste, gas.

Gas under take-or-pay contracts is burnt whatever happens on a day, by the city's own units: it is here by
volume and season, and in the units (:func:`sim.grid.supply.units_under_contract`) by cost and fuel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.data.catalogue import column, rows
from sim.grid.clock import Clock, between_hours
from sim.scenario.grid import GridSection

Array = NDArray[np.float64]

HYDRO, GAS = "hydro", "gas"
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
    gas_mw : ndarray
        Output of the city's gas units under take-or-pay contracts.
    by_kind_mw : dict of str to ndarray
        Imports by kind, part of `import_mw`.
    of_imports, of_others : dict of str to ndarray
        ``cost`` [yuan/h], ``co2`` [t/h] and ``tce``, coal burnt elsewhere [tce/h], of each of the two.
    """

    import_mw: Array
    other_mw: Array
    gas_mw: Array
    by_kind_mw: dict[str, Array]
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
        scale = grid.gas_contract_scale if row["counts_as"] == GAS else grid.contract_scale
        courses.append((row, scale * comes * course))
    nothing = np.zeros(len(clock))
    sums = {kind: dict.fromkeys(("mw", *RATES), nothing) for kind in ("import", "other", GAS)}
    by_kind: dict[str, Array] = {}
    for row, course in courses:
        of = sums[row["counts_as"]]
        of["mw"] = of["mw"] + course
        for name, (rate, factor) in RATES.items():
            of[name] = of[name] + float(row[rate]) * factor * course
        if row["counts_as"] == "import":
            by_kind[row["kind"]] = by_kind.get(row["kind"], nothing) + course
    taken = np.minimum(1.0, grid.import_capability_mw / np.maximum(sums["import"]["mw"], 1e-9))
    imports = {name: taken * values for name, values in sums["import"].items()}
    by_kind = {kind: taken * course for kind, course in by_kind.items()}
    return Contracts(imports["mw"], sums["other"]["mw"], sums[GAS]["mw"], by_kind, imports, sums["other"])
