"""Which days are workdays: public holidays and make-up workdays of a place."""

from __future__ import annotations

import datetime as dt
import itertools
from functools import cache
from typing import NamedTuple

import holidays
import numpy as np
from numpy.typing import NDArray

from sim.city.codes import RESTDAY, WORKDAY
from sim.data.catalogue import SHANGHAI
from sim.data.conventions import NO_HOLIDAYS, convention

LOOK_AHEAD_DAYS = 10
#: Names of holidays are in English where the package has them.
ENGLISH = "en_US"
SHORTEST_LONG_HOLIDAY, LONGEST_HOLIDAY = 3, 14


class LongHoliday(NamedTuple):
    """Free days in a row: first and last day, counted from the first day of a run, and the holiday's name."""

    first: int
    last: int
    name: str


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


def long_holidays(first: dt.date, days: int, place: str = SHANGHAI) -> list[LongHoliday]:
    """Stretches of at least three free days with a public holiday that touch the days of :func:`day_kinds`.

    Day 0 is `first`; a stretch may begin before it.
    """
    calendar = convention("holidays", place)
    if calendar == NO_HOLIDAYS:
        return []
    begins, ends = -1 - LONGEST_HOLIDAY, days + LOOK_AHEAD_DAYS + LONGEST_HOLIDAY
    every = [first + dt.timedelta(days=offset) for offset in range(begins, ends)]
    free = [not _works(day, calendar) for day in every]
    found = []
    for at, group in itertools.groupby(range(len(every)), key=free.__getitem__):
        stretch = list(group)
        names = [_name(every[k], calendar) for k in stretch]
        if at and len(stretch) >= SHORTEST_LONG_HOLIDAY and any(names):
            name = next(name for name in names if name)
            found.append(LongHoliday(stretch[0] + begins, stretch[-1] + begins, name))
    return [holiday for holiday in found if holiday.last >= -1 and holiday.first < days + LOOK_AHEAD_DAYS]


def _name(day: dt.date, calendar: str) -> str:
    return str(_of_year(calendar, day.year).get(day, ""))


def _works(day: dt.date, calendar: str) -> bool:
    if calendar == NO_HOLIDAYS:
        return day.weekday() < 5
    return bool(_of_year(calendar, day.year).is_working_day(day))


@cache
def _of_year(calendar: str, year: int) -> holidays.HolidayBase:
    country, _, subdivision = calendar.partition("-")
    found = holidays.country_holidays(country, subdiv=subdivision or None, years=year)
    if ENGLISH not in found.supported_languages:
        return found
    return holidays.country_holidays(country, subdiv=subdivision or None, years=year, language=ENGLISH)
