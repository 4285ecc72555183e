"""Day plans: the trips of a driver on a day, and their times.

A plan is a pure function of the driver and the day (counter-based draws), so it is not stored but recomputed
whenever the next trip is needed. A driver's *plan day* covers 24 hours from an hour at which the driver is at
home: 04:00, or noon for night workers. Plans end within their plan day and therefore never overlap.

Times are minutes since midnight of the calendar day the plan is for; they may exceed 1440.
"""

from __future__ import annotations

import math

import numpy as np

from sim.city.codes import (
    BLOCKS,
    ERRAND,
    HOME,
    LATE_COMMUTE,
    SECOND_JOB,
    SHIFTS,
    TOURS,
    WORK,
    WORKDAY,
)
from sim.city.driving_days import day_of_driving, evening_of_driving
from sim.city.plans import DAY_STARTS_MIN, MOST_TRIPS, Person, append_trip
from sim.city.records import PlanRecord
from sim.city.stays import AFTER_WORK, ON_A_TOUR, ON_AN_EXCURSION, OUTING, stay_minutes
from sim.city.town import (
    LEAVE_HOME_RESTDAY,
    LEAVE_HOME_WORKDAY,
    LEAVE_WORK,
    QUANTILES,
    TO_ERRAND,
    TO_EXCURSION,
    Town,
)
from sim.rules.chance import (
    CAR_USED,
    ERRAND_AFTER_WORK,
    ERRAND_POINT,
    ERRAND_ZONE,
    EVENING_OUTING,
    EXCURSION,
    HABIT_LEAVE_HOME,
    HABIT_LEAVE_WORK,
    HABIT_SHIFT,
    HOME_POINT,
    JITTER_LEAVE_HOME,
    JITTER_LEAVE_WORK,
    SECOND_TOUR,
    SECOND_TOUR_LEAVES,
    TOUR_PLACES,
    WORK_POINT,
    bits,
    normal,
    normal_cdf,
    uniform,
)
from sim.rules.compiling import part_of_row, per_row
from sim.rules.travel import speed_kmh

NIGHT_WORKERS_DAY_STARTS_MIN = 720.0
SHORTEST_TRIP_MIN = 3.0
SHORTEST_WORK_MIN = 240.0
LATEST_EVENING_OUTING_MIN = 20.5 * 60.0
LATEST_ERRAND_MIN = 21.5 * 60.0

EARLY_SHIFT, LATE_SHIFT, NIGHT_SHIFT = 0, 1, 2
SHIFT_LEAVE_HOME_MIN = (315.0, 780.0, 1140.0)  # 05:15, 13:00, 19:00 (assumption)
SHIFT_LEAVE_WORK_MIN = (870.0, 1350.0, 1875.0)  # 14:30, 22:30, 07:15 next day (assumption)

SHORTEST_STAY_MIN, LONGEST_STAY_MIN = 5.0, 360.0
LATEST_END_OF_STAY_MIN = 23.5 * 60.0  # nobody stays out later, but for the shortest stay
LATEST_SECOND_TOUR_MIN = 19.5 * 60.0
SHORTEST_REST_MIN = 45.0  # at home, before going out again
FIRST_OF_EVENING = 4  # number of the day's first errand in the evening; a tour has three before it


@per_row
def plan_day(
    key: np.uint64, person: Person, day: int, kind: int, town: Town, plan: PlanRecord, last: int = MOST_TRIPS
) -> int:
    """Write the trips of a driver's day into `plan`, up to trip `last`, and return their number.

    Parameters
    ----------
    key : uint64
        Stream of random numbers, see :func:`sim.rules.chance.stream_key`.
    person : Person
    day : int
        Day index; the draws depend on it.
    kind : int
        ``WORKDAY`` or ``RESTDAY`` by the Chinese calendar (make-up workdays are workdays).
    town : Town
    plan : record of ``PLAN``
        Overwritten.
    last : int
        Index of the last trip to be computed; the first is 0.
    """
    plan.goes_on = False
    works = kind == WORKDAY
    archetype = town.archetypes[person.archetype]
    if archetype.day_plan == SHIFTS:
        works = (day + person.driver) % 7 < 5
    drives = archetype.drives_workday if works else archetype.drives_restday
    if uniform(key, person.driver, day, CAR_USED) >= drives:
        return 0
    if archetype.day_plan == BLOCKS:
        return day_of_driving(key, person, day, town, plan, last)
    if archetype.day_plan == SHIFTS and works:
        return _shift(key, person, day, town, plan, last)
    if works and archetype.day_plan != TOURS:
        return _office_day(key, person, day, town, plan, last)
    return _tour(key, person, day, works, town, plan, last)


