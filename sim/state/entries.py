"""Entries of an account, each declared once.

An entry states its unit, its meaning and its role for owners. Accounts, fleet flows, columns of results,
parts of earnings and payments between parties are derived from the declarations: a new entry needs one
declaration and code that posts to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

COST, NEITHER, REVENUE = 1, 0, -1


@dataclass(frozen=True)
class Entry:
    """One entry of every account.

    Attributes
    ----------
    name : str
        Name of the entry, and of its column in ``owners.parquet``.
    unit, meaning : str
        Unit and description.
    whole : bool
        Whether it counts something.
    monthly : bool
        Whether it is reset when a month is settled; such an entry is not a column of results.
    by_month : bool
        Whether it is posted when a month is settled, for all days of the month at once.
    standing : bool
        Whether it is charged for time, plugged in or not, and so belongs to no session.
    sign : int
        ``COST`` or ``REVENUE`` of the owner; ``NEITHER`` for entries that are not payments and for parts.
    payer, payee : str
        Parties of :mod:`sim.market.parties` between whom it is settled.
    reason : str
        Name of the payment in the ledger; empty where it is settled in another way.
    shared : bool
        Whether the aggregator keeps its share of it.
    part_of : str
        Entry that contains this one.
    part : str
        Part of an owner's earnings that it belongs to.
    day : str
        Column of ``owner_days.parquet``; empty for none.
    timeline : str
        Column of ``stories.parquet``; empty for none.
    """

    name: str
    unit: str
    meaning: str
    whole: bool = False
    monthly: bool = False
    by_month: bool = False
    standing: bool = False
    sign: int = NEITHER
    payer: str = ""
    payee: str = ""
    reason: str = ""
    shared: bool = False
    part_of: str = ""
    part: str = ""
    day: str = ""
    timeline: str = ""


class Chart:
    """The chart of accounts: all entries in the order in which every account holds them.

    Attributes
    ----------
    room : int
        Capacity of an account in entries.
    """

    def __init__(self, room: int = 0) -> None:
        self.room = room
        self._entries: list[Entry] = []

    def declare(self, entry: Entry) -> int:
        """Add an entry, before any table of results is imported; its number is its index in every account.

        Raises
        ------
        ValueError
            If there is an entry of that name, or no room for another.
        """
        if any(entry.name == other.name for other in self._entries):
            raise ValueError(f"there is an entry '{entry.name}' already")
        if len(self._entries) == self.room:
            raise ValueError(f"'{entry.name}': an account has room for {self.room} entries; raise its room")
        self._entries.append(entry)
        return len(self._entries) - 1

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __getitem__(self, number: int) -> Entry:
        return self._entries[number]

    def number(self, name: str) -> int:
        """Index of an entry in every account.

        Raises
        ------
        KeyError
            If there is none of that name.
        """
        for number, entry in enumerate(self._entries):
            if entry.name == name:
                return number
        raise KeyError(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all entries, in order."""
        return tuple(entry.name for entry in self._entries)

    @property
    def money(self) -> tuple[Entry, ...]:
        """Entries that are a cost or a revenue of the owner."""
        return tuple(entry for entry in self._entries if entry.sign != NEITHER)

    @property
    def columns(self) -> tuple[Entry, ...]:
        """Entries that are columns of results."""
        return tuple(entry for entry in self._entries if not entry.monthly)
