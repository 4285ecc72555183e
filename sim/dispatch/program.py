"""Incrementally built linear (or mixed-integer) programme, solved by HiGHS."""

from __future__ import annotations

from typing import Any, NamedTuple

import highspy
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

Array = NDArray[np.float64]
Index = NDArray[np.int64]


class Solution(NamedTuple):
    """Optimum of a programme.

    Attributes
    ----------
    objective : float
    value : ndarray, shape (n_columns,)
    dual : ndarray, shape (n_rows,)
        Change of the objective with the right-hand side; meaningless with integer variables.
    bound : float
        Lower bound of the objective: the objective itself, or less where integer variables leave a gap.
    """

    objective: float
    value: Array
    dual: Array
    bound: float


class _Quiet(highspy.Highs):
    """HiGHS without its banner, which it prints as soon as callbacks are enabled."""

    def enableCallbacks(self) -> None:
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call]


class Program:
    """Minimise a linear cost under linear constraints.

    Examples
    --------
    >>> program = Program()
    >>> charge = program.columns([3.0, 1.0], 0.0, [5.0, 5.0])
    >>> owed = program.rows([7.0], [np.inf])
    >>> program.entries(np.repeat(owed, 2), charge, 1.0)
    >>> program.solve().value
    array([2., 5.])
    """

    def __init__(self) -> None:
        self._columns: list[tuple[Array, Array, Array]] = []
        self._rows: list[tuple[Array, Array]] = []
        self._entries: list[tuple[Index, Index, Array]] = []
        self._extra: list[tuple[Index, Array]] = []
        self._whole: list[Index] = []
        self._n_columns = self._n_rows = 0

    def columns(self, cost: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> Index:
        """Add variables; returns their indices. Their number is the length of `upper`."""
        top = np.asarray(upper, dtype=float)
        count = len(top)
        parts = (np.broadcast_to(np.asarray(part, dtype=float), count) for part in (cost, lower))
        first, second = parts
        self._columns.append((first, second, top))
        self._n_columns += count
        return np.arange(self._n_columns - count, self._n_columns)

    def add_cost(self, columns: Index, cost: ArrayLike) -> None:
        """Add to the cost of existing variables."""
        self._extra.append((columns, np.asarray(cost, dtype=float)))

    def whole(self, columns: Index) -> None:
        """Restrict variables to integers."""
        self._whole.append(columns)

    def rows(self, lower: ArrayLike, upper: ArrayLike) -> Index:
        """Add constraints; returns their indices."""
        low, high = np.asarray(lower, dtype=float), np.asarray(upper, dtype=float)
        self._rows.append((low, high))
        self._n_rows += len(low)
        return np.arange(self._n_rows - len(low), self._n_rows)

    def entries(self, rows: Index, columns: Index, values: ArrayLike) -> None:
        """Add coefficients."""
        self._entries.append((rows, columns, np.broadcast_to(np.asarray(values, dtype=float), len(rows))))

    def solve(self, gap: float = 1e-4, most_seconds: float = float("inf"), presolve: bool = True) -> Solution:
        """Solve it.

        Parameters
        ----------
        gap : float
            With integer variables: relative gap between objective and bound at which to stop.
        most_seconds : float
            With integer variables: time limit, after which the best solution so far is taken.
        presolve : bool
            False for small programmes, in which presolving takes longer than it saves.

        Raises
        ------
        RuntimeError
            If HiGHS finds no optimum, or no solution within the time limit.
        """
        rows, columns, values = (np.concatenate(part) for part in zip(*self._entries, strict=True))
        matrix = sparse.csc_matrix((values, (rows, columns)), shape=(self._n_rows, self._n_columns))
        problem: Any = highspy.HighsLp()
        problem.num_col_, problem.num_row_ = self._n_columns, self._n_rows
        _, problem.col_lower_, problem.col_upper_ = (
            np.concatenate(part) for part in zip(*self._columns, strict=True)
        )
        cost = np.concatenate([part[0] for part in self._columns])
        for which, more in self._extra:
            cost[which] += more
        problem.col_cost_ = cost
        problem.row_lower_, problem.row_upper_ = (
            np.concatenate(part) for part in zip(*self._rows, strict=True)
        )
        problem.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        problem.a_matrix_.start_ = matrix.indptr
        problem.a_matrix_.index_ = matrix.indices
        problem.a_matrix_.value_ = matrix.data
        highs: Any = _Quiet()  # type: ignore[no-untyped-call]
        highs.setOptionValue("output_flag", False)
        highs.setOptionValue("threads", 1)  # the same optimum on every machine
        if not presolve:
            highs.setOptionValue("presolve", "off")
        if self._whole:
            kinds = np.full(self._n_columns, highspy.HighsVarType.kContinuous)
            kinds[np.concatenate(self._whole)] = highspy.HighsVarType.kInteger
            problem.integrality_ = list(kinds)
            highs.setOptionValue("mip_rel_gap", gap)
            highs.setOptionValue("time_limit", most_seconds)
        highs.passModel(problem)
        highs.run()
        status, info = highs.getModelStatus(), highs.getInfo()
        in_time = status == highspy.HighsModelStatus.kTimeLimit and np.isfinite(info.mip_gap)
        if status != highspy.HighsModelStatus.kOptimal and not in_time:
            raise RuntimeError(f"no optimum: {highs.modelStatusToString(status)}")
        found, objective = highs.getSolution(), float(info.objective_function_value)
        return Solution(
            objective,
            np.array(found.col_value),
            np.array(found.row_dual),
            float(info.mip_dual_bound) if self._whole else objective,
        )
