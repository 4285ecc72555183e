"""A run as a PyPSA network: a folder of CSV files that ``pypsa.Network(folder)`` opens and solves.

PyPSA is not required for writing. The network has one bus; units with their outages, limits, starts and fuel
lines; actual contracts, wind and solar; lines as a generator of extra imports; unserved load above the
dearest supply; and demand including the cars of the arm, or with controlled cars as stores and links
(:mod:`sim.runs.export.pypsa_fleet`). The operation of pumped storage and grid batteries is fixed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.data.catalogue import place_name
from sim.grid.clock import Clock
from sim.grid.contracts import contracts
from sim.grid.neighbours import lines_of, shedding_yuan_per_mwh
from sim.grid.plants import FUELS, Plants, plants_of, unit_names
from sim.grid.supply import units_under_contract
from sim.runs.export.pypsa_fleet import beside, fleet_tables
from sim.runs.files import NETWORK, whole_or_nothing
from sim.runs.run import RunResult
from sim.scenario import Scenario, ScenarioError
from sim.scenario.errors import suggestion

LONG_AGO = 10_000  # snapshots since a unit last changed: no unit is constrained by its earlier state


def export_pypsa(
    result: RunResult,
    folder: Path,
    arm: str | None = None,
    replication: int = 0,
    as_run: bool = False,
    fleet: bool = False,
) -> str:
    """Write the network of one arm and replication.

    Parameters
    ----------
    result : RunResult
    folder : Path
    arm : str, optional
        Default: the reference.
    replication : int
    as_run : bool
        Commitment of units as in the run, so that the network is a linear programme; otherwise PyPSA
        optimises it (unit commitment, a mixed-integer programme).
    fleet : bool
        Controlled cars as stores and links, to be charged and discharged by PyPSA; otherwise they are part
        of demand, as in the run.

    Returns
    -------
    str
        The arm.

    Raises
    ------
    ScenarioError
        If there is no such arm or replication, if the fleet is requested but no car is controlled, or if the
        result is a year of representative weeks.
    """
    arm = arm or str(result.summary["reference"])
    if arm not in result.spec.arms:
        raise ScenarioError.single(
            "--arm",
            arm,
            f"no such arm{suggestion(arm, result.spec.arms) or ';'} allowed: {', '.join(result.spec.arms)}",
        )
    if not 0 <= replication < result.spec.replications:
        raise ScenarioError.single(
            "--replication", str(replication), f"allowed: 0 to {result.spec.replications - 1}"
        )
    if result.spec.time.weeks:
        raise ScenarioError.single(
            str(result.folder), "", "a year in weeks is no continuous time; export a run of one of them"
        )
    spec = result.spec.for_arm(arm)
    system, units, flexibility = (
        frame[(frame["arm"] == arm) & (frame["replication"] == replication)]
        for frame in (result.system, result.units, result.flexibility)
    )
    times = pd.DatetimeIndex(system["time"], name="snapshot")
    cars = fleet_tables(spec, times, flexibility) if fleet else {}
    if fleet and not cars:
        raise ScenarioError.single(
            "--fleet", arm, "nobody is controlled under this arm; choose another, --arm"
        )
    tables = _tables(spec, times, system.reset_index(drop=True), units, as_run, without_controlled=fleet)
    for name, table in cars.items():
        tables[name] = beside(tables[name], table) if name in tables else table
    with whole_or_nothing(folder, NETWORK) as scratch:
        for name, table in tables.items():
            table.to_csv(scratch / f"{name}.csv")
    return arm


def _tables(
    spec: Scenario,
    times: pd.DatetimeIndex,
    system: pd.DataFrame,
    units: pd.DataFrame,
    as_run: bool,
    without_controlled: bool,
) -> dict[str, pd.DataFrame]:
    grid, hours = spec.grid, spec.step_hours
    able = _wide(units, "able_mw", times)
    generators, most, least = _units(spec, able, _wide(units, "is_on", times).astype(bool), as_run)
    given = system["contract_mw"].to_numpy()
    fixed = {"contracted imports": given, "other plants and stores": system["other_mw"].to_numpy()}
    weather = {"wind": system["wind_mw"].to_numpy(), "solar": system["solar_mw"].to_numpy()}
    lines = lines_of(grid, spec.city.place)
    steps = {f"extra imports {k + 1}": k for k in range(len(lines.share))}
    room = (system["import_limit_mw"] - system["contract_mw"]).to_numpy()
    state = system["neighbours_state"].to_numpy()
    spare = {name: np.where(state == lines.state[k], room * lines.share[k], 0.0) for name, k in steps.items()}
    extra = {
        name: (float(spare[name].max()), float(lines.cost_yuan_per_mwh[k]), "import")
        for name, k in steps.items()
    }
    cars = system["ev_charge_mw"] - system["ev_discharge_mw"]
    drawn = cars - system["ev_steered_mw"] if without_controlled else cars
    load = (system["demand_mw"] + drawn / (1.0 - grid.losses_share)).to_numpy()
    demand = "demand with cars that nobody controls" if without_controlled else "demand with cars"
    extra["not met"] = (float(load.max()), shedding_yuan_per_mwh(lines), "unserved")
    others = pd.DataFrame.from_dict(
        {name: _generator(size, cost, carrier) for name, (size, cost, carrier) in extra.items()}
        | {name: _generator(float(np.abs(mw).max()), 0.0, "contract") for name, mw in fixed.items()}
        | {name: _generator(float(mw.max()), 0.0, name) for name, mw in weather.items()},
        orient="index",
    )
    for name, mw in {**fixed, **weather}.items():
        size = max(float(np.abs(mw).max()), 1e-9)
        most[name] = mw / size
        if name in fixed:
            least[name] = mw / size
    most |= {name: mw / max(float(mw.max()), 1e-9) for name, mw in spare.items()}
    everything_mw = float(generators["p_nom"].sum() + others["p_nom"].sum())
    carriers = pd.Index(
        [*FUELS[:3], "contract", "wind", "solar", "unserved", "AC", "spilled", "cars"], name="name"
    )
    spill = pd.DataFrame.from_dict(
        {"spilled": _generator(everything_mw, 0.0, "spilled") | {"p_min_pu": -1.0, "p_max_pu": 0.0}},
        orient="index",
    )
    weightings = pd.DataFrame(dict.fromkeys(("objective", "stores", "generators"), hours), index=times)
    return {
        "network": pd.DataFrame({"pypsa_version": ["1.0.0"]}, index=pd.Index([spec.name], name="name")),
        "snapshots": weightings,
        "carriers": pd.DataFrame(index=carriers),
        "buses": pd.DataFrame({"carrier": "AC"}, index=pd.Index([place_name(spec.city.place)], name="name")),
        "loads": pd.DataFrame({"bus": place_name(spec.city.place)}, index=pd.Index([demand], name="name")),
        "loads-p_set": pd.DataFrame({demand: load}, index=times),
        "generators": _with_bus(pd.concat([generators, others, spill]), place_name(spec.city.place)),
        "generators-p_max_pu": pd.DataFrame(most, index=times),
        "generators-p_min_pu": pd.DataFrame(least, index=times),
    }


def _units(
    spec: Scenario, able: pd.DataFrame, on: pd.DataFrame, as_run: bool
) -> tuple[pd.DataFrame, dict[str, Any], dict[str, Any]]:
    """Generators of the units, and their limits over time."""
    plants, names, hours = (
        plants_of(spec.grid, spec.city.place),
        unit_names(spec.grid, spec.city.place),
        spec.step_hours,
    )
    rows, most, least = {}, {}, {}
    under_contract = _under_contract(spec, plants, able)
    for row, name in enumerate(names):
        size = float(plants.mw[row])
        share = (able[name] / size).clip(upper=1.0).to_numpy()
        held = float(plants.minimum_share[row])
        commits = not as_run and not plants.must_run[row] and not under_contract[:, row].any()
        rows[name] = _generator(size, float(plants.cost_yuan_per_mwh[row]), FUELS[plants.fuel[row]]) | {
            "committable": commits,
            "p_min_pu": held if commits else 0.0,
            "stand_by_cost": float(plants.idle_yuan_per_mwh[row]) * size if commits else 0.0,
            "start_up_cost": float(plants.start_yuan_per_mw[row]) * size if commits else 0.0,
            "min_up_time": round(float(plants.minimum_up_h[row]) / hours) if commits else 0,
            "min_down_time": round(float(plants.start_h[row]) / hours) if commits else 0,
            "up_time_before": LONG_AGO if on[name].iloc[0] else 0,
            "down_time_before": 0 if on[name].iloc[0] else LONG_AGO,
            "efficiency": 1.0,
            "co2_t_per_mwh": float(plants.co2_t_per_mwh[row]),
        }
        runs = share * on[name].to_numpy() if as_run else share
        most[name] = runs
        at_least = held * runs * (commits or as_run or plants.must_run[row])
        least[name] = np.minimum(runs, np.maximum(at_least, under_contract[:, row]))
        steady = bool(np.all(runs == runs[0])) and (not as_run or bool(on[name].all()))
        if steady:
            rows[name] |= _ramps(float(plants.ramp_share_per_h[row]) * hours, held)
    return pd.DataFrame.from_dict(rows, orient="index"), most, least


def _under_contract(spec: Scenario, plants: Plants, able: pd.DataFrame) -> Any:
    """Output of every unit under contract, as a share of its size, shape (n_steps, n)."""
    clock = Clock.of(spec)
    gas_mw = contracts(clock, spec.grid, spec.city.place).gas_mw[clock.warmup_steps :]
    found = np.zeros((len(able), len(plants.mw)))
    for step, row in enumerate(found):
        units_under_contract(plants, able.to_numpy()[step] / plants.mw, float(gas_mw[step]), row)
    return found / plants.mw


def _ramps(per_step: float, held: float) -> dict[str, float]:
    """Ramp limits of a unit without outages and, with the commitment of the run, without switching."""
    if per_step >= 1.0 - held:
        return {}
    return {
        "ramp_limit_up": per_step,
        "ramp_limit_down": per_step,
        "ramp_limit_start_up": min(1.0, held + per_step),
        "ramp_limit_shut_down": 1.0,
    }


def _generator(size_mw: float, yuan_per_mwh: float, carrier: str) -> dict[str, Any]:
    return {
        "p_nom": size_mw,
        "marginal_cost": yuan_per_mwh,
        "carrier": carrier,
        "committable": False,
        "p_min_pu": 0.0,
        "p_max_pu": 1.0,
    }


def _with_bus(generators: pd.DataFrame, bus: str) -> pd.DataFrame:
    generators.insert(0, "bus", bus)
    defaults = {
        "stand_by_cost": 0.0, "start_up_cost": 0.0, "min_up_time": 0, "min_down_time": 0, "efficiency": 1.0,
        "up_time_before": 1, "down_time_before": 0, "co2_t_per_mwh": 0.0,
    }  # fmt: skip
    return generators.fillna(defaults).rename_axis("name")


def _wide(units: pd.DataFrame, column: str, times: pd.DatetimeIndex) -> pd.DataFrame:
    """A column of the units by step and unit."""
    names = list(units["unit"].cat.categories)
    return pd.DataFrame(units[column].to_numpy().reshape(len(times), len(names)), times, names)
