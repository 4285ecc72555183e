"""Holidays out of town: who leaves for a long holiday drives out on its first day and back on its last.

Those days need no other trips. Cars out of town are parked where no charger of the place is; what they charge
on the way is charged en route. Shares and distances are in ``holiday_travel.csv``.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np

from sim.city.calendar import LOOK_AHEAD_DAYS, LongHoliday, long_holidays
from sim.city.codes import HOME, OUT_OF_TOWN
from sim.city.days import plan_day
from sim.city.plans import MOST_TRIPS, Person, append_trip
from sim.city.records import HolidayRecord, PlanRecord
from sim.city.town import Town
from sim.data.catalogue import SHANGHAI, Row, rows
from sim.rules.chance import HOLIDAY_HOUR, HOLIDAY_KM, LEAVES_TOWN, normal, uniform
from sim.rules.compiling import part_of_row, per_row
from sim.state.records import Records, as_records

NO_HOLIDAY = -32768  # first day where a day belongs to no long holiday
HIGHWAY_KMH = 70.0
SHORTEST_KM, LONGEST_KM = 60.0, 700.0
#: People set out in the morning, and back around noon (assumption) [min].
LEAVES_FROM_MIN, LEAVES_WITHIN_MIN = 360.0, 360.0
RETURNS_FROM_MIN, RETURNS_WITHIN_MIN = 540.0, 480.0


def holiday_days(first: dt.date, days: int, place: str = SHANGHAI) -> Any:
    """Long holiday of every day, from the day before `first` to some days after the run, as records."""
    count = days + LOOK_AHEAD_DAYS + 1
    columns = {
        "first": np.full(count, NO_HOLIDAY, np.int64),
        "last": np.full(count, NO_HOLIDAY, np.int64),
        "leaving_share": np.zeros(count),
        "median_km": np.zeros(count),
        "spread": np.zeros(count),
    }
    for holiday in long_holidays(first, days, place):
        travel = _travel_of(holiday)
        if travel is None:
            continue
        here = slice(max(0, holiday.first + 1), min(count, holiday.last + 2))
        columns["first"][here], columns["last"][here] = holiday.first, holiday.last
        for name in ("leaving_share", "median_km", "spread"):
            columns[name][here] = float(travel[name])
    return as_records(columns)


def _travel_of(holiday: LongHoliday) -> Row | None:
    """First row of the table that fits a holiday, by name and length."""
    length = holiday.last - holiday.first + 1
    for row in rows("holiday_travel"):
        if row["holiday"] in holiday.name and length >= int(row["least_days"]):
            return row
    return None


@per_row
def plan_date(
    key: np.uint64, person: Person, day: int, kind: int, holidays: Records[HolidayRecord], town: Town,
    plan: PlanRecord, last: int = MOST_TRIPS,
) -> int:  # fmt: skip
    """Write the trips of a driver's day as :func:`sim.city.days.plan_day`, holidays out of town included."""
    holiday = holidays[day + 1]
    if not leaves_town(key, person.driver, holiday):
        return plan_day(key, person, day, kind, town, plan, last)
    plan.goes_on = False
    if day == holiday.first:
        return _drive(key, person, day, holiday, LEAVES_FROM_MIN, LEAVES_WITHIN_MIN, OUT_OF_TOWN, plan)
    if day == holiday.last:
        return _drive(key, person, day, holiday, RETURNS_FROM_MIN, RETURNS_WITHIN_MIN, HOME, plan)
    return 0


@part_of_row
def leaves_town(key: np.uint64, driver: int, holiday: HolidayRecord) -> bool:
    """Whether a driver leaves town for the long holiday that a day belongs to."""
    if holiday.first == NO_HOLIDAY:
        return False
    return uniform(key, driver, int(holiday.first), LEAVES_TOWN) < holiday.leaving_share


@part_of_row
def _drive(
    key: np.uint64, person: Person, day: int, holiday: HolidayRecord, earliest: float, within: float,
    place: int, plan: PlanRecord,
) -> int:  # fmt: skip
    draw = normal(key, person.driver, int(holiday.first), HOLIDAY_KM)
    km = min(max(holiday.median_km * math.exp(holiday.spread * draw), SHORTEST_KM), LONGEST_KM)
    depart = earliest + within * uniform(key, person.driver, day, HOLIDAY_HOUR)
    append_trip(plan, 0, depart, 60.0 * km / HIGHWAY_KMH, km, place, person.home_zone)
    return 1
