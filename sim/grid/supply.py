"""Merit order: what runs to meet load in one step, cheapest first.

Contracted imports come first, then what units must give: their minimum output, or what they cannot
ramp away. What is missing comes from units and extra imports in the order of their cost. What is left
over is unserved.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.data.catalogue import column
from sim.grid.plants import COAL, GAS, IMPORT, Plants
from sim.rules.compiling import compiled
from sim.scenario.grid import GridSection

NO_UNIT = -1  # in the place of a unit: extra imports, a share of what the lines have left


class Stack(NamedTuple):
    """Rows of supply in the order of the cost of one more megawatt-hour; arrays of shape (n,).

    Attributes
    ----------
    unit : ndarray of int
        Row of :class:`sim.grid.plants.Plants`, or NO_UNIT for extra imports.
    fuel : ndarray of int
    line_share : ndarray
        Of what the lines have left beyond contracts; 0 for units.
    least_mw, most_mw : ndarray
        Bounds of the output in a step.
    cost_yuan_per_mwh, tce_per_mwh, tce_elsewhere_per_mwh, co2_t_per_mwh : ndarray
        Of one more megawatt-hour.
    idle_yuan_per_h, idle_tce_per_h, idle_co2_t_per_h : ndarray
        Of being on.
    import_capability_mw, scarcity_price_yuan_per_mwh : float
    """

    unit: Any
    fuel: Any
    line_share: Any
    least_mw: Any
    most_mw: Any
    cost_yuan_per_mwh: Any
    tce_per_mwh: Any
    tce_elsewhere_per_mwh: Any
    co2_t_per_mwh: Any
    idle_yuan_per_h: Any
    idle_tce_per_h: Any
    idle_co2_t_per_h: Any
    import_capability_mw: float
    scarcity_price_yuan_per_mwh: float


class Lines(NamedTuple):
    """What can be bought over the lines beyond contracts, dearer the more is drawn; arrays of shape (n,).

    Attributes
    ----------
    share : ndarray
        Of what the lines have left; sums to 1.
    cost_yuan_per_mwh, co2_t_per_mwh, tce_per_mwh : ndarray
        Price, emissions, and coal burnt elsewhere.
    capability_mw, scarcity_price_yuan_per_mwh : float
    """

    share: Any
    cost_yuan_per_mwh: Any
    co2_t_per_mwh: Any
    tce_per_mwh: Any
    capability_mw: float
    scarcity_price_yuan_per_mwh: float


class Dispatch(NamedTuple):
    """Outcome of one step. Power in MW; rates per MWh; the rest for one hour of the step.

    Cost and emissions of contracted imports are left out: nothing in a step changes them.
    """

    coal_mw: float
    gas_mw: float
    import_mw: float
    unserved_mw: float
    spilled_mw: float
    price_yuan_per_mwh: float
    cost_yuan_per_h: float
    coal_tce_per_h: float
    co2_t_per_h: float
    marginal_coal_tce_per_mwh: float
    marginal_co2_t_per_mwh: float
    marginal_coal_elsewhere_tce_per_mwh: float
    coal_elsewhere_tce_per_h: float


def lines_of(grid: GridSection, place: str) -> Lines:
    """Lines of a place, as a scenario has them."""

    def figures(name: str) -> NDArray[np.float64]:
        return np.array(column("extra_imports", name, place))

    return Lines(
        share=figures("share") / figures("share").sum(),
        cost_yuan_per_mwh=1000.0 * grid.extra_import_price_scale * figures("price_yuan_per_kwh"),
        co2_t_per_mwh=figures("co2_kg_per_kwh"),
        tce_per_mwh=figures("tce_kg_per_kwh"),
        capability_mw=grid.import_capability_mw,
        scarcity_price_yuan_per_mwh=grid.scarcity_price_yuan_per_kwh * 1000.0,
    )


def merit_order(plants: Plants, lines: Lines, available: NDArray[np.float64]) -> Stack:
    """Supply as a planner sees it: any unit in order can run, at its cost at full output.

    Parameters
    ----------
    available : ndarray
        Share of each unit that can run.
    """
    able = plants.mw * available
    stack = _stack(plants, lines, plants.full_cost_yuan_per_mwh)
    here = stack.unit >= 0
    row = stack.unit[here]
    stack.tce_per_mwh[here] += plants.idle_tce_per_mwh[row]
    stack.co2_t_per_mwh[here] += plants.idle_co2_t_per_mwh[row]
    stack.most_mw[here] = able[row]
    stack.least_mw[here] = np.where(plants.must_run, plants.minimum_share * able, 0.0)[row]
    return stack


def operating_stack(plants: Plants, lines: Lines) -> Stack:
    """Supply as it runs, its bounds still to be set by :func:`set_bounds`."""
    return _stack(plants, lines, plants.cost_yuan_per_mwh)


def _stack(plants: Plants, lines: Lines, cost_yuan_per_mwh: NDArray[np.float64]) -> Stack:
    cost = np.append(cost_yuan_per_mwh, lines.cost_yuan_per_mwh)
    order = np.argsort(cost, kind="stable")
    n, steps = len(plants.mw), len(lines.share)

    def sorted_(of_units: Any, of_lines: Any) -> Any:
        return np.append(of_units, np.broadcast_to(of_lines, steps))[order]

    none = np.zeros(n)
    return Stack(
        unit=sorted_(np.arange(n), NO_UNIT).astype(np.int64),
        fuel=sorted_(plants.fuel, IMPORT).astype(np.int64),
        line_share=sorted_(none, lines.share),
        least_mw=np.zeros(n + steps),
        most_mw=np.zeros(n + steps),
        cost_yuan_per_mwh=cost[order],
        tce_per_mwh=sorted_(plants.tce_per_mwh, 0.0),
        tce_elsewhere_per_mwh=sorted_(none, lines.tce_per_mwh),
        co2_t_per_mwh=sorted_(plants.co2_t_per_mwh, lines.co2_t_per_mwh),
        idle_yuan_per_h=np.zeros(n + steps),
        idle_tce_per_h=np.zeros(n + steps),
        idle_co2_t_per_h=np.zeros(n + steps),
        import_capability_mw=lines.capability_mw,
        scarcity_price_yuan_per_mwh=lines.scarcity_price_yuan_per_mwh,
    )


@compiled
def set_bounds(
    stack: Stack, plants: Plants, is_on: Any, available: Any, output_mw: Any, was_on: Any, hours: float
) -> None:
    """Write into an operating stack what every unit can give in a step.

    A unit that is on gives at least its minimum output and at most what is in order of it, and changes
    no faster than it ramps; one that has just started begins at its minimum.

    Parameters
    ----------
    is_on, was_on : ndarray of bool
        Units on in this step and in the one before.
    available : ndarray
        Share of each unit that can run.
    output_mw : ndarray
        Output in the step before.
    hours : float
        Length of a step.
    """
    for k in range(len(stack.unit)):
        row = stack.unit[k]
        if row < 0:
            continue
        able = plants.mw[row] * available[row]
        if not is_on[row] or able <= 0.0:
            stack.least_mw[k] = stack.most_mw[k] = 0.0
            stack.idle_yuan_per_h[k] = stack.idle_tce_per_h[k] = stack.idle_co2_t_per_h[k] = 0.0
            continue
        minimum, ramp = plants.minimum_share[row] * able, plants.ramp_share_per_h[row] * able * hours
        before = output_mw[row] if was_on[row] else minimum
        stack.most_mw[k] = max(minimum, min(able, before + ramp))
        stack.least_mw[k] = min(stack.most_mw[k], max(minimum, before - ramp))
        stack.idle_yuan_per_h[k] = plants.idle_yuan_per_mwh[row] * able
        stack.idle_tce_per_h[k] = plants.idle_tce_per_mwh[row] * able
        stack.idle_co2_t_per_h[k] = plants.idle_co2_t_per_mwh[row] * able


@compiled
def dispatch(stack: Stack, load_mw: float, must_take_mw: float, contract_mw: float) -> Dispatch:
    """Meet the load of one step; see :func:`dispatch_units`."""
    return dispatch_units(stack, load_mw, must_take_mw, contract_mw, np.zeros(len(stack.unit)))


@compiled
def dispatch_units(
    stack: Stack, load_mw: float, must_take_mw: float, contract_mw: float, output_mw: Any
) -> Dispatch:
    """Meet the load of one step, and write the output of every row of the stack.

    Parameters
    ----------
    stack : Stack
    load_mw : float
        Demand with cars.
    must_take_mw : float
        Wind, solar and other generation on offer; spilled first where there is too much.
    contract_mw : float
        Contracted imports; part of the capability of the lines.
    output_mw : ndarray
        Is overwritten.
    """
    contract = min(contract_mw, stack.import_capability_mw)
    left = load_mw - must_take_mw - contract
    by_fuel = np.zeros(3)
    by_fuel[IMPORT] = contract
    cost, coal, elsewhere, co2 = 0.0, 0.0, 0.0, 0.0
    for k in range(len(stack.unit)):
        least = stack.least_mw[k]
        output_mw[k] = least
        left -= least
        by_fuel[stack.fuel[k]] += least
        cost += stack.idle_yuan_per_h[k] + least * stack.cost_yuan_per_mwh[k]
        coal += stack.idle_tce_per_h[k] + least * stack.tce_per_mwh[k]
        co2 += stack.idle_co2_t_per_h[k] + least * stack.co2_t_per_mwh[k]
    price, marginal_coal, marginal_elsewhere, marginal_co2 = 0.0, 0.0, 0.0, 0.0
    for k in range(len(stack.unit)):
        most = stack.most_mw[k] + stack.line_share[k] * (stack.import_capability_mw - contract)
        more = min(most - stack.least_mw[k], max(0.0, left))
        if more <= 0.0:
            continue
        left -= more
        output_mw[k] += more
        by_fuel[stack.fuel[k]] += more
        price, marginal_co2 = stack.cost_yuan_per_mwh[k], stack.co2_t_per_mwh[k]
        marginal_coal, marginal_elsewhere = stack.tce_per_mwh[k], stack.tce_elsewhere_per_mwh[k]
        cost += more * price
        coal += more * marginal_coal
        elsewhere += more * marginal_elsewhere
        co2 += more * marginal_co2
    unserved, spilled = max(0.0, left), max(0.0, -left)
    if unserved > 0.0:
        price = stack.scarcity_price_yuan_per_mwh
        marginal_coal, marginal_co2, marginal_elsewhere = 0.0, 0.0, 0.0
    return Dispatch(
        by_fuel[COAL], by_fuel[GAS], by_fuel[IMPORT], unserved, spilled, price, cost, coal, co2,
        marginal_coal, marginal_co2, marginal_elsewhere, elsewhere,
    )  # fmt: skip
