"""The operator's objective: a weighted sum of cost, emissions, load flatness, peak and a limit.

All terms but the peak are functions of each step's net load, so that together they give one curve: the
marginal objective at any net load. Emissions of plants in merit order are not monotonic in load; the curve
is then that of the convex envelope from below, which bounds every plan.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.grid.supply import Conditions, Stack, dispatch, import_room_mw
from sim.rules.compiling import compiled
from sim.scenario.fields import Section, assumed, chosen

Array = NDArray[np.float64]

INTERVALS = 40  # of net load, on which the curve is computed
NARROWEST_MW = 2.0  # minimum distance between two points
NARROWEST_GRID_MW = 2.0 * INTERVALS * NARROWEST_MW  # where net load is near zero or negative


class CurveSettings(Section):
    """Weights of the operator's marginal value of net load, in yuan per MWh; and the cost of discharging."""

    generation_cost_weight: float = chosen(
        1.0, "weight of the cost of generation and imports", "yuan/yuan", ge=0.0, le=1000.0
    )
    co2_yuan_per_t: float = chosen(0.0, "price on emissions", "yuan/t", ge=0.0, le=1e6)
    flatten_yuan_per_mw2h: float = assumed("flatten_price", ge=0.0, le=1000.0)
    net_load_limit_mw: float | None = chosen(
        None, "net load that the lines can bear (a feeder, a district, a city); without it any", "MW", ge=0.0
    )
    over_limit_yuan_per_mwh: float = chosen(
        10_000.0, "price of energy above that limit", "yuan/MWh", ge=0.0, le=1e9
    )
    least_gain_yuan_per_kwh: float = assumed("least_gain_for_coordination", ge=0.0, le=10.0)


class ObjectiveSettings(CurveSettings):
    """Objective of an operator that plans ahead and can therefore reduce the peak."""

    peak_yuan_per_mw: float = assumed(
        "peak_price", ge=0.0, le=1e9, text="price on the highest net load of every calendar day"
    )
    peak_margin_share: float = chosen(
        0.0, "share of net load by which a plan lets later hours exceed the peak: they are planned again",
        "MW/MW", ge=0.0, le=0.2,
    )  # fmt: skip


class Marginal(NamedTuple):
    """Marginal cost as a function of net load: increasing, linear between the points.

    Attributes
    ----------
    net_load_mw, yuan_per_mwh : ndarray, shape (n,)
    """

    net_load_mw: Array
    yuan_per_mwh: Array

    def at(self, net_load_mw: Any) -> Array:
        """Marginal cost at some net load [yuan/MWh]."""
        found: Array = np.interp(net_load_mw, self.net_load_mw, self.yuan_per_mwh)
        return found

    def reached_at(self, yuan_per_mwh: Any) -> Array:
        """Highest net load whose marginal cost does not exceed a price [MW]."""
        found: Array = np.interp(
            yuan_per_mwh, self.yuan_per_mwh, self.net_load_mw, left=-np.inf, right=np.inf
        )
        return found


class Terms(NamedTuple):
    """Weights of an objective, for compiled code; see :class:`CurveSettings`."""

    cost_weight: float
    co2_yuan_per_t: float
    flatten_yuan_per_mw2h: float
    limit_mw: float
    over_limit_yuan_per_mwh: float

    @classmethod
    def of(cls, weights: CurveSettings) -> Terms:
        """Terms of the operator's weights; without a limit it is infinite."""
        limit_mw = np.inf if weights.net_load_limit_mw is None else weights.net_load_limit_mw
        return cls(
            weights.generation_cost_weight, weights.co2_yuan_per_t, weights.flatten_yuan_per_mw2h,
            limit_mw, weights.over_limit_yuan_per_mwh,
        )  # fmt: skip


@compiled
def slopes(terms: Terms, stack: Stack, conditions: Conditions, grid_mw: Array) -> Array:
    """Marginal cost between the points of a net load grid, increasing [yuan/MWh], shape (n - 1,)."""
    found = np.empty(len(grid_mw) - 1)
    before = 0.0
    for k in range(len(grid_mw)):
        mw = grid_mw[k]
        met = dispatch(stack, mw, conditions.local_mw, conditions.import_mw, conditions.state)
        scarce = met.unserved_mw * stack.scarcity_price_yuan_per_mwh
        total = terms.cost_weight * (met.cost_yuan_per_h + scarce) + terms.co2_yuan_per_t * met.co2_t_per_h
        total += terms.flatten_yuan_per_mw2h * mw * mw
        if mw > terms.limit_mw:
            total += terms.over_limit_yuan_per_mwh * (mw - terms.limit_mw)
        if k > 0:
            found[k - 1] = (total - before) / (mw - grid_mw[k - 1])
        before = total
    return _envelope(found, np.diff(grid_mw))


