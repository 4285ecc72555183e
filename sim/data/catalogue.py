"""Read the sourced tables that ship with the package.

The tables are small CSV files: those that hold anywhere under ``sim/data/tables``, those of one place
(its plants, demand, weather) in a folder of their own under ``sim/data/places``. This module knows how
to find a table, a column and a single parameter, and nothing about what the figures mean.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sim.data.files import FileTrouble, read_text

TABLES = Path(__file__).parent / "tables"
PLACES = Path(__file__).parent / "places"
SHANGHAI = "shanghai"

#: A larger table is refused unread.
MOST_TABLE_BYTES = 4_000_000
TAKEN_IN = re.compile(r"(.+)@([0-9a-f]{16})", re.DOTALL)

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


@dataclass(frozen=True)
class Table:
    """Rows of a table as text, with the lines they begin at.

    Attributes
    ----------
    path : Path
        Where it was read.
    text : str
    columns : tuple of str
        Header, as it stands.
    rows : tuple of mapping
        Cells by column; those beyond the header under None, those that are missing as None.
    lines : tuple of int
        Line of the file at which each row ends.
    """

    path: Path
    text: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    lines: tuple[int, ...]


def read_table(path: Path) -> Table:
    """Read a CSV file.

    Raises
    ------
    FileNotFoundError
        If there is none.
    FileTrouble
        If it is not a CSV file in UTF-8.
    """
    return parsed(path, read_text(path, MOST_TABLE_BYTES, "a CSV file"))


def parsed(path: Path, text: str) -> Table:
    """A table from the text of its file.

    Raises
    ------
    FileTrouble
        If it is not CSV.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    found: list[Row] = []
    lines: list[int] = []
    try:
        columns = tuple(reader.fieldnames or ())
        for row in reader:
            found.append(row)
            lines.append(reader.line_num)
    except csv.Error as error:
        raise FileTrouble(f"not CSV: {error}", max(1, reader.line_num)) from None
    return Table(path, text, columns, tuple(found), tuple(lines))


def rows(table: str, place: str = SHANGHAI) -> tuple[Row, ...]:
    """Return all rows of a table as text, in file order.

    Parameters
    ----------
    table : str
    place : str
        Name of a shipped place, or an own one as :func:`take_in` names it; a table that is not there is
        Shanghai's.

    Raises
    ------
    KeyError
        If there is no table of that name.
    """
    return table_of(table, place).rows


def table_of(table: str, place: str = SHANGHAI) -> Table:
    """A table of a place: its own, or Shanghai's, or the one that holds anywhere.

    Raises
    ------
    KeyError
        If there is no table of that name.
    """
    if place not in places() and table in own_tables(place):
        return own_tables(place)[table]
    folders = (
        (PLACES / place, PLACES / SHANGHAI, TABLES) if place in places() else (PLACES / SHANGHAI, TABLES)
    )
    path = next((folder / f"{table}.csv" for folder in folders if (folder / f"{table}.csv").is_file()), None)
    if path is None:
        raise KeyError(f"no table '{table}'")
    return _shipped_table(path)


@cache
def _shipped_table(path: Path) -> Table:
    return read_table(path)


@cache
def places() -> list[str]:
    """Names of all places that ship."""
    return sorted(path.name for path in PLACES.iterdir() if (path / "units.csv").is_file())


# ------------------------------------------------------------------------- places of one's own
#: Tables of own places as they were taken in, by the name that says what they hold.
_taken_in: dict[str, dict[str, Table]] = {}


def take_in(folder: Path) -> str:
    """Read the tables of an own place, once and for all, and name the place by what they hold.

    Whatever is kept of the place later (streets, maps, runs) is kept under that name, so that a folder whose
    tables are edited is another place, and a run never sees tables of two editions.

    Returns
    -------
    str
        The folder and a digest of its tables, ``mycity@3f0c2e81b7a94d55`` with its whole path.

    Raises
    ------
    FileTrouble
        If a table cannot be read; its message names the file.
    """
    tables = {}
    for path in sorted(folder.glob("*.csv")):
        try:
            tables[path.stem] = read_table(path)
        except FileNotFoundError:
            raise FileTrouble(f"{path}: is a link to a file that is not there") from None
        except FileTrouble as trouble:
            where = path if trouble.line is None else f"{path}:{trouble.line}"
            raise FileTrouble(f"{where}: {trouble.message}") from None
    place = f"{folder.resolve()}@{_digest(_inherited() | tables)}"
    _taken_in.setdefault(place, tables)
    return place


def own_tables(place: str) -> dict[str, Table]:
    """Tables of an own place by the name that :func:`take_in` gave it.

    In another process the folder is read again, and must still hold the same.

    Raises
    ------
    KeyError
        If it does not.
    """
    if place not in _taken_in and take_in(place_folder(place)) != place:
        raise KeyError(f"the tables of {place_folder(place)} have changed since the scenario was loaded")
    return _taken_in[place]


def is_taken_in(place: str) -> bool:
    """Whether a place is an own one that has been named by what it holds."""
    return bool(TAKEN_IN.fullmatch(place))


def place_folder(place: str) -> Path:
    """Folder of a place: of a shipped one by its name, of an own one without its digest."""
    if place in places():
        return PLACES / place
    found = TAKEN_IN.fullmatch(place)
    return Path(found[1] if found else place)


def place_name(place: str) -> str:
    """What to call a place: a shipped one by its name, an own one as its folder is called."""
    return place if place in places() else place_folder(place).name


def has_own(table: str, place: str) -> bool:
    """Whether a place has this table of its own."""
    return (
        (place_folder(place) / f"{table}.csv").is_file() if place in places() else table in own_tables(place)
    )


def place_digest(place: str) -> str:
    """Digest of the tables that are a place's own: of a shipped one too."""
    if place in places():
        return _digest(
            {path.stem: _shipped_table(path) for path in sorted(place_folder(place).glob("*.csv"))}
        )
    return _digest(_inherited() | own_tables(place))


def _inherited() -> dict[str, Table]:
    """Tables that an own place takes from Shanghai where it has none: all but the map."""
    names = [path.stem for path in PLACES.joinpath(SHANGHAI).glob("*.csv") if path.stem != "map_outline"]
    return {name: table_of(name) for name in (*names, "districts")}


def _digest(tables: Mapping[str, Table]) -> str:
    digest = hashlib.sha256()
    for name, table in sorted(tables.items()):
        digest.update(f"{name}\0{len(table.text)}\0{table.text}".encode())
    return digest.hexdigest()[:16]


def tables(place: str = SHANGHAI) -> list[str]:
    """Names of all shipped tables, those of a shipped place among them."""
    return sorted({path.stem for folder in (TABLES, PLACES / place) for path in folder.glob("*.csv")})


def handed_over(place: str) -> dict[str, str]:
    """Texts of the tables of an own place, for a process that may not see its folder; none of a shipped."""
    return {} if place in places() else {name: table.text for name, table in own_tables(place).items()}


def take_over(place: str, texts: Mapping[str, str]) -> None:
    """Take in an own place whose tables another process has handed over."""
    if texts:
        folder = place_folder(place)
        found = {name: parsed(folder / f"{name}.csv", text) for name, text in texts.items()}
        _taken_in.setdefault(place, found)


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