@part_of_row
def plan_day_starts_min(key: np.uint64, person: Person, town: Town) -> float:
    """Minute at which the driver's plan day starts."""
    job = town.archetypes[person.archetype]
    by_night = (job.day_plan == SHIFTS and shift_of(key, person.driver) == NIGHT_SHIFT) or (
        job.day_plan == BLOCKS and job.shift_start_min > NIGHT_WORKERS_DAY_STARTS_MIN
    )
    return NIGHT_WORKERS_DAY_STARTS_MIN if by_night else DAY_STARTS_MIN


@part_of_row
def shift_of(key: np.uint64, driver: int) -> int:
    """Early, late or night shift: fixed per driver, a third each."""
    return int(3.0 * uniform(key, driver, 0, HABIT_SHIFT))


@part_of_row
def point_in_zone(
    key: np.uint64, driver: int, day: int, purpose: int, zone: int, town: Town
) -> tuple[float, float]:
    """A point drawn evenly from the disc of a zone [km east, km north]."""
    z = bits(key, driver, day, purpose)
    disc = town.zones[zone]
    radius = disc.radius_km * math.sqrt(np.float64(z >> np.uint64(32)) * 2.0**-32)
    angle = 2.0 * math.pi * np.float64(z & np.uint64(0xFFFFFFFF)) * 2.0**-32
    return disc.x_km + radius * math.cos(angle), disc.y_km + radius * math.sin(angle)


@part_of_row
def home_of(key: np.uint64, person: Person, town: Town) -> tuple[float, float]:
    """Where a driver lives [km east, km north]."""
    return point_in_zone(key, person.driver, 0, HOME_POINT, person.home_zone, town)


@part_of_row
def workplace_of(key: np.uint64, person: Person, town: Town) -> tuple[float, float]:
    """Where a driver works [km east, km north]."""
    return point_in_zone(key, person.driver, 0, WORK_POINT, person.work_zone, town)


@part_of_row
def network_km(x0: float, y0: float, x1: float, y1: float, town: Town) -> float:
    """Distance by road [km]."""
    f = town.figures[0]
    return max(f.trip_shortest_km, f.network_factor * math.hypot(x1 - x0, y1 - y0))


@part_of_row
def mean_speed_kmh(minute: float, town: Town) -> float:
    """City mean speed at a minute of the day [km/h]: a lower one in the two rush hours of the place."""
    f, clock = town.figures[0], minute % 1440.0
    morning = f.morning_rush_from_min <= clock < f.morning_rush_to_min
    evening = f.evening_rush_from_min <= clock < f.evening_rush_to_min
    return f.speed_peak_kmh if morning or evening else f.speed_offpeak_kmh


@part_of_row
def _quantile(table: int, share: float, town: Town) -> float:
    position = share * (QUANTILES - 1)
    low = min(int(position), QUANTILES - 2)
    minutes = town.timetable_min
    return minutes[table, low] + (position - low) * (minutes[table, low + 1] - minutes[table, low])


@part_of_row
def _go(
    plan: PlanRecord, n: int, depart: float, start: tuple[float, float], end: tuple[float, float],
    place: int, zone: int, town: Town,
) -> float:  # fmt: skip
    """Append a trip between two points; return the minute of arrival."""
    f = town.figures[0]
    km = network_km(start[0], start[1], end[0], end[1], town)
    mean_kmh = mean_speed_kmh(depart, town)
    speed = speed_kmh(mean_kmh, km, f.speed_exponent, f.speed_lowest_kmh, f.speed_highest_kmh)
    return append_trip(plan, n, depart, max(SHORTEST_TRIP_MIN, 60.0 * km / speed), km, place, zone)


