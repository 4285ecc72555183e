"""Merit order: the plants and lines that meet net load, cheapest first.

Contracted imports and must-run units come first. Then coal units, gas units and extra imports
follow in the order of their variable cost. What is left over is unserved.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.data.catalogue import Row, select
from sim.rules.compiling import compiled
from sim.scenario.supply_side import GridSection

COAL, GAS, IMPORT = range(3)
FUELS = ("coal", "gas", "import")
UNLIMITED = -1.0  # capacity of the block of extra imports: whatever the lines have left


class Stack(NamedTuple):
    """Blocks of supply in merit order, must-run first; arrays of shape (n_blocks,)."""

    fuel: Any
    capacity_mw: Any
    cost_yuan_per_mwh: Any
    coal_tce_per_mwh: Any
    co2_t_per_mwh: Any
    n_must_run: int
    import_capability_mw: float
    import_spot_tce_per_mwh: float
    import_contract_cost: float
    import_contract_co2: float
    scarcity_price_yuan_per_mwh: float


class Dispatch(NamedTuple):
    """Outcome of one step. Power in MW; rates per MWh; the rest for one hour of the step."""

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
    reserve_margin_mw: float


def build_stack(grid: GridSection) -> Stack:
    """Supply of a scenario: operating coal and gas units (Global Energy Monitor, CC BY 4.0), imports."""
    must, free = [], []
    for row in select("coal_units_shanghai", status="operating"):
        held, rest = _coal_unit(row, grid)
        must.append(held)
        free.append(rest)
    for row in select("gas_units_shanghai", status="operating"):
        held, rest = _gas_unit(row, grid)
        must.append(held)
        free.append(rest)
    price = grid.import_spot_price_yuan_per_kwh * 1000.0
    free.append((IMPORT, UNLIMITED, price, 0.0, grid.import_spot_co2_kg_per_kwh))
    tce_elsewhere = grid.import_spot_co2_kg_per_kwh / max(grid.coal_co2_kg_per_kgce, 1e-9)
    must = [block for block in must if block[1] > 0.0]
    free = sorted((block for block in free if block[1] != 0.0), key=lambda block: block[2])
    fuel, capacity, cost, coal, co2 = (np.array(part) for part in zip(*must, *free, strict=True))
    return Stack(
        fuel=fuel.astype(np.int64),
        capacity_mw=capacity,
        cost_yuan_per_mwh=cost,
        coal_tce_per_mwh=coal,
        co2_t_per_mwh=co2,
        n_must_run=len(must),
        import_capability_mw=grid.import_capability_mw,
        import_spot_tce_per_mwh=tce_elsewhere,
        import_contract_cost=grid.import_contract_price_yuan_per_kwh * 1000.0,
        import_contract_co2=grid.import_contract_co2_kg_per_kwh,
        scarcity_price_yuan_per_mwh=grid.scarcity_price_yuan_per_kwh * 1000.0,
    )


def without(stack: Stack, lost_mw: NDArray[np.float64]) -> Stack:
    """The stack with capacity lost by fuel [MW], shape (3,): every unit of the fuel gives its part.

    Of lines it is capability that is lost; contracted imports come first on what is left.
    """
    capacity = stack.capacity_mw.copy()
    for fuel in (COAL, GAS):
        units = stack.fuel == fuel
        total = float(capacity[units].sum())
        if total > 0.0:
            capacity[units] *= max(0.0, 1.0 - float(lost_mw[fuel]) / total)
    lines = max(0.0, stack.import_capability_mw - float(lost_mw[IMPORT]))
    return stack._replace(capacity_mw=capacity, import_capability_mw=lines)


Block = tuple[int, float, float, float, float]


def _split(
    mw: float, held_share: float, cost: float, coal: float, co2: float, fuel: int
) -> tuple[Block, Block]:
    """Must-run part and the rest of a unit."""
    held = mw * held_share
    return (fuel, held, cost, coal, co2), (fuel, mw - held, cost, coal, co2)


def _coal_unit(row: Row, grid: GridSection) -> tuple[Block, Block]:
    tce = float(row["recommended_net_gce_per_kwh"]) / 1000.0  # gce/kWh is kg/MWh is t/MWh / 1000
    cost = tce * grid.coal_price_yuan_per_tce + grid.coal_operation_yuan_per_kwh * 1000.0
    mw = float(row["mw"]) * grid.coal_availability * grid.coal_scale
    held = grid.coal_must_run_share if row["captive"] else 0.0
    return _split(mw, held, cost, tce, tce * grid.coal_co2_kg_per_kgce, COAL)


def _gas_unit(row: Row, grid: GridSection) -> tuple[Block, Block]:
    mw = float(row["mw"]) * grid.gas_availability * grid.gas_scale
    held = grid.gas_must_run_share if "Thermal" in row["plant"] else 0.0
    return _split(mw, held, grid.gas_variable_cost_yuan_per_kwh * 1000.0, 0.0, grid.gas_co2_kg_per_kwh, GAS)


@compiled
def dispatch(stack: Stack, load_mw: float, renewable_mw: float, contract_mw: float) -> Dispatch:
    """Meet the load of one step.

    Parameters
    ----------
    stack : Stack
    load_mw : float
        Demand with cars.
    renewable_mw : float
        Wind and solar on offer; spilled first where there is too much.
    contract_mw : float
        Contracted imports; part of the capability of the lines.
    """
    contract = min(contract_mw, stack.import_capability_mw)
    left = load_mw - renewable_mw - contract
    output = np.zeros(3)
    output[IMPORT] = contract
    cost = contract * stack.import_contract_cost
    coal, co2, available = 0.0, contract * stack.import_contract_co2, renewable_mw + contract
    price, marginal_coal, marginal_co2, marginal_elsewhere = 0.0, 0.0, 0.0, 0.0
    for b in range(len(stack.fuel)):
        capacity = stack.capacity_mw[b]
        if capacity < 0.0:
            capacity = stack.import_capability_mw - contract
        available += capacity
        used = capacity if b < stack.n_must_run else min(capacity, max(0.0, left))
        if used <= 0.0:
            continue
        left -= used
        output[stack.fuel[b]] += used
        cost += used * stack.cost_yuan_per_mwh[b]
        coal += used * stack.coal_tce_per_mwh[b]
        co2 += used * stack.co2_t_per_mwh[b]
        if b >= stack.n_must_run:
            price = stack.cost_yuan_per_mwh[b]
            marginal_coal, marginal_co2 = stack.coal_tce_per_mwh[b], stack.co2_t_per_mwh[b]
            marginal_elsewhere = stack.import_spot_tce_per_mwh if stack.fuel[b] == IMPORT else 0.0
    unserved, spilled = max(0.0, left), max(0.0, -left)
    if unserved > 0.0:
        price = stack.scarcity_price_yuan_per_mwh
        marginal_coal, marginal_co2, marginal_elsewhere = 0.0, 0.0, 0.0
    return Dispatch(
        output[COAL], output[GAS], output[IMPORT], unserved, spilled, price, cost, coal, co2,
        marginal_coal, marginal_co2, marginal_elsewhere,
        (output[IMPORT] - contract) * stack.import_spot_tce_per_mwh, available - load_mw,
    )  # fmt: skip
