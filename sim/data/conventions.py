"""What people of a place agree upon: holidays, seasons, the valley of the night, rush hours.

The table is ``conventions.csv`` of the place's folder; a place that has none lives by Shanghai's.
"""

from __future__ import annotations

import datetime as dt

from sim.data.catalogue import SHANGHAI, select

NO_HOLIDAYS = "none"


def convention(name: str, place: str = SHANGHAI) -> str:
    """Text of one convention of a place.

    Raises
    ------
    KeyError
        If the table does not have it once.
    """
    found = select("conventions", place, parameter=name)
    if len(found) != 1:
        raise KeyError(f"{len(found)} rows of 'conventions' are called {name}; expected one")
    return str(found[0]["value"])


def hours(name: str, place: str = SHANGHAI) -> tuple[float, float]:
    """Hour of the day at which a stretch of time begins and ends, 0 to 24; it may run across midnight."""
    return float(convention(f"{name}_from", place)), float(convention(f"{name}_to", place))


def months(name: str, place: str = SHANGHAI) -> tuple[int, ...]:
    """Months of a season, 1 to 12."""
    return tuple(int(month) for month in convention(f"{name}_months", place).split())


def calendar_bounds(place: str = SHANGHAI) -> tuple[dt.date, dt.date]:
    """First and last day for which the holidays of a place are known."""
    first, last = (dt.date.fromisoformat(convention(f"holidays_{end}", place)) for end in ("from", "to"))
    return first, last


def numbers(name: str, place: str = SHANGHAI) -> list[float]:
    """Numbers of one convention."""
    return [float(part) for part in convention(name, place).split()]


def centre(place: str = SHANGHAI) -> tuple[float, float]:
    """Longitude and latitude of the middle of a place [degrees]."""
    return float(convention("centre_longitude", place)), float(convention("centre_latitude", place))