@part_of_row
def _errand(
    key: np.uint64, driver: int, day: int, number: int, going: int, origin: int, town: Town
) -> tuple[int, tuple[float, float]]:
    """Zone and point of a driver's n-th errand of the day."""
    draw = uniform(key, driver, day, ERRAND_ZONE + number)
    zone = int(np.searchsorted(town.going_cdf[going, origin], draw, side="right"))
    return zone, point_in_zone(key, driver, day, ERRAND_POINT + number, zone, town)


@part_of_row
def _leaves_errand(
    key: np.uint64, driver: int, day: int, number: int, occasion: int, now: float, town: Town
) -> float:
    """Minute at which an errand ends that begins now: its stay depends on what it is for."""
    stay = stay_minutes(key, driver, day, number, occasion, town)
    stay = min(max(stay, SHORTEST_STAY_MIN), LONGEST_STAY_MIN)
    return now + min(stay, max(SHORTEST_STAY_MIN, LATEST_END_OF_STAY_MIN - now))


@part_of_row
def _office_day(key: np.uint64, person: Person, day: int, town: Town, plan: PlanRecord, last: int) -> int:
    """Home, work, perhaps an errand, home, perhaps out again for an hour."""
    driver = person.driver
    home, work = home_of(key, person, town), workplace_of(key, person, town)

    habit = normal(key, driver, 0, HABIT_LEAVE_HOME)
    f = town.figures[0]
    leave = _quantile(LEAVE_HOME_WORKDAY, normal_cdf(habit), town)
    leave += f.jitter_min * normal(key, driver, day, JITTER_LEAVE_HOME)
    if town.archetypes[person.archetype].day_plan == LATE_COMMUTE:
        leave += 60.0
    leave = min(max(leave, DAY_STARTS_MIN), 1200.0)
    now = _go(plan, 0, leave, home, work, WORK, person.work_zone, town)
    if last == 0:
        plan.goes_on = True
        return 1

    rho = f.leave_work_correlation
    mixed = rho * habit + math.sqrt(1.0 - rho * rho) * normal(key, driver, 0, HABIT_LEAVE_WORK)
    back = _quantile(LEAVE_WORK, normal_cdf(mixed), town)
    if town.archetypes[person.archetype].day_plan == LATE_COMMUTE:
        back = max(back, 1200.0 + 150.0 * normal_cdf(mixed))
    back += f.jitter_min * normal(key, driver, day, JITTER_LEAVE_WORK)
    return _way_home(key, person, day, max(now + SHORTEST_WORK_MIN, back), work, home, town, plan, last)


@part_of_row
def _way_home(
    key: np.uint64, person: Person, day: int, leave_work: float,
    work: tuple[float, float], home: tuple[float, float], town: Town, plan: PlanRecord, last: int,
) -> int:  # fmt: skip
    driver, n, now, at = person.driver, 1, min(leave_work, 1440.0), work
    wish = uniform(key, driver, day, ERRAND_AFTER_WORK)
    if now < LATEST_ERRAND_MIN and wish < town.figures[0].errand_after_work_share:
        zone, shop = _errand(key, driver, day, 0, TO_ERRAND, person.home_zone, town)
        now = _go(plan, n, now, at, shop, ERRAND, zone, town)
        n, at, now = n + 1, shop, _leaves_errand(key, driver, day, 0, AFTER_WORK, now, town)
        if last < n:
            plan.goes_on = True
            return n
    now = _go(plan, n, now, at, home, HOME, person.home_zone, town)
    n += 1
    if town.archetypes[person.archetype].day_plan == SECOND_JOB:
        return evening_of_driving(key, person, day, now, n, town, plan, last)
    wish = uniform(key, driver, day, EVENING_OUTING)
    plan.goes_on = now < LATEST_EVENING_OUTING_MIN and wish < town.figures[0].evening_errand_share
    if last < n or not plan.goes_on:
        return n
    return _outing(key, person, day, 1, now + SHORTEST_REST_MIN, home, n, town, plan, last)


