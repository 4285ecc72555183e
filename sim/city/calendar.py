"""Which days are workdays: the official Chinese calendar, make-up workdays included."""

from __future__ import annotations

import datetime as dt

import chinese_calendar
import numpy as np
from numpy.typing import NDArray

from sim.city.codes import RESTDAY, WORKDAY

LOOK_AHEAD_DAYS = 10


def is_workday(day: dt.date) -> bool:
    """Whether people work on a day. Beyond the calendar (after 2026), Monday to Friday."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def day_kinds(first: dt.date, days: int) -> NDArray[np.uint8]:
    """Workday or rest day, from the day before `first` to some days after the run.

    Drivers look ahead to their next trip, and a night shift begins the day before.
    """
    every = (first + dt.timedelta(days=offset) for offset in range(-1, days + LOOK_AHEAD_DAYS))
    return np.array([WORKDAY if is_workday(day) else RESTDAY for day in every], np.uint8)
