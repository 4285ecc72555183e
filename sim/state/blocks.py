"""Run a kernel over fixed blocks of rows, on as many threads as the machine has cores.

Blocks, not threads, decide what is computed where and in which order partial sums are added,
so results are the same bits for one thread and for many.
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
    """Let threads work through the blocks, each taking the next one when it has done one."""
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
    """Add one to a counter, and return what it was before."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        counter = context.make_array(signature.args[0])(context, builder, arguments[0])
        return builder.atomic_rmw("add", counter.data, ir.Constant(ir.IntType(64), 1), "monotonic")

    return types.int64(taken), generate


def _increment(taken: NDArray[np.int64]) -> int:
    taken[0] += 1
    return int(taken[0]) - 1


#: Counts one more block as taken, and returns how many were before: no two threads get the same.
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

    The loop is compiled too, for the way from Python into compiled code costs tens of microseconds when the
    whole world is handed over. A copy of the loop whose global ``kernel`` is this one, under a name of its
    own, is kept on disk as any other compiled function; a closure would not be.
    """
    rule = getattr(kernel, "py_func", kernel)  # plain functions where Numba is switched off
    copy = FunctionType(loop.__code__, loop.__globals__ | {"kernel": kernel}, loop.__name__)
    copy.__qualname__ = f"{loop.__name__}.{rule.__module__}.{rule.__qualname__}"
    return per_row(copy)
