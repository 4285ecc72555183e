"""Day-ahead unit commitment by heuristic.

Starting from "all on", units are switched off one by one, the dearest first, as long as total cost falls
(unit decommitment); then hours are added and removed at the edges. Fuel, no-load cost, starts, extra imports
and missing reserve count; minimum output, ramps, and minimum up and down times hold.
:mod:`sim.dispatch.unit_commitment` measures the gap to the optimum.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from sim.grid.plants import Plants
from sim.grid.supply import Stack, dispatch_units, import_room_mw, set_bounds
from sim.rules.compiling import compiled

MOST_ROUNDS = 4
EDGE_HOURS = 3
PROBE_HOURS = 3
LEAST_GAIN_YUAN = 1.0
FAR_AWAY = 1e9  # hours since a change before the start of the run
AT_LEAST_TOLERANCE_MW = 1e-6


@compiled
def schedule(
    plants: Plants, stack: Stack, available: Any, output_mw: Any, was_on: Any, unchanged_h: Any,
    off_until: Any, load_mw: Any, contract_mw: Any, of_units_mw: Any, state: Any, reserve_share: float,
) -> Any:  # fmt: skip
    """Determine the units that are on in every hour ahead.

    Parameters
    ----------
    plants : Plants
    stack : Stack
        Operating stack, whose bounds are overwritten.
    available : ndarray, shape (n,)
        Share of each unit that can run, as known now.
    output_mw, was_on, unchanged_h : ndarray, shape (n,)
        Output and state of the units now, and for how many hours it has not changed.
    off_until : ndarray of int, shape (n,)
        First hour in which a unit that is off can be on.
    load_mw, contract_mw : ndarray, shape (n_hours,)
        Residual load for units and lines, and contracted imports.
    of_units_mw : ndarray, shape (n_hours, n)
        Output of units under contract; a unit is on where it has one.
    state : ndarray of int, shape (n_hours,)
        Of the neighbours, as expected.
    reserve_share : float
        Of load, to be held in reserve.

    Returns
    -------
    ndarray of bool, shape (n_hours, n)
    """
    hours, n = len(load_mw), len(plants.mw)
    on = np.ones((hours, n), dtype=np.bool_)
    for row in range(n):
        if available[row] <= 0.0:
            on[:, row] = False
        on[: min(hours, off_until[row]), row] = False
        _keep_contracts(on[:, row], of_units_mw[:, row])
    course, tried = new_course(output_mw, was_on, hours), new_course(output_mw, was_on, hours)
    at_least, price = course.at_least, course.price
    best, _ = course_cost(
        plants, stack, on, available, load_mw, contract_mw, of_units_mw, state, reserve_share, course, course,
        0, hours, np.inf,
    )  # fmt: skip
    changes, tried_at = 0, np.full(n, -1)
    for _ in range(MOST_ROUNDS):
        before = best
        for row in range(n - 1, -1, -1):
            if plants.must_run[row] or available[row] <= 0.0 or tried_at[row] == changes:
                continue  # nothing has changed since this unit was tried last
            tried_at[row] = changes
            full = plants.cost_yuan_per_mwh[row] + plants.idle_yuan_per_mwh[row]
            stays = math.ceil(plants.minimum_up_h[row])
            windows = _windows(on[:, row], at_least[:, row], price > full, stays)
            for w in range(len(windows)):
                first, stop, value = windows[w]
                if first >= stop or _stays(on[:, row], first, stop, value == 1):
                    continue
                kept = on[:, row].copy()
                on[first:stop, row] = value == 1
                on[: min(hours, off_until[row]), row] = False
                _keep_contracts(on[:, row], of_units_mw[:, row])
                cost, until = np.inf, first
                if _allowed(on[:, row], was_on[row], unchanged_h[row], plants, row):
                    cost, until = course_cost(
                        plants, stack, on, available, load_mw, contract_mw, of_units_mw, state, reserve_share,
                        course, tried, first, stop, best,
                    )  # fmt: skip
                if cost < best - LEAST_GAIN_YUAN:
                    best, changes = cost, changes + 1
                    _take_over(course, tried, first, until)
                else:
                    on[:, row] = kept
        if best > before - LEAST_GAIN_YUAN:
            break
    return on


@compiled
def _keep_contracts(on: Any, of_unit_mw: Any) -> None:
    """A unit is on in every hour in which it delivers under contract."""
    for hour in range(len(on)):
        if of_unit_mw[hour] > 0.0:
            on[hour] = True


@compiled
def _windows(on: Any, at_least: Any, pays: Any, stays: int) -> Any:
    """Candidate changes of one unit: first hour, hour after the last, and 1 for on or 0 for off.

    Off where it runs at minimum output only; on, for at least `stays` hours, where the price covers its cost;
    slightly earlier or later at each start or stop.
    """
    hours = len(on)
    found = [(0, hours, 0), (0, hours, 1)]
    begin = -1
    for hour in range(hours + 1):
        idle = hour < hours and on[hour] and at_least[hour]
        if idle and begin < 0:
            begin = hour
        elif not idle and begin >= 0:
            found.append((begin, hour, 0))
            found.append((0, hour, 0))
            found.append((begin, hours, 0))
            begin = -1
    idles = True
    for hour in range(hours):
        idles = idles and (at_least[hour] or not on[hour])
    if idles:  # on for reserve only, perhaps not needed in all these hours
        for hour in range(PROBE_HOURS, hours, PROBE_HOURS):
            found.append((0, hour, 0))
            found.append((hour, hours, 0))
    for hour in range(1, hours):
        if on[hour] != on[hour - 1]:
            for reach in range(1, EDGE_HOURS + 1):
                found.append((hour, min(hours, hour + reach), 1 if on[hour - 1] else 0))
                found.append((max(0, hour - reach), hour, 1 if on[hour] else 0))
    begin = -1
    for hour in range(hours + 1):
        missed = hour < hours and not on[hour] and pays[hour]
        if missed and begin < 0:
            begin = hour
        elif not missed and begin >= 0:
            found.append((begin, min(hours, max(hour, begin + stays)), 1))
            found.append((max(0, min(begin, hour - stays)), hour, 1))
            begin = -1
    return found


@compiled
def _stays(on: Any, first: int, stop: int, state: bool) -> bool:
    """Whether a unit is in one state all along, from an hour up to another."""
    for hour in range(first, stop):  # noqa: SIM110 - Numba compiles no generators here
        if on[hour] != state:
            return False
    return True


@compiled
def _allowed(on: Any, was_on: bool, unchanged_h: float, plants: Plants, row: int) -> bool:
    """Whether minimum up and down times hold; times that extend beyond the horizon are accepted."""
    state, since = was_on, unchanged_h
    for hour in range(len(on)):
        if on[hour] != state:
            if since < (plants.minimum_up_h[row] if state else plants.start_h[row]):
                return False
            state, since = on[hour], 0.0
        since += 1.0
    return True


class Course(NamedTuple):
    """Stored simulation of the hours ahead, reused by trials that change later hours only.

    Attributes
    ----------
    output_mw, running : ndarray, shape (n_hours + 1, n)
        Output and state of the units before each hour, and after the last.
    cost_yuan : ndarray, shape (n_hours + 1,)
        Cost of all hours before.
    at_least : ndarray of bool, shape (n_hours, n)
        Whether a unit runs at its lower bound in an hour.
    price : ndarray, shape (n_hours,)
        Marginal cost of energy, or price of missing reserve, [yuan/MWh].
    """

    output_mw: Any
    running: Any
    cost_yuan: Any
    at_least: Any
    price: Any


@compiled
def new_course(output_mw: Any, was_on: Any, hours: int) -> Course:
    """A course with given initial output and states of the units."""
    n = len(output_mw)
    output, running = np.zeros((hours + 1, n)), np.zeros((hours + 1, n), dtype=np.bool_)
    output[0], running[0] = output_mw, was_on
    return Course(output, running, np.zeros(hours + 1), np.zeros((hours, n), dtype=np.bool_), np.zeros(hours))


@compiled
def _take_over(course: Course, other: Course, first: int, until: int) -> None:
    """Copy another course from one hour to a later one, from which only the sum of costs differs."""
    course.output_mw[first + 1 : until + 1] = other.output_mw[first + 1 : until + 1]
    course.running[first + 1 : until + 1] = other.running[first + 1 : until + 1]
    course.cost_yuan[until + 1 :] += other.cost_yuan[until] - course.cost_yuan[until]
    course.cost_yuan[first + 1 : until + 1] = other.cost_yuan[first + 1 : until + 1]
    course.at_least[first:until] = other.at_least[first:until]
    course.price[first:until] = other.price[first:until]


@compiled
def course_cost(
    plants: Plants, stack: Stack, on: Any, available: Any, load_mw: Any, contract_mw: Any, of_units_mw: Any,
    state: Any, reserve_share: float, before: Course, course: Course, first: int, stop: int, enough: float,
) -> tuple[float, int]:  # fmt: skip
    """Cost of the hours with given units on [yuan]; missing reserve counts as unserved load.

    Once the units are as before, the hours that are left cost what they did: the second figure returned is
    the hour from which this holds.

    Parameters
    ----------
    before : Course
        Provides the state at the hour `first`, and what the hours after `stop` cost.
    course : Course
        Overwritten from that hour on, up to the hour returned.
    first, stop : int
        Commitments may differ from those before in the hours from `first` up to `stop`.
    enough : float
        Cost at which the evaluation stops and infinity is returned; valid because no hour has a negative
        cost.
    """
    n = len(plants.mw)
    output, running = before.output_mw[first].copy(), before.running[first].copy()
    given = np.zeros(len(stack.unit))
    total = before.cost_yuan[first]
    for hour in range(first, len(load_mw)):
        set_bounds(stack, plants, on[hour], available, of_units_mw[hour], output, running, 1.0)
        met = dispatch_units(stack, load_mw[hour], 0.0, contract_mw[hour], state[hour], given)
        running_mw = 0.0
        for row in range(n):
            running_mw += on[hour, row] * available[row] * plants.mw[row]
        contract = min(contract_mw[hour], stack.import_capability_mw)
        reserve = running_mw + contract + import_room_mw(stack, contract, state[hour]) - load_mw[hour]
        short = met.unserved_mw + max(0.0, reserve_share * load_mw[hour] - max(0.0, reserve))
        total += met.cost_yuan_per_h + short * stack.scarcity_price_yuan_per_mwh
        course.price[hour] = stack.scarcity_price_yuan_per_mwh if short > 0.0 else met.price_yuan_per_mwh
        for k in range(len(stack.unit)):
            row = stack.unit[k]
            if row >= 0:
                output[row] = given[k]
                course.at_least[hour, row] = given[k] <= stack.least_mw[k] + AT_LEAST_TOLERANCE_MW
        for row in range(n):
            if on[hour, row] and not running[row]:
                total += plants.start_yuan_per_mw[row] * plants.mw[row] * available[row]
            running[row] = on[hour, row]
        if total > enough:
            return np.inf, first
        ahead = hour + 1
        course.output_mw[ahead], course.running[ahead], course.cost_yuan[ahead] = output, running, total
        if stop <= ahead < len(load_mw) and _same(
            output, before.output_mw[ahead], running, before.running[ahead]
        ):
            return total + before.cost_yuan[-1] - before.cost_yuan[ahead], ahead
    return float(total), len(load_mw)


@compiled
def _same(output: Any, other: Any, running: Any, other_running: Any) -> bool:
    """Whether all units give and are what they do in another course."""
    for row in range(len(output)):
        if output[row] != other[row] or running[row] != other_running[row]:
            return False
    return True
