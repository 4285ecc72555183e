"""What people of a place agree upon: holidays, the valley of the night, rush hours.

The table is ``conventions.csv`` of the place's folder; a place that has none lives by Shanghai's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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


def within(hour: NDArray[np.float64], begins: float, ends: float) -> NDArray[np.bool_]:
    """Whether hours of the day lie in a stretch of time, which may run across midnight."""
    inside: NDArray[np.bool_] = (
        (hour >= begins) & (hour < ends) if begins < ends else (hour >= begins) | (hour < ends)
    )
    return inside


def centre(place: str = SHANGHAI) -> tuple[float, float]:
    """Longitude and latitude of the middle of a place [degrees]."""
    return float(convention("centre_longitude", place)), float(convention("centre_latitude", place))
