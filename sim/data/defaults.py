"""Defaults of scenarios that no place sets: fleet, days that may be run, seasons and tiers of tariffs."""

from __future__ import annotations

import datetime as dt

from sim.data.catalogue import select


def _default(name: str) -> str:
    (row,) = select("scenario_defaults", parameter=name)
    return str(row["value"])


def numbers(name: str) -> list[float]:
    """Numbers of one default."""
    return [float(part) for part in _default(name).split()]


def months(season: str) -> tuple[int, ...]:
    """Months that tariffs call a season, 1 to 12."""
    return tuple(int(month) for month in numbers(f"{season}_months"))


def calendar_bounds() -> tuple[dt.date, dt.date]:
    """First and last day that may be run: those for which make-up workdays are published."""
    first, last = (dt.date.fromisoformat(_default(f"holidays_{end}")) for end in ("from", "to"))
    return first, last
