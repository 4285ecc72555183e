"""The tables that a place needs, and what may stand in them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import holidays

from sim.data.catalogue import Table, has_own, is_taken_in, places, rows, table_of, take_in
from sim.data.conventions import NO_HOLIDAYS
from sim.data.files import FileTrouble
from sim.data.neighbour_states import ALWAYS, state_names
from sim.scenario.errors import unknown

Check = Callable[[str], str]
HOURS, MONTHS = range(24), range(1, 13)


def _number(low: float = -math.inf, high: float = math.inf) -> Check:
    def check(text: str) -> str:
        try:
            value = float(text)
        except ValueError:
            return f"expected a number, got '{text}'"
        if not math.isfinite(value):
            return f"expected a finite number, got '{text}'"
        return "" if low <= value <= high else f"{value:g} is not between {low:g} and {high:g}"

    return check


def _whole_number(low: int, high: int) -> Check:
    number = _number(low, high)

    def check(text: str) -> str:
        return number(text) or ("" if text.isdecimal() else f"expected a whole number, got '{text}'")

    return check


def _one_of(*allowed: str) -> Check:
    return lambda text: "" if text in allowed else f"'{text}' is not allowed; allowed: {', '.join(allowed)}"


def _text(text: str) -> str:
    return "" if text else "is empty"


def _any(_: str) -> str:
    return ""


#: Columns of each table and what may stand in them.
COLUMNS: dict[str, dict[str, Check]] = {
    "units": {
        "plant": _text, "unit": _any, "fuel": _one_of("coal", "gas"), "count": _whole_number(1, 100_000),
        "mw": _number(1e-3, 1e7), "heat_gce_per_kwh": _number(100.0, 1000.0),
        "status": _text, "must_run": _one_of("", "captive", "heat"),
    },
    "contracts": {
        "name": _text, "counts_as": _one_of("import", "other", "gas"), "kind": _text, "mean_mw": _number(0.0),
        "most_mw": _number(0.0), "price_yuan_per_kwh": _number(-5.0, 5.0),
        "co2_kg_per_kwh": _number(0.0, 2.0), "tce_kg_per_kwh": _number(0.0, 1.0),
    },
    "contract_shapes": {
        "kind": _text, "part": _one_of("month", "hour"), "index": _whole_number(0, 23),
        "factor": _number(0.0),
    },
    "extra_imports": {
        "share": _number(1e-6, 1.0), "price_yuan_per_kwh": _number(0.0, 5.0),
        "co2_kg_per_kwh": _number(0.0, 2.0), "tce_kg_per_kwh": _number(0.0, 1.0),
    },
    "demand_days": {"day": _text, "hour": _whole_number(0, 23), "pu": _number(0.0, 1.5)},
    "temperature_month_hour": {
        "month": _whole_number(1, 12), "hour": _whole_number(0, 23),
        "temp_c_present_day": _number(-60.0, 60.0),
    },
    "temperature_extremes": {
        "profile": _one_of("heatwave", "cold_spell"), "hour": _whole_number(0, 23),
        "temp_c": _number(-60.0, 60.0),
    },
    "renewable_monthly_mean": {
        "tech": _text, "month": _whole_number(1, 12), "mean_capacity_factor": _number(0.0, 1.0),
        "night_over_day_ratio": _number(0.0, 10.0),
    },
    "districts": {
        "name": _text, "name_zh": _text, "population_share": _number(0.0, 1.0),
        "jobs_share": _number(0.0, 1.0), "nev_share_est": _number(0.0, 1.0),
        "area_km2_official": _number(0.1, 1e5),
        "popcentre_lon": _number(-180.0, 180.0), "popcentre_lat": _number(-90.0, 90.0),
    },
    "place": {"parameter": _text, "value": _number()},
}  # fmt: skip

#: What must be there once for every hour or month: table, column of the index, values of another column.
COMPLETE: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("demand_days", "hour", "day", (
        "workday", "rest_day", "record_summer", "record_summer_rest", "record_winter", "record_winter_rest",
    )),
    ("temperature_extremes", "hour", "profile", ("heatwave", "cold_spell")),
    ("temperature_month_hour", "hour", "month", tuple(map(str, MONTHS))),
    ("renewable_monthly_mean", "month", "tech", ("solar", "onwind", "offwind")),
)  # fmt: skip
NEEDED_OF_PLACE = ("latitude", "longitude", "utc_offset_hours", "record_summer")


#: Further columns that tables may have, for people and for pages.
ALSO: dict[str, tuple[str, ...]] = {
    "temperature_month_hour": ("temp_c_normal_1971_2000",),
    "districts": (
        "code", "population_2020", "centroid_lon", "centroid_lat", "seat_lon", "seat_lat", "ring", "jobs_est",
    ),
    "place": ("unit", "when"),
    "conventions": ("unit",),
    "extra_imports": ("state",),
    "neighbours": ("low", "high"),
}  # fmt: skip
FOR_PEOPLE = ("note", "source", "confidence")
#: Tables that a place may have or not.
OPTIONAL: dict[str, dict[str, Check]] = {
    "map_outline": {
        "shape": _text, "kind": _text, "name": _any, "name_zh": _any,
        "lon": _number(-180.0, 180.0), "lat": _number(-90.0, 90.0),
    },
    "conventions": {"parameter": _text, "value": _text},
    "neighbours": {"state": _text, "from_residual_load": _number(-10.0, 10.0), "room_mw": _number(0.0)},
    "lines": {
        "name": _text, "carries": _any, "mw": _number(1e-3, 1e7), "count": _whole_number(1, 1000),
        "availability": _number(0.5, 1.0), "repair_h": _number(1e-3, 8760.0),
    },
    "maintenance": {
        "fuel": _one_of("coal", "gas"), "month": _whole_number(1, 12), "share": _number(0.0, 0.9),
    },
}  # fmt: skip

#: Tables that are not inherited: what they hold is not so where they are missing.
MAY_BE_ABSENT = ("neighbours", "lines", "maintenance")


def _calendar(text: str) -> str:
    country, _, subdivision = text.partition("-")
    known = holidays.list_supported_countries(include_aliases=False)
    if text == NO_HOLIDAYS or (country in known and subdivision in ("", *known[country])):
        return ""
    return f"'{text}' is not known; expected a country such as CN, a part of one such as US-CA, or none"


#: Stretches of the day that ``conventions.csv`` names; each takes an hour or more, and leaves one.
STRETCHES = ("valley", "household_day", "morning_rush", "evening_rush")
#: What ``conventions.csv`` says, each once, and what may stand there.
CONVENTIONS: dict[str, Check] = {
    "holidays": _calendar,
    "centre_longitude": _number(-180.0, 180.0), "centre_latitude": _number(-90.0, 90.0),
    "household_cooling_above": _number(-60.0, 60.0), "household_heating_below": _number(-60.0, 60.0),
    **{f"{stretch}_{end}": _number(0.0, 24.0) for stretch in STRETCHES for end in ("from", "to")},
}  # fmt: skip
#: Files that may lie beside the tables.
BESIDE = re.compile(r"(?i)(\..*|.*\.(md|txt)|licen[cs]e.*|readme.*)")
#: What may stand in parameters of ``place.csv`` that are read.
RANGES: dict[str, tuple[float, float]] = {
    "latitude": (-90.0, 90.0),
    "longitude": (-180.0, 180.0),
    "utc_offset_hours": (-12.0, 14.0),
    "record_summer": (1e-3, 1e8),
    "record_winter": (1e-3, 1e8),
    "cars_in_demand": (0.0, 1e9),
}
#: Columns of shares that make a whole, to rounding.
WHOLE: dict[str, tuple[str, ...]] = {
    "districts": ("population_share", "jobs_share", "nev_share_est"),
}
WHOLE_WITHIN = 0.01
#: Columns by which a row is told from the others.
ONCE: dict[str, tuple[str, ...]] = {
    "units": ("plant", "unit"),
    "contracts": ("name",),
    "districts": ("name",),
    "place": ("parameter",),
    "conventions": ("parameter",),
    "neighbours": ("state",),
    "lines": ("name",),
    "maintenance": ("fuel", "month"),
}


def named_place(place: str) -> str:
    """The name of a place: of a shipped one as given, of an own one with what its tables hold.

    Raises
    ------
    ValueError
        With the first mistake in its tables: file, line, and what is wrong.
    """
    if place in places() or is_taken_in(place):
        return place
    folder = Path(place)
    try:
        known = bool(place) and any((folder / f"{table}.csv").exists() for table in COLUMNS)
    except (OSError, ValueError):  # a name too long, or with a zero byte
        known = False
    if not known:
        named = unknown(f"place '{place}'", place, places())
        raise ValueError(f"{named}; or a folder of tables, such as ./mycity")
    allowed = [f"{table}.csv" for table in (*COLUMNS, *OPTIONAL)]
    for path in sorted(folder.iterdir()):
        if path.name not in allowed and not BESIDE.fullmatch(path.name):
            raise ValueError(f"{path}: {unknown('file in the folder of a place', path.name, allowed)}")
    try:
        return take_in(folder)
    except FileTrouble as trouble:
        raise ValueError(trouble.message) from None


@cache
def first_mistake(place: str) -> str:
    """What is wrong with the tables of a place, with file and line; empty if nothing is."""
    return next(_mistakes(place), "")


def _mistakes(place: str) -> Iterator[str]:
    """All mistakes; those in single cells first, as what follows takes them to be in order."""
    cells: list[str] = []
    for table, checks in (COLUMNS | OPTIONAL).items():
        if table not in MAY_BE_ABSENT or has_own(table, place):
            cells += _of_table(table_of(table, place), checks, table)
    if cells:
        yield from cells
        return
    for table, columns in ONCE.items():
        if table in MAY_BE_ABSENT and not has_own(table, place):
            continue
        yield from _twice(table_of(table, place), columns)
    yield from _again(table_of("map_outline", place))
    for table, columns in WHOLE.items():
        yield from _no_whole(table_of(table, place), columns)
    for table, index, name, values in COMPLETE:
        yield from _holes(table_of(table, place), index, name, values)
    yield from _of_days(table_of("demand_days", place))
    if not any(row["status"] == "operating" for row in rows("units", place)):
        yield f"{table_of('units', place).path}:1: no unit has the status 'operating'"
    yield from _of_contracts(place)
    yield from _of_imports(place)
    yield from _of_parameters(table_of("place", place))
    yield from _of_conventions(table_of("conventions", place))


def _of_table(table: Table, columns: Mapping[str, Check], name: str) -> Iterator[str]:
    """Mistakes in the header and in single cells."""
    if not table.columns or not table.rows:
        yield f"{table.path}:1: the table is empty"
        return
    allowed = [*columns, *ALSO.get(name, ()), *FOR_PEOPLE]
    for column in table.columns:
        if table.columns.count(column) > 1:
            yield f"{table.path}:1: column '{column}' stands there twice"
            return
        if column not in allowed:
            yield f"{table.path}:1: {unknown(_column(column), column, allowed)}"
            return
    for column in columns:
        if column not in table.columns:
            yield f"{table.path}:1: column '{column}' is missing"
            return
    for line, row in zip(table.lines, table.rows, strict=True):
        if None in row:
            yield f"{table.path}:{line}: more cells than columns; quote a text that has a comma"
        for column, check in columns.items():
            wrong = check(row[column]) if row[column] is not None else "is empty"
            if wrong:
                yield f"{table.path}:{line}: {column}: {wrong}"


def _column(name: str) -> str:
    return f"column '{name}'"


def _twice(table: Table, columns: tuple[str, ...]) -> Iterator[str]:
    seen: dict[tuple[str, ...], int] = {}
    for line, row in zip(table.lines, table.rows, strict=True):
        key = tuple(row[column] for column in columns)
        if key in seen:
            named = ", ".join(filter(None, key))
            yield f"{table.path}:{line}: {' and '.join(columns)} '{named}' stands in line {seen[key]} already"
        seen.setdefault(key, line)


def _again(table: Table) -> Iterator[str]:
    """A point of an outline that follows itself; a ring may end where it begins."""
    for line, before, row in zip(table.lines[1:], table.rows, table.rows[1:], strict=False):
        if row == before:
            yield f"{table.path}:{line}: repeats the line before it"


def _no_whole(table: Table, columns: tuple[str, ...]) -> Iterator[str]:
    for column in columns:
        total = sum(float(row[column]) for row in table.rows)
        if abs(total - 1.0) > WHOLE_WITHIN:
            yield f"{table.path}:1: {column}: the shares sum to {total:g}; they must sum to 1"


def _holes(table: Table, index: str, name: str, values: tuple[str, ...]) -> Iterator[str]:
    wanted = list(MONTHS if index == "month" else HOURS)
    for value in values:
        if [int(row[index]) for row in table.rows if row[name] == value] != wanted:
            yield f"{table.path}:1: {name} '{value}' needs one row for every {index}, in order"


def _of_days(table: Table) -> Iterator[str]:
    for day in ("record_summer", "record_winter"):
        highest = max((float(row["pu"]) for row in table.rows if row["day"] == day), default=0.0)
        if not 0.9 <= highest <= 1.1:
            yield f"{table.path}:1: day '{day}' has a highest hour of {highest:g}; expected 1, the record"


def _of_contracts(place: str) -> Iterator[str]:
    shapes = table_of("contract_shapes", place)
    for kind in dict.fromkeys(row["kind"] for row in rows("contracts", place)):
        for part, wanted in (("month", MONTHS), ("hour", HOURS)):
            found = [int(row["index"]) for row in shapes.rows if row["kind"] == kind and row["part"] == part]
            if found != list(wanted):
                yield f"{shapes.path}:1: kind '{kind}' needs one row for every {part}, in order"


def _of_imports(place: str) -> Iterator[str]:
    """Extra imports must be there for every state of the neighbours, and their shares make a whole."""
    imports, names = table_of("extra_imports", place), state_names(place)
    sums: dict[str, float] = {}
    for line, row in zip(imports.lines, imports.rows, strict=True):
        state = row.get("state", "") or ALWAYS
        if state not in names:
            yield f"{imports.path}:{line}: " + unknown(f"state '{state}'", state, names)
            return
        sums[state] = sums.get(state, 0.0) + float(row["share"])
    for state in names:
        if abs(sums.get(state, 0.0) - 1.0) > WHOLE_WITHIN:
            of = f" of state '{state}'" if state != ALWAYS else ""
            total = sums.get(state, 0.0)
            yield f"{imports.path}:1: share: the shares{of} sum to {total:g}; they must sum to 1"
    around = table_of("neighbours", place) if has_own("neighbours", place) else None
    if around is not None:
        edges = [float(row["from_residual_load"]) for row in around.rows]
        for line, before, after in zip(around.lines[1:], edges, edges[1:], strict=False):
            if after <= before:
                wrong = f"{after:g} must be above the line before, {before:g}"
                yield f"{around.path}:{line}: from_residual_load: {wrong}"


def _missing(table: Table, names: Iterable[str]) -> Iterator[str]:
    found = {row["parameter"] for row in table.rows}
    for name in names:
        if name not in found:
            yield f"{table.path}:1: parameter '{name}' is missing"


def _of_parameters(table: Table) -> Iterator[str]:
    yield from _missing(table, NEEDED_OF_PLACE)
    for line, row in zip(table.lines, table.rows, strict=True):
        low, high = RANGES.get(row["parameter"], (-math.inf, math.inf))
        if not low <= float(row["value"]) <= high:
            name, between = row["parameter"], f"between {low:g} and {high:g}"
            yield f"{table.path}:{line}: {name}: {row['value']} is not {between}"


def _of_conventions(table: Table) -> Iterator[str]:
    missing = list(_missing(table, CONVENTIONS))
    yield from missing
    said: dict[str, tuple[int, str]] = {}
    for line, row in zip(table.lines, table.rows, strict=True):
        name, value = row["parameter"], row["value"]
        if name not in CONVENTIONS:
            yield f"{table.path}:{line}: " + unknown(f"parameter '{name}'", name, list(CONVENTIONS))
            continue
        said[name] = (line, value)
        wrong = CONVENTIONS[name](value)
        if wrong:
            yield f"{table.path}:{line}: {name}: {wrong}"
            return
    for stretch in () if missing else STRETCHES:
        line, ends = said[f"{stretch}_to"]
        hours = (float(ends) - float(said[f"{stretch}_from"][1])) % 24.0
        if not 1.0 <= hours <= 23.0:
            yield f"{table.path}:{line}: {stretch}_to: the stretch takes {hours:g} h; it must take 1 to 23"
