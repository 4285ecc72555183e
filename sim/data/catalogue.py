"""Read the sourced tables that ship with the package.

The tables are small CSV files: those that hold anywhere under ``sim/data/tables``, those of one place
(its plants, demand, weather) in a folder of their own under ``sim/data/places``. This module knows how
to find a table, a column and a single parameter, and nothing about what the figures mean.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLES = Path(__file__).parent / "tables"
PLACES = Path(__file__).parent / "places"
SHANGHAI = "shanghai"

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One figure with everything a reader needs in order to trust or doubt it.

    Attributes
    ----------
    table, name : str
        Where the figure stands: file (without ``.csv``) and row.
    value : float
        The figure in `unit`.
    unit : str
    low, high : float or None
        Range for sensitivity analysis, where the table gives one.
    note, source, confidence : str
        `source` holds codes of ``sources.csv`` joined by ``+``.
    """

    table: str
    name: str
    value: float
    unit: str
    low: float | None
    high: float | None
    note: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Source:
    """A place a figure was read in."""

    code: str
    title: str
    address: str
    year: str


@cache
def rows(table: str, place: str = SHANGHAI) -> tuple[Row, ...]:
    """Return all rows of a table as text, in file order.

    Parameters
    ----------
    table : str
    place : str
        Name of a shipped place, or a folder of one's own; a table that is not there is Shanghai's.

    Raises
    ------
    KeyError
        If there is no table of that name.
    """
    path = table_path(table, place)
    if path is None:
        raise KeyError(f"no table '{table}'; tables: {', '.join(tables(place))}")
    with path.open(encoding="utf-8", newline="") as stream:
        return tuple(csv.DictReader(stream))


def table_path(table: str, place: str = SHANGHAI) -> Path | None:
    """File of a table: the place's own, or Shanghai's, or the one that holds anywhere; None without any."""
    found = (folder / f"{table}.csv" for folder in (place_folder(place), PLACES / SHANGHAI, TABLES))
    return next((path for path in found if path.is_file()), None)


def place_folder(place: str) -> Path:
    """Folder of a place: of a shipped one by its name, else as given."""
    return PLACES / place if place in places() else Path(place)


@cache
def places() -> list[str]:
    """Names of all places that ship."""
    return sorted(path.name for path in PLACES.iterdir() if (path / "units.csv").is_file())


def tables(place: str = SHANGHAI) -> list[str]:
    """Names of all tables, those of a place among them."""
    return sorted({path.stem for folder in (TABLES, place_folder(place)) for path in folder.glob("*.csv")})


def select(table: str, place: str = SHANGHAI, **where: str) -> list[Row]:
    """Rows of a table whose columns equal the given texts, in file order."""
    return [row for row in rows(table, place) if all(row[key] == text for key, text in where.items())]


def column(table: str, name: str, place: str = SHANGHAI, **where: str) -> list[float]:
    """One column of the selected rows as numbers."""
    return [float(row[name]) for row in select(table, place, **where)]


def parameter(table: str, name: str = "", place: str = SHANGHAI, **where: str) -> Parameter:
    """Return one figure of a table.

    Parameters
    ----------
    table : str
        A table with the columns ``value``, ``unit``, ``source`` and ``confidence``.
    name : str, optional
        Text in the column ``parameter``, where the table has one.
    place : str
        Whose table.
    **where : str
        Further columns that single out the row, e.g. ``chemistry="LFP"``.

    Raises
    ------
    KeyError
        If no row or more than one row fits.
    """
    if name:
        where = {"parameter": name, **where}
    found = select(table, place, **where)
    if len(found) != 1:
        raise KeyError(f"{len(found)} rows of '{table}' match {where}; expected one")
    row = found[0]
    return Parameter(
        table=table,
        name=name or ", ".join(where.values()),
        value=float(row["value"]),
        unit=row["unit"],
        low=_number(row.get("low")),
        high=_number(row.get("high")),
        note=row.get("note", ""),
        source=row["source"],
        confidence=row["confidence"],
    )


@cache
def sources() -> dict[str, Source]:
    """All sources by code."""
    return {
        row["code"]: Source(row["code"], row["title"], row["address"], row["year"]) for row in rows("sources")
    }


def _number(text: str | None) -> float | None:
    return float(text) if text else None
