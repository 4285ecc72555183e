"""The tables that a place needs, and what may stand in them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache

from sim.data.catalogue import place_folder, places, rows, table_path
from sim.scenario.errors import unknown

Check = Callable[[str], str]
HOURS, MONTHS = range(24), range(1, 13)


def _number(low: float = -math.inf, high: float = math.inf) -> Check:
    def check(text: str) -> str:
        try:
            value = float(text)
        except ValueError:
            return f"expected a number, got '{text}'"
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
        "name": _text, "counts_as": _one_of("import", "other"), "kind": _text, "mean_mw": _number(0.0),
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
NEEDED_OF_PLACE = ("latitude", "longitude", "utc_offset_hours")


@cache
def first_mistake(place: str) -> str:
    """What is wrong with the tables of a place, with file and line; empty if nothing is."""
    folder = place_folder(place)
    if not place or not any((folder / f"{table}.csv").is_file() for table in COLUMNS):
        named = unknown(f"place '{place}'", place, places())
        return f"{named}; or a folder of tables, such as ./mycity"
    return next(_mistakes(place), "")


def _mistakes(place: str) -> Iterator[str]:
    for table, columns in COLUMNS.items():
        path = table_path(table, place)
        if path is None:
            yield f"{place_folder(place)}: table {table}.csv is missing"
            return
        try:
            found = rows(table, place)
        except UnicodeDecodeError:
            yield f"{path}:1: not a text file; expected CSV in UTF-8"
            return
        if not found:
            yield f"{path}:1: the table is empty"
            return
        for name in columns:
            if name not in found[0]:
                yield f"{path}:1: column '{name}' is missing"
                return
        for line, row in enumerate(found, start=2):
            if None in row:
                yield f"{path}:{line}: more cells than columns; quote a text that has a comma"
            for name, check in columns.items():
                wrong = check(row[name]) if row[name] is not None else "is empty"
                if wrong:
                    yield f"{path}:{line}: {name}: {wrong}"
    for table, index, name, values in COMPLETE:
        yield from _holes(table, index, name, values, place)
    for day in ("record_summer", "record_winter"):
        highest = max(float(row["pu"]) for row in rows("demand_days", place) if row["day"] == day)
        if not 0.9 <= highest <= 1.1:
            path = table_path("demand_days", place)
            yield f"{path}:1: day '{day}' has a highest hour of {highest:g}; expected about 1, the record"
    if not any(row["status"] == "operating" for row in rows("units", place)):
        yield f"{table_path('units', place)}:1: no unit has the status 'operating'"
    seen: set[tuple[str, str]] = set()
    for line, row in enumerate(rows("units", place), start=2):
        if (row["plant"], row["unit"]) in seen:
            yield f"{table_path('units', place)}:{line}: plant and unit stand there twice"
        seen.add((row["plant"], row["unit"]))
    for kind in {row["kind"] for row in rows("contracts", place)}:
        shapes = [row for row in rows("contract_shapes", place) if row["kind"] == kind]
        for part, wanted in (("month", MONTHS), ("hour", HOURS)):
            if [int(row["index"]) for row in shapes if row["part"] == part] != list(wanted):
                path = table_path("contract_shapes", place)
                yield f"{path}:1: kind '{kind}' needs one row for every {part}, in order"
    known = {row["parameter"] for row in rows("place", place)}
    for name in NEEDED_OF_PLACE:
        if name not in known:
            yield f"{table_path('place', place)}:1: parameter '{name}' is missing"


def _holes(table: str, index: str, name: str, values: tuple[str, ...], place: str) -> Iterator[str]:
    wanted = list(MONTHS if index == "month" else HOURS)
    for value in values:
        found = [int(row[index]) for row in rows(table, place) if row[name] == value]
        if found != wanted:
            yield f"{table_path(table, place)}:1: {name} '{value}' needs one row for every {index}, in order"
