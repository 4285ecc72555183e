"""The plan of a day: its trips in order, and whose it is.

Times are minutes since midnight of the calendar day the plan is for; they may exceed 1440.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.city.records import PlanRecord
from sim.rules.compiling import part_of_row

MOST_TRIPS = 8
DAY_STARTS_MIN = 240.0

#: Buffer for the trips of one driver on one plan day, in order, and whether more trips follow.
PLAN = np.dtype(
    (
        np.record,
        [
            ("depart_min", np.float64, MOST_TRIPS),
            ("minutes", np.float64, MOST_TRIPS),
            ("km", np.float64, MOST_TRIPS),
            ("place", np.int64, MOST_TRIPS),
            ("zone", np.int64, MOST_TRIPS),
            ("goes_on", np.uint8),
        ],
    )
)


class Person(NamedTuple):
    """Traits of a driver used in day plans."""

    driver: int
    archetype: int
    home_zone: int
    work_zone: int


@part_of_row
def append_trip(
    plan: PlanRecord, n: int, depart: float, minutes: float, km: float, place: int, zone: int
) -> float:
    """Write the n-th trip of a plan; return the minute of arrival."""
    plan.depart_min[n] = depart
    plan.minutes[n] = minutes
    plan.km[n] = km
    plan.place[n] = place
    plan.zone[n] = zone
    return depart + minutes