@compiled
def _envelope(slope: Array, width: Array) -> Array:
    """Slopes of the convex envelope: neighbours that fall are pooled (isotonic regression)."""
    pooled, wide = np.empty(len(slope)), np.empty(len(slope))
    first = np.empty(len(slope), np.int64)
    n = 0
    for k in range(len(slope)):
        pooled[n], wide[n], first[n] = slope[k], width[k], k
        while n > 0 and pooled[n] < pooled[n - 1]:
            both = wide[n - 1] + wide[n]
            pooled[n - 1] = (pooled[n - 1] * wide[n - 1] + pooled[n] * wide[n]) / both
            wide[n - 1] = both
            n -= 1
        n += 1
    rising = np.empty(len(slope))
    for block in range(n):
        rising[first[block] : first[block + 1] if block + 1 < n else len(slope)] = pooled[block]
    return rising


class Pieces(NamedTuple):
    """Cost of supply in several slots: pieces of net load, each with its price, slot after slot.

    Attributes
    ----------
    lowest_mw, count : ndarray, shape (n_slots,)
        Where the pieces of a slot begin, and how many there are.
    mw, yuan_per_mwh : ndarray
    """

    lowest_mw: Array
    count: Any
    mw: Array
    yuan_per_mwh: Array


@compiled
def pieces_of(net_mw: Array, reach_mw: Array, stack: Stack, conditions: Any, terms: Terms) -> Pieces:
    """Cost of supply by slot around an expected net load.

    Parameters
    ----------
    net_mw, reach_mw : ndarray, shape (n_slots,)
        Expected net load, and how far the cars can move it.
    conditions : ndarray, shape (n_slots, 3)
        The fields of :class:`~sim.grid.supply.Conditions`.
    """
    n, most = len(net_mw), INTERVALS + len(stack.unit) + 3
    lowest, count = np.empty(n), np.empty(n, np.int64)
    mw, yuan, end = np.empty(n * most), np.empty(n * most), 0
    for slot in range(n):
        brings = Conditions(conditions[slot, 0], conditions[slot, 1], int(conditions[slot, 2]))
        grid = grid_of(net_mw[slot] - reach_mw[slot], net_mw[slot] + reach_mw[slot], stack, brings)
        lowest[slot], count[slot] = grid[0], len(grid) - 1
        mw[end : end + count[slot]] = np.diff(grid)
        yuan[end : end + count[slot]] = slopes(terms, stack, brings, grid)
        end += count[slot]
    return Pieces(lowest, count, mw[:end], yuan[:end])


@compiled
def grid_of(lowest_mw: float, highest_mw: float, stack: Stack, conditions: Conditions) -> Array:
    """Net load grid for the objective: evenly spaced, and at the steps of the merit order [MW]."""
    top = max(highest_mw, lowest_mw + NARROWEST_GRID_MW)
    borders = supply_steps(stack, conditions, highest_mw)[0]
    points = np.empty(INTERVALS + 1 + len(borders))
    points[0], n = lowest_mw, 1
    border = np.searchsorted(borders, lowest_mw, side="right")
    for k in range(1, INTERVALS + 1):
        even = lowest_mw + (top - lowest_mw) * k / INTERVALS
        while border < len(borders) and borders[border] < even:
            if borders[border] - points[n - 1] > NARROWEST_MW:
                points[n], n = borders[border], n + 1
            border += 1
        if even - points[n - 1] > NARROWEST_MW:
            points[n], n = even, n + 1
    points[n - 1] = top
    return points[:n]


@compiled
def supply_steps(stack: Stack, conditions: Conditions, highest_mw: float) -> tuple[Array, Array]:
    """Step edges and prices of the merit order over net load [MW], [yuan/MWh].

    Contracted supply and must-run output come first; above the last plant the scarcity price applies.
    """
    n = len(stack.unit)
    borders, prices = np.empty(n + 3), np.empty(n + 2)
    contract_mw, state = min(conditions.import_mw, stack.import_capability_mw), conditions.state
    room = import_room_mw(stack, contract_mw, state)
    borders[0], borders[1] = 0.0, contract_mw + conditions.local_mw + stack.least_mw.sum()
    prices[0] = 0.0
    for k in range(n):
        size = stack.most_mw[k] - stack.least_mw[k]
        if stack.state[k] == state:
            size += stack.line_share[k] * room
        borders[k + 2] = borders[k + 1] + size
        prices[k + 1] = stack.cost_yuan_per_mwh[k]
    borders[n + 2] = max(highest_mw, borders[n + 1]) + 1.0
    prices[n + 1] = stack.scarcity_price_yuan_per_mwh
    return borders, prices


def marginal(weights: CurveSettings, stack: Stack, conditions: Conditions, grid_mw: Array) -> Marginal:
    """Marginal cost curve over net load: nearly flat between the points, steep at them."""
    rising = slopes(Terms.of(weights), stack, conditions, grid_mw)
    knots = np.column_stack([grid_mw[:-1] + NARROWEST_MW / 4.0, grid_mw[1:] - NARROWEST_MW / 4.0]).ravel()
    tilt = 1e-6 * np.arange(len(knots))  # equal slopes would make the solution ambiguous
    return Marginal(knots, np.repeat(rising, 2) + tilt)
