"""Day plans: physically possible, theirs alone, and like the days of the tables."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from sim.city import days, plans
from sim.city.calendar import day_kinds, is_workday
from sim.city.codes import ARCHETYPES, ERRAND, HOME, RESTDAY, WORK, WORKDAY
from sim.city.stays import ON_A_TOUR, stay_minutes
from sim.city.town import build_town
from sim.data.catalogue import column
from sim.rules.chance import stream_key
from sim.scenario.demand_side import CitySection, DaysSection
from tests.conftest import RIDE_HAILING, SHIFT, TAXI

TOWN = build_town(CitySection(), DaysSection())
N_ZONES = len(TOWN.zones)
KEY = np.uint64(stream_key(11, 0))
ROW_TYPES = (np.int32, np.uint8, np.uint16, np.uint16)

people = st.builds(
    plans.Person,
    driver=st.integers(0, 40_000_000),
    archetype=st.integers(0, len(ARCHETYPES) - 1),
    home_zone=st.integers(0, N_ZONES - 1),
    work_zone=st.integers(0, N_ZONES - 1),
)


def plan_of(person, day, kind, key=KEY, plan=None, last=plans.MOST_TRIPS):
    plan = np.zeros(1, plans.PLAN).view(np.recarray)[0] if plan is None else plan
    # The types of the rows: what is tested is then the very code that steps call, compiled already.
    of_rows = plans.Person(*(kind_of(trait) for kind_of, trait in zip(ROW_TYPES, person, strict=True)))
    count = days.plan_day(key, of_rows, day, np.uint8(kind), TOWN, plan, last)
    return [
        (plan.depart_min[k], plan.minutes[k], plan.km[k], int(plan.place[k]), int(plan.zone[k]))
        for k in range(count)
    ]


@given(person=people, day=st.integers(-1, 4000), kind=st.sampled_from([WORKDAY, RESTDAY]))
def test_a_plan_is_possible(person, day, kind):
    trips = plan_of(person, day, kind)
    assert len(trips) <= plans.MOST_TRIPS
    start = days.plan_day_starts_min(KEY, person, TOWN)
    free = start
    for depart, minutes, km, place, zone in trips:
        assert depart >= free - 1e-9, "nobody leaves before having arrived"
        assert minutes >= days.SHORTEST_TRIP_MIN
        assert km >= 0.8
        assert km / (minutes / 60.0) <= 70.0 + 1e-6
        assert place in (HOME, WORK, ERRAND)
        assert 0 <= zone < N_ZONES
        free = depart + minutes
    if trips:
        assert trips[-1][3:] == (HOME, person.home_zone), "every day ends at home"
        assert free <= start + 1440.0, "no plan reaches into the next one"
        assert trips[0][3] != HOME


@given(person=people, day=st.integers(-1, 4000), kind=st.sampled_from([WORKDAY, RESTDAY]))
def test_a_plan_that_stops_early_is_the_beginning_of_the_whole(person, day, kind):
    whole = plan_of(person, day, kind)
    for last in range(plans.MOST_TRIPS):
        plan = np.zeros(1, plans.PLAN).view(np.recarray)[0]
        assert plan_of(person, day, kind, plan=plan, last=last) == whole[: last + 1]
        assert plan.goes_on == (len(whole) > last + 1)


@given(person=people, day=st.integers(0, 400), kind=st.sampled_from([WORKDAY, RESTDAY]))
def test_a_plan_is_a_function_of_driver_and_day(person, day, kind):
    assert plan_of(person, day, kind) == plan_of(person, day, kind)


def test_another_key_makes_another_day():
    person = plans.Person(5, 0, 10, 20)
    other = np.uint64(stream_key(12, 0))
    assert [plan_of(person, d, WORKDAY) for d in range(9)] != [
        plan_of(person, d, WORKDAY, other) for d in range(9)
    ]


def sample_people(n, archetype=None, seed=3):
    rng = np.random.default_rng(seed)
    kinds = rng.choice(len(ARCHETYPES), n, p=column("archetypes", "share"))
    homes = np.searchsorted(TOWN.cars_cdf, rng.random(n), side="right")
    works = [int(np.searchsorted(TOWN.going_cdf[0, home], rng.random(), side="right")) for home in homes]
    return [
        plans.Person(i, int(kinds[i]) if archetype is None else archetype, int(homes[i]), works[i])
        for i in range(n)
    ]


@pytest.fixture(scope="module")
def private_days():
    group = [person for person in sample_people(6000) if person.archetype < RIDE_HAILING]
    return {
        kind: [plan_of(person, day, kind) for person in group for day in (3, 4)]
        for kind in (WORKDAY, RESTDAY)
    }


@pytest.mark.parametrize(("kind", "used"), [(WORKDAY, 0.68), (RESTDAY, 0.62)])
def test_share_of_cars_used(private_days, kind, used):
    """mobility_parameters.csv, assumption: 0.68 on workdays, 0.62 on rest days."""
    assert np.mean([bool(plan) for plan in private_days[kind]]) == pytest.approx(used, abs=0.02)


def test_distance_per_used_day(private_days):
    """mobility_parameters.csv, assumptions: 42 km, as far on rest days as on workdays (0.85 to 1.2)."""
    mean_km = {
        kind: np.mean([sum(trip[2] for trip in plan) for plan in plans if plan])
        for kind, plans in private_days.items()
    }
    assert (5.0 * mean_km[WORKDAY] + 2.0 * mean_km[RESTDAY]) / 7.0 == pytest.approx(42.0, abs=1.5)
    assert mean_km[RESTDAY] / mean_km[WORKDAY] == pytest.approx(1.0, abs=0.1)


def test_trips_per_used_day(private_days):
    """mobility_parameters.csv, assumption: 2.6, between 2.2 and 3.2; more on rest days, with a second tour."""
    counts = {kind: np.mean([len(plan) for plan in plans if plan]) for kind, plans in private_days.items()}
    assert 2.2 < (5.0 * counts[WORKDAY] + 2.0 * counts[RESTDAY]) / 7.0 < 3.2
    assert counts[RESTDAY] > counts[WORKDAY]


@pytest.mark.parametrize(
    ("kind", "profile"), [(WORKDAY, "weekday_final_arrival_home"), (RESTDAY, "weekend_final_arrival_home")]
)
def test_last_returns_home_are_near_those_of_the_table(private_days, kind, profile):
    """departure_profiles.csv: second tours and stays are set so that the mean hour is nearly met."""
    last = np.array([plan[-1][0] + plan[-1][1] for plan in private_days[kind] if plan]) / 60.0
    shares = np.array(column("departure_profiles", "share", profile=profile))
    mean = ((np.arange(48) + 0.5) / 2.0 * shares).sum() / shares.sum()
    assert last.mean() == pytest.approx(mean, abs=0.75)
    below = np.array([np.mean(last < edge / 2.0) for edge in range(1, 49)])
    assert np.abs(below - shares.cumsum() / shares.sum()).max() < 0.19


def test_short_trips_prevail(private_days):
    """Beijing private cars (S15): 71% of trips are below 15 km; the model comes as near as 42 km a day allow."""
    km = [trip[2] for plans in private_days.values() for plan in plans for trip in plan]
    assert np.mean(np.array(km) < 15.0) == pytest.approx(0.71, abs=0.06)


def test_leaving_home_follows_the_profile():
    """Regular commuters leave by the half-hour profile; the day's jitter blurs it a little."""
    leave = [
        plan[0][0] for person in sample_people(4000, archetype=0) if (plan := plan_of(person, 8, WORKDAY))
    ]
    model = np.histogram(leave, bins=np.arange(0, 1441, 30))[0] / len(leave)
    table = np.array(column("departure_profiles", "share", profile="weekday_leave_home"))
    assert np.corrcoef(model, table)[0, 1] > 0.97
    assert np.abs(model.cumsum() - table.cumsum()).max() < 0.06


