"""How far the supply side of a run is from the cheapest possible: day by day against the yardstick."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.agents.own_code import NO_OWN_CODE, OwnCode
from sim.dispatch.unit_commitment import Task, commit
from sim.grid.supply import units_under_contract
from sim.grid.supply_side import SupplySide
from sim.grid.system import LOOK_AHEAD_H, Outcome, PowerSystem, State
from sim.model import CityModel
from sim.scenario import Scenario, ScenarioError
from sim.scenario.errors import suggestion

Array = NDArray[np.float64]

GAP = 5e-4  # at which HiGHS may stop
MOST_SECONDS = 120.0  # for a day


@dataclass
class _Noted:
    """What a run leaves behind, step by step."""

    states: dict[int, State]
    orders: dict[int, NDArray[np.bool_]]
    cost_yuan: Array
    load_mw: Array


def commitment_table(
    spec: Scenario, arm: str, tell: Callable[[str], None] = lambda _: None, own: OwnCode = NO_OWN_CODE
) -> pd.DataFrame:
    """Cost of supply of every recorded day: as run, as scheduled with foresight, and the cheapest.

    Contracts are left out, for nothing changes them; what is not met or missing in reserve counts at the
    price of scarcity. All three start from the state of the units at
    midnight; the yardstick and the schedule look 36 hours ahead.

    Parameters
    ----------
    spec : Scenario
    arm : str
    tell : callable
        Is told what is being done.
    own : OwnCode
        Code of one's own that the arm follows.

    Returns
    -------
    DataFrame
        ``day, as_run_yuan, foresight_yuan, yardstick_yuan, gap_pct, foresight_gap_pct,
        yardstick_open_pct, seconds``; `yardstick_open_pct` is what HiGHS leaves unproven.
    """
    if arm not in spec.arms:
        raise ScenarioError.single(
            "--arm", arm, f"no such arm{suggestion(arm, spec.arms) or ';'} allowed: {', '.join(spec.arms)}"
        )
    model = CityModel(spec, arm=arm, own=own)
    tell(f"running arm '{arm}' with {len(model.cars):,} cars")
    noted = _run(model)
    return pd.DataFrame(_days(model, noted, tell))


def _run(model: CityModel) -> _Noted:
    grid, n = model.grid, len(model.clock)
    noted = _Noted({}, {}, np.zeros(n), np.zeros(n))
    while not model.finished:
        step = model.step_index
        if step % model.clock.steps_per_day == 0:
            noted.states[step] = grid.system.state
            noted.orders[step] = grid.system.is_on | grid.system.called
        model.step()
        met = grid.system.latest
        noted.load_mw[step] = met.coal_mw + met.gas_mw + met.import_mw + met.unserved_mw - met.spilled_mw
        noted.cost_yuan[step] = _cost_yuan(model, step, met, float(noted.load_mw[step]))
    return noted


def _days(model: CityModel, noted: _Noted, tell: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    clock, grid, section = model.clock, model.grid, model.spec.grid
    per_day = clock.steps_per_day
    for first in range(clock.warmup_steps, len(clock), per_day):
        ahead = np.arange(first, first + round(LOOK_AHEAD_H / clock.step_hours))
        within = np.where(ahead < len(clock), ahead, ahead - per_day)
        task = Task(
            load_mw=noted.load_mw[within],
            contract_mw=(grid.contracts.import_mw - grid.capacity.missing_import_mw)[within],
            lines_mw=grid.capacity.lines_mw[within],
            available=grid.available[within],
            of_units_mw=_under_contract(grid, within),
            neighbours=grid.neighbours.state[within],
            step_hours=clock.step_hours,
            lines=grid.lines,
            reserve_share=section.reserve_share,
        )
        began = time.perf_counter()
        best = commit(grid.plants, task, noted.states[first], GAP, MOST_SECONDS)
        seconds = time.perf_counter() - began
        as_run = float(noted.cost_yuan[first : first + per_day].sum())
        cheapest = float(best.cost_yuan[:per_day].sum())
        foreseen = _with_foresight(model, noted, first)
        day = str(clock.times[first])[:10]
        tell(f"{day}: yardstick solved in {seconds:.0f} s")
        yield {
            "day": day,
            "as_run_yuan": as_run,
            "foresight_yuan": foreseen,
            "yardstick_yuan": cheapest,
            "gap_pct": 100.0 * (as_run / cheapest - 1.0),
            "foresight_gap_pct": 100.0 * (foreseen / cheapest - 1.0),
            "yardstick_open_pct": 100.0 * best.gap,
            "seconds": seconds,
        }


def _under_contract(grid: SupplySide, steps: NDArray[np.int64]) -> Array:
    """Output of every unit under contract in given steps [MW], shape (n, n_units)."""
    found = np.zeros((len(steps), len(grid.plants.mw)))
    for row, step in zip(found, steps, strict=True):
        units_under_contract(grid.plants, grid.available[step], float(grid.contracts.gas_mw[step]), row)
    return found


def _cost_yuan(model: CityModel, step: int, outcome: Outcome, load_mw: float) -> float:
    """Cost of a step without contracts [yuan]; what is unmet, or missing in reserve, at scarcity's price."""
    section = model.spec.grid
    missing = max(0.0, section.reserve_share * load_mw - max(0.0, outcome.online_reserve_mw))
    scarce = (outcome.unserved_mw + missing) * section.scarcity_price_yuan_per_kwh * 1000.0
    contracts = model.grid.contracts
    arrives = outcome.contract_mw / max(float(contracts.import_mw[step]), 1e-9)
    contract = contracts.total("cost", step, arrives)
    return (outcome.cost_yuan_per_h - contract + scarce) * model.clock.step_hours


def _with_foresight(model: CityModel, noted: _Noted, first: int) -> float:
    """Cost of a day whose schedule knew its net load [yuan]; outages still come as they come."""
    clock, grid = model.clock, model.grid
    last_day = np.arange(len(clock) - clock.steps_per_day, len(clock))
    beyond = np.resize(noted.load_mw[last_day], len(model.horizon) - len(clock))  # what it was is not known
    expected = np.concatenate([noted.load_mw, beyond]) + grid.contracts.other_mw
    section = model.spec.grid.model_copy(update={"storage": []})  # what stores did is in the load already
    system = PowerSystem(
        section,
        grid.plants,
        grid.lines,
        model.horizon,
        grid.contracts,
        grid.neighbours,
        grid.capacity,
        expected,
    )
    system.state = replace(noted.states[first], held_mwh=np.zeros(0))
    system.is_on[first:] = noted.orders[first][first:]
    total = 0.0
    for step in range(first, first + clock.steps_per_day):
        outcome = system.meet(step, float(expected[step]), 0.0, 0.0)
        total += _cost_yuan(model, step, outcome, float(noted.load_mw[step]))
    return total
