"""Software prefetching of rows.

Kernels skip most rows and access scattered ones, which hardware prefetchers do not predict: without prefetch,
each access waits for memory. Prefetching affects run time only, not results.
"""

from __future__ import annotations

from typing import Any

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from sim.state.columns import LINE_BYTES

#: Prefetch distance in rows, for agents and for rows found through them.
FAR, NEAR = 24, 12
#: Cache lines prefetched per row: an account is longer, but its most used entries come first.
MOST_LINES = 3


@intrinsic  # type: ignore[untyped-decorator]
def _request_lines(typingctx: Any, records: Any, row: Any) -> Any:
    """Prefetch the first cache lines of row `row` of a record array; rows are padded to whole lines."""
    if not (isinstance(records, types.Array) and isinstance(row, types.Integer)):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        index = context.cast(builder, arguments[1], signature.args[1], types.intp)
        size = context.get_constant(types.intp, records.dtype.size)
        start = builder.ptrtoint(array.data, size.type)
        byte, whole = cgutils.voidptr_t, ir.IntType(32)
        request = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), [byte, whole, whole, whole]), "llvm.prefetch.p0"
        )
        for offset in range(0, min(records.dtype.size, MOST_LINES * LINE_BYTES), LINE_BYTES):
            place = builder.add(builder.add(start, builder.mul(index, size)), ir.Constant(size.type, offset))
            for_writing, keep, data = (ir.Constant(whole, value) for value in (1, 3, 1))
            builder.call(request, [builder.inttoptr(place, byte), for_writing, keep, data])
        return context.get_dummy_value()

    return types.none(records, row), generate


def _ask_for_nothing(records: Any, row: Any) -> None:
    """Stand-in where rules run as plain Python."""


prefetch: Any = _ask_for_nothing if numba.config.DISABLE_JIT else _request_lines
