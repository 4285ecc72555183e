"""Adequacy: how likely supply falls short, and how much plant a fleet of cars replaces.

Units fail independently of one another, so that the distribution of what is out of order is the
convolution of their own (a capacity outage probability table, Billinton & Allan 1996): all draws of
outages at once, without sampling error. What lines bring is taken as sure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, xlog1py, xlogy

from sim.effects.arms import ArmTables, reserve_short_hours

Array = NDArray[np.float64]

POINTS = 20_000  # of the table; its step is at least 1 MW
NEVER = 1e-18  # a smaller probability of an outage is left out
SIZES_MW = (300.0, 600.0, 1000.0)  # of plants that may be avoided
MOST_UNITS = 400
LEAST_HOURS = 1e-30  # of unmet demand, below which nothing is told apart
ROUNDS = 50


@dataclass(frozen=True)
class Units:
    """Plants that may fail, and what lines bring.

    Attributes
    ----------
    size_mw, count, availability : ndarray, shape (n,)
        Size of one unit, how many there are, and the share of time each is in order.
    lines_mw : float
        Capability of the lines.
    new_unit_availability : float
        Of a plant that might be built instead.
    """

    size_mw: Array
    count: NDArray[np.int64]
    availability: Array
    lines_mw: float
    new_unit_availability: float


@dataclass(frozen=True)
class OutageTable:
    """Distribution of the capacity that is in order.

    Attributes
    ----------
    step_mw : float
    probability : ndarray
        Of k steps being in order, k = 0, 1, ...
    """

    step_mw: float
    probability: Array

    @classmethod
    def of(cls, units: Units) -> OutageTable:
        """Table of some units."""
        total = float((units.size_mw * units.count).sum())
        table = cls(max(1.0, total / POINTS), np.array([1.0]))
        for size, count, share in zip(units.size_mw, units.count, units.availability, strict=True):
            table = table.with_units(float(size), int(count), float(share))
        return table

    def with_units(self, size_mw: float, count: int, availability: float) -> OutageTable:
        """The table with like units added; a size between two steps is shared between them."""
        working = np.arange(count + 1)
        likely = binomial(working, count, availability)
        spread = np.zeros(int(np.ceil(count * size_mw / self.step_mw)) + 2)
        for k in working[likely > NEVER]:
            at = k * size_mw / self.step_mw
            low, part = int(at), at - int(at)
            spread[low] += likely[k] * (1.0 - part)
            spread[low + 1] += likely[k] * part
        reach = np.flatnonzero(spread)
        found = np.zeros(len(self.probability) + reach[-1])
        for k in reach:
            found[k : k + len(self.probability)] += spread[k] * self.probability
        return OutageTable(self.step_mw, found)

    def loss_of_load_probability(self, need_mw: Array) -> Array:
        """Probability that less is in order than is needed."""
        below = np.concatenate([[0.0], np.cumsum(self.probability)])
        return below[self._index(need_mw)]

    def expected_unserved_mw(self, need_mw: Array) -> Array:
        """Mean of what is missing [MW]."""
        capacity = self.step_mw * np.arange(len(self.probability))
        below = np.concatenate([[0.0], np.cumsum(self.probability)])
        within = np.concatenate([[0.0], np.cumsum(self.probability * capacity)])
        index = self._index(need_mw)
        missing: Array = np.maximum(0.0, need_mw * below[index] - within[index])
        return missing

    def _index(self, need_mw: Array) -> NDArray[np.int64]:
        """Number of entries whose capacity is below what is needed."""
        steps = np.ceil(np.asarray(need_mw) / self.step_mw - 1e-9).astype(np.int64)
        clipped: NDArray[np.int64] = np.clip(steps, 0, len(self.probability))
        return clipped


def binomial(working: NDArray[np.int64], count: int, availability: float) -> Array:
    """Probability that so many of some like units are in order."""
    ways = gammaln(count + 1) - gammaln(working + 1) - gammaln(count - working + 1)
    likely: Array = np.exp(ways + xlogy(working, availability) + xlog1py(count - working, -availability))
    return likely


def need_mw(arm: ArmTables, units: Units) -> Array:
    """What units must give in every step [MW]: net load less lines and other plants."""
    system = arm.system
    return (system["net_load_mw"] - system["other_mw"]).to_numpy() - units.lines_mw


def on_call_mw(arm: ArmTables) -> Array:
    """What the controlled cars could give more, or draw less, and hold for an hour, in every step [MW].

    Only cars that were plugged in count: no-shows are in it.
    """
    up = arm.system["up_available_mw"].to_numpy()
    if not len(arm.flexibility):
        return up
    fades = (arm.flexibility["low_held_mw"] - arm.flexibility["low_mw"]).clip(lower=0.0)
    hourly = fades.groupby(arm.flexibility["time"]).sum().astype(float)
    at = hourly.reindex(arm.system["time"].dt.floor("h")).fillna(0.0).to_numpy()
    held: Array = np.maximum(0.0, up - at)
    return held


def loss_of_load_hours(table: OutageTable, need: Array, hours: Array) -> float:
    """Expected hours in which demand is not met."""
    return float(table.loss_of_load_probability(need) @ hours)


def adequacy(reference: ArmTables, arm: ArmTables, units: Units, reserve_share: float) -> dict[str, Any]:
    """Loss of load, unserved energy, reserve, and what the fleet is worth in firm capacity.

    Parameters
    ----------
    reserve_share : float
        Of what units and lines must meet, to be held in reserve.

    Returns
    -------
    dict
        ``loss_of_load_hours``, ``expected_unserved_mwh`` and ``reserve_short_hours`` of both; ``elcc_mw``,
        the effective load-carrying capability: the firm capacity that would make the reference as reliable
        as the arm; ``elcc_on_call_mw``, the same if the cars also gave what they can hold for an hour
        whenever supply is short; ``units_avoided``, plants of 300, 600 and 1,000 MW that would be needed.
    """
    table, hours = OutageTable.of(units), arm.step_hours * arm.step_weights
    before, after = need_mw(reference, units), need_mw(arm, units)
    called = after - on_call_mw(arm)
    lost = {
        name: loss_of_load_hours(table, need, hours) for name, need in (("before", before), ("after", after))
    }
    elcc = firm_capacity_mw(table, before, after, hours)
    return {
        "loss_of_load_hours_reference": lost["before"],
        "loss_of_load_hours": lost["after"],
        "expected_unserved_mwh_reference": float(table.expected_unserved_mw(before) @ hours),
        "expected_unserved_mwh": float(table.expected_unserved_mw(after) @ hours),
        "reserve_short_hours_reference": reserve_short_hours(reference, reserve_share),
        "reserve_short_hours": reserve_short_hours(arm, reserve_share),
        "elcc_mw": elcc,
        "elcc_on_call_mw": firm_capacity_mw(table, before, called, hours),
        "units_avoided": {
            f"{size:.0f}_mw": units_avoided(table, before, lost["after"], size, units, hours)
            for size in SIZES_MW
        },
    }


def firm_capacity_mw(table: OutageTable, before: Array, after: Array, hours: Array) -> float:
    """Firm capacity that makes one course of need as reliable as another [MW]; negative for a worse one.

    Zero where neither is ever likely to fall short at all.
    """
    wanted = loss_of_load_hours(table, after, hours)
    if wanted == loss_of_load_hours(table, before, hours):
        return 0.0
    reach = float(np.abs(before - after).max())
    low, high = -reach, reach
    for _ in range(ROUNDS):
        middle = (low + high) / 2.0
        if loss_of_load_hours(table, before - middle, hours) > wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def units_avoided(
    table: OutageTable, before: Array, wanted_hours: float, size_mw: float, units: Units, hours: Array
) -> int:
    """Whole plants of a size without which the reference would be less reliable than the arm."""
    wanted_hours = max(wanted_hours, LEAST_HOURS)
    if loss_of_load_hours(table, before, hours) <= wanted_hours:
        return 0
    for count in range(MOST_UNITS):
        table = table.with_units(size_mw, 1, units.new_unit_availability)
        if loss_of_load_hours(table, before, hours) < wanted_hours:
            return count
    return MOST_UNITS
