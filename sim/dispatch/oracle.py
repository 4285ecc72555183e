"""Benchmark: the exact linear programme over single cars with perfect foresight.

Its cost is a lower bound for any policy on the same cars and days: arrivals, departures and wind are known.
Converters have their rated efficiency at any power; part-load losses keep actual fleets from reaching the
bound.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.dispatch.objective import supply_steps
from sim.dispatch.program import Program
from sim.grid.supply import Conditions, Stack, dispatch

Array = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Sessions:
    """Sessions of single cars in a window of time; arrays of shape (n,).

    Attributes
    ----------
    start, stop : ndarray of int
        First step of the session within the window, and first step after it.
    energy_kwh, owed_kwh, floor_kwh : ndarray
        Energy at the start, energy owed at the end, energy below which no discharge, [kWh].
    charge_kw, feed_in_kw : ndarray
        Ratings at the grid side; 0 for cars that may not discharge.
    full_kwh, taper_h : ndarray
        See :mod:`sim.rules.battery`.
    efficiency, feed_in_efficiency : ndarray
        Stored over drawn energy, and fed-in energy over energy taken from the battery, at the rating.
    wear_yuan_per_kwh : ndarray
        Wear of the owner's cells by a kilowatt-hour fed in.
    pays : ndarray of bool, shape (n, n_steps)
        Steps of the window in which the owner gains by discharging; in others none may be called.
    """

    start: Whole
    stop: Whole
    energy_kwh: Array
    owed_kwh: Array
    floor_kwh: Array
    charge_kw: Array
    feed_in_kw: Array
    full_kwh: Array
    taper_h: Array
    efficiency: Array
    feed_in_efficiency: Array
    wear_yuan_per_kwh: Array
    pays: NDArray[np.bool_]


@dataclass(frozen=True)
class Optimum:
    """Optimal course of the fleet.

    Attributes
    ----------
    drawn_mw, fed_mw : ndarray, shape (n_steps,)
        Charging and discharging power at the scale of the city.
    wear_yuan : float
        Wear by what is fed in.
    """

    drawn_mw: Array
    fed_mw: Array
    wear_yuan: float


def generation_cost(
    stack: Stack, net_load_mw: Array, conditions: Sequence[Conditions], step_hours: float
) -> float:
    """Cost of meeting net load; unserved energy counts at the scarcity price [yuan]."""
    total = 0.0
    for mw, (contract, local, state) in zip(net_load_mw, conditions, strict=True):
        met = dispatch(stack, float(mw), local, contract, state)
        total += met.cost_yuan_per_h + met.unserved_mw * stack.scarcity_price_yuan_per_mwh
    return total * step_hours


def optimum(
    sessions: Sessions,
    net_load_mw: Array,
    conditions: Sequence[Conditions],
    stack: Stack,
    step_hours: float,
    mw_per_kw: float,
    cost_weight: float,
    peak_yuan_per_mw: float,
) -> Optimum:
    """Minimise the weighted sum of cost and peak.

    Parameters
    ----------
    net_load_mw : ndarray, shape (n_steps,)
        Net load without the controlled cars.
    conditions : sequence of Conditions, of the same length
    mw_per_kw : float
        Power at the scale of the city for a kW of the cars given.
    """
    program, n = Program(), len(net_load_mw)
    session, step = _where(sessions)
    drawn, fed = _add_sessions(program, sessions, session, step, step_hours)
    level = program.columns(0.0, 0.0, np.full(n, np.inf))
    balance = program.rows(net_load_mw, net_load_mw)
    program.entries(balance, level, 1.0)
    scale = mw_per_kw / step_hours
    program.entries(balance[step], drawn, -scale)
    sells = (sessions.feed_in_kw[session] > 0.0) & sessions.pays[session, step]
    program.entries(balance[step[sells]], fed, scale)
    wear_yuan = sessions.wear_yuan_per_kwh[session][sells] * mw_per_kw * 1000.0
    program.add_cost(fed, wear_yuan * cost_weight)
    _add_merit_order(program, level, (net_load_mw, conditions), stack, cost_weight * step_hours)
    top = program.columns(peak_yuan_per_mw, 0.0, np.array([np.inf]))
    under = program.rows(np.full(n, -np.inf), np.zeros(n))
    program.entries(under, level, 1.0)
    program.entries(under, np.repeat(top, n), -1.0)
    found = program.solve().value
    drawn_mw, fed_mw = np.zeros(n), np.zeros(n)
    np.add.at(drawn_mw, step, found[drawn] * scale)
    np.add.at(fed_mw, step[sells], found[fed] * scale)
    return Optimum(drawn_mw, fed_mw, float(found[fed] @ wear_yuan))


def _where(sessions: Sessions) -> tuple[Whole, Whole]:
    """Session and step of every session-step pair, in order."""
    lengths = sessions.stop - sessions.start
    session = np.repeat(np.arange(len(lengths)), lengths)
    within = np.arange(len(session)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return session, sessions.start[session] + within


def _add_sessions(
    program: Program, of: Sessions, session: Whole, step: Whole, hours: float
) -> tuple[Whole, Whole]:
    """Add the energy balance of every car and step; returns the columns of charge and discharge [kWh]."""
    sells = (of.feed_in_kw[session] > 0.0) & of.pays[session, step]
    last = step == of.stop[session] - 1
    drawn = program.columns(0.0, 0.0, of.charge_kw[session] * hours)
    fed = program.columns(0.0, 0.0, (of.feed_in_kw[session] * hours)[sells])
    lower = np.where(last, of.owed_kwh[session], _least(of, session, step, hours))
    most = np.maximum(of.owed_kwh, of.energy_kwh)[session]  # a car may begin with more than it owes
    energy = program.columns(0.0, lower, np.maximum(lower, most))
    first = step == of.start[session]
    begin = np.where(first, of.energy_kwh[session], 0.0)
    rows = program.rows(begin, begin)
    program.entries(rows, energy, 1.0)
    program.entries(rows[~first], energy[np.flatnonzero(~first) - 1], -1.0)
    program.entries(rows, drawn, -of.efficiency[session])
    program.entries(rows[sells], fed, 1.0 / of.feed_in_efficiency[session][sells])
    # Taper near full: the energy missing to full decreases at most exponentially.
    keeps = np.exp(-hours / of.taper_h[session])
    bound = of.full_kwh[session] * (1.0 - keeps)
    taper = program.rows(np.full(len(step), -np.inf), bound + np.where(first, keeps * begin, 0.0))
    program.entries(taper, energy, 1.0)
    program.entries(taper[~first], energy[np.flatnonzero(~first) - 1], -keeps[~first])
    return drawn, fed


def _least(of: Sessions, session: Whole, step: Whole, hours: float) -> Array:
    """Lower bound of the energy after each step: the reserve, or the path up to it at full power."""
    since = (step - of.start[session] + 1) * hours
    reached = of.energy_kwh[session] + of.charge_kw[session] * of.efficiency[session] * since
    missing = of.full_kwh - of.energy_kwh
    tapered = of.full_kwh[session] - missing[session] * np.exp(-since / of.taper_h[session])
    slack = math.ulp(1.0) * 1e6
    return np.minimum(of.floor_kwh[session], np.minimum(reached, tapered) - slack)


def _add_merit_order(
    program: Program, level: Whole, load: tuple[Array, Sequence[Conditions]], stack: Stack, weight: float
) -> None:
    net, conditions = load
    top = float(net.max()) * 1.5
    rows = program.rows(np.zeros(len(net)), np.zeros(len(net)))
    program.entries(rows, level, 1.0)
    for k, each in enumerate(conditions):
        borders, prices = supply_steps(stack, each, top)
        blocks = program.columns(weight * prices, 0.0, np.diff(borders))
        program.entries(np.repeat(rows[k], len(blocks)), blocks, -1.0)
