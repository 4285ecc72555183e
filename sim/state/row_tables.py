"""All rows of one kind of agent: records, and the accounts of those that have one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.state.columns import by_name, new_accounts, new_records
from sim.state.entries import Chart

Rows = NDArray[np.int64]


class RowTable:
    """The state of all agents of one kind.

    Parameters
    ----------
    cls : type
        Class whose columns the rows have; a ``chart`` of it says what its accounts hold.
    n : int
        Number of rows.
    values : dict of str to array, optional
        Columns to begin with; others hold their defaults.
    holders : ndarray of int, optional
        Rows that have an account, in the order of the accounts; without it, all.

    Attributes
    ----------
    records : records, shape (n,)
        State of every row.
    entries : records, shape (number of accounts,)
        Accounts as compiled code sees them: the entries are one field ``sums``.
    holders : ndarray of int or None
        Rows that have an account; None where every row does.
    """

    def __init__(self, cls: type, n: int, values: dict[str, Any] | None = None, holders: Rows | None = None):
        self.cls, self.n, self.holders = cls, n, holders
        self.chart: Chart = getattr(cls, "chart", Chart())
        self.records: Any = new_records(cls, n)
        for name, value in (values or {}).items():
            self.records[name] = value
        self.entries: Any = new_accounts(cls, self.chart, n if holders is None else len(holders))
        self.in_account = frozenset(self.accounts.dtype.names or ())
        self.names = self.in_account | frozenset(self.records.dtype.names or ())

    @property
    def accounts(self) -> NDArray[Any]:
        """Accounts of the rows that have one, with a field for each entry."""
        return by_name(self.entries, self.chart)

    def column(self, name: str) -> NDArray[Any]:
        """A column of the rows, or of the accounts."""
        column: NDArray[Any] = (self.accounts if name in self.in_account else self.records)[name]
        return column

    def place(self, name: str, rows: Any) -> Any:
        """Indices of the given rows in a column.

        Raises
        ------
        LookupError
            If the column is part of an account that one of the rows does not have.
        """
        if self.holders is None or name not in self.in_account:
            return rows
        places = np.searchsorted(self.holders, rows)
        found = self.holders[np.minimum(places, len(self.holders) - 1)] == rows
        if not np.all(found):
            raise LookupError(
                f"'{name}' is kept for {len(self.holders):,} of {self.n:,} rows (outputs.owner_rows); "
                f"row {np.asarray(rows)[~found].flat[0]} has no account"
            )
        return places
