"""Adequacy: loss-of-load probability, and the firm capacity that a fleet of cars replaces.

Units fail independently, so that the distribution of capacity on outage is the convolution of the units'
distributions (a capacity outage probability table, Billinton & Allan 1996): all outage states without
sampling error. Contracted imports that only lines of their own can bring fail with these; what the neighbours
can spare beyond contracts is that of the step, and other lines do not fail.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, xlog1py, xlogy

from sim.effects.arms import ArmTables, reserve_short_hours

Array = NDArray[np.float64]

POINTS = 20_000  # of the table; its step is at least 1 MW
NEVER = 1e-18  # outage probabilities below it are neglected
SIZES_MW = (300.0, 600.0, 1000.0)  # of plants that may become unnecessary
MOST_UNITS = 400
LEAST_HOURS = 1e-30  # of unmet demand; smaller values are treated as zero
ROUNDS = 50


@dataclass(frozen=True)
class Units:
    """Plants and lines subject to outages.

    Attributes
    ----------
    size_mw, count, availability : ndarray, shape (n,)
        Size of one unit, number of units, and availability of each.
    lines_lost, lines_probability : ndarray, shape (k,)
        Shares of the lines that bring contracts alone which may be out, and how likely each is.
    new_unit_availability : float
        Of a plant that might be built instead.
    """

    size_mw: Array
    count: NDArray[np.int64]
    availability: Array
    lines_lost: Array
    lines_probability: Array
    new_unit_availability: float


@dataclass(frozen=True)
class OutageTable:
    """Distribution of the available capacity.

    Attributes
    ----------
    step_mw : float
    probability : ndarray
        Of k steps of capacity being available, k = 0, 1, ...
    """

    step_mw: float
    probability: Array

    @classmethod
    def of(cls, units: Units) -> OutageTable:
        """Table of the given units."""
        total = float((units.size_mw * units.count).sum())
        table = cls(max(1.0, total / POINTS), np.array([1.0]))
        for size, count, share in zip(units.size_mw, units.count, units.availability, strict=True):
            table = table.with_units(float(size), int(count), float(share))
        return table

    def with_units(self, size_mw: float, count: int, availability: float) -> OutageTable:
        """The table with identical units added; a size between two steps is split between them."""
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
        """Probability that available capacity is below the need."""
        return self._below[self._index(need_mw)]

    def expected_unserved_mw(self, need_mw: Array) -> Array:
        """Expected unserved power [MW]."""
        capacity = self.step_mw * np.arange(len(self.probability))
        within = np.concatenate([[0.0], np.cumsum(self.probability * capacity)])
        index = self._index(need_mw)
        missing: Array = np.maximum(0.0, need_mw * self._below[index] - within[index])
        return missing

    @cached_property
    def _below(self) -> Array:
        """Probability that fewer than k steps of capacity are available, k = 0, 1, ..."""
        return np.concatenate([[0.0], np.cumsum(self.probability)])

    def _index(self, need_mw: Array) -> NDArray[np.int64]:
        """Number of entries whose capacity is below the need."""
        steps = np.ceil(np.asarray(need_mw) / self.step_mw - 1e-9).astype(np.int64)
        clipped: NDArray[np.int64] = np.clip(steps, 0, len(self.probability))
        return clipped


def binomial(working: NDArray[np.int64], count: int, availability: float) -> Array:
    """Probability that the given numbers of identical units are available."""
    ways = gammaln(count + 1) - gammaln(working + 1) - gammaln(count - working + 1)
    likely: Array = np.exp(ways + xlogy(working, availability) + xlog1py(count - working, -availability))
    return likely


@dataclass(frozen=True)
class Need:
    """Load on the units in every step, with all lines and with some of them out.

    Attributes
    ----------
    mw : ndarray, shape (n_steps,)
        Net load less other plants and imports, and with units on planned maintenance to be replaced.
    on_lines_mw : ndarray, shape (n_steps,)
        Imports that fail with the lines that bring them.
    lost, probability : ndarray, shape (k,)
        Shares of these lines that may be out, and how likely each is.
    hours : ndarray, shape (n_steps,)
        That each step represents.
    """

    mw: Array
    on_lines_mw: Array
    lost: Array
    probability: Array
    hours: Array

    def less(self, mw: Array | float) -> Need:
        """The same with so much less load."""
        return replace(self, mw=self.mw - mw)

    def loss_of_load_hours(self, table: OutageTable) -> float:
        """Expected number of hours with unserved demand."""
        return self._expected(table.loss_of_load_probability)

    def unserved_mwh(self, table: OutageTable) -> float:
        """Expected unserved energy [MWh]."""
        return self._expected(table.expected_unserved_mw)

    def _expected(self, of_need: Callable[[Array], Array]) -> float:
        total = sum(
            likely * (of_need(self.mw + lost * self.on_lines_mw) @ self.hours)
            for lost, likely in zip(self.lost, self.probability, strict=True)
        )
        return float(total)


def need_of(arm: ArmTables, units: Units) -> Need:
    """Load on the units of an arm."""
    system = arm.system
    imports = system["import_limit_mw"] + system["missing_import_mw"]
    need = system["net_load_mw"] - system["other_mw"] - imports + system["serviced_mw"]
    return Need(
        mw=need.to_numpy(),
        on_lines_mw=system["on_single_lines_mw"].to_numpy(),
        lost=units.lines_lost,
        probability=units.lines_probability,
        hours=arm.step_hours * arm.step_weights,
    )


def on_call_mw(arm: ArmTables) -> Array:
    """Upward flexibility of the controlled cars that can be held for an hour, in every step [MW].

    More discharge or less charging. Only plugged-in cars count, so absent cars are accounted for.
    """
    up = arm.system["up_available_mw"].to_numpy()
    if not len(arm.flexibility):
        return up
    fades = (arm.flexibility["low_held_mw"] - arm.flexibility["low_mw"]).clip(lower=0.0)
    hourly = fades.groupby(arm.flexibility["time"]).sum().astype(float)
    at = hourly.reindex(arm.system["time"].dt.floor("h")).fillna(0.0).to_numpy()
    held: Array = np.maximum(0.0, up - at)
    return held


def adequacy(reference: ArmTables, arm: ArmTables, units: Units, reserve_share: float) -> dict[str, Any]:
    """Loss of load, unserved energy, reserve, and the firm capacity credit of the fleet.

    Parameters
    ----------
    reserve_share : float
        Reserve requirement as a share of the load on units and lines.

    Returns
    -------
    dict
        ``loss_of_load_hours``, ``expected_unserved_mwh`` and ``reserve_short_hours`` of both; ``elcc_mw``,
        the effective load-carrying capability: the firm capacity that would make the reference as reliable
        as the arm; ``elcc_on_call_mw``, the same if the cars also provided the power they can hold for an
        hour whenever supply is short; ``units_avoided``, plants of 300, 600 and 1,000 MW avoided.
    """
    table = OutageTable.of(units)
    before, after = need_of(reference, units), need_of(arm, units)
    called = after.less(on_call_mw(arm))
    lost = {"before": before.loss_of_load_hours(table), "after": after.loss_of_load_hours(table)}
    return {
        "loss_of_load_hours_reference": lost["before"],
        "loss_of_load_hours": lost["after"],
        "expected_unserved_mwh_reference": before.unserved_mwh(table),
        "expected_unserved_mwh": after.unserved_mwh(table),
        "reserve_short_hours_reference": reserve_short_hours(reference, reserve_share),
        "reserve_short_hours": reserve_short_hours(arm, reserve_share),
        "elcc_mw": firm_capacity_mw(table, before, after),
        "elcc_on_call_mw": firm_capacity_mw(table, before, called),
        "units_avoided": {
            f"{size:.0f}_mw": units_avoided(table, before, lost["after"], size, units) for size in SIZES_MW
        },
    }


def firm_capacity_mw(table: OutageTable, before: Need, after: Need) -> float:
    """Firm capacity that makes one need profile as reliable as another [MW]; negative for a worse one.

    Zero where the probability of a shortage is negligible for both.
    """
    wanted = after.loss_of_load_hours(table)
    if wanted == before.loss_of_load_hours(table):
        return 0.0
    reach = float(np.abs(before.mw - after.mw).max())
    low, high = -reach, reach
    for _ in range(ROUNDS):
        middle = (low + high) / 2.0
        if before.less(middle).loss_of_load_hours(table) > wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def units_avoided(table: OutageTable, before: Need, wanted_hours: float, size_mw: float, units: Units) -> int:
    """Number of plants of a size that the reference would need to be as reliable as the arm."""
    wanted_hours = max(wanted_hours, LEAST_HOURS)
    if before.loss_of_load_hours(table) <= wanted_hours:
        return 0
    for count in range(MOST_UNITS):
        table = table.with_units(size_mw, 1, units.new_unit_availability)
        if before.loss_of_load_hours(table) < wanted_hours:
            return count
    return MOST_UNITS
