"""The plan: a linear programme over classes of cars, of a size independent of the number of cars.

Cars that leave in the same slot form a class (one-way cars, and two-way cars by endurance) with summed power,
debt and room. Decision variables are the charging and discharging of each class per slot; the cost of net
load follows from the operator's objective. The duals of the slots' balances are prices: cars that bid on
these prices carry out the plan.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.dispatch.fleet import ARRIVING_FIELDS, GROUPS, ONE_WAY, OWED, POWER, ROOM
from sim.dispatch.objective import ObjectiveSettings, Terms, pieces_of
from sim.dispatch.policy import Outlook
from sim.dispatch.program import Program, Solution

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

MARGIN_MW = 100.0  # of net load beyond the range that the cars can reach
#: Until when [h] the plan's slots are so long [h]: fine until it is made anew, coarse for the next day.
SLOTS = ((2.0, 0.25), (6.0, 1.0), (math.inf, 2.0))
ERRORS_LAST_H = 3.0  # as by default forecast errors do (operator.forecast_memory_hours)
BROKEN_PROMISE_YUAN_PER_MWH = 1e5  # keeps the programme solvable where stays are shorter than stated


@dataclass(frozen=True)
class Plan:
    """The operator's plan, by step from now.

    Attributes
    ----------
    price_yuan_per_mwh : ndarray, shape (horizon,)
        Marginal value of energy by step.
    peak_mw : float
        Planned peak of net load for the rest of this calendar day.
    """

    price_yuan_per_mwh: Array
    peak_mw: float


@dataclass(frozen=True)
class Classes:
    """Cars by slot of departure and group, in energy at the grid side.

    Attributes
    ----------
    last : ndarray of int, shape (n,)
        Slot in which the class leaves.
    two_way : ndarray of bool, shape (n,)
    energy_mwh : ndarray, shape (n, n_slots)
        Maximum charge (or discharge) in each slot.
    owed_mwh, room_mwh : ndarray, shape (n, n_slots + 1)
        Debt added at the start of each slot; maximum debt at its start.
    """

    last: Whole
    two_way: NDArray[np.bool_]
    energy_mwh: Array
    owed_mwh: Array
    room_mwh: Array


def slots_of(horizon: int, step_hours: float) -> Whole:
    """Edges of the plan's slots in steps from now."""
    borders, begin = [0], 0
    for until_h, slot_h in SLOTS:
        end = min(horizon, round(min(until_h / step_hours, horizon)))
        borders += range(begin + max(1, round(slot_h / step_hours)), end, max(1, round(slot_h / step_hours)))
        borders.append(end)
        begin = end
    return np.unique(borders).astype(np.int64)


def classes(outlook: Outlook, borders: Whole) -> Classes:
    """Sum plugged-in and expected cars by slot of departure."""
    horizon = int(borders[-1])
    ends = np.flatnonzero(outlook.plugged.sums[..., POWER].sum(axis=1))
    begin, stay = np.nonzero(outlook.arriving[..., POWER].sum(axis=2))
    starts = np.concatenate([np.zeros(len(ends), dtype=np.int64), begin])
    stops = np.concatenate(
        [np.maximum(1, ends), begin + np.maximum(1, np.rint((stay + 0.5) / outlook.step_hours))]
    ).astype(np.int64)
    sums = np.concatenate([outlook.plugged.sums[ends, :, :ARRIVING_FIELDS], outlook.arriving[begin, stay]])
    return _by_slots(borders, outlook.step_hours, starts, stops, sums, horizon)


