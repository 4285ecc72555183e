"""Days of those who drive people for a living: legs of driving with breaks, meals and handovers between.

The legs of each kind of driver are rows of ``driving_days.csv``. Who shares a car hands it over at home.
"""

from __future__ import annotations

import numpy as np

from sim.city.codes import ERRAND, HOME
from sim.city.plans import DAY_STARTS_MIN, Person, append_trip
from sim.city.records import PlanRecord
from sim.city.town import Town
from sim.rules.chance import (
    DISTANCE_OF_DRIVING,
    DRIVING_ZONE,
    HABIT_SHIFT,
    JITTER_SHIFT,
    normal,
    uniform,
)
from sim.rules.compiling import part_of_row

MOST_JITTER_MIN = 60.0
REST_BEFORE_MIN = 45.0  # between the own day and an evening of driving
#: The distance of a day lies evenly within a fifth around the mean of its kind (assumption).
LEAST_DISTANCE, RANGE_OF_DISTANCE = 0.8, 0.4


@part_of_row
def day_of_driving(key: np.uint64, person: Person, day: int, town: Town, plan: PlanRecord, last: int) -> int:
    """Legs of driving from the start of the shift to the last return home."""
    begins = max(_shift_begins_min(key, person, day, town), DAY_STARTS_MIN)
    return _drive(key, person, day, begins, 0, town, plan, last)


@part_of_row
def evening_of_driving(
    key: np.uint64,
    person: Person,
    day: int,
    home_since: float,
    n: int,
    town: Town,
    plan: PlanRecord,
    last: int,
) -> int:
    """A second job: legs of driving after the own day's trips, `n` of them, on most evenings."""
    latest = town.archetypes[person.archetype].shift_start_latest_min + MOST_JITTER_MIN
    plan.goes_on = home_since + REST_BEFORE_MIN < latest
    if last < n or not plan.goes_on:
        return n
    begins = max(_shift_begins_min(key, person, day, town), home_since + REST_BEFORE_MIN)
    return _drive(key, person, day, begins, n, town, plan, last)


@part_of_row
def _shift_begins_min(key: np.uint64, person: Person, day: int, town: Town) -> float:
    """Habitual start of a driver's shift, with the jitter of the day [min]."""
    job = town.archetypes[person.archetype]
    leeway = job.shift_start_latest_min - job.shift_start_min
    habit = job.shift_start_min + leeway * uniform(key, person.driver, 0, HABIT_SHIFT)
    jitter = town.figures[0].jitter_min * normal(key, person.driver, day, JITTER_SHIFT)
    return habit + min(max(jitter, -MOST_JITTER_MIN), MOST_JITTER_MIN)


@part_of_row
def _drive(
    key: np.uint64, person: Person, day: int, begins: float, n: int, town: Town, plan: PlanRecord, last: int
) -> int:
    job = town.archetypes[person.archetype]
    km = job.daily_km * (
        LEAST_DISTANCE + RANGE_OF_DISTANCE * uniform(key, person.driver, day, DISTANCE_OF_DRIVING)
    )
    now = begins
    for number in range(job.legs):
        leg = town.legs[job.first_leg + number]
        if leg.at_home:
            place, zone = HOME, person.home_zone
        else:
            draw = uniform(key, person.driver, day, DRIVING_ZONE + number)
            place, zone = ERRAND, int(np.searchsorted(town.jobs_cdf, draw, side="right"))
        now = append_trip(plan, n, now, leg.drive_minutes, km * leg.share, place, zone)
        now += leg.stop_minutes
        n += 1
        if last < n:
            plan.goes_on = number < job.legs - 1
            return n
    plan.goes_on = False
    return n
