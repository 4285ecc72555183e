"""Forced outages: failures and repairs of units, the same in every arm."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.grid.plants import Plants
from sim.rules.chance import UNIT_FIRST, UNIT_SPELL, uniform
from sim.rules.compiling import compiled

Array = NDArray[np.float64]


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
        key, plants.count, plants.first_number, plants.availability, plants.repair_h, step_hours, shares
    )
    return shares


@compiled
def _histories(
    key: np.uint64, count: Any, first: Any, availability: Any, repair_h: Any, step_hours: float, out: Any
) -> None:
    """Two-state Markov chain of each unit: available or on outage, with exponential durations."""
    n_steps = len(out)
    for row in range(len(count)):
        part = 1.0 / count[row]
        fails_h = repair_h[row] * availability[row] / max(1.0 - availability[row], 1e-12)
        for unit in range(first[row], first[row] + count[row]):
            works = uniform(key, unit, 0, UNIT_FIRST) < availability[row]
            until, spell = 0.0, 0
            begin = 0
            while begin < n_steps:
                mean = fails_h if works else repair_h[row]
                until -= mean * math.log(1.0 - uniform(key, unit, spell, UNIT_SPELL))
                end = min(n_steps, math.ceil(until / step_hours))
                if works:
                    for step in range(begin, end):
                        out[step, row] += part
                begin, spell, works = max(begin, end), spell + 1, not works
    for step in range(n_steps):
        for row in range(len(count)):
            out[step, row] = min(1.0, out[step, row])
