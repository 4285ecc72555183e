"""Which days are workdays: public holidays and make-up workdays of a place."""

from __future__ import annotations

import datetime as dt
from functools import cache

import holidays
import numpy as np
from numpy.typing import NDArray

from sim.city.codes import RESTDAY, WORKDAY
from sim.data.catalogue import SHANGHAI
from sim.data.conventions import NO_HOLIDAYS, convention

LOOK_AHEAD_DAYS = 10


def is_workday(day: dt.date, place: str = SHANGHAI) -> bool:
    """Whether a day is a workday at a place."""
    return _works(day, convention("holidays", place))


def day_kinds(first: dt.date, days: int, place: str = SHANGHAI) -> NDArray[np.uint8]:
    """Workday or rest day, from the day before `first` to some days after the run.

    Drivers look ahead to their next trip, and a night shift begins the day before.
    """
    calendar = convention("holidays", place)
    every = (first + dt.timedelta(days=offset) for offset in range(-1, days + LOOK_AHEAD_DAYS))
    return np.array([WORKDAY if _works(day, calendar) else RESTDAY for day in every], np.uint8)


def _works(day: dt.date, calendar: str) -> bool:
    if calendar == NO_HOLIDAYS:
        return day.weekday() < 5
    return bool(_of_year(calendar, day.year).is_working_day(day))


@cache
def _of_year(calendar: str, year: int) -> holidays.HolidayBase:
    country, _, subdivision = calendar.partition("-")
    return holidays.country_holidays(country, subdiv=subdivision or None, years=year)
