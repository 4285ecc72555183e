"""``model.agents``: ordinary Mesa agents and the rows of every kind, as one ``AgentSet``."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from mesa.agent import AgentSet

from sim.state.row_agents import RowAgent


class AllAgents(AgentSet):
    """``model.agents``: ordinary Mesa agents, then the rows of every kind."""

    def __init__(self, ordinary: Any, kinds: list[Any], random: Any):
        self.ordinary = ordinary
        self.kinds = kinds
        self.random = random

    def __len__(self) -> int:
        return len(self.ordinary) + sum(len(kind) for kind in self.kinds)

    def __iter__(self) -> Iterator[Any]:
        return itertools.chain(self.ordinary, *self.kinds)

    def __contains__(self, agent: object) -> bool:
        if isinstance(agent, RowAgent):
            return any(agent.table is kind.table for kind in self.kinds)
        return agent in self.ordinary

    def __getitem__(self, item: Any) -> Any:
        if isinstance(item, int) and item >= 0:
            return next(itertools.islice(iter(self), item, None))
        return list(self)[item]

    def to_list(self) -> list[Any]:
        """All agents as a list."""
        return list(self)

    def select(
        self,
        filter_func: Any = None,
        at_most: float = float("inf"),
        inplace: bool = False,
        agent_type: type | None = None,
    ) -> Any:
        """Subset; of one kind of row agents where `agent_type` names one."""
        for kind in self.kinds:
            if agent_type is not None and issubclass(agent_type, kind.table.cls):
                return kind.select(filter_func, at_most, agent_type=agent_type)
        return super().select(filter_func, at_most, inplace, agent_type)

    def get(self, attr_names: Any, handle_missing: Any = "error", default_value: Any = None) -> Any:
        """Values of one or several attributes of every agent."""
        names = [attr_names] if isinstance(attr_names, str) else attr_names
        missing = () if handle_missing == "error" else (default_value,)
        values = [[getattr(agent, name, *missing) for name in names] for agent in self]
        return [each[0] for each in values] if isinstance(attr_names, str) else values

    def map(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Call a method or function on every agent and collect what it returns."""
        if isinstance(method, str):
            return [getattr(agent, method)(*args, **kwargs) for agent in self]
        return [method(agent, *args, **kwargs) for agent in self]

    def do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> AllAgents:
        """Call a method or function on every agent, kind by kind."""
        self.ordinary.do(method, *args, **kwargs)
        for kind in self.kinds:
            kind.do(method, *args, **kwargs)
        return self

    def shuffle_do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> AllAgents:
        """Like :meth:`do`, each kind in random order."""
        self.ordinary.shuffle_do(method, *args, **kwargs)
        for kind in self.kinds:
            kind.shuffle_do(method, *args, **kwargs)
        return self

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__.copy()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
