"""Parameters as records, the form that compiled code accepts at low cost.

Records are numpy's ``record``: their fields are attributes in plain Python too, so that rules run unchanged
under a debugger with ``NUMBA_DISABLE_JIT=1``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, SupportsIndex, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

Record_co = TypeVar("Record_co", covariant=True)


class Record(Protocol):
    """A row of records: its fields are attributes, and items by name."""

    def __getitem__(self, field: str) -> Any: ...

    def __setitem__(self, field: str, value: Any) -> None: ...

    def copy(self) -> Any:
        """The same in memory of its own."""


class Records(Protocol[Record_co]):
    """An array of records as rules see it: a row is a record, a field is a column."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Fields of a record."""

    def __len__(self) -> int: ...

    @overload
    def __getitem__(self, column: str) -> NDArray[Any]: ...

    @overload
    def __getitem__(self, rows: slice | NDArray[Any]) -> Any: ...

    @overload
    def __getitem__(self, row: SupportsIndex) -> Record_co: ...

    def __setitem__(self, where: Any, values: Any) -> None: ...

    def copy(self) -> Any:
        """The same in memory of its own."""


def as_record(values: Mapping[str, Any]) -> Any:
    """Record array of length one: ``figures[0].name`` in compiled code.

    Python floats become float64, ints int64, bools bool; numpy scalars keep their type, arrays their shape.
    """
    arrays = {name: np.asarray(value) for name, value in values.items()}
    fields = np.dtype([(name, value.dtype, value.shape) for name, value in arrays.items()], align=True)
    record: NDArray[Any] = np.zeros(1, (np.record, fields))
    for name, value in arrays.items():
        record[name] = value
    return record


def as_records(columns: Mapping[str, NDArray[Any]]) -> Any:
    """Record array with a field for each column; two-dimensional columns are (rows, width)."""
    n = len(next(iter(columns.values())))
    fields = np.dtype(
        [(name, values.dtype, values.shape[1:]) for name, values in columns.items()], align=True
    )
    records: NDArray[Any] = np.zeros(n, (np.record, fields))
    for name, values in columns.items():
        records[name] = values
    return records
