"""Merit-order dispatch of one step.

Contracted imports come first, then the lower bounds of units: minimum output, what they deliver under
contract, or the output that they cannot ramp down. The remaining load is met by units and extra imports in
order of cost; which extra imports there are depends on the state of the neighbours. The rest is unserved.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.grid.neighbours import Lines
from sim.grid.plants import COAL, GAS, IMPORT, Plants
from sim.rules.compiling import compiled

NO_UNIT = -1  # instead of a unit: extra imports, a share of what the neighbours can spare
NO_STATE = -1  # of a unit, which runs in any state of the neighbours


class Stack(NamedTuple):
    """Supply in merit order, by marginal cost; arrays of shape (n,).

    Attributes
    ----------
    unit : ndarray of int
        Row of :class:`sim.grid.plants.Plants`, or NO_UNIT for extra imports.
    fuel : ndarray of int
    state : ndarray of int
        State of the neighbours in which extra imports are on offer; NO_STATE for units.
    line_share : ndarray
        Share of what the neighbours can spare in that state; 0 for units.
    least_mw, most_mw : ndarray
        Bounds of the output in a step.
    cost_yuan_per_mwh, tce_per_mwh, tce_elsewhere_per_mwh, co2_t_per_mwh : ndarray
        Of one more megawatt-hour.
    idle_yuan_per_h, idle_tce_per_h, idle_co2_t_per_h : ndarray
        No-load rates.
    room_mw : ndarray, shape (n_states,)
        What the neighbours can spare at most beyond contracts.
    import_capability_mw, scarcity_price_yuan_per_mwh : float
    """

    unit: Any
    fuel: Any
    state: Any
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
    room_mw: Any
    import_capability_mw: float
    scarcity_price_yuan_per_mwh: float


class Dispatch(NamedTuple):
    """Outcome of one step. Power in MW; rates per MWh; the rest for one hour of the step.

    Cost and emissions of contracted imports are excluded: they are fixed in advance.
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


def merit_order(
    plants: Plants,
    lines: Lines,
    available: NDArray[np.float64],
    under_contract_mw: NDArray[np.float64] | float = 0.0,
) -> Stack:
    """Merit order for planning: every available unit can run, at its cost at full output.

    Parameters
    ----------
    available : ndarray
        Share of each unit that can run.
    under_contract_mw : ndarray
        Output of each unit that is delivered under contract, and counted there.
    """
    able = plants.mw * available - under_contract_mw
    stack = _stack(plants, lines, plants.full_cost_yuan_per_mwh)
    here = stack.unit >= 0
    row = stack.unit[here]
    stack.tce_per_mwh[here] += plants.idle_tce_per_mwh[row]
    stack.co2_t_per_mwh[here] += plants.idle_co2_t_per_mwh[row]
    stack.most_mw[here] = able[row]
    least = np.where(plants.must_run, plants.minimum_share * plants.mw * available, 0.0)
    stack.least_mw[here] = np.maximum(0.0, least - under_contract_mw)[row]
    return stack


def operating_stack(plants: Plants, lines: Lines) -> Stack:
    """Merit order for operation; its bounds are set by :func:`set_bounds`."""
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
        state=sorted_(np.full(n, NO_STATE), lines.state).astype(np.int64),
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
        room_mw=lines.room_mw,
        import_capability_mw=lines.capability_mw,
        scarcity_price_yuan_per_mwh=lines.scarcity_price_yuan_per_mwh,
    )


@compiled
def set_bounds(
    stack: Stack, plants: Plants, is_on: Any, available: Any, contract_mw: Any, output_mw: Any, was_on: Any,
    hours: float,
) -> None:  # fmt: skip
    """Set the bounds of every unit of an operating stack for a step.

    A unit that is on runs between its minimum output, or what it delivers under contract, and its available
    capacity, within its ramp limits; a unit that has just started runs at its minimum.

    Parameters
    ----------
    is_on, was_on : ndarray of bool
        Units on in this step and in the one before.
    available : ndarray
        Share of each unit that can run.
    contract_mw : ndarray
        Output of each unit under contract, see :func:`units_under_contract`.
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
        stack.least_mw[k] = min(stack.most_mw[k], max(minimum, contract_mw[row], before - ramp))
        stack.idle_yuan_per_h[k] = plants.idle_yuan_per_mwh[row] * able
        stack.idle_tce_per_h[k] = plants.idle_tce_per_mwh[row] * able
        stack.idle_co2_t_per_h[k] = plants.idle_co2_t_per_mwh[row] * able


@compiled
def units_under_contract(plants: Plants, available: Any, gas_mw: float, contract_mw: Any) -> None:
    """Divide gas delivered under contract among the gas units, in merit order.

    Parameters
    ----------
    available : ndarray
        Share of each unit that can run.
    gas_mw : float
        Contracted output of all gas units; what must run for heat comes first.
    contract_mw : ndarray
        Is overwritten with the output of each unit.
    """
    left = gas_mw
    for row in range(len(plants.mw)):
        contract_mw[row] = 0.0
        if gas_mw > 0.0 and plants.fuel[row] == GAS and plants.must_run[row]:
            contract_mw[row] = plants.minimum_share[row] * plants.mw[row] * available[row]
            left -= contract_mw[row]
    for row in range(len(plants.mw)):
        if plants.fuel[row] == GAS and left > 0.0:
            more = min(plants.mw[row] * available[row] - contract_mw[row], left)
            contract_mw[row] += more
            left -= more


class Conditions(NamedTuple):
    """What a step brings to the merit order.

    Attributes
    ----------
    import_mw, local_mw : float
        Contracted imports that the lines bring, and contracted output of local plants, gas among them.
    state : int
        Of the neighbours.
    """

    import_mw: float
    local_mw: float
    state: int


@compiled
def import_room_mw(stack: Stack, contract_mw: float, state: int) -> float:
    """What can be imported beyond contracts in a state of the neighbours [MW]."""
    return float(max(0.0, min(stack.import_capability_mw - contract_mw, stack.room_mw[state])))


@compiled
def dispatch(stack: Stack, load_mw: float, must_take_mw: float, contract_mw: float, state: int) -> Dispatch:
    """Meet the load of one step; see :func:`dispatch_units`."""
    return dispatch_units(stack, load_mw, must_take_mw, contract_mw, state, np.zeros(len(stack.unit)))


@compiled
def dispatch_units(
    stack: Stack, load_mw: float, must_take_mw: float, contract_mw: float, state: int, output_mw: Any
) -> Dispatch:
    """Meet the load of one step, and write the output of every row of the stack.

    Parameters
    ----------
    stack : Stack
    load_mw : float
        Demand with cars.
    must_take_mw : float
        Available wind, solar and other generation; curtailed first in case of surplus.
    contract_mw : float
        Contracted imports; part of the capability of the lines.
    state : int
        Of the neighbours.
    output_mw : ndarray
        Is overwritten.
    """
    contract = min(contract_mw, stack.import_capability_mw)
    room = import_room_mw(stack, contract, state)
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
        if left <= 0.0:
            break
        most = stack.line_share[k] * room if stack.state[k] == state else stack.most_mw[k]
        more = min(most - stack.least_mw[k], left)
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
