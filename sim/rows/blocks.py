"""Run a kernel over fixed blocks of rows, on as many threads as the machine has cores.

Blocks, not threads, decide what is computed where and in which order partial sums are added,
so results are the same bits for one thread and for many.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK_BITS = 16  # a block has 2 to this power of rows: enough to make the call of a kernel cheap


def thread_count() -> int:
    """Threads to use: ``V2GCITY_THREADS``, or the cores this process may run on."""
    asked = os.environ.get("V2GCITY_THREADS", "")
    if asked.isdigit() and int(asked) > 0:
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="v2gcity")


def blocks(n: int) -> list[tuple[int, int]]:
    """Half-open ranges of rows."""
    size = 1 << BLOCK_BITS
    return [(start, min(start + size, n)) for start in range(0, n, size)]


def over_blocks(kernel: Callable[..., None], n: int, *args: Any) -> None:
    """Call ``kernel(start, stop, *args)`` for every block; blocks may run at the same time."""
    todo = blocks(n)
    threads = min(thread_count(), len(todo))
    shared = iter(todo)  # each thread takes the next block when it has done one

    def work() -> None:
        for start, stop in shared:
            kernel(start, stop, *args)

    others = [_pool(threads - 1).submit(work) for _ in range(threads - 1)]
    try:
        work()
    finally:
        for other in others:
            other.result()


def sum_over_blocks(kernel: Callable[..., None], n: int, width: int, *args: Any) -> NDArray[np.float64]:
    """Call ``kernel(start, stop, out, *args)`` for every block and add up the rows of `out`.

    Each block gets its own zeroed `out` of `width` numbers; they are added in block order.
    """
    partial = np.zeros((max(1, len(blocks(n))), width))

    def run(start: int, stop: int) -> None:
        kernel(start, stop, partial[start >> BLOCK_BITS], *args)

    over_blocks(run, n)
    total: NDArray[np.float64] = partial.sum(axis=0)
    return total
