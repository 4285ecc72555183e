"""The town as compiled code sees it: zones, timetables and travel figures, fixed for a run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.city.codes import DAY_PLANS
from sim.city.commuting import commutes, destinations
from sim.city.geography import Array, build_zones
from sim.city.records import ArchetypeRecord, LegRecord, StayRecord, TownFigures, ZoneRecord
from sim.data import conventions
from sim.data.catalogue import column, rows, select
from sim.scenario.demand_side import CitySection, DaysSection
from sim.state.records import Records, as_record, as_records

QUANTILES = 481

TO_WORK, TO_ERRAND, TO_EXCURSION = range(3)
LEAVE_HOME_WORKDAY, LEAVE_HOME_RESTDAY, LEAVE_WORK = range(3)
#: Occasions of errands, columns of ``stays.csv``.
OCCASIONS = ("after_work", "outing", "tour", "excursion")
#: Stops of a day of driving at the car's home; the others are on the way (``driving_days.csv``).
STOPS_AT_HOME = ("handover", "home")
PROFILES = ("weekday_leave_home", "weekend_leave_home", "weekday_leave_work")


class Town(NamedTuple):
    """Geography, timetables and travel figures that day plans are made from.

    Attributes
    ----------
    zones : records, shape (n_zones,)
        ``x_km, y_km, radius_km, district``.
    cars_cdf, jobs_cdf : float32, shape (n_zones,)
        Cumulative shares of homes of car owners, and of jobs.
    going_cdf : float32, shape (3, n_zones, n_zones)
        Cumulative shares of destinations by zone of origin: to work, on errands, on excursions.
    timetable_min : float64, shape (3, QUANTILES)
        Minute of the day below which a share of departures lies: leaving home on a workday, on a
        rest day, leaving work.
    archetypes : records, shape (n_archetypes,)
        ``drives_workday, drives_restday, daily_km, shift_start_min, shift_start_latest_min``; and the
        ``legs`` of those who drive for a living, from ``first_leg`` on.
    legs : records, shape (n_legs,)
        ``drive_minutes, share, stop_minutes, at_home``: share of the day's distance.
    purpose_cdf : float64, shape (4, n_purposes)
        Cumulative shares of what errands are for, by occasion (:mod:`sim.city.stays`).
    stays : records, shape (n_purposes,)
        ``median_minutes, spread``.
    figures : records, shape (1,)
        Travel figures of the scenario.
    """

    zones: Records[ZoneRecord]
    cars_cdf: Any
    jobs_cdf: Any
    going_cdf: Any
    timetable_min: Any
    archetypes: Records[ArchetypeRecord]
    legs: Records[LegRecord]
    purpose_cdf: Any
    stays: Records[StayRecord]
    figures: Records[TownFigures]


@lru_cache(maxsize=4)
def build_town(city: CitySection, days: DaysSection) -> Town:
    """Assemble a town: the same for every arm, seed and sample, and constant during a run."""
    zones = build_zones(city)
    distance = zones.straight_distance_km()
    attraction = (zones.people + zones.jobs) / 2.0
    going = [
        commutes(city),
        destinations(attraction, distance, days.errand_distance_scale_km),
        destinations(attraction, distance, days.excursion_distance_scale_km),
    ]
    return Town(
        zones=as_records(
            {
                "x_km": zones.x_km,
                "y_km": zones.y_km,
                "radius_km": zones.radius_km,
                "district": zones.district,
            }
        ),
        cars_cdf=cumulative(zones.cars),
        jobs_cdf=cumulative(zones.jobs),
        going_cdf=np.stack([cumulative(shares) for shares in going]),
        timetable_min=np.stack([_inverse_cdf(profile) for profile in PROFILES]),
        archetypes=_archetypes(),
        legs=_legs(),
        purpose_cdf=np.stack([_ending_in_one(column("stays", occasion)) for occasion in OCCASIONS]),
        stays=as_records({name: np.array(column("stays", name)) for name in ("median_minutes", "spread")}),
        figures=as_record(
            {
                "network_factor": city.network_over_straight_distance,
                "trip_shortest_km": city.trip_shortest_km,
                "speed_peak_kmh": city.speed_peak_kmh,
                "speed_offpeak_kmh": city.speed_offpeak_kmh,
                **rush_minutes(city.place),
                "speed_exponent": city.speed_distance_exponent,
                "speed_lowest_kmh": city.speed_lowest_kmh,
                "speed_highest_kmh": city.speed_highest_kmh,
                "jitter_min": days.departure_jitter_minutes,
                "leave_work_correlation": days.leave_work_habit_correlation,
                "errand_after_work_share": days.errand_after_work_share,
                "evening_errand_share": days.evening_errand_share,
                "excursion_share": days.excursion_share,
                "tour_one_place_share": days.tour_one_place_share,
                "tour_three_places_share": days.tour_three_places_share,
                "second_tour_share": days.second_tour_share,
                "second_tour_min": 60.0 * days.second_tour_hour,
                "second_tour_spread_min": days.second_tour_spread_minutes,
            }
        ),
    )


def rush_minutes(place: str) -> dict[str, float]:
    """Minutes of the day at which the rush hours of a place begin and end."""
    minutes: dict[str, float] = {}
    for rush in ("morning_rush", "evening_rush"):
        begins, ends = conventions.hours(rush, place)
        minutes |= {f"{rush}_from_min": 60.0 * begins, f"{rush}_to_min": 60.0 * ends}
    return minutes


def cumulative(shares: Array) -> NDArray[np.float32]:
    """Cumulative shares along the last axis, ending in exactly 1."""
    total = np.cumsum(shares, axis=-1)
    cdf: NDArray[np.float32] = (total / total[..., -1:]).astype(np.float32)
    cdf[..., -1] = 1.0
    return cdf


def _archetypes() -> Any:
    numbers = ("drives_workday", "drives_restday", "daily_km")
    columns = {name: np.array(column("archetypes", name)) for name in numbers}
    for name in ("commercial", "commutes"):
        columns[name] = np.array([int(row[name]) for row in rows("archetypes")])
    columns["day_plan"] = np.array([DAY_PLANS.index(row["day_plan"]) for row in rows("archetypes")])
    for name in ("shift_start", "shift_start_latest"):
        columns[f"{name}_min"] = np.array([_minute(row[name]) for row in rows("archetypes")])
    owner = np.array([row["archetype"] for row in rows("driving_days")])
    columns["legs"] = np.array([np.sum(owner == row["archetype"]) for row in rows("archetypes")])
    columns["first_leg"] = np.array([np.argmax(owner == row["archetype"]) for row in rows("archetypes")])
    return as_records(columns)


def _ending_in_one(shares: Sequence[float]) -> Array:
    cdf: Array = np.cumsum(shares)
    cdf[-1] = 1.0
    return cdf


def _legs() -> Any:
    """Legs of driving for a living, those of one kind of driver side by side and in order."""
    minutes = np.array(column("driving_days", "drive_minutes"))
    owner = np.array([row["archetype"] for row in rows("driving_days")])
    whole = np.array([minutes[owner == name].sum() for name in owner])
    return as_records(
        {
            "drive_minutes": minutes,
            "share": minutes / whole,
            "stop_minutes": np.array(column("driving_days", "stop_minutes")),
            "at_home": np.array([int(row["stop"] in STOPS_AT_HOME) for row in rows("driving_days")]),
        }
    )


def _inverse_cdf(profile: str) -> Array:
    """Minute of the day below which a share of the departures of a profile lies."""
    edges = [_minute(row["half_hour_start"]) for row in select("departure_profiles", profile=profile)]
    shares = np.array(column("departure_profiles", "share", profile=profile))
    cdf = np.concatenate([[0.0], np.cumsum(shares) / shares.sum()])
    minutes = np.array([*edges, 1440.0])
    inside = np.concatenate([[True], np.diff(cdf) > 0.0])
    result: Array = np.interp(np.linspace(0.0, 1.0, QUANTILES), cdf[inside], minutes[inside])
    return result


def _minute(text: str) -> float:
    if not text:
        return 0.0
    hours, minutes = text.split(":")
    return 60.0 * int(hours) + int(minutes)
