"""Benchmark of the day-ahead schedule: unit commitment as a mixed-integer programme, solved by HiGHS.

It has the same constraints as the schedule (minimum output, ramps, minimum up and down times, starts,
reserve, the same fuel lines) and perfect foresight of net load and outages. Units that fail or return are
exempt from minimum times, and units that have been off long enough start without notice. Its cost is a lower
bound over its horizon, which extends beyond the evaluated day.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.dispatch.program import Index, Program
from sim.grid.neighbours import Lines, shedding_yuan_per_mwh
from sim.grid.plants import Plants
from sim.grid.system import State

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """Load and supply data of the problem; arrays of shape (n_steps,) except `available`.

    Attributes
    ----------
    load_mw : ndarray
        Residual load for units and lines.
    contract_mw, lines_mw : ndarray
        Contracted imports and the capability of the lines.
    available : ndarray, shape (n_steps, n)
    of_units_mw : ndarray, shape (n_steps, n)
        Output of units under contract.
    neighbours : ndarray of int, shape (n_steps,)
        State of the neighbours.
    step_hours : float
    lines : Lines
        Prices of extra imports, unserved energy and missing reserve.
    reserve_share : float
    """

    load_mw: Array
    contract_mw: Array
    lines_mw: Array
    available: Array
    of_units_mw: Array
    neighbours: NDArray[np.int64]
    step_hours: float
    lines: Lines
    reserve_share: float

    @property
    def steps_per_hour(self) -> int:
        """Steps in an hour."""
        return round(1.0 / self.step_hours)


@dataclass(frozen=True)
class Committed:
    """The optimal commitment.

    Attributes
    ----------
    cost_yuan : ndarray, shape (n_steps,)
        Fuel, no-load cost, starts, extra imports and unserved energy, by step.
    is_on : ndarray of bool, shape (n_hours, n)
    output_mw : ndarray, shape (n_steps, n)
    gap : float
        Relative optimality gap over the whole horizon.
    """

    cost_yuan: Array
    is_on: NDArray[np.bool_]
    output_mw: Array
    gap: float


def commit(plants: Plants, task: Task, state: State, gap: float, most_seconds: float) -> Committed:
    """Solve the programme from an initial state of the units.

    Parameters
    ----------
    gap, most_seconds : float
        See :meth:`sim.dispatch.program.Program.solve`.
    """
    able = plants.mw * task.available
    steps, n = able.shape
    per_hour, h = task.steps_per_hour, task.step_hours
    hours = steps // per_hour
    hour_of = np.arange(steps) // per_hour
    able_in_hour = able.reshape(hours, per_hour, n).max(axis=1)
    program, scarcity = Program(), task.lines.scarcity_price_yuan_per_mwh

    contracted = task.of_units_mw.reshape(hours, per_hour, n).max(axis=1) > 0.0
    lower = np.where((plants.must_run | contracted) & (able_in_hour > 0.0), 1.0, 0.0)
    upper = np.where(able_in_hour > 0.0, 1.0, 0.0)
    steady = ~plants.must_run & np.all(able > 0.0, axis=0)
    _hold_first_hours(plants, state, steady, lower, upper)
    idle = plants.idle_yuan_per_mwh * able.reshape(hours, per_hour, n).sum(axis=1) * h
    on = program.columns(idle.ravel(), lower.ravel(), upper.ravel()).reshape(hours, n)
    program.whole(on.ravel())
    start_yuan = (plants.start_yuan_per_mw * able_in_hour).ravel()
    start = program.columns(start_yuan, 0.0, np.ones(hours * n)).reshape(hours, n)
    least = np.minimum(task.of_units_mw, able).ravel()
    output = program.columns(np.tile(plants.cost_yuan_per_mwh * h, steps), least, able.ravel()).reshape(
        steps, n
    )
    taken = np.minimum(task.contract_mw, task.lines_mw)
    left_mw = np.minimum(task.lines_mw - taken, task.lines.room_mw[task.neighbours])
    extra_yuan = np.tile(task.lines.cost_yuan_per_mwh * h, steps)
    on_offer = task.lines.state[None, :] == task.neighbours[:, None]
    extra_mw = np.where(on_offer, np.outer(left_mw, task.lines.share), 0.0).ravel()
    extra = program.columns(extra_yuan, 0.0, extra_mw).reshape(steps, -1)
    last_yuan = shedding_yuan_per_mwh(task.lines) + scarcity  # a megawatt that is shed spares one of reserve
    unmet = program.columns(last_yuan * h, 0.0, np.full(steps, np.inf))
    spilled = program.columns(0.0, 0.0, np.full(steps, np.inf))
    short = program.columns(scarcity * h, 0.0, np.full(steps, np.inf))

    balance = program.rows(task.load_mw - taken, task.load_mw - taken)
    program.entries(np.repeat(balance, n), output.ravel(), 1.0)
    program.entries(np.repeat(balance, extra.shape[1]), extra.ravel(), 1.0)
    for columns, sign in ((unmet, 1.0), (spilled, -1.0)):
        program.entries(balance, columns, sign)
    reserve = program.rows(
        (1.0 + task.reserve_share) * task.load_mw - taken - left_mw, np.full(steps, np.inf)
    )
    program.entries(np.repeat(reserve, n), on[hour_of].ravel(), able.ravel())
    for columns in (short, unmet):  # unserved energy counts once
        program.entries(reserve, columns, 1.0)

    _add_limits(program, plants, able, (on[hour_of], output))
    _add_ramps(program, plants, able, h, (on, start, output), state)
    _add_starts(program, plants, steady, (on, start), state)
    found = program.solve(gap, most_seconds)
    values = found.value
    cost = values[output] @ plants.cost_yuan_per_mwh * h
    cost += (values[on[hour_of]] * able) @ plants.idle_yuan_per_mwh * h
    cost += (values[extra] @ task.lines.cost_yuan_per_mwh + (values[unmet] + values[short]) * scarcity) * h
    cost[::per_hour] += (values[start] * able_in_hour) @ plants.start_yuan_per_mw
    return Committed(
        cost, values[on] > 0.5, values[output], (found.objective - found.bound) / max(found.objective, 1.0)
    )


def _hold_first_hours(
    plants: Plants, state: State, steady: NDArray[np.bool_], lower: Array, upper: Array
) -> None:
    """Units that changed recently keep their state until their minimum up or down time is over."""
    for row in np.flatnonzero(steady):
        least = plants.minimum_up_h[row] if state.is_on[row] else plants.start_h[row]
        held = max(0, min(len(lower), int(np.ceil(least - state.unchanged_h[row]))))
        if state.is_on[row]:
            lower[:held, row] = upper[:held, row]
        else:
            upper[:held, row] = 0.0


def _add_limits(program: Program, plants: Plants, able: Array, columns: tuple[Index, Index]) -> None:
    """Output between minimum and available capacity, if on."""
    on, output = (part.ravel() for part in columns)
    most = able.ravel()
    least = (plants.minimum_share * able).ravel()
    top = program.rows(np.full(len(on), -np.inf), np.zeros(len(on)))
    program.entries(top, output, 1.0)
    program.entries(top, on, -most)
    bottom = program.rows(np.zeros(len(on)), np.full(len(on), np.inf))
    program.entries(bottom, output, 1.0)
    program.entries(bottom, on, -least)


def _add_ramps(
    program: Program, plants: Plants, able: Array, h: float, columns: tuple[Index, Index, Index], state: State
) -> None:
    """Ramp limits; a unit starts at its minimum output and may shut down from any output."""
    on, start, output = columns
    steps, n = output.shape
    per_hour = steps // len(on)
    ramp = plants.ramp_share_per_h * able * h
    binds = ramp < (1.0 - plants.minimum_share) * able
    was_on = np.where(state.is_on, 1.0, 0.0)
    for step in range(steps):
        rows_ = np.flatnonzero(binds[step])
        if not len(rows_):
            continue
        hour, first = step // per_hour, step == 0
        starts = step % per_hour == 0
        least = plants.minimum_share * able[step]
        before = state.output_mw * was_on if first else np.zeros(n)
        lost = np.maximum(0.0, before - able[step]) if first else np.maximum(0.0, able[step - 1] - able[step])
        back = np.zeros(n) if first else plants.minimum_share * np.maximum(0.0, able[step] - able[step - 1])
        # up: p(t) - p(t-1) <= ramp on(t) + minimum start(t), and to the minimum after a repair
        up = program.rows(np.full(len(rows_), -np.inf), (before + back)[rows_])
        program.entries(up, output[step, rows_], 1.0)
        program.entries(up, on[hour, rows_], -ramp[step, rows_])
        if starts:
            program.entries(up, start[hour, rows_], -least[rows_])
        # down: p(t-1) - p(t) <= ramp + (able - ramp) (1 - on(t))
        down = program.rows(np.full(len(rows_), -np.inf), able[step, rows_] + (lost - before)[rows_])
        program.entries(down, output[step, rows_], -1.0)
        program.entries(down, on[hour, rows_], (able - ramp)[step, rows_])
        if not first:
            program.entries(up, output[step - 1, rows_], -1.0)
            program.entries(down, output[step - 1, rows_], 1.0)


def _add_starts(
    program: Program, plants: Plants, steady: NDArray[np.bool_], columns: tuple[Index, Index], state: State
) -> None:
    """Start variables, and minimum up and down times.

    Units that fail or return, and must-run units, are exempt from minimum times.
    """
    on, start = columns
    hours, n = on.shape
    for hour in range(hours):
        was = np.where(state.is_on, 1.0, 0.0) if hour == 0 else np.zeros(n)
        begun = program.rows(-was, np.full(n, np.inf))  # start - on + on before >= 0
        program.entries(begun, start[hour], 1.0)
        program.entries(begun, on[hour], -1.0)
        if hour:
            program.entries(begun, on[hour - 1], 1.0)
    for row in np.flatnonzero(steady):
        up, down = (max(1, int(np.ceil(part[row]))) for part in (plants.minimum_up_h, plants.start_h))
        for hour in range(hours):
            lately = start[max(0, hour - up + 1) : hour + 1, row]
            stays = program.rows(np.array([-np.inf]), np.zeros(1))
            program.entries(np.repeat(stays, len(lately)), lately, 1.0)
            program.entries(stays, on[hour : hour + 1, row], -1.0)
            if hour >= down:
                since = start[hour - down + 1 : hour + 1, row]
                rested = program.rows(np.array([-np.inf]), np.ones(1))
                program.entries(np.repeat(rested, len(since)), since, 1.0)
                program.entries(rested, on[hour - down : hour - down + 1, row], 1.0)
