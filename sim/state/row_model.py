"""A Mesa model that holds row agents besides ordinary ones.

This is the only file that touches Mesa's internals. It works on Mesa 3.3 to 3.5:

- ``model.agents`` is a read-only property and may be overridden; ``agents_by_type`` is a plain
  dict and may hold our sets; ``DataCollector`` only iterates and calls ``getattr``.
- Unique ids come from a counter that is moved on by the number of rows.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import mesa
from mesa.agent import Agent

from sim.state.agent_sets import RowAgentSet, RowKind
from sim.state.all_agents import AllAgents
from sim.state.row_agents import RowAgent
from sim.state.row_tables import RowTable


class RowModel(mesa.Model):
    """A Mesa model that holds row agents besides ordinary ones.

    Attributes
    ----------
    compiled : bool
        Whether ``AgentSet.do`` uses kernels; otherwise every agent is stepped in Python.
    """

    def __init__(self, rng: int, compiled: bool = True):
        super().__init__(rng=rng)
        self.compiled = compiled
        self._kinds: list[RowKind] = []

    def before_writing(self) -> None:
        """Called before a column is written from outside the model's own rules."""

    def add_table(self, cls: type[RowAgent], table: RowTable) -> RowAgentSet:
        """Add a kind of agent: one agent for each row of a table."""
        kind = RowKind(self, cls, table, _reserve_ids(self, table.n))
        self._kinds.append(kind)
        self._agents_by_type[cls] = kind.everyone()
        return kind.everyone()

    def kind(self, cls: type[RowAgent]) -> RowAgentSet:
        """All agents of a kind, those of the user's own subclasses among them."""
        return next(kind.everyone() for kind in self._kinds if kind.cls is cls)

    def recruit(self, cls: type[RowAgent], rows: Iterable[int]) -> RowAgentSet:
        """Turn rows into agents of a user-defined subclass; only these are stepped in Python."""
        for kind in self._kinds:
            if issubclass(cls, kind.cls):
                recruited = kind.recruit(cls, rows)
                self._agents_by_type[kind.cls] = kind.of_class(kind.cls)
                self._agents_by_type[cls] = recruited
                return recruited
        kinds = ", ".join(kind.cls.__name__ for kind in self._kinds)
        raise TypeError(f"{cls.__name__} is not a kind of {kinds}")

    @property
    def agents(self) -> AllAgents:
        """All agents of the model."""
        return AllAgents(self._all_agents, [kind.everyone() for kind in self._kinds], self.random)

    def forget(self) -> None:
        """Release this model for garbage collection: Mesa 3.3 keeps a reference to every model."""
        ids = getattr(Agent, "_ids", None)
        if ids is not None:
            ids.pop(self, None)


def _reserve_ids(model: Any, n: int) -> int:
    """First of n consecutive unique ids of a model."""
    if hasattr(model, "agent_id_counter"):  # Mesa 3.5
        first = int(model.agent_id_counter)
        model.agent_id_counter += n
        return first
    counters = Agent._ids
    first = next(counters[model])
    counters[model] = itertools.count(first + n)
    return first