def _by_slots(
    borders: Whole, hours: float, starts: Whole, stops: Whole, sums: Array, horizon: int
) -> Classes:
    """Classes of stays by slot of departure, from sums of stays with the same start and end.

    Parameters
    ----------
    starts, stops : ndarray of int, shape (n_stays,)
        First step, and first step after it.
    sums : ndarray, shape (n_stays, GROUPS, 3)
        Power, energy owed and most energy owed.
    """
    n = len(borders) - 1
    last = np.minimum(n - 1, np.searchsorted(borders, stops, side="left") - 1)
    first = np.searchsorted(borders, starts, side="right") - 1
    kept = (last >= first) & (stops > starts)
    starts, stops, last, first = starts[kept], stops[kept], last[kept], first[kept]
    sums = sums[kept]
    present = np.minimum(stops[:, None], borders[1:]) - np.maximum(starts[:, None], borders[:-1])
    present_h = np.maximum(present, 0) * hours
    energy, owed, room = (np.zeros((n, GROUPS, width)) for width in (n, n + 1, n + 1))
    np.add.at(energy, last, sums[:, :, POWER, None] * present_h[:, None, :])
    # The debt of a stay beyond the horizon need not be cleared within it.
    part_of_debt = np.minimum(1.0, (horizon - starts) / (stops - starts))
    of_group = (last[:, None], np.arange(GROUPS)[None, :], first[:, None])
    np.add.at(owed, of_group, sums[:, :, OWED] * part_of_debt[:, None])
    here = np.arange(n + 1) >= first[:, None]
    np.add.at(room, last, sums[:, :, ROOM, None] * here[:, None, :])
    used, group = np.nonzero(energy.sum(axis=2))
    return Classes(used, group != ONE_WAY, energy[used, group], owed[used, group], room[used, group])


def make_plan(outlook: Outlook, weights: ObjectiveSettings, peak_so_far_mw: float) -> Plan:
    """Solve the programme.

    Parameters
    ----------
    outlook : Outlook
    weights : ObjectiveSettings
    peak_so_far_mw : float
        Net load already reached, which incurs no further peak cost.
    """
    borders = slots_of(len(outlook.net_load_mw), outlook.step_hours)
    fleet = classes(outlook, borders)
    lengths = np.diff(borders)
    net = np.add.reduceat(outlook.net_load_mw, borders[:-1]) / lengths
    contract, local = (
        np.add.reduceat(each, borders[:-1]) / lengths for each in (outlook.contract_mw, outlook.local_mw)
    )
    state = np.maximum.reduceat(outlook.neighbours, borders[:-1])
    conditions = np.column_stack([contract, local, state])
    pays = np.minimum.reduceat(outlook.discharge_pays, borders[:-1])
    program = Program()
    drawn, given = _add_classes(
        program, fleet, pays, outlook.round_trip, 1000.0 * weights.least_gain_yuan_per_kwh
    )
    margin_mw = peak_margin_mw(net, lengths * outlook.step_hours, weights.peak_margin_share)
    solution, balance, level = _add_supply(
        program, fleet, (drawn, given), (net, conditions), lengths * outlook.step_hours, outlook,
        weights, (_day_of(outlook, borders[:-1]), peak_so_far_mw, margin_mw),
    )  # fmt: skip
    price, planned = solution.dual[balance], solution.value[level]
    today = _day_of(outlook, borders[:-1]) == 0
    return Plan(np.repeat(price, lengths), float((planned - margin_mw)[today].max()))


def peak_margin_mw(net_mw: Array, hours: Array, share: float) -> Array:
    """How far the plan lets later slots exceed the peak of their day, shape (n_slots,) [MW].

    Planned against one forecast, cars save energy for a peak that may not come, and the present one passes.
    Later slots are planned again with what is known then; the margin grows with lead time as forecast
    errors do.
    """
    lead_h = np.cumsum(hours) - hours
    margin: Array = share * np.maximum(0.0, net_mw) * np.sqrt(1.0 - np.exp(-2.0 * lead_h / ERRORS_LAST_H))
    return margin


def _day_of(outlook: Outlook, steps: Whole) -> Whole:
    """Calendar day of steps from now, counted from today."""
    per_day = round(24.0 / outlook.step_hours)
    return (outlook.step + steps) // per_day - outlook.step // per_day


