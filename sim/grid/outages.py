"""Outages of units and lines, the same in every arm: failures drawn by chance, and planned maintenance."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import binom

from sim.data.catalogue import has_own, rows, select
from sim.grid.clock import Clock
from sim.grid.plants import FUELS, Plants
from sim.rules.chance import LINE_FIRST, LINE_SPELL, UNIT_FIRST, UNIT_SPELL, uniform
from sim.rules.compiling import compiled

Array = NDArray[np.float64]

LEAST_LIKELY = 1e-9


class LineRows(NamedTuple):
    """Lines to the neighbours, or poles of them; arrays of shape (n,).

    Attributes
    ----------
    carries : tuple of str
        Kind of the contracts that a line alone brings; empty for a line that may bring anything.
    mw : ndarray
        Rating of one line.
    count : ndarray of int
    availability, repair_h : ndarray
        Mean availability, and mean time to repair.
    """

    carries: tuple[str, ...]
    mw: Any
    count: Any
    availability: Any
    repair_h: Any

    def share_of(self, in_order: Any, kind: str | None) -> Any:
        """Share of the rating that is in order: of the lines for a kind of contract, or of all (None).

        Parameters
        ----------
        in_order : ndarray, shape (n_steps, n)
            Share of each row.
        """
        here = np.array([kind is None or carried == kind for carried in self.carries], dtype=bool)
        rating = (self.mw * self.count)[here]
        if not rating.sum():
            return np.ones(len(in_order))
        return in_order[:, here] @ rating / rating.sum()

    def states_of_single_lines(self) -> tuple[Array, Array]:
        """Shares of the lines for single contracts that may be out, and how likely each is.

        States less likely than one in a thousand million are left out.
        """
        alone = np.array([carried != "" for carried in self.carries], dtype=bool)
        found = {0.0: 1.0}
        rating = float((self.mw * self.count)[alone].sum())
        for row in np.flatnonzero(alone):
            poles, available = self.count[row], self.availability[row]
            out = np.arange(poles + 1)
            likely = binom(poles, out) * (1.0 - available) ** out * available ** (poles - out)
            states: dict[float, float] = {}
            for lost, before in found.items():
                for number, chance in zip(out, likely, strict=True):
                    share = round(lost + number * float(self.mw[row]) / rating, 6)
                    states[share] = states.get(share, 0.0) + before * float(chance)
            found = {share: chance for share, chance in states.items() if chance > LEAST_LIKELY}
        return np.array(sorted(found)), np.array([found[share] for share in sorted(found)])


def line_rows(place: str) -> LineRows:
    """Lines of a place; none where it has no table of them, and they never fail."""
    found = rows("lines", place) if has_own("lines", place) else ()

    def figures(name: str) -> Array:
        return np.array([float(row[name]) for row in found])

    return LineRows(
        tuple(row["carries"] for row in found), figures("mw"), figures("count").astype(np.int64),
        figures("availability"), figures("repair_h"),
    )  # fmt: skip


def lines_in_order(lines: LineRows, key: np.uint64, n_steps: int, step_hours: float, drawn: bool) -> Array:
    """Share of every row of lines that works, shape (n_steps, n)."""
    if not drawn:
        return np.tile(lines.availability, (n_steps, 1))
    shares = np.zeros((n_steps, len(lines.mw)))
    first = np.cumsum(lines.count) - lines.count
    _histories(
        key,
        lines.count,
        first,
        lines.availability,
        lines.repair_h,
        step_hours,
        LINE_FIRST,
        LINE_SPELL,
        shares,
    )
    return shares


def available_share(plants: Plants, key: np.uint64, n_steps: int, step_hours: float, drawn: bool) -> Array:
    """Share of every row of units that can run, shape (n_steps, n).

    Parameters
    ----------
    plants : Plants
    key : uint64
        Key of the replication.
    n_steps : int
    step_hours : float
    drawn : bool
        Whether outages are random; otherwise each unit has its mean availability.
    """
    if not drawn:
        return np.tile(plants.availability, (n_steps, 1))
    shares = np.zeros((n_steps, len(plants.mw)))
    _histories(
        key, plants.count, plants.first_number, plants.availability, plants.repair_h, step_hours,
        UNIT_FIRST, UNIT_SPELL, shares,
    )  # fmt: skip
    return shares


def on_maintenance(plants: Plants, clock: Clock, place: str) -> Array:
    """Share of every row of units on planned maintenance, shape (n_steps, n).

    ``maintenance.csv`` says which share of a fuel's capacity is out in a month. Units take turns in the order
    of the table: those of one month follow those of the month before. A unit is out as a whole.
    """
    out = np.zeros((len(clock), len(plants.mw)))
    if not has_own("maintenance", place):
        return out
    for fuel in sorted(set(plants.fuel)):
        begin = 0.0
        for row in select("maintenance", place, fuel=FUELS[fuel]):
            end = begin + float(row["share"])
            here = np.flatnonzero(plants.fuel == fuel)
            turn = here[np.argsort(plants.first_number[here])]
            share = _turns(plants.mw[turn], plants.count[turn], begin, end)
            out[np.ix_(clock.months == int(row["month"]), turn)] = share
            begin = end
    return out


def _turns(mw: Array, count: NDArray[np.int64], begin: float, end: float) -> Array:
    """Share of each row whose turn it is between two places of the round, counted in whole rounds.

    Plants that a scenario scales to nothing take no turns.
    """
    if not mw.sum():
        return np.zeros(len(mw))
    last = np.cumsum(mw) / mw.sum()
    first = last - mw / mw.sum()
    share = np.zeros(len(mw))
    for turn in range(math.floor(begin), math.ceil(end) + 1):
        overlap = np.minimum(last + turn, end) - np.maximum(first + turn, begin)
        share += np.maximum(0.0, overlap) / (last - first)
    whole: Array = np.round(share * count) / count
    return np.clip(whole, 0.0, 1.0)


@compiled
def _histories(
    key: np.uint64, count: Any, first: Any, availability: Any, repair_h: Any, step_hours: float,
    purpose_first: int, purpose_spell: int, out: Any,
) -> None:  # fmt: skip
    """Two-state Markov chain of each unit: available or on outage, with exponential durations."""
    n_steps = len(out)
    for row in range(len(count)):
        part = 1.0 / count[row]
        fails_h = repair_h[row] * availability[row] / max(1.0 - availability[row], 1e-12)
        for unit in range(first[row], first[row] + count[row]):
            works = uniform(key, unit, 0, purpose_first) < availability[row]
            until, spell = 0.0, 0
            begin = 0
            while begin < n_steps:
                mean = fails_h if works else repair_h[row]
                until -= mean * math.log(1.0 - uniform(key, unit, spell, purpose_spell))
                end = min(n_steps, math.ceil(until / step_hours))
                if works:
                    for step in range(begin, end):
                        out[step, row] += part
                begin, spell, works = max(begin, end), spell + 1, not works
    for step in range(n_steps):
        for row in range(len(count)):
            out[step, row] = min(1.0, out[step, row])
