"""Run a kernel over fixed blocks of rows, on as many threads as the machine has cores.

The partition into blocks and the order in which partial sums are added do not depend on the number of
threads, so results are bitwise identical for one thread and for many.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from types import FunctionType
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from sim.rules.compiling import per_row

kernel: Any = None  # of a loop over blocks; every compiled copy of a loop has its own

BLOCK_BITS = 16  # log2 of the rows of a block: large enough for a negligible overhead of kernel calls


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


def over_blocks(kernel: Any, n: int, *args: Any) -> None:
    """Call ``kernel(start, stop, *args)`` for every block; blocks may run at the same time."""
    _in_threads(_looped(kernel, each_block), n, args)


def sum_over_blocks(kernel: Any, n: int, width: int, *args: Any) -> NDArray[np.float64]:
    """Call ``kernel(start, stop, out, *args)`` for every block and add up the rows of `out`.

    Each block gets its own zeroed `out` of `width` numbers; they are added in block order.
    """
    partial = np.zeros((max(1, len(blocks(n))), width))
    _in_threads(_looped(kernel, each_block_with_sums), n, (partial, *args))
    total: NDArray[np.float64] = partial.sum(axis=0)
    return total


def _in_threads(loop: Any, n: int, args: tuple[Any, ...]) -> None:
    """Process the blocks with threads, each of which takes the next block when it has finished one."""
    taken, size = np.zeros(1, np.int64), 1 << BLOCK_BITS
    threads = min(thread_count(), len(blocks(n)))
    others = [_pool(threads - 1).submit(loop, taken, n, size, *args) for _ in range(threads - 1)]
    try:
        loop(taken, n, size, *args)
    finally:
        for other in others:
            other.result()


@intrinsic  # type: ignore[untyped-decorator]
def _atomic_increment(typingctx: Any, taken: Any) -> Any:
    """Increment a counter, and return its previous value."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        counter = context.make_array(signature.args[0])(context, builder, arguments[0])
        return builder.atomic_rmw("add", counter.data, ir.Constant(ir.IntType(64), 1), "monotonic")

    return types.int64(taken), generate


def _increment(taken: NDArray[np.int64]) -> int:
    taken[0] += 1
    return int(taken[0]) - 1


#: Atomically increments the counter of blocks taken and returns its previous value, unique to each thread.
take_next: Any = _increment if numba.config.DISABLE_JIT else _atomic_increment


def each_block(taken: Any, n: int, size: int, *args: Any) -> None:
    """Run a kernel for blocks until all are taken."""
    start = take_next(taken) * size
    while start < n:
        kernel(start, min(n, start + size), *args)
        start = take_next(taken) * size


def each_block_with_sums(taken: Any, n: int, size: int, partial: Any, *args: Any) -> None:
    """Run a kernel that adds up for blocks until all are taken."""
    start = take_next(taken) * size
    while start < n:
        kernel(start, min(n, start + size), partial[start // size], *args)
        start = take_next(taken) * size


@cache
def _looped(kernel: Any, loop: Callable[..., None]) -> Any:
    """Compile a loop over blocks for one kernel.

    The loop is compiled too, because a call from Python into compiled code with the whole world as argument
    takes tens of microseconds. A copy of the loop with this kernel as its global ``kernel``, under a distinct
    name, is cached on disk like any other compiled function; a closure would not be.
    """
    rule = getattr(kernel, "py_func", kernel)  # plain functions where Numba is switched off
    copy = FunctionType(loop.__code__, loop.__globals__ | {"kernel": kernel}, loop.__name__)
    copy.__qualname__ = f"{loop.__name__}.{rule.__module__}.{rule.__qualname__}"
    return per_row(copy)
