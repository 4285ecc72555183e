"""A Mesa agent whose state is one row of a record array."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import mesa

from sim.state.columns import flag

if TYPE_CHECKING:
    from sim.state.row_tables import RowTable


class RowAgent(mesa.Agent):
    """View of one row. Reading and writing its attributes reads and writes the row.

    Views come and go; two views of one row are equal. Only agents of a class of your own are
    kept (see ``CityModel.recruit``), so that they may carry attributes besides the columns.

    Attributes
    ----------
    row : int
        Row among the agents of this kind.
    """

    #: What ``AgentSet.do(name)`` runs instead of calling the method on every row.
    kernels: ClassVar[dict[str, Callable[[Any], None]]] = {}

    custom = flag("stepped in Python because its class is the user's own")

    def __init__(self, table: RowTable, row: int):
        # Deliberately not mesa.Agent.__init__: the row is registered already, with its id.
        self.table = table
        self.row = row
        self.model = table.model
        self.unique_id = table.first_id + row
        self.pos = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RowAgent) and self.table is other.table and self.row == other.row

    def __hash__(self) -> int:
        return hash((id(self.table), self.row))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.row}>"

    def remove(self) -> None:
        """Agents of a city stay: a car that left would take its trips out of one arm only."""
        raise NotImplementedError(f"{type(self).__name__} rows are fixed for a run")
