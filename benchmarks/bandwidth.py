"""Memory bandwidth of this machine: how fast one and two threads read and copy what no cache holds.

``python benchmarks/bandwidth.py`` prints one line of JSON, GB/s as minimum, median and maximum of the rounds.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

MEGABYTES, ROUNDS = 1024, 7


def gigabytes_per_s(work: Callable[[int], Any], threads: int, moved: float) -> list[float]:
    """Rate of some work shared by threads: minimum, median, maximum over rounds."""
    rates = []
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(ROUNDS + 1):
            start = time.perf_counter()
            list(pool.map(work, range(threads)))
            rates.append(moved / (time.perf_counter() - start) / 1e9)
    return [round(float(f(rates[1:])), 2) for f in (np.min, np.median, np.max)]


def bandwidth() -> dict[str, Any]:
    """Rates of reading and of copying; a copy moves every byte twice."""
    source = np.ones(MEGABYTES * 2**20 // 8)
    target = np.empty_like(source)
    found: dict[str, Any] = {"megabytes": MEGABYTES}
    for threads in (1, 2):
        cuts = np.linspace(0, len(source), threads + 1).astype(int)

        def read(part: int, cuts: Any = cuts) -> float:
            return float(source[cuts[part] : cuts[part + 1]].max())

        def copy(part: int, cuts: Any = cuts) -> None:
            np.copyto(target[cuts[part] : cuts[part + 1]], source[cuts[part] : cuts[part + 1]])

        found[f"read_gb_per_s_{threads}"] = gigabytes_per_s(read, threads, source.nbytes)
        found[f"copy_gb_per_s_{threads}"] = gigabytes_per_s(copy, threads, 2.0 * source.nbytes)
    return found


if __name__ == "__main__":
    print(json.dumps(bandwidth()))
