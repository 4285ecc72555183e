"""Sets of row agents: Mesa's ``AgentSet`` over row numbers, and all agents of a kind."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from sim.state.all_agents import GroupBy, HeldAgents, default_for, most
from sim.state.row_agents import RowAgent
from sim.state.row_tables import Rows, RowTable


class RowKind:
    """All agents of one kind in a model: the table, and the agents of user-defined classes.

    Attributes
    ----------
    model : RowModel
    table : RowTable
    recruits : dict of int to RowAgent
        Agents of the user's own subclasses, by row.
    """

    def __init__(self, model: Any, cls: type[RowAgent], table: RowTable, first_id: int):
        self.model, self.cls, self.table = model, cls, table
        self._first_id = first_id
        self.recruits: dict[int, RowAgent] = {}

    def view(self, row: int) -> RowAgent:
        """Return the agent of a row."""
        return self.recruits.get(row) or self._new(self.cls, row)

    def _new(self, cls: type[RowAgent], row: int) -> RowAgent:
        return cls(self.model, self.table, row, self._first_id + row)

    def everyone(self) -> RowAgentSet:
        """All agents of this kind."""
        return RowAgentSet(self, None)

    def of_class(self, cls: type[RowAgent]) -> RowAgentSet:
        """Agents of exactly one class."""
        if cls is self.cls:
            if not self.recruits:
                return self.everyone()
            mask = np.ones(self.table.n, dtype=bool)
            mask[list(self.recruits)] = False
            return RowAgentSet(self, np.flatnonzero(mask))
        rows = [row for row, agent in self.recruits.items() if type(agent) is cls]
        return RowAgentSet(self, np.array(sorted(rows), dtype=np.int64))

    def recruit(self, cls: type[RowAgent], rows: Iterable[int]) -> RowAgentSet:
        """Turn rows into agents of a subclass written in plain Python."""
        if not issubclass(cls, self.cls):
            raise TypeError(f"{cls.__name__} is not a kind of {self.cls.__name__}")
        for row in rows:
            if not 0 <= row < self.table.n:
                raise IndexError(f"there is no {self.cls.__name__} {row}; rows are 0 to {self.table.n - 1}")
            self.recruits[int(row)] = self._new(cls, int(row))
            self.table.records["custom"][row] = 1
        return self.of_class(cls)


class RowAgentSet(HeldAgents):
    """An ``AgentSet`` of rows. Where a name is a column, operations are done on the whole column.

    A set of all rows creates its row numbers on first access only.
    """

    def __init__(self, kind: RowKind, rows: Rows | None):
        self.kind, self.table = kind, kind.table
        self._rows = rows
        self.model = kind.model
        self.random = kind.model.random

    @property
    def rows(self) -> Rows:
        """Row numbers of the set, in its order."""
        return np.arange(self.table.n) if self._rows is None else self._rows

    @rows.setter
    def rows(self, rows: Rows) -> None:
        self._rows = rows

    # ---------------------------------------------------------------- collection protocol
    def __len__(self) -> int:
        return self.table.n if self._rows is None else len(self._rows)

    def __iter__(self) -> Iterator[Any]:
        rows = range(self.table.n) if self._rows is None else self._rows.tolist()
        return map(self.kind.view, rows)

    def __contains__(self, agent: object) -> bool:
        return (
            isinstance(agent, RowAgent) and agent.table is self.table and bool(np.any(self.rows == agent.row))
        )

    def __getitem__(self, item: Any) -> Any:
        if self._rows is None and isinstance(item, int | np.integer):
            return self.kind.view(range(self.table.n)[item])
        picked = self.rows[item]
        if np.ndim(picked) == 0:
            return self.kind.view(int(picked))
        return [self.kind.view(row) for row in picked.tolist()]

    def _of(self, rows: Rows, inplace: bool) -> RowAgentSet:
        if inplace:
            self.rows = rows
            return self
        return RowAgentSet(self.kind, rows)

    def add(self, agent: Any) -> None:
        """Add an agent of the same kind."""
        if getattr(agent, "table", None) is not self.table:
            raise TypeError(f"a set of {self.kind.cls.__name__} cannot hold {agent!r}")
        if agent not in self:
            self.rows = np.append(self.rows, agent.row)

    def discard(self, agent: Any) -> None:
        """Remove an agent from this set, if present."""
        if agent in self:
            self.rows = self.rows[self.rows != agent.row]

    # ---------------------------------------------------------------- on columns
    def get(self, attr_names: Any, handle_missing: Any = "error", default_value: Any = None) -> Any:
        """Values of one or several attributes; a column comes as an array."""
        missing = default_for(handle_missing, default_value)
        if not isinstance(attr_names, str):
            parts = [self.get(name, handle_missing, default_value) for name in attr_names]
            return [list(values) for values in zip(*parts, strict=True)]
        if attr_names in self.table.names:
            return self.table.column(attr_names)[self.table.place(attr_names, self.rows)]
        return [getattr(agent, attr_names, *missing) for agent in self]

    def set(self, attr_name: str, value: Any) -> RowAgentSet:
        """Set an attribute of all agents; a column at once."""
        if attr_name in self.table.names:
            self.model.before_writing()
            self.table.column(attr_name)[self.table.place(attr_name, self.rows)] = value
        else:
            for agent in self:
                setattr(agent, attr_name, value)
        return self

    def select(
        self,
        filter_func: Any = None,
        at_most: float = float("inf"),
        inplace: bool = False,
        agent_type: type | None = None,
    ) -> RowAgentSet:
        """Subset by a function of an agent or by a boolean array (the fast way)."""
        limit, rows = most(at_most, len(self)), self.rows
        if isinstance(filter_func, np.ndarray):
            rows = rows[filter_func]
            filter_func = None
        if filter_func is not None or agent_type is not None:
            views = (self.kind.view(row) for row in rows.tolist())
            kept = [
                agent.row
                for agent in views
                if (agent_type is None or isinstance(agent, agent_type))
                and (filter_func is None or filter_func(agent))
            ]
            rows = np.array(kept, dtype=np.int64)
        return self._of(rows if limit == math.inf else rows[: int(limit)], inplace)

    def shuffle(self, inplace: bool = False) -> RowAgentSet:
        """Agents in random order."""
        return self._of(self.model.rng.permutation(self.rows), inplace)

    def sort(self, key: Any, ascending: bool = False, inplace: bool = False) -> RowAgentSet:
        """Agents sorted by an attribute or a function (stable)."""
        keys = np.asarray(self.get(key) if isinstance(key, str) else [key(agent) for agent in self])
        if ascending:
            order = np.argsort(keys, kind="stable")
        else:  # sort the reversed list, so that ties keep their order
            order = len(keys) - 1 - np.argsort(keys[::-1], kind="stable")[::-1]
        return self._of(self.rows[order], inplace)

    def groupby(self, by: Any, result_type: str = "agentset") -> Any:
        """Group by an attribute or a function, in the order in which groups appear."""
        keys = self.get(by) if isinstance(by, str) else [by(agent) for agent in self]
        members: dict[Any, list[int]] = {}
        for row, label in zip(self.rows.tolist(), np.asarray(keys).tolist(), strict=True):
            members.setdefault(label, []).append(row)
        groups: dict[Any, Any] = {
            label: RowAgentSet(self.kind, np.array(rows, np.int64)) for label, rows in members.items()
        }
        if result_type == "list":
            groups = {label: list(group) for label, group in groups.items()}
        return GroupBy(groups)

    # ---------------------------------------------------------------- doing
    def do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> RowAgentSet:
        """Call a method or function on every agent.

        Where the class has a kernel for the method and the set is the whole kind, the kernel processes
        the standard rows at once and only agents of user-defined classes are called one by one.
        """
        recruits = self.kind.recruits
        kernel = self.kind.cls.kernels.get(method) if isinstance(method, str) else None
        plain = not args and not kwargs and self.model.compiled and self._rows is None
        if kernel is not None and plain:
            kernel(self.model)
            for row in sorted(recruits):
                getattr(recruits[row], str(method))()
        else:
            self.map(method, *args, **kwargs)
        return self

    def shuffle_do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> RowAgentSet:
        """Like :meth:`do`; order does not matter to the standard rules, so a kernel may be used."""
        if isinstance(method, str) and method in self.kind.cls.kernels:
            return self.do(method, *args, **kwargs)
        self.shuffle().map(method, *args, **kwargs)
        return self