def _add_classes(
    program: Program,
    fleet: Classes,
    pays: NDArray[np.bool_],
    round_trip: float,
    wear_yuan_per_mwh: float,
) -> tuple[Whole, Whole]:
    """Add the debt balance of every class: charging reduces it, discharging adds. Returns columns by slot.

    Discharging is planned in slots in which it pays the owners.
    """
    n, slots = fleet.energy_mwh.shape
    inside = np.arange(slots)[None, :] <= fleet.last[:, None]
    drawn = np.full((n, slots), -1, dtype=np.int64)
    given = np.full((n, slots), -1, dtype=np.int64)
    drawn[inside] = program.columns(0.0, 0.0, fleet.energy_mwh[inside])
    sells = inside & fleet.two_way[:, None] & pays[None, :]
    given[sells] = program.columns(wear_yuan_per_mwh, 0.0, fleet.energy_mwh[sells])
    start = np.cumsum(fleet.owed_mwh, axis=1)
    most = np.maximum(np.where(fleet.two_way[:, None], fleet.room_mwh, 0.0), start)[:, 1:]
    leaves = np.arange(slots)[None, :] == fleet.last[:, None]
    debt = np.full((n, slots), -1, dtype=np.int64)  # at the end of each slot
    debt[inside] = program.columns(
        np.where(leaves, BROKEN_PROMISE_YUAN_PER_MWH, 0.0)[inside],
        0.0,
        np.where(leaves, np.inf, most)[inside],
    )
    arriving = fleet.owed_mwh[:, :slots][inside]
    rows = np.full((n, slots), -1, dtype=np.int64)
    rows[inside] = program.rows(arriving, arriving)
    program.entries(rows[inside], debt[inside], 1.0)
    later = inside.copy()
    later[:, 0] = False
    earlier = np.roll(debt, 1, axis=1)
    program.entries(rows[later], earlier[later], -1.0)
    program.entries(rows[inside], drawn[inside], 1.0)
    program.entries(rows[sells], given[sells], -1.0 / round_trip)
    return drawn, given


def _add_supply(
    program: Program,
    fleet: Classes,
    columns: tuple[Whole, Whole],
    forecast: tuple[Array, Array],
    hours: Array,
    outlook: Outlook,
    weights: ObjectiveSettings,
    days: tuple[Whole, float, Array],
) -> tuple[Solution, Whole, Whole]:
    """Add the net load of every slot and its cost; solve."""
    net, conditions = forecast
    n = len(net)
    power = fleet.energy_mwh.sum(axis=0) / hours
    level = program.columns(0.0, -np.inf, np.full(n, np.inf))
    balance = program.rows(net * hours, net * hours)
    program.entries(balance, level, hours)
    for sign, which in zip((-1.0, 1.0), columns, strict=True):
        here = which >= 0
        program.entries(np.broadcast_to(balance, which.shape)[here], which[here], sign)
    pieces = pieces_of(net, power + MARGIN_MW, outlook.supply, conditions, Terms.of(weights))
    blocks = program.columns(pieces.yuan_per_mwh * np.repeat(hours, pieces.count), 0.0, pieces.mw)
    stacked = program.rows(pieces.lowest_mw, pieces.lowest_mw)
    program.entries(stacked, level, 1.0)
    program.entries(np.repeat(stacked, pieces.count), blocks, -1.0)
    if weights.peak_yuan_per_mw > 0.0:
        day, peak_so_far_mw, margin_mw = days
        least = np.where(np.arange(day[-1] + 1) == 0, peak_so_far_mw, 0.0)
        top = program.columns(weights.peak_yuan_per_mw, least, np.full(len(least), np.inf))
        under = program.rows(np.full(n, -np.inf), margin_mw)
        program.entries(under, level, 1.0)
        program.entries(under, top[day], -1.0)
    return program.solve(presolve=False), balance, level
