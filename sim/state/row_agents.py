"""A Mesa agent whose state is one row of a record array."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import mesa

from sim.state.columns import columns_of, entry_column, flag
from sim.state.entries import Chart
from sim.state.row_tables import RowTable

NO_ENTRIES = Chart()
#: What every view carries.
OF_A_VIEW = ("table", "row", "model", "unique_id", "pos")


class RowAgent(mesa.Agent):
    """View of one row. Reading and writing its attributes reads and writes the row.

    Views are temporary; two views of one row are equal. Only agents of user-defined classes are kept (see
    ``CityModel.recruit``), so that they may have attributes besides the columns.

    Attributes
    ----------
    row : int
        Row among the agents of this kind.
    """

    #: What ``AgentSet.do(name)`` runs instead of calling the method on every row.
    kernels: ClassVar[dict[str, Callable[[Any], None]]] = {}
    #: Entries of the account of an agent of this kind; each is an attribute too.
    chart: ClassVar[Chart] = NO_ENTRIES

    custom = flag("stepped in Python because its class is the user's own")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for entry in cls.chart:
            if entry.name not in columns_of(cls):
                setattr(cls, entry.name, entry_column(entry))

    def __init__(self, model: Any, table: RowTable, row: int, unique_id: int):
        # Deliberately not mesa.Agent.__init__: the row is registered already, with its id.
        self.table = table
        self.row = row
        self.model = model
        self.unique_id = unique_id
        self.pos = None

    def __setattr__(self, name: str, value: Any) -> None:
        """Write a column; other attributes are allowed only for agents of user-defined classes.

        Raises
        ------
        AttributeError
            For an attribute that would be lost.
        """
        known = name in OF_A_VIEW or hasattr(type(self), name)
        if not known and type(self) is self.table.cls:
            raise AttributeError(
                f"{type(self).__name__} has no column '{name}'; views come and go and keep no attributes "
                "of their own: recruit a subclass (CityModel.recruit)"
            )
        super().__setattr__(name, value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RowAgent) and self.table is other.table and self.row == other.row

    def __hash__(self) -> int:
        return hash((id(self.table), self.row))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.row}>"

    def remove(self) -> None:
        """Not supported: removing a car would remove its trips from one arm only."""
        raise TypeError(f"{type(self).__name__} rows are fixed for a run")
