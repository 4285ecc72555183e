"""Coal, CO2 and energy of an arm, recomputed from the output of units and the prices of imports."""

from __future__ import annotations

import sys

import numpy as np

from tests.referee.tables import Result


def energy_balance_error(result: Result, arm: str) -> float:
    """Largest relative error of generation against load with cars and grid losses."""
    system, losses = result.table("system", arm), result.scenario["grid"]["losses_share"]
    sources = ["coal_mw", "gas_mw", "import_mw", "other_mw", "wind_mw", "solar_mw", "unserved_mw"]
    cars = (system["ev_charge_mw"] - system["ev_discharge_mw"]) / (1.0 - losses)
    error = system[sources].sum(axis=1) - system["spilled_mw"] - system["demand_mw"] - cars
    return float((error.abs() / system["demand_mw"]).max())


def coal_tce(result: Result, arm: str) -> np.ndarray:
    """Coal burnt in the city in every step [tce]: being on, output, and starts."""
    grid, plants = result.scenario["grid"], result.units()
    rows = result.table("units", arm)
    steps, names = len(result.table("system", arm)), list(rows["unit"].astype(str)[: len(plants)])

    def wide(column: str) -> np.ndarray:
        return rows[column].to_numpy(dtype=float).reshape(steps, len(names))

    able, on, output = wide("able_mw"), wide("is_on"), wide("output_mw")
    burnt = np.zeros(steps)
    least = grid["coal_minimum_share"]
    idle = grid["coal_heat_rise_share"] * least / (1.0 - least)
    for place, name in enumerate(names):
        if plants.loc[name, "fuel"] != "coal":
            continue
        tce_per_mwh = plants.loc[name, "heat_gce_per_kwh"] / 1000.0
        running = idle * tce_per_mwh * able[:, place] * on[:, place]
        burnt += (running + (1.0 - idle) * tce_per_mwh * output[:, place]) * result.hours
        starts = np.append(0.0, (on[1:, place] > on[:-1, place]) * able[1:, place])
        burnt += starts * grid["coal_start_tce_per_mw"]
    return burnt


def coal_elsewhere_tce(result: Result, arm: str) -> np.ndarray:
    """Coal behind imports in every step [tce]: contracts by sender, and the ladder of the neighbours' state."""
    system, ladder = result.table("system", arm), result.input("extra_imports")
    scale = result.scenario["grid"]["extra_import_co2_scale"]
    states = list(result.input("neighbours")["state"])
    extra = (system["import_mw"] - system["contract_mw"]).to_numpy()
    room = (system["import_limit_mw"] - system["contract_mw"]).to_numpy()
    burnt = np.zeros(len(system))
    for number, state in enumerate(states):
        here = system["neighbours_state"].to_numpy() == number
        left = np.where(here, extra, 0.0)
        for _, block in ladder[ladder["state"] == state].sort_values("price_yuan_per_kwh").iterrows():
            taken = np.minimum(left, float(block["share"]) * room)
            burnt += np.where(here, taken * float(block["tce_kg_per_kwh"]) * scale, 0.0)
            left = left - taken
    return (burnt + _contracts(result, system, "tce_kg_per_kwh")) * result.hours


def _contracts(result: Result, system, rate: str) -> np.ndarray:
    """Rate of the contracted imports that arrive, per hour; the mix of senders by month and hour."""
    months, hours = (
        system["time"].dt.month.to_numpy(),
        system["time"].dt.hour + system["time"].dt.minute / 60.0,
    )
    middle = hours.to_numpy() + result.hours / 2.0
    shapes, grid = result.input("contract_shapes"), result.scenario["grid"]
    total, rated = np.zeros(len(system)), np.zeros(len(system))
    for _, row in result.input("contracts").iterrows():
        if row["counts_as"] != "import":
            continue
        shape = shapes[shapes["kind"] == row["kind"]]
        by_month, by_hour = (
            shape[shape["part"] == part]["factor"].to_numpy(dtype=float) for part in ("month", "hour")
        )
        at_hour = np.interp(
            middle, np.arange(-1, 25) + 0.5, np.concatenate([by_hour[-1:], by_hour, by_hour[:1]])
        )
        course = np.minimum(float(row["mean_mw"]) * by_month[months - 1] * at_hour, float(row["most_mw"]))
        course = (
            course * grid["contract_scale"] * (grid["hydro_availability"] if row["kind"] == "hydro" else 1.0)
        )
        total, rated = total + course, rated + course * float(row[rate])
    return rated / total * system["contract_mw"].to_numpy()


def report(folder: str) -> None:
    """Print own figures beside those of the result."""
    result = Result(folder)
    for arm in result.summary["arms"]:
        system = result.table("system", arm)
        mine, theirs = coal_tce(result, arm).sum(), float(system["coal_tce"].sum())
        away, told = coal_elsewhere_tce(result, arm).sum(), float(system["coal_elsewhere_tce"].sum())
        print(f"{arm}: balance {energy_balance_error(result, arm):.1e}, city {mine:,.1f} against {theirs:,.1f} tce, "
              f"elsewhere {away:,.1f} against {told:,.1f} tce")  # fmt: skip


if __name__ == "__main__":
    report(sys.argv[1])
