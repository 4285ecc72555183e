"""Seeded autocorrelated noise, the same in every arm."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.rules.chance import CITY, normal, stream_key
from sim.rules.compiling import compiled


def sky_key(key: np.uint64, first: np.datetime64) -> np.uint64:
    """Key of draws of weather, demand and outages; it depends on the first day of the run.

    Drivers' days are drawn by the day number within the run, so that representative weeks differ by season
    only. Outages and weather must differ between them, otherwise a unit would fail at the same hour of each.
    """
    day = int(first.astype("datetime64[D]").astype(np.int64))
    return np.uint64(stream_key(int(key) & 0x7FFFFFFFFFFFFFFF, day))


@compiled
def red_noise(key: np.uint64, n: int, purpose: int, memory_steps: float) -> Any:
    """Standard normal first-order autoregressive series, shape (n,).

    Parameters
    ----------
    memory_steps : float
        Steps in which correlation fades to 1/e.
    """
    keep = math.exp(-1.0 / memory_steps)
    fresh = math.sqrt(1.0 - keep * keep)
    series = np.empty(n)
    value = normal(key, CITY, -1, purpose)
    for step in range(n):
        value = keep * value + fresh * normal(key, CITY, step, purpose)
        series[step] = value
    return series


@compiled
def daily_noise(key: np.uint64, n_days: int, purpose: int) -> Any:
    """Independent standard normal draws for days, shape (n_days,)."""
    series = np.empty(n_days)
    for day in range(n_days):
        series[day] = normal(key, CITY, day, purpose)
    return series