@part_of_row
def _outing(
    key: np.uint64, person: Person, day: int, number: int, leave: float,
    home: tuple[float, float], n: int, town: Town, plan: PlanRecord, last: int,
) -> int:  # fmt: skip
    """Home, one place, home."""
    zone, there = _errand(key, person.driver, day, number, TO_ERRAND, person.home_zone, town)
    now = _go(plan, n, leave, home, there, ERRAND, zone, town)
    plan.goes_on = last == n
    if plan.goes_on:
        return n + 1
    now = _leaves_errand(key, person.driver, day, number, OUTING, now, town)
    _go(plan, n + 1, now, there, home, HOME, person.home_zone, town)
    return n + 2


@part_of_row
def _shift(key: np.uint64, person: Person, day: int, town: Town, plan: PlanRecord, last: int) -> int:
    """To the shift and straight back."""
    home, work = home_of(key, person, town), workplace_of(key, person, town)
    shift = shift_of(key, person.driver)
    jitter = town.figures[0].jitter_min * normal(key, person.driver, day, JITTER_LEAVE_HOME)
    leave = SHIFT_LEAVE_HOME_MIN[shift] + min(max(jitter, -60.0), 60.0)
    now = _go(plan, 0, leave, home, work, WORK, person.work_zone, town)
    plan.goes_on = last == 0
    if plan.goes_on:
        return 1
    back = max(now + SHORTEST_WORK_MIN, SHIFT_LEAVE_WORK_MIN[shift])
    _go(plan, 1, back, work, home, HOME, person.home_zone, town)
    return 2


@part_of_row
def _tour(
    key: np.uint64, person: Person, day: int, works: bool, town: Town, plan: PlanRecord, last: int
) -> int:
    """A day of errands: one to three places near home, or on some rest days a tour farther out.

    On rest days many go out once more in the evening, for a meal, family or shopping.
    """
    driver = person.driver
    home = home_of(key, person, town)
    far = not works and uniform(key, driver, day, EXCURSION) < town.figures[0].excursion_share
    going = TO_EXCURSION if far else TO_ERRAND
    occasion = ON_AN_EXCURSION if far else ON_A_TOUR
    habit = normal_cdf(normal(key, driver, day, JITTER_LEAVE_HOME))
    leave = _quantile(LEAVE_HOME_RESTDAY, habit, town)
    leave = max(leave, plan_day_starts_min(key, person, town))
    draw = uniform(key, driver, day, TOUR_PLACES)
    one, three = town.figures[0].tour_one_place_share, town.figures[0].tour_three_places_share
    places = 1 if draw < one else (2 if draw < 1.0 - three else 3)
    now, at, n = leave, home, 0
    for number in range(places):
        if number > 0 and now > LATEST_ERRAND_MIN:
            break
        zone, there = _errand(key, driver, day, number, going, person.home_zone, town)
        now = _go(plan, n, now, at, there, ERRAND, zone, town)
        now = _leaves_errand(key, driver, day, number, occasion, now, town)
        at, n = there, n + 1
        if last < n:
            plan.goes_on = True
            return n
    now = _go(plan, n, now, at, home, HOME, person.home_zone, town)
    n += 1
    if works:
        return n
    if town.archetypes[person.archetype].day_plan == SECOND_JOB:
        return evening_of_driving(key, person, day, now, n, town, plan, last)
    f = town.figures[0]
    wish = uniform(key, driver, day, SECOND_TOUR)
    plan.goes_on = now < LATEST_SECOND_TOUR_MIN and wish < f.second_tour_share
    if last < n or not plan.goes_on:
        return n
    leave = f.second_tour_min + f.second_tour_spread_min * normal(key, driver, day, SECOND_TOUR_LEAVES)
    leave = max(now + SHORTEST_REST_MIN, min(leave, LATEST_EVENING_OUTING_MIN))
    return _outing(key, person, day, FIRST_OF_EVENING, leave, home, n, town, plan, last)