@pytest.mark.parametrize(
    ("archetype", "km"), [(RIDE_HAILING, 210.0), (TAXI, 200.0), (ARCHETYPES.index("taxi_two_drivers"), 330.0)]
)
def test_those_who_drive_for_a_living(archetype, km):
    days_driven = [
        sum(trip[2] for trip in plan)
        for person in sample_people(500, archetype)
        if (plan := plan_of(person, 2, WORKDAY))
    ]
    assert np.mean(days_driven) == pytest.approx(km, rel=0.02)
    assert len(days_driven) / 500 > 0.88


def test_night_shift_crosses_midnight():
    night = [p for p in sample_people(400, SHIFT) if days.shift_of(KEY, p.driver) == days.NIGHT_SHIFT]
    assert 90 < len(night) < 180
    crossing = 0
    for person in night:
        assert days.plan_day_starts_min(KEY, person, TOWN) == 720.0
        for day in range(7):
            trips = plan_of(person, day, WORKDAY)
            if trips and trips[0][3] == WORK:
                crossing += trips[0][0] < 1440.0 < trips[-1][0]
    assert crossing > len(night)


def test_shift_workers_work_five_of_seven_days_whatever_the_calendar():
    person = plans.Person(21, SHIFT, 10, 20)
    working = [any(trip[3] == WORK for trip in plan_of(person, day, RESTDAY)) for day in range(700)]
    assert 0.4 < np.mean(working) < 5 / 7


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (dt.date(2025, 8, 27), True),
        (dt.date(2025, 8, 30), False),
        (dt.date(2025, 10, 1), False),  # National Day, a Wednesday
        (dt.date(2025, 9, 28), True),  # a Sunday that makes up for it
        (dt.date(2031, 8, 27), True),  # holidays of later years are foreseen, make-up workdays are not
    ],
)
def test_calendar(day, works):
    assert is_workday(day) is works


def test_calendar_starts_a_day_early_and_looks_ahead():
    kinds = day_kinds(dt.date(2025, 9, 1), 7)  # a Monday
    assert len(kinds) == 18
    assert list(kinds[:8]) == [RESTDAY, *[WORKDAY] * 5, RESTDAY, RESTDAY]


def test_stays_last_as_long_as_their_purpose_takes():
    """stays.csv: half of the stops to drop somebody off are shorter than ten minutes, half of the visits longer than 100."""
    drawn = np.array([stay_minutes(KEY, driver, 3, 0, ON_A_TOUR, TOWN) for driver in range(8000)])
    median = np.array(column("stays", "median_minutes"))
    share = np.array(column("stays", "tour"))
    spread = np.array(column("stays", "spread"))
    for minutes in (10.0, 30.0, 90.0, 150.0):
        below = (share * norm.cdf(np.log(minutes / median) / spread)).sum()
        assert np.mean(drawn < minutes) == pytest.approx(below, abs=0.02)


@pytest.mark.parametrize("occasion", ["after_work", "outing", "tour", "excursion"])
def test_purposes_of_stays_add_up(occasion):
    assert sum(column("stays", occasion)) == pytest.approx(1.0)
