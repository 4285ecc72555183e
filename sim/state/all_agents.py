"""Sets of arbitrary agents, held by strong references; and ``model.agents``.

Mesa's own sets hold weak references, from which temporary views would disappear immediately.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from mesa.agent import AgentSet

from sim.state.row_agents import RowAgent

try:
    from mesa.agentset import GroupBy
except ImportError:  # Mesa 3.3
    from mesa.agent import GroupBy

__all__ = ["AllAgents", "GroupBy", "HeldAgents", "default_for", "most"]


def most(at_most: float, n: int) -> float:
    """Number of n agents that a limit allows: an integer count, or a share up to 1.0."""
    return int(n * at_most) if isinstance(at_most, float) and at_most <= 1.0 else at_most


class HeldAgents(AgentSet):
    """An ``AgentSet`` of any agents, in order."""

    def __init__(self, agents: Iterable[Any], random: Any):
        self._held = list(dict.fromkeys(agents))
        self.random = random

    # ---------------------------------------------------------------- collection protocol
    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._held)

    def __contains__(self, agent: object) -> bool:
        return agent in self._held

    def __getitem__(self, item: Any) -> Any:
        return list(self)[item]

    def to_list(self) -> list[Any]:
        """All agents as a list."""
        return list(self)

    def _with(self, agents: list[Any], inplace: bool) -> HeldAgents:
        if inplace:
            self._held = list(dict.fromkeys(agents))
            return self
        return HeldAgents(agents, self.random)

    def add(self, agent: Any) -> None:
        """Add an agent to this set."""
        if agent not in self:
            self._held.append(agent)

    def discard(self, agent: Any) -> None:
        """Remove an agent from this set, if present."""
        self._held = [each for each in self._held if each != agent]

    def remove(self, agent: Any) -> None:
        """Remove an agent from this set.

        Raises
        ------
        KeyError
            If it is not in it.
        """
        if agent not in self:
            raise KeyError(agent)
        self.discard(agent)

    # ---------------------------------------------------------------- asking
    def select(
        self,
        filter_func: Any = None,
        at_most: float = float("inf"),
        inplace: bool = False,
        agent_type: type | None = None,
    ) -> Any:
        """Subset by a function of an agent, a class, and a number or share of them."""
        found = (
            agent
            for agent in self
            if (agent_type is None or isinstance(agent, agent_type))
            and (filter_func is None or filter_func(agent))
        )
        limit = most(at_most, len(self))
        return self._with(list(itertools.islice(found, None if limit == math.inf else int(limit))), inplace)

    def get(self, attr_names: Any, handle_missing: Any = "error", default_value: Any = None) -> Any:
        """Values of one or several attributes of every agent."""
        missing = default_for(handle_missing, default_value)
        if isinstance(attr_names, str):
            return [getattr(agent, attr_names, *missing) for agent in self]
        return [[getattr(agent, name, *missing) for name in attr_names] for agent in self]

    def agg(self, attribute: str, func: Any) -> Any:
        """Apply one or several functions to the values of an attribute."""
        values = self.get(attribute)
        return func(values) if callable(func) else [each(values) for each in func]

    def sort(self, key: Any, ascending: bool = False, inplace: bool = False) -> Any:
        """Agents sorted by an attribute or a function (stable)."""
        keys = self.get(key) if isinstance(key, str) else [key(agent) for agent in self]
        order = sorted(range(len(keys)), key=keys.__getitem__, reverse=not ascending)
        agents = list(self)
        return self._with([agents[place] for place in order], inplace)

    def shuffle(self, inplace: bool = False) -> Any:
        """Agents in random order."""
        agents = list(self)
        self.random.shuffle(agents)
        return self._with(agents, inplace)

    def groupby(self, by: Any, result_type: str = "agentset") -> Any:
        """Group by an attribute or a function."""
        groups: dict[Any, list[Any]] = {}
        for agent in self:
            groups.setdefault(by(agent) if callable(by) else getattr(agent, by), []).append(agent)
        if result_type == "list":
            return GroupBy(groups)
        return GroupBy({label: HeldAgents(group, self.random) for label, group in groups.items()})

    # ---------------------------------------------------------------- doing
    def set(self, attr_name: str, value: Any) -> Any:
        """Set an attribute of all agents."""
        for agent in self:
            setattr(agent, attr_name, value)
        return self

    def do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a method or function on every agent."""
        self.map(method, *args, **kwargs)
        return self

    def shuffle_do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a method or function on every agent, in random order."""
        self.shuffle().map(method, *args, **kwargs)
        return self

    def map(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Call a method or function on every agent and collect what it returns."""
        if isinstance(method, str):
            return [getattr(agent, method)(*args, **kwargs) for agent in self]
        return [method(agent, *args, **kwargs) for agent in self]

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__.copy()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)


def default_for(handle_missing: str, default_value: Any) -> tuple[Any, ...]:
    """Default arguments for ``getattr``: none, so that it raises, or a value.

    Raises
    ------
    ValueError
        For a way of handling that Mesa does not know.
    """
    if handle_missing not in ("error", "default"):
        raise ValueError(f"Unknown handle_missing option: {handle_missing}, should be 'error' or 'default'")
    return () if handle_missing == "error" else (default_value,)


class AllAgents(HeldAgents):
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
        if isinstance(item, int) and 0 <= item < len(self):
            return next(itertools.islice(iter(self), item, None))
        return list(self)[item]

    def _with(self, agents: list[Any], inplace: bool) -> HeldAgents:
        if inplace:
            raise TypeError("model.agents is made anew whenever it is asked for; use inplace=False")
        return HeldAgents(agents, self.random)

    def select(
        self,
        filter_func: Any = None,
        at_most: float = float("inf"),
        inplace: bool = False,
        agent_type: type | None = None,
    ) -> Any:
        """Subset; of one kind of row agents where `agent_type` names one, which is the fast way."""
        for kind in self.kinds:
            if agent_type is not None and issubclass(agent_type, kind.table.cls) and not inplace:
                return kind.select(filter_func, most(at_most, len(self)), agent_type=agent_type)
        return super().select(filter_func, at_most, inplace, agent_type)

    def do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a method or function on every agent, kind by kind."""
        self.ordinary.do(method, *args, **kwargs)
        for kind in self.kinds:
            kind.do(method, *args, **kwargs)
        return self

    def add(self, agent: Any) -> None:
        """Agents register themselves; rows are fixed."""
        raise TypeError("agents of a model register themselves when they are made; rows are fixed for a run")

    def discard(self, agent: Any) -> None:
        """Agents of a city stay."""
        raise TypeError("agents of a city stay; leave some out with select")

    def remove(self, agent: Any) -> None:
        """Agents of a city stay."""
        self.discard(agent)
