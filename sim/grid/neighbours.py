"""Neighbouring systems: what they can spare beyond contracts, at what price, by the state they are in.

Neighbours have the weather and the habits of the place, but more solar power for their size, so that their
residual load peaks after sunset. It stands for how hard their plants are pressed: ``neighbours.csv`` divides
it into states (a surplus of sun, coal with room, tight, short), ``extra_imports.csv`` gives the price and the
marginal plant of each. A place without these states has neighbours that are always the same.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.data.catalogue import has_own, rows
from sim.data.neighbour_states import ALWAYS, place_of_imports, state_names
from sim.grid.clock import Clock
from sim.grid.demand import Demand
from sim.grid.noise import red_noise
from sim.grid.weather import Renewables
from sim.rules.chance import NEIGHBOUR_NOISE
from sim.scenario.grid import GridSection

Array = NDArray[np.float64]

NO_LIMIT_MW = 1e9


class Lines(NamedTuple):
    """Extra imports beyond contracts, in blocks; arrays of shape (n,).

    Attributes
    ----------
    state : ndarray of int
        State of the neighbours in which a block is on offer.
    share : ndarray
        Share of what they can spare in that state; sums to 1 for each.
    cost_yuan_per_mwh, co2_t_per_mwh, tce_per_mwh : ndarray
        Price, emissions, and coal burnt elsewhere.
    room_mw : ndarray, shape (n_states,)
        What they can spare at most.
    capability_mw, scarcity_price_yuan_per_mwh : float
        Capability of the lines; price of unserved energy.
    """

    state: Any
    share: Any
    cost_yuan_per_mwh: Any
    co2_t_per_mwh: Any
    tce_per_mwh: Any
    room_mw: Any
    capability_mw: float
    scarcity_price_yuan_per_mwh: float


#: Price of shedding load over that of the dearest supply, for optimisers: a run sheds last whatever it costs.
LAST = 1.01


def shedding_yuan_per_mwh(lines: Lines) -> float:
    """Price at which an optimiser sheds load after the last import, even where that is above scarcity's."""
    return LAST * max(lines.scarcity_price_yuan_per_mwh, float(lines.cost_yuan_per_mwh.max(initial=0.0)))


class Neighbours(NamedTuple):
    """State of the neighbours in every step, shape (n_steps,), and as the public forecast expects it."""

    state: NDArray[np.int64]
    expected: NDArray[np.int64]


def lines_of(grid: GridSection, place: str) -> Lines:
    """Extra imports of a place, as a scenario has them."""
    names, place = state_names(place), place_of_imports(place)
    blocks = rows("extra_imports", place)
    rooms = [NO_LIMIT_MW]
    if has_own("neighbours", place):
        rooms = [float(row["room_mw"]) * grid.neighbours_room_scale for row in rows("neighbours", place)]

    def figures(name: str, scale: float = 1.0) -> Array:
        return scale * np.array([float(row[name]) for row in blocks])

    state = np.array([names.index(row.get("state", "") or ALWAYS) for row in blocks], dtype=np.int64)
    share = figures("share")
    return Lines(
        state=state,
        share=share / np.bincount(state, share)[state],
        cost_yuan_per_mwh=figures("price_yuan_per_kwh", 1000.0 * grid.extra_import_price_scale),
        co2_t_per_mwh=figures("co2_kg_per_kwh", grid.extra_import_co2_scale),
        tce_per_mwh=figures("tce_kg_per_kwh", grid.extra_import_co2_scale),
        room_mw=np.array(rooms),
        capability_mw=grid.import_capability_mw,
        scarcity_price_yuan_per_mwh=grid.scarcity_price_yuan_per_kwh * 1000.0,
    )


def neighbours(
    key: np.uint64, clock: Clock, grid: GridSection, place: str, demand: Demand, weather: Renewables
) -> Neighbours:
    """States of the neighbours over a run, from their residual load.

    Residual load is demand over its record, less solar output over that record; what is unforeseen of it
    fades as the unforeseen part of demand does.
    """
    place = place_of_imports(place)
    if not has_own("neighbours", place):
        return Neighbours(np.zeros(len(clock), dtype=np.int64), np.zeros(len(clock), dtype=np.int64))
    edges = np.array([float(row["from_residual_load"]) for row in rows("neighbours", place)])[1:]
    noise = grid.neighbours_noise_sd * red_noise(
        key, len(clock), NEIGHBOUR_NOISE, grid.demand_noise_hours / clock.step_hours
    )

    def state(load_mw: Array, factor: Array, unforeseen: Array | float) -> NDArray[np.int64]:
        sun = grid.neighbours_solar_over_peak * factor
        residual = load_mw / grid.peak_demand_mw - sun + unforeseen
        return np.searchsorted(edges, residual, side="right").astype(np.int64)

    return Neighbours(
        state(demand.actual_mw, weather.solar_factor, noise),
        state(demand.expected_mw, weather.solar_factor_expected, 0.0),
    )
